"""Small files with known people in them: which pairs are found, and what is said of each."""

from dataclasses import replace

import pytest

from rempart.foundation.people.matching import (
    Feature,
    Grade,
    Level,
    Record,
    assess,
    default_weights,
    learn,
    match,
)

YEAR = 2026
ANNE = Record(
    birth_name="Martin",
    first_names="Anne",
    birth_date="1980-05-04",
    sex="F",
    birth_place="Lyon",
    postcode="69003",
)
LUC = Record(
    birth_name="Petit",
    first_names="Luc",
    birth_date="1955-11-30",
    sex="M",
    birth_place="Nantes",
    postcode="44000",
)


def pairs(matches) -> list[tuple[int, int, str]]:
    return [(each.left, each.right, each.grade.value) for each in matches]


def test_one_file_is_matched_with_itself_each_pair_once_in_the_order_of_the_file() -> None:
    found = match([LUC, ANNE, replace(ANNE, birth_name="MARTAIN"), LUC], this_year=YEAR)
    assert pairs(found) == [(0, 3, "certain"), (1, 2, "certain")]


def test_two_files_are_matched_between_them_only() -> None:
    found = match([ANNE, ANNE], [LUC, replace(ANNE, first_names="Ane")], this_year=YEAR)
    assert pairs(found) == [(0, 1, "certain"), (1, 1, "certain")]


@pytest.mark.parametrize("records", [[], [ANNE], [Record(), Record()], [Record(sex="F")] * 3])
def test_where_there_is_nothing_to_find_nothing_is_found(records: list[Record]) -> None:
    assert pairs(match(records, this_year=YEAR)) == []
    assert pairs(match(records, [], this_year=YEAR)) == []


def test_people_of_other_alphabets_are_told_apart() -> None:
    maria = Record(birth_name="Παπαδοπούλου", first_names="Μαρία", birth_date="1970-02-03")
    other = Record(birth_name="Οικονόμου", first_names="Ελένη", birth_date="1970-02-03")
    assert assess(maria, maria, weights=default_weights(), this_year=YEAR).grade is Grade.CERTAIN
    assert assess(maria, other, weights=default_weights(), this_year=YEAR).grade is Grade.NO


@pytest.mark.parametrize(
    ("changes", "feature", "level"),
    [
        ({"birth_name": "MARTAIN"}, Feature.FAMILY_NAME, Level.TYPO),
        ({"birth_name": "Martin-Durand"}, Feature.FAMILY_NAME, Level.PART),
        ({"birth_name": "Durand", "used_name": "martin"}, Feature.FAMILY_NAME, Level.OTHER_NAME),
        ({"birth_name": "Dubois"}, Feature.FAMILY_NAME, Level.DIFFERENT),
        ({"birth_name": "Anne", "first_names": "Martin"}, Feature.NAME_ORDER, Level.INVERTED),
        ({"birth_name": "", "first_names": "Martin"}, Feature.NAME_ORDER, Level.INVERTED),
        ({"first_names": "A"}, Feature.FIRST_NAMES, Level.BEGINS),
        ({"first_names": "Marie, Anne"}, Feature.FIRST_NAMES, Level.PART),
        ({"first_names": "Ânne"}, Feature.FIRST_NAMES, Level.EXACT),
        ({"birth_date": "1980-04-05"}, Feature.BIRTH_DATE, Level.SWAPPED),
        ({"birth_date": "1980-05-14"}, Feature.BIRTH_DATE, Level.TYPO),
        ({"birth_date": "1993-05-04"}, Feature.BIRTH_DATE, Level.CLOSE),
        ({"birth_date": "1980-05"}, Feature.BIRTH_DATE, Level.YEAR),
        ({"birth_date": "1980-12-31"}, Feature.BIRTH_DATE, Level.YEAR),
        ({"birth_date": "1955-12-31"}, Feature.BIRTH_DATE, Level.DIFFERENT),
        ({"birth_place": "LYON 3e"}, Feature.BIRTH_PLACE, Level.EXACT),
        ({"birth_place": "Lyn"}, Feature.BIRTH_PLACE, Level.TYPO),
        ({"birth_place": "Ste Foy les Lyon"}, Feature.BIRTH_PLACE, Level.PART),
        ({"postcode": "69030"}, Feature.POSTCODE, Level.TYPO),
        ({"postcode": "69120"}, Feature.POSTCODE, Level.AREA),
        ({"sex": "homme"}, Feature.SEX, Level.DIFFERENT),
    ],
)
def test_how_far_two_values_agree(changes: dict[str, str], feature: Feature, level: Level) -> None:
    found = assess(ANNE, replace(ANNE, **changes), weights=default_weights(), this_year=YEAR)
    assert found.level(feature) is level


def test_what_one_record_does_not_say_is_no_evidence() -> None:
    found = assess(
        ANNE, replace(ANNE, sex="", birth_place="69123"), weights=default_weights(), this_year=YEAR
    )
    assert {each.feature for each in found.evidence} == {
        Feature.FAMILY_NAME,
        Feature.FIRST_NAMES,
        Feature.BIRTH_DATE,
        Feature.POSTCODE,
    }


def test_evidence_says_for_and_against() -> None:
    found = assess(ANNE, replace(ANNE, first_names="Sophie"), weights=default_weights(), this_year=YEAR)
    bits = {each.feature: each.bits for each in found.evidence}
    assert bits[Feature.BIRTH_DATE] > 10 > 0 > bits[Feature.FIRST_NAMES]


def test_a_phone_that_everybody_gives_is_worth_less_than_one_of_their_own() -> None:
    """The switchboard of a home for the elderly: fifty people, one number."""
    names = ["Adam", "Bernard", "Caron", "David", "Evrard", "Fabre", "Garnier", "Henry", "Imbert", "Joly"]
    firsts = ["Paul", "Rose", "Hugo", "Lise", "Marc"]
    home = [
        Record(
            birth_name=name,
            first_names=first,
            birth_date=f"19{20 + at}-0{1 + row}-1{row}",
            phone="0478000000",
        )
        for at, name in enumerate(names)
        for row, first in enumerate(firsts)
    ]
    assert len(match(home, this_year=YEAR)) == 0


def test_a_twin_is_never_as_sure_as_the_same_person() -> None:
    twin = replace(ANNE, first_names="Sophie")
    weights = default_weights().among(60_000_000)
    sure, likely = (assess(ANNE, other, weights=weights, this_year=YEAR) for other in (ANNE, twin))
    assert sure.grade is Grade.CERTAIN
    assert likely.grade is Grade.POSSIBLE


def test_two_numbers_that_differ_are_not_implied_to_be_one() -> None:
    link = Record(birth_name="Quintard", first_names="Ombeline", birth_date="1980-05-04", phone="0611223344")
    one, other = replace(link, ins="2800569123456"), replace(link, ins="2801175056987")
    found = {(each.left, each.right): each.score for each in match([one, link, other], this_year=YEAR)}
    assert found.get((0, 2), 0) < found[0, 1]


def test_weights_are_learnt_and_can_be_kept_for_another_file() -> None:
    people = [
        Record(birth_name=name, first_names=first, birth_date=f"19{40 + 3 * at + row}-0{1 + at % 9}-1{row}")
        for at, name in enumerate(["Roy", "Joly", "Caron", "Fabre", "Quintard", "Morel", "Simon", "Lucas"])
        for row, first in enumerate(["Paul", "Rose", "Hugo", "Lise", "Marc"])
    ]
    weights = learn([*people, *people], this_year=YEAR)
    assert weights.source == "learnt from the records that were matched"
    assert (
        weights.features[Feature.BIRTH_DATE].same[0] > default_weights().features[Feature.BIRTH_DATE].same[0]
    )
    assert match([ANNE, LUC, ANNE], weights=weights, this_year=YEAR).weights is weights


def test_more_records_ask_for_more_agreement() -> None:
    scores = [
        assess(
            ANNE,
            replace(ANNE, birth_name="Dubois", birth_place=""),
            weights=default_weights().among(many),
            this_year=YEAR,
        ).score
        for many in (1_000, 1_000_000, 60_000_000)
    ]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > 0.9 > scores[2]
