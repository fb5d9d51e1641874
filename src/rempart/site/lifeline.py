"""Children that do not outlive whoever started them, however he ends.

The parent holds the writing end of a pipe and never writes. When he is gone, by kill -9 too, the kernel
closes it, and whoever reads the other end learns it. (A signal at the parent's death is sent once per
thread of his, and several at once block the web server's own handler for ever.)
"""

from __future__ import annotations

import os
import signal
import threading

VARIABLE = "REMPART_LIFELINE"
"""Names the descriptor of the reading end, in the environment of a child."""


def follow() -> None:
    """In a child, which has a session of its own: end the whole session as soon as the parent is gone."""
    descriptor = os.environ.get(VARIABLE, "")
    if descriptor.isdecimal() and os.getpgid(0) == os.getsid(0):
        threading.Thread(target=_wait, args=(int(descriptor),), name="lifeline", daemon=True).start()


def _wait(descriptor: int) -> None:
    try:
        gone = os.read(descriptor, 1) == b""
    except OSError:  # not ours
        return
    if gone:
        os.killpg(os.getpgid(0), signal.SIGKILL)
