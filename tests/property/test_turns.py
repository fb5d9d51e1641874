"""Whatever several processes read, in whatever order they end: what shares a key is kept in the order of the files."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rempart.screening.rules.turns import Turns

PARTS = st.frozensets(st.sampled_from([b"a", b"b", b"c", b"d", b"e", b"f"]), max_size=3)
TASKS = st.lists(st.lists(PARTS, min_size=1, max_size=3), min_size=1, max_size=8)


@given(TASKS, st.integers(1, 4), st.randoms(use_true_random=False))
def test_what_shares_a_key_is_kept_in_order_and_everything_is_kept(tasks, workers, chance) -> None:
    turns, waiting = Turns(), list(range(len(tasks)))
    reading, keeping = {}, set()  # by task: how many of its parts were read; those that are being kept
    kept: list[tuple[int, int]] = []
    while waiting or reading:
        can = [("begin", None)] if waiting and len(reading) < workers else []
        can += [("read", task) for task, parts in reading.items() if not parts[1] and task not in keeping]
        can += [("kept", task) for task in keeping]
        assert can, "everybody waits for somebody"
        what, task = chance.choice(can)
        if what == "begin":
            task = waiting.pop(0)
            turns.begin(task)
            reading[task] = (0, False)
        elif what == "read":
            part = reading[task][0]
            reading[task] = (part + 1, True)
            turns.read(task, tasks[task][part], last=part + 1 == len(tasks[task]))
        else:
            keeping.remove(task)
            part = reading[task][0]
            kept.append((task, part - 1))
            turns.kept(task)
            reading[task] = (part, False)
            if part == len(tasks[task]):
                del reading[task]
        for given_now in turns.give():
            assert given_now not in keeping
            keeping.add(given_now)
    assert sorted(kept) == [(task, part) for task, parts in enumerate(tasks) for part in range(len(parts))]
    for at, (task, part) in enumerate(kept):
        for earlier in kept[:at]:
            if tasks[task][part] & tasks[earlier[0]][earlier[1]]:
                assert earlier < (task, part)


def test_what_shares_nothing_does_not_wait() -> None:
    turns = Turns()
    turns.begin(0)
    turns.begin(1)
    turns.read(1, frozenset([b"one"]), last=True)
    assert turns.give() == []  # nobody knows what the first will say
    turns.read(0, frozenset([b"other"]), last=True)
    assert turns.give() == [0, 1]
    assert turns.give() == []


def test_what_shares_a_key_waits_until_the_earlier_is_on_disk() -> None:
    turns = Turns()
    turns.begin(0)
    turns.begin(1)
    for task in (0, 1):
        turns.read(task, frozenset([b"one"]), last=True)
    assert turns.give() == [0]
    turns.kept(0)
    assert turns.give() == [1]
