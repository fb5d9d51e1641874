import re

import pytest

from rempart.screening.rules.catalogue import Entry, catalogue, finding, place, shown
from rempart.screening.rules.report import Format, Severity


@pytest.mark.parametrize("entry", catalogue().values(), ids=lambda entry: entry.code)
def test_every_entry_says_what_it_means_and_what_to_do(entry: Entry) -> None:
    assert re.fullmatch(r"[A-Z]\d\d", entry.code)
    for text in (entry.text_fr, entry.do_en, entry.do_fr, *entry.messages.values()):
        assert text.strip() == text
        assert text.endswith(".")
    assert entry.messages
    assert not (entry.strict_in_production and entry.severity is Severity.ERROR)


def test_a_finding_is_filled_with_its_values() -> None:
    said = finding("V03", "incomplete", "somewhere", missing="A, B")
    assert (said.code, said.severity, said.message) == (
        "V03",
        Severity.WARNING,
        "Mutation letters A, B are missing.",
    )
    assert said.do


@pytest.mark.parametrize(("code", "case"), [("Z99", "any"), ("P01", "other"), ("V03", "incomplete")])
def test_what_the_catalogue_lacks_is_a_programming_error(code: str, case: str) -> None:
    with pytest.raises(KeyError):
        finding(code, case, "somewhere", other=1)


def test_places_follow_the_format_and_the_reports_own_location() -> None:
    assert place("result", "hl7v2", "OBX[2] (segment 7)") == "OBX[2]-5 (segment 7)"
    assert place("sampled_at", "hl7v2", "OBX[2] (segment 7)") == "OBR-7 for OBX[2] (segment 7)"
    assert place("result", "hprim-medecin", "line 17") == "line 17, column 5"
    assert place("birth_date", "hprim-medecin") == "line 7, birth date"
    assert place("result", "unknown") == ""


def test_both_formats_have_a_place_for_every_item() -> None:
    items = ("name", "first_names", "sex", "birth_date", "ins", "contact", "laboratory", "prescriber", "message",
             "general_practitioner", "record_number", "sampled_at", "analysis", "result", "status", "variants")  # fmt: skip
    for format_ in (Format.HL7V2, Format.HPRIM_MEDECIN):
        assert all(place(item, format_.value, "OBX[1] (segment 6)") for item in items)


@pytest.mark.parametrize(
    ("code", "quoted"),
    [
        ("94500-6", "94500-6"),
        ("Z", "Z"),
        ("", "(none)"),
        ("DUPONT", "(of 6 characters)"),
        ("279035121518989", "(of 15 characters)"),
    ],
)
def test_only_codes_that_cannot_be_a_name_or_a_number_are_quoted(code: str, quoted: str) -> None:
    assert shown(code) == quoted
