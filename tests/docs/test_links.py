"""Every relative link of README.md and of docs/ leads to a file that is there, and to a heading if it names one.

Every path `tests/...` that a document names in code leads somewhere too."""
import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from docs.markdown import anchors, links

ROOT = Path(__file__).resolve().parents[2]
TEST_PATH = re.compile(r"`((?:[\w-]+/)*tests/[\w./*{},-]+)(?:::[^`]*)?`")
# Records of the past name files as they were called then.
PAST = ("benchmarks", "decisions")
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def is_elsewhere(target):
    return "://" in target or target.startswith("mailto:")


def fault_of(document, target):
    """What is wrong with a link of this document. None: nothing is, or it leads to another site."""
    if is_elsewhere(target):
        return None
    path, _, anchor = unquote(target).partition("#")
    file = (document.parent / path).resolve() if path else document
    if not file.exists():
        return f"{target}: there is no such file"
    if not anchor or file.suffix != ".md":
        return None
    return None if anchor in anchors(file.read_text()) else f"{target}: there is no such heading"


def faults_of(document):
    return [fault for target in links(document.read_text()) if (fault := fault_of(document, target)) is not None]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document):
    assert faults_of(document) == []


def lost_tests_of(text, root):
    """The paths of tests that a text names and that are not there. A path may hold a pattern."""
    return [path for path in TEST_PATH.findall(text) if not any(root.glob(path.rstrip("/")))]


@pytest.mark.parametrize("document", [path for path in DOCUMENTS if path.parent.name not in PAST],
                         ids=lambda path: str(path.relative_to(ROOT)))
def test_every_test_that_is_named_is_there(document):
    assert lost_tests_of(document.read_text(), ROOT) == []


# ---- that this test can fail ----

TEXT = """# One page

Links to [itself](#one-page), [a file](there.md), [a heading](there.md#the-second-heading-again), [a site](https://example.org/x),
`[no link](in-code.md)` and ![a picture](there.png).

```
[no link](in-a-block.md)
```
"""


@pytest.fixture
def page(tmp_path):
    (tmp_path / "there.md").write_text("# There\n\n## The second heading, again\n\n```sh\n# no heading\n```\n")
    (tmp_path / "there.png").write_bytes(b"")
    (tmp_path / "page.md").write_text(TEXT)
    return tmp_path / "page.md"


def test_links_that_lead_somewhere_have_no_faults(page):
    assert faults_of(page) == []


@pytest.mark.parametrize("target, changed", [
    ("there.png", "away.png"),
    ("(there.md)", "(away.md)"),
    ("#one-page", "#two-pages"),
    ("#the-second-heading-again", "#no-heading"),
    ("https://example.org/x", "site.html"),
])
def test_a_link_that_leads_nowhere_is_found(page, target, changed):
    assert target in TEXT
    page.write_text(TEXT.replace(target, changed))
    assert len(faults_of(page)) == 1


def test_a_test_that_is_named_and_not_there_is_found(tmp_path):
    (tmp_path / "tests" / "e2e").mkdir(parents=True)
    (tmp_path / "tests" / "e2e" / "test_one.py").write_text("")
    named = "`tests/e2e/`, `tests/e2e/test_one.py`, `tests/e2e/test_one.py::test_it`, `tests/*/test_one.py`, `tests/e2e/test_two.py`"
    assert lost_tests_of(named, tmp_path) == ["tests/e2e/test_two.py"]
