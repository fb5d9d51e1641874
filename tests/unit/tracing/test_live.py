"""The line of a list that is open: what it says, and when."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from rempart.tracing import live


@pytest.fixture
def line(monkeypatch):
    """`line(calls)`: run `calls(changes)` on a line that nobody but the test rings."""
    monkeypatch.setattr(live, "_ensure_listening", lambda: None)
    monkeypatch.setattr(live, "_BETWEEN_SECONDS", 0.05)
    monkeypatch.setattr(live, "_HEARTBEAT_SECONDS", 0.2)

    async def on(calls):
        changes = live.changes()
        try:
            await calls(changes)
        finally:
            await changes.aclose()
        assert live._waiting == set()

    with ThreadPoolExecutor(1) as thread:  # this one may have a loop already: the browser's, in the same run
        yield lambda calls: thread.submit(lambda: asyncio.run(on(calls))).result()


def test_a_new_line_says_at_once_that_something_may_have_come_before_it(line):
    async def calls(changes):
        assert await anext(changes) is True

    line(calls)


def test_what_changes_right_after_a_change_is_told_too(line):
    async def calls(changes):
        await anext(changes)
        for _ in range(5):
            live._wake_all()
        assert await anext(changes) is True  # once for the five
        assert await anext(changes) is False

    line(calls)


def test_a_quiet_line_is_kept_open(line):
    async def calls(changes):
        await anext(changes)
        assert [await anext(changes), await anext(changes)] == [False, False]

    line(calls)
