"""By when a request is answered, as tables."""

from datetime import date

import pytest
from tests.spec.tables import rows

from rempart.protection.rights import rules

TITLE = "By when a person's request is answered"
WHY = (
    "GDPR art. 12(3): one month from receipt, two further ones if the person is told why within the first. Months are those of "
    "the calendar (Regulation 1182/71 art. 3). A deadline on a holiday could end later; ours does not move."
)

DEADLINES = """
  received   | extended | due        | because
  -----------+----------+------------+------------------------------------------
  2026-11-20 | no       | 2026-12-20 | the same day of the next month, a Sunday
  2026-11-20 | yes      | 2027-02-20 | three months in all
  2027-01-31 | no       | 2027-02-28 | February has no 31st: its last day
  2028-01-31 | no       | 2028-02-29 | a leap year
  2026-11-30 | yes      | 2027-02-28 |
  2026-12-15 | no       | 2027-01-15 | over the new year
"""

STEPS = """
  state    | extended | on         | step    | reason | becomes  | due        | because
  ---------+----------+------------+---------+--------+----------+------------+-----------------------------------------
  received | no       | 2026-11-21 | take    |        | taken    | 2026-12-20 |
  taken    | no       | 2026-11-22 | take    |        | not now  |            | somebody has it
  received | no       | 2026-12-20 | extend  | said   | received | 2027-02-20 | on the last day
  received | no       | 2026-12-21 | extend  | said   | not now  |            | the first month is over
  taken    | no       | 2026-12-01 | extend  |        | a reason |            | the person is told why
  taken    | yes      | 2026-12-01 | extend  | said   | not now  |            | once only
  taken    | no       | 2026-12-01 | answer  | said   | answered | 2026-12-20 |
  received | no       | 2027-03-01 | answer  | said   | answered | 2026-12-20 | late, but answered
  taken    | no       | 2026-12-01 | answer  |        | a reason |            | an answer says something
  taken    | no       | 2026-12-01 | refuse  |        | a reason |            | art. 12(4): the reasons for not taking action
  taken    | no       | 2026-12-01 | refuse  | said   | refused  | 2026-12-20 |
  answered | no       | 2026-12-01 | refuse  | said   | not now  |            |
  refused  | no       | 2026-12-01 | extend  | said   | not now  |            |
"""

REMINDERS = """
  due        | reminded   | today      | state    | remind | because
  -----------+------------+------------+----------+--------+---------------------------
  2026-12-20 |            | 2026-12-12 | received | no     | eight days left
  2026-12-20 |            | 2026-12-13 | received | yes    | a week left
  2026-12-20 | 2026-12-13 | 2026-12-15 | received | no     | told two days ago
  2026-12-20 | 2026-12-13 | 2026-12-16 | taken    | yes    | every three days
  2026-12-20 | 2026-12-19 | 2026-12-22 | taken    | yes    | overdue
  2026-12-20 |            | 2026-12-22 | answered | no     |
"""

RECEIVED = date(2026, 11, 20)


@pytest.mark.parametrize("case", rows(DEADLINES), ids=lambda case: f"{case['received']} {case['extended']}")
def test_deadlines(case: dict[str, str]) -> None:
    made_on = date.fromisoformat(case["received"])
    standing = rules.received(made_on)
    if case["extended"] == "yes":
        standing = rules.extend(standing, reason="why", today=made_on)
    assert standing.due_on.isoformat() == case["due"]


@pytest.mark.parametrize("case", rows(STEPS), ids=lambda case: " ".join(list(case.values())[:5]))
def test_steps(case: dict[str, str]) -> None:
    standing = rules.Standing(
        state=rules.State(case["state"]),
        made_on=RECEIVED,
        due_on=rules.months_later(RECEIVED, 3 if case["extended"] == "yes" else 1),
        extended=case["extended"] == "yes",
    )
    said = "Voici." if case["reason"] else "  "
    steps = {
        "take": lambda: rules.take(standing),
        "extend": lambda: rules.extend(standing, reason=said, today=date.fromisoformat(case["on"])),
        "answer": lambda: rules.answer(standing, text=said),
        "refuse": lambda: rules.refuse(standing, reason=said),
    }
    refusals = {"not now": rules.NotNow, "a reason": rules.NoReason}
    if refusal := refusals.get(case["becomes"]):
        with pytest.raises(refusal):
            steps[case["step"]]()
    else:
        after = steps[case["step"]]()
        assert (after.state.value, after.due_on.isoformat()) == (case["becomes"], case["due"])


@pytest.mark.parametrize("case", rows(REMINDERS), ids=lambda case: " ".join(case.values()))
def test_reminders(case: dict[str, str]) -> None:
    standing = rules.Standing(
        state=rules.State(case["state"]), made_on=RECEIVED, due_on=date.fromisoformat(case["due"])
    )
    reminded = date.fromisoformat(case["reminded"]) if case["reminded"] else None
    today = date.fromisoformat(case["today"])
    assert rules.to_remind(standing, reminded_on=reminded, today=today) == (case["remind"] == "yes")
