"""A message on the desk: nothing of a person while it is masked, and the faulty place marked."""

import json
import time

import pytest
from tests import messages

from rempart.screening.desk.showing import MASK, MOST_LINES, shown
from rempart.screening.rules.report import Format

PERSON = (
    "TROIS",
    "DOMINIQUE",
    "MARIE",
    "279035121518989",
    "19790328",
    "BRETEUIL",
    "75007",
    "0600000000",
    "dominique",
)
CDA = (
    '<?xml version="1.0"?><!-- PAT-TROIS --><ClinicalDocument xmlns="urn:hl7-org:v3"><recordTarget>'
    '<patient><name><family qualifier="BR">PAT-TROIS</family><given>DOMINIQUE</given></name>'
    '<birthTime value="19790328"/></patient></recordTarget><code code="94500-6"/>'
    "<![CDATA[DOMINIQUE]]></ClinicalDocument>"
)
FHIR = json.dumps(
    {
        "resourceType": "Patient",
        "name": [{"family": "PAT-TROIS", "given": ["DOMINIQUE"]}],
        "birthDate": "1979-03-28",
        "multipleBirthInteger": 19790328,
        "active": True,
        'DOMINIQUE "X"': "94500-6",
    }
)


def lines(raw, format=Format.HL7V2, locations=(), masked=True):
    return shown(raw, format=format, locations=locations, masked=masked).lines


def text(found):
    return "\n".join("".join(piece.text for piece in line.pieces) for line in found)


def marked(found):
    return [
        (line.number, [piece.text for piece in line.pieces if piece.faulty]) for line in found if line.faulty
    ]


@pytest.mark.parametrize(
    ("raw", "format"),
    [
        (messages.hl7(), Format.HL7V2),
        (messages.hprim(), Format.HPRIM_MEDECIN),
        (CDA.encode(), Format.CDA),
        (FHIR.encode(), Format.FHIR),
        (FHIR[:-3].encode(), Format.FHIR),
        (messages.hl7(), Format.TABLE),
        (messages.hl7(), Format.UNKNOWN),
        (messages.hl7(), Format.HPRIM_MEDECIN),
        (messages.hprim(), Format.HL7V2),
        (CDA.encode(), Format.HL7V2),
        (b"\xff\xfe" + "PAT-TROIS DOMINIQUE".encode("utf-16-le"), Format.UNKNOWN),
    ],
)
def test_security_a_masked_message_shows_nothing_of_a_person(raw, format):
    said = text(lines(raw, format))
    assert MASK in said
    assert [word for word in PERSON if word in said] == []


def test_structure_and_codes_are_left():
    said = text(lines(messages.hl7()))
    assert said.startswith(f"MSH|^~\\&|{MASK}|690001235|{MASK}|{MASK}|{MASK}||ORU^R01^ORU_R01|{MASK}|P|2.5|")
    assert "OBX|1|CE|94500-6^•••^•••||" in said
    assert "|||F|||" in said
    assert text(lines(messages.hprim(), Format.HPRIM_MEDECIN)).splitlines()[-4:] == [
        f"RES|{MASK}|94500-6|C|{MASK}|||||F",
        f"RES|{MASK}|SIDEP-MOBILE|A|{MASK}|||||F",
        "****FIN****",
        "****FINFICHIER****",
    ]
    xml = text(lines(CDA.encode(), Format.CDA)).replace("\n", "")
    assert f'<family qualifier="{MASK}">{MASK}</family>' in xml
    assert '<code code="94500-6"/>' in xml
    assert '"birthDate":' in text(lines(FHIR.encode(), Format.FHIR))


def test_security_a_short_name_in_a_coded_field_is_masked():
    moved = messages.hl7(("|||F|||20210408134800+0200|||", "|||LEA|||20210408134800+0200|||"))
    assert "LEA" not in text(lines(moved))


@pytest.mark.parametrize(
    ("location", "where"),
    [
        ("OBX[1]-5 (segment 6)", [(6, ["|•••^•••^•••^•••^•••^•••"])]),
        ("PID-7", [(2, ["|•••"])]),
        ("MSH-4", [(1, ["|690001235"])]),
        ("OBR-7 for OBX[1] (segment 6)", [(5, ["|•••"])]),
        ("OBX[2] (segment 7)", [(7, ["OBX|2|CE|95418-0^•••^•••||•••^^•••||||||F"])]),
    ],
)
def test_the_field_that_is_meant_is_marked(location, where):
    assert marked(lines(messages.hl7(), locations=[location])) == where


def test_columns_and_lines_of_hprim_are_marked():
    found = lines(
        messages.hprim(), Format.HPRIM_MEDECIN,
        locations=["line 18, column 5", "line 7, birth date", "RES SIDEP-MOBILE"],
    )  # fmt: skip
    assert marked(found) == [
        (7, [MASK]),
        (18, [f"|{MASK}"]),
        (19, [f"RES|{MASK}|SIDEP-MOBILE|A|{MASK}|||||F"]),
    ]


def test_elements_and_keys_are_marked_by_their_name():
    path = "ClinicalDocument/recordTarget/patientRole/patient/birthTime"
    (line,) = marked(lines(CDA.encode(), Format.CDA, [path]))
    assert line[1] == [f'<birthTime value="{MASK}"/>']
    (line,) = marked(lines(FHIR.encode(), Format.FHIR, ["Patient.birthDate"]))
    assert "birthDate" in line[1][0]


def test_a_place_that_is_not_there_marks_nothing():
    for location in ("OBX[9]-5 (segment 900)", "NTE-3", "end of the file", "", "row 4000", "é"):
        assert marked(lines(messages.hl7(), locations=[location])) == []


def test_opened_it_is_as_it_came():
    raw = messages.hl7()
    assert text(lines(raw, masked=False)).split("\n") == raw.decode().rstrip("\r").split("\r")


def test_a_long_message_is_shown_in_part_with_its_faults():
    raw = b"\r".join([*messages.hl7().split(b"\r")[:5], *[b"OBX|1|ST|x"] * 2000])
    found = shown(raw, format=Format.HL7V2, locations=["OBX[1]-3 (segment 1500)"], masked=True)
    assert [line.number for line in found.lines][-2:] == [MOST_LINES, 1500]
    assert found.left_out == 2005 - MOST_LINES - 1
    assert marked(found.lines) == [(1500, [f"|{MASK}"])]


HOSTILE = {
    "tags that never close": (Format.CDA, b"<" * 1_000_000),
    "comments that never close": (Format.CDA, b"<!--" * 250_000),
    "quotation marks": (Format.FHIR, b'"\\' * 500_000),
    "depth": (Format.FHIR, b"[" + b",".join([b"[" * 450 + b"]" * 450] * 1_100) + b"]"),
    "many hostile lines": (Format.FHIR, (b'"\\' * 1_000 + b"\n") * 400),
}


@pytest.mark.parametrize(("format_", "raw"), HOSTILE.values(), ids=HOSTILE)
def test_security_a_hostile_message_is_shown_at_once(format_: Format, raw: bytes) -> None:
    begun = time.process_time()
    shown(raw, format=format_, locations=["document (line 1)"], masked=True)
    assert time.process_time() - begun < 2


@pytest.mark.parametrize(
    ("format_", "raw"),
    [
        (Format.CDA, b"<a>text <DUPONT"),
        (Format.CDA, b'<name value="DUPONT'),
        (Format.CDA, b"<" + b"a" * 1_990 + b">DUPONT<b"),
        (Format.FHIR, b'{"family": "DUPONT'),
        (Format.FHIR, b'"DUPONT\\'),
        (Format.FHIR, b'["' + b"x" * 1_994 + b'", "DUPONT"]'),
    ],
)
def test_security_what_never_closes_or_is_cut_is_masked(format_: Format, raw: bytes) -> None:
    found = shown(raw, format=format_, locations=[], masked=True)
    assert "DUP" not in "".join(piece.text for line in found.lines for piece in line.pieces)
