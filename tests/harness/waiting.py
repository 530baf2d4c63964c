"""Waiting for something that can be observed, for a bounded time."""
import os
import time
from pathlib import Path


def _slowness():
    """How many times slower than a plain build this one may be."""
    preset = Path(os.environ.get("COMANDA_STACK", "/nonexistent"), "preset")
    return 4 if preset.exists() and preset.read_text().strip() in ("asan", "tsan") else 1


SLOWNESS = _slowness()


def eventually(check, timeout=15, every=0.02):
    """Calls `check` until it returns something true, and returns that. AssertionErrors count as "not yet"; when the
    time is up, the last one is raised, as it says best what is missing."""
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
