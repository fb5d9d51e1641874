"""At the doors where somebody proves who he is, an answer leaves at full steps only."""

import asyncio

import pytest

from rempart.site.evenly import evenly

STEP = 0.1


def answered_after(spent, *, path="/door/", method="POST"):
    """Seconds, by the loop's clock, until the answer of an application that took `spent` leaves."""

    async def run():
        left = []

        async def application(scope, receive, send):
            await asyncio.sleep(spent)
            await send({"type": "http.response.start"})

        async def send(message):
            left.append(asyncio.get_running_loop().time())

        begun = asyncio.get_running_loop().time()
        scope = {"type": "http", "path": path, "method": method}
        await evenly(application, paths={"/door/"}, step=STEP)(scope, None, send)
        return left[0] - begun

    return asyncio.run(run())


@pytest.mark.parametrize("spent", [0.0, 0.004, 0.02, 0.05])
def test_less_than_a_step_takes_one(spent):
    assert answered_after(spent) >= STEP


def test_more_than_a_step_takes_the_next():
    assert answered_after(1.05 * STEP) >= 2 * STEP


@pytest.mark.parametrize("other", [{"path": "/elsewhere/"}, {"method": "GET"}])
def test_nobody_else_waits(other):
    assert answered_after(0, **other) < STEP
