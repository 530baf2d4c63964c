"""The script ./dev: help of each command, a symbolic link, and arguments that it does not take."""
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def dev(*arguments, script=ROOT / "dev"):
    return subprocess.run([script, *arguments], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("command", ["up", "down", "status", "logs", "stop", "start", "restart", "token", "build", "format",
                                     "lint", "reference"])
@pytest.mark.parametrize("word", ["--help", "-h"])
def test_a_command_explains_itself_and_does_nothing(command, word):
    done = dev(command, word)
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.startswith(f"Usage: ./dev {command}")


def test_a_symbolic_link_works(tmp_path):
    link = tmp_path / "dev"
    link.symlink_to(ROOT / "dev")
    assert dev("--help", script=link).stdout == dev("--help").stdout != ""


@pytest.mark.parametrize("words", [("status", "extra"), ("logs", "redis", "postgres"), ("lint", "extra"), ("logs", "--color")])
def test_an_argument_that_a_command_does_not_take_is_an_error(words):
    done = dev(*words)
    assert done.returncode == 2 and done.stderr.startswith("dev: "), done


def test_the_files_that_configurations_name_exist():
    """A comment in compose/ that names a file of the repository names one that is there."""
    for path in [*ROOT.glob("compose/**/*.yml"), *ROOT.glob("compose/**/*.yaml"), *ROOT.glob("compose/**/*.conf")]:
        for name in re.findall(r"\b(?:docs|tests|compose|tools)/[\w./-]+\.\w+", path.read_text()):
            assert (ROOT / name).exists(), f"{path.relative_to(ROOT)} names {name}"
