"""From a thread to an event loop: everything arrives, in order, and wakes the loop once."""

import asyncio
import threading
from concurrent.futures import Future

import pytest

from rempart.screening.services.mailbox import Mailbox


def test_what_comes_together_wakes_the_loop_once_and_in_order():
    async def run():
        loop, seen = asyncio.get_running_loop(), []
        woken, call = [], loop.call_soon_threadsafe
        loop.call_soon_threadsafe = lambda *args: (woken.append(1), call(*args))
        box = Mailbox(loop)
        thread = threading.Thread(target=lambda: [box.post(lambda n=n: seen.append(n)) for n in range(100)])
        thread.start()
        thread.join()
        await asyncio.sleep(0.05)
        assert seen == list(range(100))
        assert len(woken) == 1
        box.post(lambda: seen.append(100))
        await asyncio.sleep(0.01)
        assert seen[-1] == 100

    asyncio.run(run())


def test_a_future_of_a_thread_is_awaited_with_its_result_or_its_error():
    async def run():
        box, good, bad, left = Mailbox(asyncio.get_running_loop()), Future(), Future(), Future()
        awaited = [box.wait(one) for one in (good, bad, left)]
        awaited[2].cancel()  # nobody waits any more
        threading.Thread(
            target=lambda: (good.set_result(1), bad.set_exception(ValueError()), left.set_result(2))
        ).start()
        assert await awaited[0] == 1
        with pytest.raises(ValueError):
            await awaited[1]
        await asyncio.sleep(0.01)

    asyncio.run(run())


def test_what_fails_holds_up_nothing():
    async def run():
        loop, seen = asyncio.get_running_loop(), []
        loop.set_exception_handler(lambda *_: seen.append("failed"))
        box = Mailbox(loop)
        box.post(lambda: 1 / 0)
        box.post(lambda: seen.append("done"))
        await asyncio.sleep(0.01)
        assert seen == ["failed", "done"]

    asyncio.run(run())
