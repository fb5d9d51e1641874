"""Annex 1 on the form by which a result is entered by hand: what is asked, what may be typed, what the report says."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from tests.factories import COVID, finess_in
from tests.spec.tables import rows

from rempart.screening.rules.answer import answer
from rempart.screening.rules.catalogue import Profile
from rempart.screening.rules.judging import judge
from rempart.screening.rules.report import Status
from rempart.screening.sampling.forms import EntryForm
from rempart.screening.sampling.rules.entry import Sampler, item_of

TITLE = "Annex 1: what is asked where a result is entered by hand"
WHY = (
    "Annex 1 of MINSANTE 101 (5 May 2020), decision 033. Each line fills one field of a form that is otherwise right, and says "
    "what the report that goes the road then holds: `refused` where the form stays, `-` for nothing. Numbers are "
    "invented, with their right keys. The establishment and the record number are the platform's to say."
)

CASES = """
  item                        | field                | typed                   | in the report                    | says            | because
  ----------------------------+----------------------+-------------------------+----------------------------------+-----------------+------------------------------------
  1.1.1 birth name            | birth_name           | Zygomalas               | person.birth_name                | Zygomalas       |
  1.1.2 first names           | first_names          | Théodosie, Wilhelmine   | person.first_names.1             | Wilhelmine      |
  1.1.3 sex                   | sex                  | -                       | person.sex                       | refused         | one of three is chosen
  1.1.4 birth date            | birth_date           | 28031979                | person.birth_date                | 1979-03-28      | a telephone may have no slash
  1.1.4 birth date            | birth_date           | 31/02/1979              | person.birth_date                | refused         |
  1.1.5 place of birth        | birth_place          | Reims                   | person.birth_place               | 51454           | by name where one commune bears it
  1.1.5 place of birth        | birth_place          | Saint-Denis 974         | person.birth_place               | 97411           | else with its department
  1.1.5 place of birth        | birth_place          | Saint-Denis             | person.birth_place               | refused         |
  1.1.6 number                | number               | 2 79 03 51 215 189 89   | person.ins                       | 279035121518989 |
  1.1.6 number                | number               | 2790351215189           | person.ins                       | 279035121518989 | without its key, which is computed
  1.1.6 number                | number               | 279035121518988         | person.ins                       | refused         | a wrong key
  1.2.1 used name             | used_name            | Quirinal                | person.used_name                 | Quirinal        |
  1.3.1 address               | postal_code          | 75007                   | person.address.postal_code       | 75007           | gives the jurisdiction
  1.3.2 e-mail                | email                | t@exemple.fr            | person.email                     | t@exemple.fr    |
  1.3.3 telephone             | phone                | +33 6 39 98 12 34       | person.mobile                    | 0639981234      |
  1.3.3 telephone             | phone                | 01 99 00 12 34          | person.phone                     | 0199001234      | a landline
  1.3.3 telephone             | phone relative       | 06 39 98 12 34          | person.relative_mobile           | 0639981234      | a trusted relative's
  1.4.1 residence             | residence            | E                       | residence.0                      | E               | several may be ticked
  1.4.2 health worker         | health_worker        | no                      | health_worker                    | False           |
  1.4.2 health worker         | health_worker        | -                       | health_worker                    | -               | not asked is not no
  1.5.1 symptoms              | symptoms             | S2                      | symptoms                         | S2              |
  2.1.1 prescriber            | prescriber           | 810003456786            | prescriber.rpps                  | 10003456786     |
  2.1.1 prescriber            | prescriber           | 10003456787             | prescriber.rpps                  | refused         | a wrong key
  2.1.5 treating doctor       | general_practitioner | 10003456786             | general_practitioner.rpps        | 10003456786     |
  3.1.2 sampled at            | sampled_at           | 2026-11-20T09:30        | sampled_at                       | 2026-11-20T09:30:00+01:00 | local to the establishment
  4.1.1 analysis              | analysis             | 94558-4                 | loinc                            | 94558-4         |
  4.1.1 analysis              | analysis             | 85477-8                 | loinc                            | refused         | not one that is published
  4.1.2 result                | result               | N                       | result                           | N               | negative as well as positive
  4.1.2 result                | result               | -                       | result                           | refused         | nothing is chosen beforehand
  the rapid test              | device               | 1097                    | device                           | 1097            | its number in the EU list
"""

GOOD = {
    "birth_name": "Martin", "first_names": "Alix", "birth_date": "28/03/1979", "sex": "F", "analysis": "94558-4",
    "sampled_at": "2026-11-20T09:00", "result": "P",
}  # fmt: skip
NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
SAMPLER = Sampler(establishment=finess_in("75"), organisation="Pharmacie", rpps="")


def said(typed: dict[str, object], path: str) -> str:
    """What the report holds at a path, `refused` when the form or the judge stops it."""
    form = EntryForm(typed, pathogen=COVID, knows_place=True)
    if not form.is_valid():
        return "refused"
    entry = form.entry()
    analysis = COVID.analyses[entry.loinc]
    item = item_of(
        entry, id=UUID(int=1), version=1, sampler=SAMPLER, analysis=analysis, status=Status.FINAL, now=NOW
    )
    judgement = judge(item, profile=Profile.FR, pathogen=COVID, now=NOW)
    (found,) = answer(item, judgement, source="form")["reports"]
    for step in path.split("."):
        found = found[int(step)] if step.isdigit() else found[step]
    return "-" if found in (None, "") else str(found)


@pytest.mark.parametrize("case", rows(CASES), ids=lambda case: f"{case['item']} {case['typed']}")
def test_entry_form(case: dict[str, str]) -> None:
    field, *also = case["field"].split()
    typed = case["typed"].strip("-") if case["typed"] == "-" else case["typed"]
    changed = {field: [typed] if field == "residence" else typed} | dict.fromkeys(also, "on")
    assert said(GOOD | changed, case["in the report"]) == case["says"]
