"""Annex 1 in documents: where each item stands in CDA and FHIR, shown by taking it away."""

import json
import re
from copy import deepcopy
from typing import Any

import pytest
from lxml import etree
from tests import messages
from tests.spec.tables import rows
from tests.spec.test_annex_1 import GAP, found

from rempart.screening.rules.report import Format

TITLE = "Annex 1 in CDA and FHIR"
WHY = (
    "Where each item of annex 1 of MINSANTE n°101 stands in a CDA document (CR-BIO) and in a FHIR Bundle: the samples of the "
    "laboratories' guide, with what they lack. The item comes out as `read as`; without what stands at that place it does not. "
    "A dash is a gap, with its reason. The flat formats are in the other table."
)

ITEMS_CASES = """
  item                         | in the answer              | read as               | CDA                                                                    | FHIR
  -----------------------------+----------------------------+-----------------------+------------------------------------------------------------------------+--------------------------------------------------
  1.1.1 birth name             | person.birth_name          | PAT-TROIS             | patientRole/patient/name/family[@qualifier='BR']                       | Patient.name[use=official].family
  1.1.2 first names            | person.first_names         | DOMINIQUE, MARIE-LOUISE | patientRole/patient/name/given                                       | Patient.name[use=official].extension
  1.1.3 sex                    | person.sex                 | F                     | patientRole/patient/administrativeGenderCode/@code                     | Patient.gender
  1.1.4 birth date             | person.birth_date          | 1979-03-28            | patientRole/patient/birthTime/@value                                   | Patient.birthDate
  1.1.5 birth place            | person.birth_place         | 51215                 | patientRole/patient/birthplace/place/addr/county                       | Patient.extension
  1.1.6 INS matricule          | person.ins                 | 279035121518989       | patientRole/id/@extension                                              | Patient.identifier[system=urn:oid:1.2.250.1.213.1.4.10].value
  1.1.6 authority of the INS   | person.ins_authority       | 1.2.250.1.213.1.4.10  | patientRole/id/@root                                                   | Patient.identifier[system=urn:oid:1.2.250.1.213.1.4.10].system
  1.2.1 used name              | person.used_name           | MARTIN                | patientRole/patient/name/family[@qualifier='CL']                       | Patient.name[use=usual].family
  1.2.2 number of the insured  | person.insured_number      | 185057800608491       | – the header has no identifier for it                                  | Patient.identifier[value=185057800608491].type
  1.3.1 street                 | person.address.lines       | 28 AVENUE DE BRETEUIL | patientRole/addr/streetAddressLine                                     | Patient.address.line
  1.3.1 postal code            | person.address.postal_code | 75007                 | patientRole/addr/postalCode                                            | Patient.address.postalCode
  1.3.1 city                   | person.address.city        | PARIS                 | patientRole/addr/city                                                  | Patient.address.city
  1.3.2 e-mail                 | person.email               | dominique@example.org | patientRole/telecom[starts-with(@value,'mailto')]                      | Patient.telecom[system=email].value
  1.3.2 e-mail of a relative   | person.relative_email      | proche@example.org    | informant/relatedEntity/telecom[starts-with(@value,'mailto')]          | Patient.contact.telecom[system=email].value
  1.3.3 mobile                 | person.mobile              | 0600000000            | patientRole/telecom[@use='MC']                                         | Patient.telecom[use=mobile].value
  1.3.3 mobile of a relative   | person.relative_mobile     | 0611111111            | informant/relatedEntity/telecom[@use='MC']                             | Patient.contact.telecom[use=mobile].value
  1.3.3 landline               | person.phone               | 0145678901            | patientRole/telecom[@use='H']                                          | Patient.telecom[use=home].value
  1.4.1 residence              | residence                  | E                     | observation[code/@code='75617-1']/value/@code                          | Observation[code=75617-1].valueCodeableConcept
  1.4.2 works in health care   | health_worker              | no                    | observation[code/@code='95418-0']/value/@value                         | Observation[code=95418-0].valueBoolean
  1.5.1 first symptoms         | symptoms                   | S2                    | observation[code/@code='65222-2']/value/@value                         | Observation[code=65222-2].valueDateTime
  2.1.1 RPPS of the prescriber | prescriber.rpps            | 10003456786           | participant[@typeCode='REF']/associatedEntity/id/@extension            | Practitioner.identifier[value=810003456786].value
  2.1.3 name of the prescriber | prescriber.name            | MARTIN PAUL           | participant[@typeCode='REF']/associatedEntity/associatedPerson/name    | Practitioner.name[family=MARTIN].family
  2.1.5 RPPS of the attending doctor | general_practitioner.rpps | 10100000016      | participant[@typeCode='INF']/associatedEntity/id/@extension            | Patient.generalPractitioner
  3.1.1 record number          | record_number              | 21048BC000020         | documentationOf/serviceEvent/id/@extension                             | Specimen.identifier ; DiagnosticReport.identifier
  3.1.2 sampling time          | sampled_at                 | 2021-04-08T13:48:00+02:00 | procedure/effectiveTime/@value                                     | Specimen.collection.collectedDateTime
  3.1.3 responsible laboratory | laboratory.finess          | 690001235             | representedOrganization/id ; representedCustodianOrganization/id        | Organization.identifier
  4.1.1 analysis               | loinc                      | 94500-6               | observation/code[@code='94500-6']/@code                                | Observation[code=94500-6].code
  4.1.2 result                 | result                     | P                     | observation[code/@code='94500-6']/value                                | Observation[code=94500-6].valueCodeableConcept
  4.1.3 validation time        | validated_at               | 2021-04-08T15:00:00+02:00 | authenticator/time ; legalAuthenticator/time                       | DiagnosticReport.issued
  4.1.4 report                 | documents.0.media_type     | application/pdf       | observationMedia/value                                                 | DiagnosticReport.presentedForm
  5.1.1 QR code                |                            |                       | – made by the platform                                                 | – likewise
  specimen                     | specimen                   | 258500001             | playingEntity/code/@code                                               | Specimen.type
  mutation letter              | variants.C                 | 1                     | observation[code/@code='SIDEP-MUT-C']/value                            | Observation[code=SIDEP-MUT-C].valueString
"""

ANSWERS = {
    "75617-1": ('<value xsi:type="CD" code="42665001"/>', {"valueCodeableConcept": {"coding": [{"system": "http://snomed.info/sct", "code": "42665001"}]}}),
    "65222-2": ('<value xsi:type="TS" value="20210405"/>', {"valueDateTime": "2021-04-05"}),
    "SIDEP-MUT-C": ('<value xsi:type="ST">1</value>', {"valueString": "1"}),
}  # fmt: skip
NOBODY = ("1.3.2 e-mail of a relative", "1.3.3 mobile of a relative")  # of a person who has neither


def cda(*, alone: bool) -> bytes:
    """The sample with what it lacks; `alone`: the person has no telephone and no address, but a relative."""
    at = "<versionNumber"  # anywhere in the header will do
    own = '<telecom value="tel:0600000000" use="MC"/>\n      <telecom value="mailto:dominique@example.org"/>'
    relative = (
        '<informant><relatedEntity classCode="NOK"><telecom value="tel:0611111111" use="MC"/>'
        '<telecom value="mailto:proche@example.org"/></relatedEntity></informant>'
    )
    attending = (
        '<participant typeCode="INF"><functionCode code="PCP"/><associatedEntity classCode="PROV">'
        '<id root="1.2.250.1.71.4.2.1" extension="810100000016"/></associatedEntity></participant>'
    )
    answers = "".join(
        '<entryRelationship typeCode="COMP"><observation classCode="OBS" moodCode="EVN">'
        f'<code code="{code}" codeSystem="2.16.840.1.113883.6.1"/><statusCode code="completed"/>{value}'
        "</observation></entryRelationship>"
        for code, (value, _) in ANSWERS.items()
    )
    return messages.cda(
        (own, "" if alone else f'{own}<telecom value="tel:0145678901" use="H"/>'),
        (at, f"{relative if alone else ''}{attending}{at}"),
        ("            </act>", f"{answers}            </act>"),
    )


def fhir(*, alone: bool) -> dict[str, Any]:
    bundle: dict[str, Any] = json.loads(messages.fhir())
    person = next(of_type(bundle, "Patient"))
    home = {"system": "phone", "use": "home", "value": "0145678901"}
    insured = {"type": {"coding": [{"code": "NH"}]}, "value": "185057800608491"}
    reach = [
        {"system": "phone", "use": "mobile", "value": "0611111111"},
        {"system": "email", "value": "proche@example.org"},
    ]
    person["telecom"] = [] if alone else [*person["telecom"], home]
    person["contact"] = [{"telecom": reach}] if alone else []
    person["identifier"].append(insured)
    person["generalPractitioner"] = [
        {"identifier": {"system": "urn:oid:1.2.250.1.71.4.2.1", "value": "810100000016"}}
    ]
    answer = next(one for one in of_type(bundle, "Observation") if code_of(one) == "95418-0")
    for code, (_, value) in ANSWERS.items():
        more = deepcopy(answer) | value
        del more["valueBoolean"]
        more["code"]["coding"] = [{"system": "http://loinc.org", "code": code}]
        number = f"urn:uuid:6f3b0c1e-7a51-4b61-9a3c-{len(bundle['entry']):012d}ff"[:45]
        bundle["entry"].append({"fullUrl": number, "resource": more})
        next(of_type(bundle, "ServiceRequest"))["supportingInfo"].append({"reference": number})
    return bundle


def of_type(bundle: dict[str, Any], kind: str) -> Any:
    return (e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == kind)


def code_of(observation: dict[str, Any]) -> str:
    code: str = observation["code"]["coding"][0]["code"]
    return code


def cda_without(payload: bytes, places: str) -> bytes:
    """The document without what stands at these places, which must be there."""
    root = etree.fromstring(payload)
    for place in places.split(" ; "):
        take_away(root, place)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def take_away(root: Any, place: str) -> None:
    path = re.sub(r"(?<![\w@'-])([A-Za-z]\w*)(?=[/\[\]]|$)(?!\()", r"c:\1", f"//{place}")
    nodes = root.xpath(path, namespaces={"c": "urn:hl7-org:v3"})
    assert nodes, f"nothing stands at {path}"
    for node in nodes:
        if isinstance(node, str):
            del node.getparent().attrib[node.attrname]
        else:
            node.getparent().remove(node)


def fhir_without(bundle: dict[str, Any], places: str) -> dict[str, Any]:
    """The bundle without what stands at these places, which must be there."""
    bundle = deepcopy(bundle)
    for place in places.split(" ; "):
        kind, *steps = re.split(r"\.(?![^\[]*\])", place)
        name, wanted = filtered(kind)
        nodes = [one for one in of_type(bundle, name) if not wanted or code_of(one) == wanted[1]]
        for step in steps[:-1]:
            key, wanted = filtered(step)
            inner = [child for node in nodes for child in as_list(node.get(key))]
            nodes = [one for one in inner if not wanted or one.get(wanted[0]) == wanted[1]]
        taken = [node.pop(steps[-1]) for node in nodes if steps[-1] in node]
        assert taken, f"nothing stands at {place}"
    return bundle


def filtered(step: str) -> tuple[str, tuple[str, str] | None]:
    match = re.fullmatch(r"(\w+)\[(\w+)=(.+)\]", step)
    return (match[1], (match[2], match[3])) if match else (step, None)


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value is not None else []


def read(payload: bytes, format_: Format, path: str) -> str:
    """The value, or why there is none: without its code an observation is no report any more."""
    try:
        return found(payload, format_, path)
    except (ValueError, IndexError, KeyError) as gone:
        return repr(gone)


@pytest.mark.parametrize("case", rows(ITEMS_CASES), ids=lambda case: case["item"])
def test_each_item_stands_there_in_cda(case: dict[str, str]) -> None:
    if case["CDA"].startswith(GAP):
        return
    payload = cda(alone=case["item"] in NOBODY)
    assert found(payload, Format.CDA, case["in the answer"]) == case["read as"]
    assert read(cda_without(payload, case["CDA"]), Format.CDA, case["in the answer"]) != case["read as"]


@pytest.mark.parametrize("case", rows(ITEMS_CASES), ids=lambda case: case["item"])
def test_each_item_stands_there_in_fhir(case: dict[str, str]) -> None:
    if case["FHIR"].startswith(GAP):
        return
    bundle = fhir(alone=case["item"] in NOBODY)
    assert found(json.dumps(bundle).encode(), Format.FHIR, case["in the answer"]) == case["read as"]
    without = json.dumps(fhir_without(bundle, case["FHIR"])).encode()
    assert read(without, Format.FHIR, case["in the answer"]) != case["read as"]
