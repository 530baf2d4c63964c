"""Waiting for an observable condition, with a timeout."""
import os
import time
from pathlib import Path


def _slowness():
    """The factor by which this build may be slower than a plain one."""
    preset = Path(os.environ.get("COMANDA_STACK", "/nonexistent"), "preset")
    return 4 if preset.exists() and preset.read_text().strip() in ("asan", "tsan") else 1


SLOWNESS = _slowness()


def eventually(check, timeout=15, every=0.02):
    """Calls `check` until it returns a true value, and returns that value. AssertionErrors count as "not yet"; at the timeout
    the last one is raised."""
    until = time.monotonic() + timeout * SLOWNESS
    while True:
        try:
            found = check()
            missing = None if found else AssertionError(f"not within {timeout * SLOWNESS} s: {check.__name__}")
        except AssertionError as error:
            missing = error
        if missing is None:
            return found
        if time.monotonic() > until:
            raise missing
        time.sleep(every)
