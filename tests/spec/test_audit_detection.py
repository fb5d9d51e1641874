"""What in an agent's day asks for a look, as a table."""

import re
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from tests.spec.tables import rows

from rempart.foundation.audit.detection import Habit, Rule, Seen, What, suspicions, thresholds

TITLE = "What the trail asks to look at"
WHY = (
    "Decision 018. Each line is one agent's day: what he did, minute by minute from the hour named (Paris time), and "
    "what his own past days and his team's were (persons a day). `open 25 every 1` opens the files of 25 persons, one a "
    "minute; `work 10` takes the first ten of them; `same` opens one person's file again and again; `search` finds nobody; "
    "`refused` was shut out. A suspicion accuses nobody: it asks the data-protection officer to look."
)

CASES = """
  from  | what he did                          | own days       | team's days    | asks for a look      | because
  ------+--------------------------------------+----------------+----------------+----------------------+---------------------------------------------
  09:00 | open 20 every 10, work 20            | 15 18 20 16 14 | 15 18 20 16 14 |                      | an ordinary day
  09:00 | open 59 every 5, work 59             | 5 5 5 5 5      | 5 5 5 5 5      |                      | below sixty persons nobody is compared
  09:00 | open 65 every 5, work 65             | 20 20 20 20 20 | 20 20 20 20 20 | volume               | more than three times his own and his team's day
  09:00 | open 65 every 5, work 65             | 30 30 30 30 30 | 20 20 20 20 20 |                      | he always does as many
  09:00 | open 65 every 5, work 65             | 5 5 5 5 5      | 40 40 40 40 40 |                      | his team does as many: the epidemic grows
  09:00 | open 150 every 3, work 150           |                |                |                      | a first day, with nothing to compare
  09:00 | open 210 every 3, work 210           |                |                | volume               | whoever is alone is bounded all the same
  09:00 | open 80 every 5, work 80             | 5 5            | 20 20 20 20 20 | volume               | two days are no habit; the team's is
  09:00 | open 24 every 1                      | 20 20 20 20 20 | 20 20 20 20 20 |                      | twenty-four in half an hour
  09:00 | open 25 every 1                      | 20 20 20 20 20 | 20 20 20 20 20 | browsing             | twenty-five, and nothing done with them
  09:00 | open 25 every 1, work 3              | 20 20 20 20 20 | 20 20 20 20 20 |                      | more than one in ten was called
  09:00 | open 25 every 1, work 2              | 20 20 20 20 20 | 20 20 20 20 20 | browsing             | two of twenty-five
  09:00 | open 40 every 2                      | 20 20 20 20 20 | 20 20 20 20 20 |                      | sixteen in any half hour
  09:00 | same 200 every 1                     | 20 20 20 20 20 | 20 20 20 20 20 |                      | one person's file, open all day
  05:00 | open 5 every 10, work 5              | 20 20 20 20 20 | 20 20 20 20 20 | off-hours            | before seven in the morning
  05:00 | open 4 every 10, work 4              | 20 20 20 20 20 | 20 20 20 20 20 |                      | four are few
  20:30 | open 5 every 5, work 5               | 20 20 20 20 20 | 20 20 20 20 20 |                      | calls go on till nineteen, papers till twenty-one
  22:00 | open 6 every 5, work 6               | 20 20 20 20 20 | 20 20 20 20 20 | off-hours            |
  03:00 | open 6 every 5, work 6, usual 3      | 20 20 20 20 20 | 20 20 20 20 20 |                      | he works at that hour: another zone, a night team
  09:00 | search 14 every 1                    |                |                |                      |
  09:00 | search 15 every 1                    |                |                | guessing             | fifteen searches in half an hour found nobody
  09:00 | search 30 every 3                    |                |                |                      | ten in any half hour
  09:00 | refused 9 every 1                    |                |                |                      |
  09:00 | refused 10 every 1                   |                |                | refused              |
  09:00 | open 1 every 1, protected            |                |                | watched              | a person whom the officer protects
  09:00 | same 3 every 1, protected            |                |                | watched              | once a day for each person
  09:00 | open 1 every 1, namesake             |                |                | colleague            | an agent of his organisation has that name
  05:00 | open 30 every 1, protected, search 20 every 1 |         |                | off-hours browsing guessing watched | several at once
"""

DAY = date(2021, 4, 9)
START = datetime(2021, 4, 8, 22, tzinfo=UTC)  # midnight in Paris


def somebody(number: int) -> UUID:
    return UUID(int=number + 1)


def entries(text: str, *, hour: int, minute: int) -> tuple[list[Seen], set[UUID], int]:
    """What an agent did, those protected, and on how many past days he worked at that hour."""
    seen: list[Seen] = []
    protected: set[UUID] = set()
    namesake, usual = "namesake" in text, 0
    begin = START + timedelta(hours=hour, minutes=minute)
    for what, count, every in re.findall(
        r"(open|same|search|refused|work|usual) (\d+)(?: every (\d+))?", text
    ):
        for rank in range(int(count)):
            at = begin + timedelta(minutes=rank * int(every or 0))
            number = 0 if what == "same" else rank
            match what:
                case "open" | "same":
                    seen.append(
                        Seen(
                            at=at,
                            what=What.OPENED,
                            subject=f"{number:04}",
                            person=somebody(number),
                            namesake=namesake,
                        )
                    )
                case "work":
                    seen.append(
                        Seen(at=at, what=What.WORKED, subject=f"{number:04}", person=somebody(number))
                    )
                case "search":
                    seen.append(Seen(at=at, what=What.NOTHING_FOUND))
                case "refused":
                    seen.append(Seen(at=at, what=What.REFUSED))
        usual = int(count) if what == "usual" else usual
    if "protected" in text:
        protected = {somebody(0)}
    return sorted(seen, key=lambda one: one.at), protected, usual


@pytest.mark.parametrize("case", rows(CASES), ids=lambda case: f"{case['from']} {case['what he did']}")
def test_audit_detection(case: dict[str, str]) -> None:
    hour, minute = map(int, case["from"].split(":"))
    seen, protected, usual = entries(case["what he did"], hour=hour, minute=minute)
    habit = Habit(
        own=[int(count) for count in case["own days"].split()],
        team=[int(count) for count in case["team's days"].split()],
        hours=dict.fromkeys(range(24), usual),
    )
    found = suspicions(DAY, seen, habit=habit, watched=protected, known=thresholds(DAY))
    assert [one.rule for one in found] == [Rule(name) for name in case["asks for a look"].split()]
    assert len({(one.rule, one.key) for one in found}) == len(found)
