"""What a session of an agent opens, by what was proved in it and when, as a table."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.spec.tables import rows

from rempart.foundation.access.signin.policy import policy
from rempart.foundation.access.signin.rules import Means, Passed, Proof, ended, passed, recent

TITLE = "What a session of an agent opens"
WHY = (
    "Decision 023. Minutes count from the first proof. `seen` is when the person last asked for a page himself. A sensitive "
    "door asks for a proof of the last ten minutes. A session ends after thirty minutes without its person, and after eight "
    "hours whatever he does (access/signin/data/sign_in.toml)."
)

CASES = """
  proved                                 | seen | now | his pages | sensitive door | second factor  | because
  ---------------------------------------+------+-----+-----------+----------------+----------------+----------------------------------------
  0 password, 0 application              | 0    | 5   | open      | open           | may be changed | both factors, just now
  0 password, 0 passkey                  | 0    | 5   | open      | open           | may be changed |
  0 password, 0 recovery code            | 0    | 5   | open      | open           | may be changed | a code on paper is something held
  0 card                                 | 0    | 5   | open      | open           | may be changed | the card and its code are two factors
  0 password                             | 0    | 5   | closed    | closed         | must be chosen | half way: nothing but the second factor
  0 application                          | 0    | 5   | closed    | closed         | closed         | without the password it is one factor
  0 application, 0 passkey               | 0    | 5   | closed    | closed         | closed         | two things held are one factor
                                         | 0    | 5   | closed    | closed         | closed         | nothing was proved
  0 password, 0 application              | 20   | 20  | open      | asks again     | asks again     | ten minutes have passed
  0 password, 0 application, 15 passkey  | 20   | 20  | open      | open           | may be changed | proved again five minutes ago
  0 password, 0 application, 5 passkey   | 20   | 20  | open      | asks again     | asks again     |
  0 password, 0 application              | 0    | 29  | open      | asks again     | asks again     |
  0 password, 0 application              | 0    | 30  | over      | over           | over           | nobody was there for thirty minutes
  0 password, 0 application, 25 passkey  | 479  | 479 | open      | asks again     | asks again     | at work all day
  0 password, 0 application, 475 passkey | 479  | 480 | over      | over           | over           | eight hours, whatever is done
"""

START = datetime(2026, 11, 21, 8, tzinfo=UTC)
WORDS = {
    "password": Means.PASSWORD,
    "application": Means.APPLICATION,
    "passkey": Means.PASSKEY,
    "recovery code": Means.RECOVERY_CODE,
    "card": Means.CARD,
}


def at(minutes: str) -> datetime:
    return START + timedelta(minutes=int(minutes))


def proofs(cell: str) -> tuple[Proof, ...]:
    parts = [part.strip().split(" ", 1) for part in cell.split(",") if part.strip()]
    return tuple(Proof(means=WORDS[word], at=at(minutes)) for minutes, word in parts)


def answers(case: dict[str, str]) -> tuple[str, str, str]:
    """What his pages, a sensitive door and the pages of the second factor do."""
    bounds, now, proved = policy(), at(case["now"]), proofs(case["proved"])
    if ended(started_at=START, seen_at=at(case["seen"]), now=now, longest=bounds.longest, idle=bounds.idle):
        return "over", "over", "over"
    match passed(proved):
        case Passed.NOTHING:
            return "closed", "closed", "closed"
        case Passed.FIRST:
            return "closed", "closed", "must be chosen"
    lately = recent(proved, now=now, within=timedelta(minutes=10))
    return "open", "open" if lately else "asks again", "may be changed" if lately else "asks again"


@pytest.mark.parametrize("case", rows(CASES), ids=lambda case: f"{case['proved']} at {case['now']}")
def test_what_a_session_opens(case):
    assert answers(case) == (case["his pages"], case["sensitive door"], case["second factor"])
