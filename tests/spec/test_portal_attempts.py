"""How often somebody may try to open a result, as a table."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.spec.tables import rows

from rempart.foundation.access.limits import Door, limits
from rempart.foundation.access.pace import NO_WAIT, Whose, charge, give_back

TITLE = "How often somebody may try"
WHY = (
    "Decision 007, with the limits in force for the portal (access/data/limits.toml): a network has five tries against "
    "one reference, then one every three minutes; all networks together have fifty, then one every half hour; when those "
    "are used up, a network that has not failed still has two, then one every three hours, and a network from which the "
    "answer was right has its own five for thirty days. `30×` is that many networks, each with as many tries as it is "
    "given. A right code gives a person his tries back."
)

CASES = """
  before                        | then at | who tries | waits (min) | because
  ------------------------------+---------+-----------+-------------+-------------------------------------------------
                                | 0       | home      | 0           | nobody tried
  home 4                        | 0       | home      | 0           | one more is left
  home 5                        | 0       | home      | 3           | five are used up
  home 5                        | 2       | home      | 1           | time gives them back
  home 5                        | 3       | home      | 0           | one every three minutes
  home 50                       | 3       | home      | 0           | a try that has to wait costs nothing
  home 5                        | 15      | home      | 0           | after a quarter of an hour all five are back
  home 5                        | 0       | phone     | 0           | another network has its own
  thief 50                      | 0       | home      | 0           | who holds the link keeps nobody out
  30× 5                         | 0       | home      | 0           | nor do thirty networks: a first try is left
  30× 5, home 1                 | 0       | home      | 0           | and a second, for a slip of the finger
  30× 5, home 2                 | 0       | home      | 30          | no more, while the attack lasts
  home 1, right, 30× 5, home 4  | 0       | home      | 0           | where the answer was right before, there are five
  home 1, right, 30× 5, home 5  | 0       | home      | 3           |
  30× 5                         | 30      | home      | 0           | half an hour gives everybody one more
  home 4, right                 | 0       | home      | 0           | the right code gives one's own back
  thief 5, home 1, right        | 0       | thief     | 3           | and nobody else's
"""

START = datetime(2021, 4, 9, tzinfo=UTC)
GUESSING = limits().guess[Door.PORTAL]


class Portal:
    """One reference, whose allowances are kept by network."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, ...], datetime] = {}

    def tries(self, network: str, now: datetime) -> timedelta:
        keys = self._keys(network)
        charged = charge(self._of(keys), guessing=GUESSING, now=now)
        self.kept |= {keys[whose]: at for whose, at in charged.changed.items()}
        return charged.wait

    def opens(self, network: str, now: datetime) -> None:
        keys = self._keys(network)
        self.kept |= {keys[w]: at for w, at in give_back(self._of(keys), guessing=GUESSING, now=now).items()}

    def _of(self, keys: dict[Whose, tuple[str, ...]]) -> dict[Whose, datetime]:
        return {whose: self.kept[key] for whose, key in keys.items() if key in self.kept}

    def _keys(self, network: str) -> dict[Whose, tuple[str, ...]]:
        return {
            Whose.PAIR: ("pair", network),
            Whose.SUBJECT: ("subject",),
            Whose.NETWORK: ("network", network),
            Whose.FIRST: ("first", network),
            Whose.KNOWN: ("known", network),
        }


def happens(portal: Portal, event: str) -> None:
    if event == "right":
        portal.opens("home", START)
        return
    who, _, times = event.partition(" ")
    many = int(who.removesuffix("×")) if who.endswith("×") else 0
    for network in [f"{who}{number}" for number in range(many)] or [who]:
        for _ in range(int(times)):
            portal.tries(network, START)


@pytest.mark.parametrize("case", rows(CASES), ids=lambda case: f"{case['before']} then {case['who tries']}")
def test_portal_attempts(case: dict[str, str]) -> None:
    portal = Portal()
    for event in filter(None, case["before"].split(", ")):
        happens(portal, event)
    wait = portal.tries(case["who tries"], START + timedelta(minutes=int(case["then at"])))
    assert wait == timedelta(minutes=int(case["waits (min)"]))
    assert (wait == NO_WAIT) == (case["waits (min)"] == "0")
