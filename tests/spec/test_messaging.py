"""When a message leaves, is tried again, or takes its next route, as tables."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.spec.tables import rows

from rempart.foundation.messaging.letters import Answer, Channel, Outcome, State
from rempart.foundation.messaging.policy import policy
from rempart.foundation.messaging.rules import Standing, follow, is_late, quiet_until

TITLE = "When a message leaves, and what follows"
WHY = (
    "Decision 048, foundation/messaging/data/policy.toml. Text messages do not leave between 21:00 and 08:00 on the clock of "
    "whoever receives them, unless he waits for them. What a carrier could not take is tried again after longer and longer "
    "pauses; what it refuses, and what was tried in vain for the last time, takes the next route."
)

QUIET_HOURS = """
  channel | time (UTC)       | clock of           | leaves           | because
  --------+------------------+--------------------+------------------+--------------------------------------------
  sms     | 2021-01-15 19:59 | Europe/Paris       | at once          | 20:59
  sms     | 2021-01-15 20:00 | Europe/Paris       | 2021-01-16 07:00 | 21:00: at eight the next morning
  sms     | 2021-01-16 02:00 | Europe/Paris       | 2021-01-16 07:00 | 03:00: at eight the same day
  sms     | 2021-01-16 07:00 | Europe/Paris       | at once          | 08:00
  sms     | 2021-07-15 06:00 | Europe/Paris       | at once          | 08:00 in summer
  sms     | 2021-03-28 00:30 | Europe/Paris       | 2021-03-28 06:00 | the night in which an hour is left out
  sms     | 2021-01-15 22:00 | America/Guadeloupe | at once          | 18:00 there
  sms     | 2021-01-15 22:00 | Indian/Reunion     | 2021-01-16 04:00 | 02:00 there
  email   | 2021-01-15 22:00 | Europe/Paris       | at once          | a mailbox wakes nobody
  mssante | 2021-01-15 22:00 | Europe/Paris       | at once          |
  post    | 2021-01-15 22:00 | Europe/Paris       | at once          |
"""

ATTEMPTS = """
  routes    | route | attempts before | carrier says | state   | route after | tried again after | because
  ----------+-------+-----------------+--------------+---------+-------------+-------------------+----------------------------------------
  sms email | 1     | 0               | taken        | taken   | 1           |                   |
  sms email | 1     | 0               | later        | waiting | 1           | 1 min             | the first pause is short
  sms email | 1     | 1               | later        | waiting | 1           | 5 min             |
  sms email | 1     | 4               | later        | waiting | 1           | 180 min           | the last pause of a text message
  sms email | 1     | 5               | later        | waiting | 2           | 0 min             | six attempts in vain: the e-mail, at once
  sms email | 1     | 0               | refused      | waiting | 2           | 0 min             | a number that does not exist
  sms email | 2     | 0               | refused      | failed  | 2           |                   | no route is left
  sms email | 1     | 0               | unwanted     | waiting | 2           | 0 min             | he wants no text message: the e-mail
  sms       | 1     | 0               | unwanted     | dropped | 1           |                   | he wants none, and there is nothing else
  email     | 1     | 5               | later        | waiting | 1           | 720 min           |
  email     | 1     | 6               | later        | failed  | 1           |                   | seven attempts in seventeen hours
"""

LATE = """
  channel | waits since | late | because
  --------+-------------+------+------------------------------------
  sms     | 15 min      | no   |
  sms     | 16 min      | yes  |
  email   | 16 min      | no   |
  email   | 31 min      | yes  |
  post    | 60 min      | no   | a batch a day
"""

REFUSABLE = """
  about           | may be refused | because
  ----------------+----------------+-------------------------------------
  result.positive | yes            |
  notice          | yes            |
  code            | no             | the person asked for it a moment ago
  account         | no             | it protects whoever receives it
  rights.answer   | no             | the first word decides
"""

DAY = datetime(2021, 1, 15, 12, tzinfo=UTC)
ANSWERS = {
    "taken": Outcome(answer=Answer.TAKEN),
    "later": Outcome(answer=Answer.LATER, reason="busy"),
    "refused": Outcome(answer=Answer.REFUSED, reason="unknown"),
    "unwanted": Outcome(answer=Answer.REFUSED, reason="unwanted"),
}


def at(cell: str) -> datetime:
    return datetime.strptime(cell, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


def minutes(cell: str) -> timedelta:
    return timedelta(minutes=int(cell.removesuffix(" min")))


@pytest.mark.parametrize("case", rows(QUIET_HOURS), ids=str)
def test_quiet_hours(case):
    now = at(case["time (UTC)"])
    way = policy().of(Channel(case["channel"]), now.date())
    expected = None if case["leaves"] == "at once" else at(case["leaves"])
    assert quiet_until(way, zone=case["clock of"], now=now) == expected


@pytest.mark.parametrize("case", rows(ATTEMPTS), ids=str)
def test_what_follows_an_attempt(case):
    channels = tuple(map(Channel, case["routes"].split()))
    before = Standing(channels=channels, rank=int(case["route"]) - 1, attempts=int(case["attempts before"]))
    way = policy().of(channels[before.rank], DAY.date())
    then = follow(before, ANSWERS[case["carrier says"]], policy=way, now=DAY)
    assert (then.state, then.rank) == (State(case["state"]), int(case["route after"]) - 1)
    if then.state is State.WAITING:
        assert then.due_at - DAY == minutes(case["tried again after"])


@pytest.mark.parametrize("case", rows(LATE), ids=str)
def test_what_is_late(case):
    way = policy().of(Channel(case["channel"]), DAY.date())
    assert is_late(way, wanted_at=DAY - minutes(case["waits since"]), now=DAY) == (case["late"] == "yes")


@pytest.mark.parametrize("case", rows(REFUSABLE), ids=str)
def test_what_may_be_refused(case):
    assert policy().may_be_refused(case["about"], DAY.date()) == (case["may be refused"] == "yes")
