"""After the whole suite, no log contains an e-mail address."""
import re

import pytest

from harness.logs import text
from harness.stack import PROGRAMS

ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.(?:org|com|local|example)\b")


@pytest.fixture(scope="session", autouse=True)
def nothing_personal(stack):
    yield
    for program in PROGRAMS:
        found = ADDRESS.findall(text(stack, program))
        assert not found, f"{program} has logged {set(found)}"
