"""What may be done with a case, and which policy holds."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from rempart.tracing.rules import Hands, NotNow, Positive, State, called, policies, policy_on, take, to_open

ME, SOMEBODY = UUID(int=1), UUID(int=2)
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


def test_a_waiting_case_is_taken() -> None:
    assert take(Hands(state=State.WAITING), by=ME, now=NOW) == Hands(
        state=State.TAKEN, taken_by=ME, taken_at=NOW
    )


@pytest.mark.parametrize("state", [state for state in State if state is not State.WAITING])
def test_no_other_case_is_taken(state: State) -> None:
    with pytest.raises(NotNow, match=state.value):
        take(Hands(state=state, taken_by=SOMEBODY), by=ME, now=NOW)


def test_who_holds_a_case_marks_it_called_and_when_it_was_taken_stays() -> None:
    later = NOW + timedelta(minutes=4)
    held = Hands(state=State.TAKEN, taken_by=ME, taken_at=NOW)
    assert called(held, by=ME, now=later) == Hands(
        state=State.CALLED, taken_by=ME, taken_at=NOW, called_at=later
    )


@pytest.mark.parametrize(
    "hands",
    [
        Hands(state=State.WAITING),
        Hands(state=State.TAKEN, taken_by=SOMEBODY),
        Hands(state=State.CALLED, taken_by=ME),
        Hands(state=State.WITHDRAWN, taken_by=ME),
    ],
)
def test_nobody_else_and_no_other_state(hands: Hands) -> None:
    with pytest.raises(NotNow):
        called(hands, by=ME, now=NOW)


def test_each_person_has_her_own_episodes() -> None:
    day = date(2021, 4, 1)
    positives = [Positive(result_key=bytes([n]), person=UUID(int=n), sampled_on=day) for n in range(3)]
    episodes = {UUID(int=1): [day]}
    assert to_open(positives, episodes=episodes, policy=policy_on(day)) == {b"\0", b"\2"}
    assert episodes == {UUID(int=1): [day]}


def test_the_first_policy_holds_for_the_days_before_it() -> None:
    assert policy_on(date(2019, 1, 1)) == policies()[0]
    assert [policy.since for policy in policies()] == sorted(policy.since for policy in policies())
