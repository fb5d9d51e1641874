"""Answers that take as long for a right guess as for a wrong one.

At a door where somebody proves who he is, an answer leaves at the next full step of a clock that began
with the request. What is done behind it differs by a few milliseconds (a letter is written, or not); the step
is many times that, so that nothing of it is seen. Waiting here holds no thread and no connection.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Collection

from rempart.site.bodies import Application, Message, Receive, Scope, Send

STEP = 0.25
"""Seconds."""


def evenly(application: Application, *, paths: Collection[str], step: float = STEP) -> Application:
    """The application, whose answers to POST at these paths leave at full steps only."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] not in paths:
            await application(scope, receive, send)
            return
        clock = asyncio.get_running_loop()
        begun = clock.time()

        async def at_a_step(message: Message) -> None:
            if message["type"] == "http.response.start":
                spent = clock.time() - begun
                await asyncio.sleep(math.ceil(spent / step) * step - spent)
            await send(message)

        await application(scope, receive, at_a_step)

    return answer
