"""The header of a CDA document, rule by rule: what is taken out or changed, and what is said of it."""

import pytest
from tests import messages
from tests.spec.tables import rows

TITLE = "What the header of a CDA document must hold"
WHY = (
    "Rules of the CI-SIS for laboratory reports (ANS, schematron Entete_CR-BIO 2024.01; structuration minimale), as the platform "
    "reads them. Each line starts from the sample of the laboratories' guide, a whole CR-BIO, and takes something out of it or "
    "changes it. C01: the person, the type or the version hangs on it, the document is refused. C06: a warning. A test identity "
    "is forgiven what a real one is not. Places are below ClinicalDocument. The official schematrons are not run here."
)
CASES = """
  what is changed                                      | said | place                                             | outcome  | because
  -----------------------------------------------------+------+---------------------------------------------------+----------+-------------------------------------------
  nothing                                              |      |                                                   | accepted |
  the identifier                                       | C01  | id                                                | rejected | which document is this?
  the set of versions                                  | C01  | setId                                             | rejected | which document does the next one replace?
  the version number                                   | C01  | versionNumber                                     | rejected | which one is the latest?
  the version number: 0                                | C01  | versionNumber                                     | rejected | a positive whole number
  the version number: said to be unknown               | C01  | versionNumber                                     | rejected | no nullFlavor is allowed
  the template of laboratory reports (IHE XD-LAB)      | C01  | templateId[@root='1.3.6.1.4.1.19376.1.3.3']       | rejected | is it a laboratory report?
  the code of what was done                            | C01  | documentationOf/serviceEvent/code                 | rejected | mandatory
  the template of HL7 France                           | C06  | templateId                                        | accepted |
  the template of the structuration minimale           | C06  | templateId                                        | accepted |
  the template of CR-BIO                               | C06  | templateId                                        | accepted |
  the title: another one                               | C06  | title                                             | accepted | it is fixed
  the address: unknown in another way than UNK         | C06  | recordTarget/patientRole/addr                     | accepted | UNK is the only flavour
  the birth name of a test identity                    | C06  | recordTarget/patientRole/patient/name/family[@qualifier='BR'] | accepted | a national identity has all of its traits
  the first given name of a test identity              | C06  | recordTarget/patientRole/patient/name/given[@qualifier='BR'] | accepted | likewise
  the list of given names of a test identity           | C06  | recordTarget/patientRole/patient/name/given       | accepted | likewise
  the birth place of a test identity                   | C06  | recordTarget/patientRole/patient/birthplace/place/addr/county | accepted | likewise
  the sex of a test identity                           | C06  | recordTarget/patientRole/patient/administrativeGenderCode | accepted | likewise
  the birth place of a real identity                   | C01  | recordTarget/patientRole/patient/birthplace/place/addr/county | rejected | an identity that identifies nobody
  the time of the performance                          | C06  | documentationOf/serviceEvent/performer/time       | accepted |
  the setting of the laboratory                        | C06  | documentationOf/serviceEvent/performer/assignedEntity/representedOrganization/standardIndustryClassCode | accepted |
  one of the two templates of the chapter              |      |                                                   | accepted | the other one says it
  the copy as a PDF                                    | C06  | component/structuredBody                          | accepted | mandatory since 2024.01
"""

_NUMBER = "2.25.329800735698586629295641978511506172918"
_VERSION = '<versionNumber value="1"/>'
_TEST, _REAL = "1.2.250.1.213.1.4.10", "1.2.250.1.213.1.4.8"
_BIRTH_PLACE = ("<county>51215</county>", "")
CHANGES: dict[str, tuple[tuple[str, str], ...]] = {
    "nothing": (),
    "the identifier": ((f'<id root="{_NUMBER}" extension="CR000001.1"/>', ""),),
    "the set of versions": ((f'<setId root="{_NUMBER}" extension="CR000001"/>', ""),),
    "the version number": ((_VERSION, ""),),
    "the version number: 0": ((_VERSION, '<versionNumber value="0"/>'),),
    "the version number: said to be unknown": ((_VERSION, '<versionNumber value="1" nullFlavor="UNK"/>'),),
    "the template of laboratory reports (IHE XD-LAB)": (('<templateId root="1.3.6.1.4.1.19376.1.3.3"/>', ""),),
    "the code of what was done": (
        ('<code code="18725-2" codeSystem="2.16.840.1.113883.6.1" displayName="Microbiologie"/>\n      <perf', "<perf"),
    ),
    "the template of HL7 France": (('<templateId root="2.16.840.1.113883.2.8.2.1"/>', ""),),
    "the template of the structuration minimale": (('<templateId root="1.2.250.1.213.1.1.1.1"/>', ""),),
    "the template of CR-BIO": (('<templateId root="1.2.250.1.213.1.1.1.55" extension="2024.01"/>', ""),),
    "the title: another one": (("<title>Compte rendu d'examens biologiques</title>", "<title>Résultats</title>"),),
    "the address: unknown in another way than UNK": (('<addr use="H">', '<addr use="H" nullFlavor="NI">'),),
    "the birth name of a test identity": (('<family qualifier="BR">PAT-TROIS</family>', ""),),
    "the first given name of a test identity": (('<given qualifier="BR">DOMINIQUE</given>', ""),),
    "the list of given names of a test identity": (("<given>DOMINIQUE MARIE-LOUISE</given>", ""),),
    "the birth place of a test identity": (_BIRTH_PLACE,),
    "the sex of a test identity": (('<administrativeGenderCode code="F" codeSystem="2.16.840.1.113883.5.1"/>', ""),),
    "the birth place of a real identity": (_BIRTH_PLACE, (_TEST, _REAL)),
    "the time of the performance": (('<time><high value="20210408150000+0200"/></time>', ""),),
    "the setting of the laboratory": (
        ('<standardIndustryClassCode code="AMBULATOIRE" codeSystem="1.2.250.1.213.1.1.4.9"/>', ""),
    ),
    "one of the two templates of the chapter": (('<templateId root="1.2.250.1.213.1.1.2.70"/>', ""),),
    "the copy as a PDF": (('"1.2.250.1.213.1.1.2.243"', '"1.2.250.1.213.1.1.2.147"'),),
}  # fmt: skip


@pytest.mark.parametrize("case", rows(CASES), ids=lambda case: case["what is changed"])
def test_what_is_said_of_a_header(case: dict[str, str]) -> None:
    judgement = messages.judged(messages.cda(*CHANGES[case["what is changed"]]))
    said = [(f.code, f.location) for f in judgement.findings if f.code in ("C01", "C06")]
    expected = [(case["said"], f"ClinicalDocument/{case['place']}")] if case["said"] else []
    assert said == expected
    assert judgement.outcome.value == case["outcome"]
