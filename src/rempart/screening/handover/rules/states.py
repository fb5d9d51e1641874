"""Where a certificate that is handed over on paper stands."""

from enum import StrEnum


class State(StrEnum):
    WAITING = "waiting"  # to hand over
    GIVEN = "given"  # the patient has it
    NOT_FOUND = "not-found"  # she did not come, and could not be found
    WITHDRAWN = "withdrawn"  # it holds no more: to be destroyed, and asked back where it was given
    DESTROYED = "destroyed"  # somebody said that it was


MARKS = {
    State.WAITING: frozenset({State.GIVEN, State.NOT_FOUND}),
    State.GIVEN: frozenset({State.WAITING}),  # a slip of the finger
    State.NOT_FOUND: frozenset({State.WAITING, State.GIVEN}),
    State.WITHDRAWN: frozenset({State.DESTROYED}),
    State.DESTROYED: frozenset(),
}
"""What somebody of the laboratory may say of one, by what it was."""
