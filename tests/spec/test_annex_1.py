"""Annex 1, item by item and format by format: each cell is a piece of a message, decoded here."""

import csv
import io
import json
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests import messages
from tests.factories import COVID, delivery
from tests.spec.tables import rows

from rempart.foundation.vault import Keyring, Purpose, unseal
from rempart.screening.formats import decode
from rempart.screening.rules import items
from rempart.screening.rules.answer import answer
from rempart.screening.rules.catalogue import Profile
from rempart.screening.rules.report import Format
from rempart.screening.services.prepare import Preparer
from rempart.screening.services.prepared import VALUE_COLUMNS, Judged

TITLE = "Annex 1: what is asked for, and where it stands in each format"
WHY = (
    "Annex 1 of MINSANTE n°101 lists what a laboratory says of a test. Each cell below is put into a message that holds nothing "
    "else; the item must come out as `read as`, under that name in the answer of `rempart check --json`. A dash is a gap, with "
    "its reason. RES and OBX with SIDEP-… are the platform's reserved codes (decision 034)."
)

ITEMS_CASES = """
  item                         | in the answer                 | read as                      | HL7 v2                                              | HPRIM Médecin                                     | HPRIM Santé                               | table
  -----------------------------+-------------------------------+------------------------------+-----------------------------------------------------+---------------------------------------------------+-------------------------------------------+--------------------------------
  1.1.1 birth name             | person.birth_name             | PAT-TROIS                    | PID-5: PAT-TROIS^^^^^^L                             | line 2: PAT-TROIS                                 | P-6: PAT-TROIS                            | nom_naissance: PAT-TROIS
  1.1.2 first names            | person.first_names            | ANNE, MARIE                  | PID-5: X^ANNE^ANNE MARIE^^^^L                       | line 3: ANNE, MARIE                               | P-5: X~ANNE~MARIE                         | prenoms: ANNE, MARIE
  1.1.3 sex                    | person.sex                    | F                            | PID-8: F                                            | RES SIDEP-SEXE: F                                 | P-8: F                                    | sexe: F
  1.1.4 birth date             | person.birth_date             | 1979-03-28                   | PID-7: 19790328                                     | line 7: 28/03/1979                                | P-7: 19790328                             | date_naissance: 28/03/1979
  1.1.5 birth place            | person.birth_place            | 51215                        | PID-11: ^^^^^^BDL^^51215                            | RES SIDEP-LIEUNAISS: 51215                        | OBX SIDEP-LIEUNAISS: 51215                | lieu_naissance: 51215
  1.1.6 INS matricule          | person.ins                    | 279035121518989              | PID-3: 279035121518989^^^&1.2.250.1.213.1.4.10&ISO^INS | line 8: 279035121518989                        | P-11: 279035121518989~INS-NIR             | ins: 279035121518989
  1.1.6 authority of the INS   | person.ins_authority          | 1.2.250.1.213.1.4.10         | PID-3: 279035121518989^^^&1.2.250.1.213.1.4.10&ISO^INS | RES SIDEP-INS: 279035121518989,1.2.250.1.213.1.4.10 | P-11: 279035121518989~INS-NIR~~1.2.250.1.213.1.4.10 | ins: 279035121518989 ; oid_ins: 1.2.250.1.213.1.4.10
  1.2.1 used name              | person.used_name              | MARTIN                       | PID-5: X^^^^^^L~MARTIN^^^^^^D                       | line 2: MARTIN ; RES SIDEP-NOMNAISS: X            | P-5: MARTIN ; P-6: X                      | nom_usage: MARTIN
  1.2.2 number of the insured  | person.insured_number         | 185057800608491              | PID-3: 185057800608491^^^^NH                        | RES SIDEP-NUMASSURE: 185057800608491              | OBX SIDEP-NUMASSURE: 185057800608491      | numero_assure: 185057800608491
  1.3.1 street                 | person.address.lines          | 28 AV DE BRETEUIL, BAT B     | PID-11: 28 AV DE BRETEUIL^BAT B^^^^^H               | line 4: 28 AV DE BRETEUIL ; line 5: BAT B         | P-10: 28 AV DE BRETEUIL~BAT B             | – the file has one column for it
  1.3.1 postal code            | person.address.postal_code    | 75007                        | PID-11: ^^PARIS^^75007^FRA^H                        | line 6: 75007 PARIS                               | P-10: ~~PARIS~~75007                      | code_postal: 75007
  1.3.1 city                   | person.address.city           | PARIS                        | PID-11: ^^PARIS^^75007^FRA^H                        | line 6: 75007 PARIS                               | P-10: ~~PARIS~~75007                      | commune: PARIS
  1.3.2 e-mail                 | person.email                  | dominique@example.org        | PID-13: ^NET^Internet^dominique@example.org         | RES SIDEP-EMAIL: dominique@example.org            | P-12: dominique@example.org               | email: dominique@example.org
  1.3.2 e-mail of a relative   | person.relative_email         | proche@example.org           | NK1-5: ^NET^Internet^proche@example.org             | RES SIDEP-EMAILPROCHE: proche@example.org         | OBX SIDEP-EMAILPROCHE: proche@example.org | email_proche: proche@example.org
  1.3.3 mobile                 | person.mobile                 | 0600000000                   | PID-13: ^PRN^CP^^^^^^^^^0600000000                  | RES SIDEP-MOBILE: 0600000000                      | P-12: 0600000000                          | mobile: 0600000000
  1.3.3 mobile of a relative   | person.relative_mobile        | 0611111111                   | NK1-5: ^PRN^CP^^^^^^^^^0611111111                   | RES SIDEP-MOBILEPROCHE: 0611111111                | OBX SIDEP-MOBILEPROCHE: 0611111111        | mobile_proche: 0611111111
  1.3.3 landline               | person.phone                  | 0145678901                   | PID-13: ^PRN^PH^^^^^^^^^0145678901                  | RES SIDEP-FIXE: 0145678901                        | P-12: 0145678901                          | telephone: 0145678901
  1.4.1 residence              | residence                     | E                            | OBX 75617-1: 42665001                               | RES SIDEP-RESID: E                                | OBX SIDEP-RESID: E                        | residence: E
  1.4.1 residence, several     | residence                     | E, H                         | OBX 75617-1: 42665001~22232009                      | RES SIDEP-RESID: E,H                              | OBX SIDEP-RESID: E^H                      | residence: E,H
  1.4.2 works in health care   | health_worker                 | yes                          | OBX 95418-0: Y                                      | RES SIDEP-PROSANTE: O                             | OBX 95418-0: O                            | professionnel_sante: oui
  1.5.1 no symptoms            | symptoms                      | ASY                          | OBX 95419-8: N                                      | RES SIDEP-SYMPT: ASY                              | OBX 95419-8: N                            | symptomes: ASY
  1.5.1 first symptoms         | symptoms                      | S2                           | OBX 65222-2: 20210405                               | RES SIDEP-SYMPT: S2                               | OBX SIDEP-SYMPT: S2                       | date_symptomes: 05/04/2021
  2.1.1 RPPS of the prescriber | prescriber.rpps               | 10003456786                  | OBR-16: 810003456786^^^^^^^^&1.2.250.1.71.4.2.1&ISO | line 12: 10003456786                              | OBR-16: 10003456786                       | prescripteur: 10003456786
  2.1.1 ADELI of the prescriber | prescriber.adeli             | 633999156                    | OBR-16: 0633999156^^^^^^^^&1.2.250.1.71.4.2.1&ISO   | RES SIDEP-ADELIPRESC: 633999156                   | OBR-16: 633999156                         | prescripteur: 633999156
  2.1.3 name of the prescriber | prescriber.name               | MARTIN PAUL                  | OBR-16: ^MARTIN^PAUL                                | line 12: 10003456786 MARTIN PAUL                  | OBR-16: 10003456786&MARTIN&PAUL           | nom_prescripteur: MARTIN PAUL
  2.1.5 RPPS of the attending doctor | general_practitioner.rpps | 10003456786                | PD1-4: 10003456786                                  | RES SIDEP-RPPSMT: 10003456786                     | P-13: 10003456786                         | medecin_traitant: 10003456786
  2.1.5 ADELI of the attending doctor | general_practitioner.adeli | 633999156                | PD1-4: 633999156^^^^^^^^^^^^ADELI                   | RES SIDEP-ADELIMT: 633999156                      | P-13: 633999156~~ADELI                    | medecin_traitant: 633999156
  3.1.1 record number          | record_number                 | 21048BC000020                | OBR-3: 21048BC000020                                | line 9: 21048BC000020                             | OBR-3: 21048BC000020                      | numero_dossier: 21048BC000020
  3.1.2 sampling time          | sampled_at                    | 2021-04-08T13:48:00+02:00    | OBR-7: 202104081348+0200                            | RES SIDEP-PRELDT: 202104081348+0200               | OBR-7: 202104081348                       | date_prelevement: 08/04/2021 13:48
  3.1.3 responsible laboratory | laboratory.finess             | 690001235                    | MSH-4: 690001235                                    | line 11: 690001235 LBM                            | H-4: 690001235~LBM                        | finess: 690001235
  4.1.1 analysis               | loinc                         | 94500-6                      | OBX-3: 94500-6^RT-PCR^LN                            | column 3: 94500-6                                 | OBX-3: 94500-6~RT-PCR~LN                  | analyse: 94500-6
  4.1.2 result                 | result                        | N                            | OBX-5: 260415000^^SCT                               | column 5: Négatif                                 | OBX-5: N                                  | resultat: Négatif
  4.1.3 validation time        | validated_at                  | 2021-04-08T15:00:00+02:00    | OBR-22: 202104081500+0200                           | RES SIDEP-VALIDDT: 202104081500+0200              | OBR-22: 202104081500                      | date_validation: 08/04/2021 15:00
  4.1.4 report                 | documents.0.media_type        | application/pdf              | OBX ED: PDF                                         | – text only: nothing carries a file               | OBX FIC: PDF                              | – a cell carries no file
  5.1.1 QR code                |                               |                              | – made by the platform                              | – likewise                                        | – likewise                                | – likewise
  specimen                     | specimen                      | 258500001                    | SPM-4: 258500001                                    | RES SIDEP-PRELTYPE: 258500001                     | OBR-15: 258500001                         | type_prelevement: 258500001
  rapid test used              | device                        | 1232                         | OBX-18: 1232                                        | RES SIDEP-DISPOSITIF: 1232                        | OBX SIDEP-DISPOSITIF: 1232                | dispositif: 1232
  mutation letter              | variants.C                    | 1                            | OBX SIDEP-MUT-C: 1                                  | RES SIDEP-MUT-C: 1                                | OBX SIDEP-MUT-C: 1                        | variant_c: 1
"""

POLICY_CASES = """
  item                       | from       | need      | profiles   | where it is missing
  ---------------------------+------------+-----------+------------+--------------------
  name                       | 2020-05-11 | mandatory | fr generic | P01!
  first_names                | 2020-05-11 | mandatory | fr generic | P02!
  birth_date                 | 2020-05-11 | mandatory | fr generic | P03!
  sex                        | 2020-05-11 | if-known  | fr generic | nothing is said
  birth_place                | 2020-05-11 | if-known  | fr generic | nothing is said
  ins                        | 2020-05-11 | if-known  | fr generic | nothing is said
  insured_number             | 2020-05-11 | if-known  | fr generic | nothing is said
  address                    | 2020-05-11 | if-known  | fr generic | nothing is said
  contact                    | 2020-05-11 | expected  | fr         | P08
  residence                  | 2020-05-11 | if-known  | fr generic | nothing is said
  health_worker              | 2020-05-11 | if-known  | fr generic | nothing is said
  symptoms                   | 2020-05-11 | if-known  | fr generic | nothing is said
  prescriber                 | 2020-05-11 | if-known  | fr generic | nothing is said
  general_practitioner       | 2020-05-11 | if-known  | fr generic | nothing is said
  laboratory                 | 2020-05-11 | mandatory | fr         | L01!
  record_number              | 2020-05-11 | mandatory | fr generic | L03!
  sampled_at                 | 2020-05-11 | mandatory | fr generic | S01!
  validated_at               | 2020-05-11 | if-known  | fr generic | nothing is said
  documents                  | 2020-05-11 | if-known  | fr generic | nothing is said
  specimen                   | 2020-10-21 | if-known  | fr generic | nothing is said
  device, of antigen tests   | 2020-11-16 | if-known  | fr generic | nothing is said
  device, of antigen tests   | 2021-07-01 | expected  | fr         | I01
"""

GAP = "–"
PDF = "JVBERi0xLjQKJSVFT0YK"  # the smallest that begins and ends as one

Fields = dict[str, str]


def pieces(cell: str) -> list[tuple[str, str]]:
    """The (place, value) pairs of a cell."""
    return [tuple(piece.split(": ", 1)) for piece in cell.split(" ; ")]  # type: ignore[misc]


def delimited(cell: str, empty: dict[str, Fields], *, order: tuple[str, ...], coded: str, ends: str) -> bytes:
    """A message of segments: `empty` holds those that are always there, by field; OBX by code come after."""
    segments = {name: dict(fields) for name, fields in empty.items()}
    more: list[str] = []
    for place, value in pieces(cell):
        if place in ("OBX ED", "OBX FIC"):
            attached = {
                "OBX ED": f"ED|11502-2^CR^LN||^application^pdf^Base64^{PDF}",
                "OBX FIC": f"FIC|CR~CR~L||PDF~cr.pdf~PDF~{PDF}",
            }
            more.append(f"OBX|{len(more) + 2}|{attached[place]}||||||F")
        elif place.startswith("OBX "):
            more.append(f"OBX|{len(more) + 2}|CE|{coded.format(place[4:])}||{value}||||||F")
        else:
            name, _, number = place.partition("-")
            segments.setdefault(name, {})[number] = value
    lines = []
    for name in order:
        fields = segments.get(name)
        if fields is not None:
            last = max(map(int, fields))
            lines.append("|".join([name, *(fields.get(str(n), "") for n in range(1, last + 1))]))
        if name == "OBX":
            lines += more
    return ("\r".join(lines) + ends).encode()


def hl7v2(cell: str) -> bytes:
    empty: dict[str, Fields] = {
        "MSH": {"1": "^~\\&", "8": "ORU^R01^ORU_R01", "9": "M1", "10": "P", "11": "2.5"},
        "PID": {"1": "1"},
        "OBR": {"1": "1", "4": "94500-6^RT-PCR^LN", "7": "20210408"},
        "OBX": {"1": "1", "2": "CE", "3": "94500-6^RT-PCR^LN", "5": "P", "11": "F"},
    }
    cell = cell.replace("MSH-4", "MSH-3")  # MSH-1 is the separator itself
    order = ("MSH", "PID", "PD1", "NK1", "OBR", "OBX", "SPM")
    return delimited(cell, empty, order=order, coded="{}^^LN", ends="\r")


def hprim_sante(cell: str) -> bytes:
    empty: dict[str, Fields] = {
        "H": {"1": "~^\\&", "2": "M1", "6": "ORU", "11": "P", "12": "H2.3~C", "13": "20210408"},
        "P": {"1": "1"},
        "OBR": {"1": "1", "4": "94500-6~RT-PCR~LN", "7": "20210408"},
        "OBX": {"1": "1", "2": "CE", "3": "94500-6~RT-PCR~LN", "5": "P", "11": "F"},
    }
    return delimited(cell, empty, order=("H", "P", "OBR", "OBX"), coded="{}~~L", ends="\rL|1\r")


def hprim_medecin(cell: str) -> bytes:
    header = ["PAT1", *[""] * 11]
    header[9] = "08/04/2021"
    columns = ["RES", "RT-PCR", "94500-6", "C", "P", "", "", "", "", "F"]
    more = []
    for place, value in pieces(cell):
        kind, _, which = place.partition(" ")
        if kind == "line":
            header[int(which) - 1] = value
        elif kind == "column":
            columns[int(which) - 1] = value
        else:
            more.append(f"RES||{which}|A|{value}|||||F")
    lines = [*header, "", "****LAB****", "|".join(columns), *more, messages.FIN, messages.FINFICHIER, ""]
    return "\r\n".join(lines).encode()


def table(cell: str) -> bytes:
    row = {
        "nom_naissance": "X", "prenoms": "X", "date_naissance": "01/01/1980", "numero_dossier": "1",
        "date_prelevement": "08/04/2021", "analyse": "94500-6", "resultat": "P",
    }  # fmt: skip
    row |= dict(pieces(cell))
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerow(row)
    writer.writerow(row.values())
    return text.getvalue().encode()


FORMATS: dict[str, tuple[Format, Callable[[str], bytes]]] = {
    "HL7 v2": (Format.HL7V2, hl7v2),
    "HPRIM Médecin": (Format.HPRIM_MEDECIN, hprim_medecin),
    "HPRIM Santé": (Format.HPRIM_SANTE, hprim_sante),
    "table": (Format.TABLE, table),
}


def found(payload: bytes, format_: Format, path: str) -> str:
    """One value of the answer to a message, in words."""
    (item,) = decode(payload, format=format_, context=messages.FRENCH)
    (value,) = answer(item, messages.verdict(item), source="")["reports"]
    for step in path.split("."):
        value = value[int(step)] if step.isdigit() else value[step]
    return in_words(value)


def in_words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value or "")


@pytest.mark.parametrize("column", FORMATS)
@pytest.mark.parametrize("case", rows(ITEMS_CASES), ids=lambda case: case["item"])
def test_each_item_is_read_in_each_format(case: dict[str, str], column: str) -> None:
    cell = case[column]
    if cell.startswith(GAP):
        assert len(cell) > len("– ")
        return
    format_, written = FORMATS[column]
    assert found(written(cell), format_, case["in the answer"]) == case["read as"]


@pytest.mark.parametrize("column", FORMATS)
def test_what_is_not_given_is_not_there(column: str) -> None:
    """So that no cell can pass by what another cell of its message brought."""
    format_, written = FORMATS[column]
    empty = {"HL7 v2": "PID-2: 1", "HPRIM Santé": "P-3: 1", "HPRIM Médecin": "line 1: 1", "table": "pays: X"}[
        column
    ]
    always = {
        "HL7 v2": {"loinc"}, "HPRIM Santé": {"loinc"}, "HPRIM Médecin": {"loinc"},
        "table": {"loinc", "person.birth_name", "person.first_names", "person.birth_date", "record_number"},
    }[column]  # fmt: skip
    for case in rows(ITEMS_CASES):
        path = case["in the answer"]
        if (
            path
            and not path.startswith(("documents", "variants"))
            and path not in always | {"result", "sampled_at"}
        ):
            assert not found(written(empty), format_, path), path


def test_every_item_of_the_policy_has_its_lines() -> None:
    written = [(case["item"].split(",")[0], case["from"]) for case in rows(POLICY_CASES)]
    of_the_data = [(item.name, v.since.isoformat()) for item in items.items().values() for v in item.versions]
    assert sorted(written) == sorted(of_the_data)


@pytest.mark.parametrize("case", rows(POLICY_CASES), ids=lambda case: f"{case['item']} {case['from']}")
def test_how_much_an_item_is_asked_for(case: dict[str, str]) -> None:
    item = items.items()[case["item"].split(",")[0]]
    day = date.fromisoformat(case["from"])
    version = item.version_on(day)
    assert (version.since, version.need.value) == (day, case["need"])
    assert version.profiles == {Profile(name) for name in case["profiles"].split()}
    asked = {one.item.name: one.severity.value for group in items.asked_on(day, Profile.FR) for one in group}
    weight = asked.get(item.name)
    said = f"{item.finding}{'!' if weight == 'error' else ''}" if weight else "nothing is said"
    assert said == case["where it is missing"]


def test_whatever_is_read_is_kept_sealed() -> None:
    """Identity and contact of a result bring back every value of the annex that its columns do not hold."""
    payload = messages.hl7(
        ("^PRN^CP^^^^^^^^^0600000000~^NET^Internet^dominique@example.org", "^PRN^PH^^^^^^^^^0145678901"),
        ("810003456786^MARTIN", "0633999156^MARTIN"),
        ("~PAT0012345^^^LBM-EX^PI", "~PAT0012345^^^LBM-EX^PI~185057800608491^^^^NH"),
        more=(
            "NK1|1|PROCHE^JEAN|||^PRN^CP^^^^^^^^^0611111111~^NET^Internet^proche@example.org",
            "PD1||||10003456786^LEROY^ANNE",
            "OBX|4|CE|SIDEP-MUT-V1||1||||||F||||||||20210408145500+0200",
        ),
    )
    (item,) = messages.items(payload)
    judged = Judged(item=item, judgement=messages.verdict(item), delivery=delivery())
    with tempfile.TemporaryDirectory(prefix="rempart-test-keys-") as folder:
        keyring = Keyring(Path(folder))
        (result,) = Preparer(keyring=keyring, pathogen=COVID, now=messages.NOW).message(judged).results
        sealed = result.values[VALUE_COLUMNS.index("sealed")]
        assert isinstance(sealed, bytes)
        contact = json.loads(unseal(keyring, sealed, purpose=Purpose.CONTACT, context=result.id.bytes))
        written = unseal(
            keyring, result.identity.sealed, purpose=Purpose.IDENTITY, context=result.identity.id.bytes
        ).decode()
    assert contact == {
        "record": "21048BC000020",
        "laboratory": "LBM EXEMPLE",
        "local_id": "PAT0012345",
        "phone": "0145678901",
        "mobile": "",
        "email": "",
        "address": ["28 AV DE BRETEUIL", "75007 PARIS"],
        "prescriber": ["", "MARTIN PAUL", "633999156"],
        "general_practitioner": ["10003456786", "LEROY ANNE"],
        "variants": [["V1", "1"]],
        "relative_mobile": "0611111111",
        "relative_email": "proche@example.org",
        "screened_at": "2021-04-08T14:55:00+02:00",
        "specimen": "258500001",
    }
    for value in (
        "PAT-TROIS",
        "MARTIN",
        "DOMINIQUE",
        "1979-03-28",
        "51215",
        "279035121518989",
        "185057800608491",
    ):
        assert value in written
