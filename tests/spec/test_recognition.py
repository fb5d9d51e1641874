"""Whether a record is a citizen's, as a table: the five strict traits, or nothing."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
from tests.spec.tables import rows

from rempart.foundation.identifiers import nir
from rempart.foundation.people.content import IdentityRecord
from rempart.foundation.people.recognition import Agreement, Citizen, agreement, proven

TITLE = "Is this record the citizen's"
WHY = (
    "Decision 021. FranceConnect says: LEFÈVRE, Céline, woman, born on 3 November 1975 in Ajaccio (2A004), unless the "
    "line says otherwise. A laboratory's record is shown to her only if the five strict traits of the INS are equal: birth "
    "name, first given name, birth date, sex, place of birth. `number` is the place written in the record's matricule."
)

CASES = """
  citizen           | record                              | place | number | is        | because
  ------------------+-------------------------------------+-------+--------+-----------+---------------------------------------------
                    | LEFÈVRE Céline F 1975-11-03         | 2A004 |        | same      | five equal traits
                    | LEFEVRE CELINE F 1975-11-03         | 2A004 |        | same      | accents and capitals do not part people
                    | LEFÈVRE Céline,Noémie F 1975-11-03  | 2A004 |        | same      | the first given name counts
                    | LEFÈVRE Céline F 1975-11-03         | 20004 |        | same      | Corsica as it was written until 1976
                    | LEFÈVRE Céline F 1975-11-03         |       | 2A004  | same      | the place is in the matricule
                    | LEFÈVRE Céline F 1975-11-03         |       |        | unproven  | four traits are shared by homonyms
                    | LEFÈVRE Céline F 1975-11-03         | AJACCIO |      | unproven  | a place in words is not compared
                    | LEFÈVRE Céline F 1975-11-03         | 13055 |        | elsewhere | a homonym, or an error: nobody is guessed
                    | LEFÈVRE Céline F 1975-11-03         |       | 13055  | elsewhere |
                    | LEFÈVRE Céline F 1975-11-03         | 2A004 | 13055  | same      | what the laboratory wrote comes first
                    | LEFÈVRE Céline F 1975-11-04         | 2A004 |        | other     | another day
                    | LEFÈVRE Céline M 1975-11-03         | 2A004 |        | other     | another sex
                    | LEFÈVRE Célia F 1975-11-03          | 2A004 |        | other     | no likeness, only equality
                    | LEFEBVRE Céline F 1975-11-03        | 2A004 |        | other     |
                    | LEFÈVRE - F 1975-11-03              | 2A004 |        | other     | no first name
                    | LEFÈVRE Céline - 1975-11-03         | 2A004 |        | other     | no sex
                    | LEFÈVRE Céline F -                  | 2A004 |        | other     | no birth date
  99341 1975-11-03  | LEFÈVRE Céline F 1975-11-03         | 99341 |        | same      | born abroad: the country
  99341 1975-11-03  | LEFÈVRE Céline F 1975-11-03         |       | 99341  | same      |
  99341 1975-11-03  | LEFÈVRE Céline F 1975-11-03         | 99352 |        | elsewhere |
  97105 1975-11-03  | LEFÈVRE Céline F 1975-11-03         |       | 97105  | same      | overseas
  2A004 1955-11-03  | LEFÈVRE Céline F 1955-11-03         |       | 78004  | unproven  | departments in numbers from before 1968
  2A004 2015-11-03  | LEFÈVRE Céline F 2015-11-03         |       | 13055/75 | unproven | a parent's number: of another year
"""


def citizen(described: str) -> Citizen:
    place, born = described.split() if described else ("2A004", "1975-11-03")
    return Citizen(
        birth_name="LEFÈVRE",
        first_name="Céline",
        birth_date=date.fromisoformat(born),
        sex="F",
        birth_place=place,
    )


def number(said: str, born: date | None, sex: str) -> str:
    """A matricule with that place; after a slash, of that year of birth."""
    if not said or born is None:
        return ""
    place, _, year = said.partition("/")
    body = f"{'2' if sex == 'F' else '1'}{year or f'{born:%y}'}{born:%m}{place}001"
    return body + nir.key_of(body)


def record(case: dict[str, str]) -> IdentityRecord:
    name, first, sex, born = case["record"].split()
    birth_date = None if born == "-" else date.fromisoformat(born)
    return IdentityRecord(
        id=UUID(int=1),
        birth_name=name,
        used_name="",
        first_names=tuple(first.strip("-").split(",")) if first != "-" else (),
        sex=sex.strip("-"),
        birth_date=birth_date,
        birth_place=case["place"],
        ins=number(case["number"], birth_date, sex),
    )


@pytest.mark.parametrize("case", rows(CASES), ids=lambda case: " ".join(case.values())[:90])
def test_recognition(case: dict[str, str]) -> None:
    assert agreement(citizen(case["citizen"]), record(case)).value == case["is"]


def test_one_record_born_elsewhere_ends_the_visit() -> None:
    her = [case for case in rows(CASES) if not case["citizen"]]
    same, elsewhere, unproven, other = (
        replace(record(next(case for case in her if case["is"] == how)), id=UUID(int=rank))
        for rank, how in enumerate(Agreement)
    )
    assert proven(citizen(""), [same, unproven, other]) == (same.id,)
    assert proven(citizen(""), [unproven, other]) == ()
    assert proven(citizen(""), [same, elsewhere]) is None
