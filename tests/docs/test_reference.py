"""The tables of docs/reference/ are what the programs and the sources say: generated again here, and compared."""
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs" / "reference").glob("*.md"))


@pytest.fixture
def reference(stack):
    """Runs the generator with the programs under test."""

    def run(*arguments):
        command = [ROOT / "tools" / "dev" / "reference", "--bin", stack["COMANDA_BIN"], *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    return run


def test_the_committed_pages_are_what_is_generated(reference):
    done = reference("--check")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_a_changed_table_is_found(reference, tmp_path, page):
    docs = shutil.copytree(ROOT / "docs" / "reference", tmp_path / "reference")
    changed, _, after = page.read_text().partition("<!-- generated: ")
    name, _, after = after.partition(" -->\n")
    (docs / page.name).write_text(f"{changed}<!-- generated: {name} -->\nno table\n{after}")
    done = reference("--check", "--docs", docs)
    assert done.returncode == 1 and "-no table" in done.stdout, done.stdout + done.stderr


def test_a_block_that_nothing_makes_is_an_error(reference, tmp_path):
    docs = shutil.copytree(ROOT / "docs" / "reference", tmp_path / "reference")
    (docs / "more.md").write_text("<!-- generated: nothing -->\n<!-- /generated -->\n")
    done = reference("--check", "--docs", docs)
    assert done.returncode == 1 and "no block is named 'nothing'" in done.stderr, done.stdout + done.stderr
