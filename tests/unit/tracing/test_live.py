"""The line of a list that is open: what it says, and when."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from rempart.foundation.access.limits import limits
from rempart.foundation.access.refusals import TooMany
from rempart.tracing import live


@pytest.fixture
def line(monkeypatch):
    """`line(calls)`: run `calls(changes)` on a line that nobody but the test rings."""
    monkeypatch.setattr(live, "_ensure_listening", lambda: None)
    monkeypatch.setattr(live, "_BETWEEN_SECONDS", 0.05)
    monkeypatch.setattr(live, "_HEARTBEAT_SECONDS", 0.2)

    async def on(calls):
        changes = live.changes("anne")
        try:
            await calls(changes)
        finally:
            await changes.aclose()
        assert live._waiting == set()
        assert not live._open

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
            live._wake()
        assert await anext(changes) is True  # once for the five
        assert await anext(changes) is False

    line(calls)


def test_a_line_is_woken_by_what_concerns_it(line):
    async def calls(changes):
        mine, nation = live.changes("bruno", ("75", "92")), live.changes("chloe", ("*",))
        for one in (mine, nation):
            assert await anext(one) is True
        live._wake(frozenset({"69"}))
        assert [await anext(mine), await anext(nation)] == [False, True]
        live._wake(frozenset({"69", "92"}))
        assert [await anext(mine), await anext(nation)] == [True, True]
        live._wake()
        assert await anext(mine) is True
        for one in (mine, nation):
            await one.aclose()

    line(calls)


def test_a_quiet_line_is_kept_open(line):
    async def calls(changes):
        await anext(changes)
        assert [await anext(changes), await anext(changes)] == [False, False]

    line(calls)


def test_a_line_ends_after_a_while(line, monkeypatch):
    bound = replace(limits().streams, longest=timedelta(seconds=0.1))
    monkeypatch.setattr(live, "limits", lambda: replace(limits(), streams=bound))

    async def calls(changes):
        assert len([change async for change in changes]) <= 2

    line(calls)


def test_an_agent_keeps_a_few_lines_open_and_no_more(line):
    async def calls(changes):
        await anext(changes)
        others = [live.changes("anne") for _ in range(limits().streams.most - 1)]
        for other in others:
            live.require_room("anne")
            await anext(other)
        with pytest.raises(TooMany):
            live.require_room("anne")
        live.require_room("bruno")
        for other in others:
            await other.aclose()
        live.require_room("anne")

    line(calls)
