"""The short form of `./dev mutants`: the patches still fit the code, and their tests are still there."""
import pytest

from harness.stack import ROOT
from mutants.patches import all_mutants


@pytest.mark.parametrize("mutant", all_mutants(), ids=lambda mutant: mutant.name)
def test_it_can_still_be_tried(mutant):
    assert mutant.applies(ROOT), f"{mutant.path} does not apply any more: make it anew for the code as it is"
    where, _, name = mutant.test.removeprefix("ctest ").partition("::")
    if mutant.test.startswith("ctest "):
        tests = [path.read_text() for path in ROOT.glob("*/**/tests/*.c")]
        assert any(f"static void {name}(" in text for text in tests), mutant.test
    else:
        assert f"def {name}(" in (ROOT / where).read_text(), mutant.test
