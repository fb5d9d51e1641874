"""Whoever starts the platform may be killed: its processes go with him."""

import os
import signal
import subprocess
import sys
import time

import psutil

CHILD = "import time; from rempart.site import lifeline; lifeline.follow(); time.sleep(60)"
PARENT = f"""
import sys, time
from rempart.site import serving
with serving.processes([sys.executable, "-c", {CHILD!r}]) as (child,):
    print(child.pid, flush=True)
    time.sleep(60)
"""


def _gone(pid: int, *, within: float) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


def test_a_child_ends_when_its_parent_is_killed():
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        time.sleep(1)
        assert psutil.pid_exists(child)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    assert _gone(child, within=10)


def test_a_process_in_the_session_of_others_is_left_alone(monkeypatch):
    reading, writing = os.pipe()
    monkeypatch.setenv("REMPART_LIFELINE", str(reading))
    script = "import os, time; from rempart.site import lifeline; os.setpgid(0, 0); lifeline.follow(); time.sleep(1); print('here')"
    try:
        with subprocess.Popen(
            [sys.executable, "-c", script], pass_fds=(reading,), stdout=subprocess.PIPE, text=True
        ) as other:
            os.close(writing)
            out, _ = other.communicate(timeout=20)
    finally:
        os.close(reading)
    assert out == "here\n"
