"""docs/reference/commands.md, from the --help of each command."""
import re
import subprocess

from .common import PROGRAMS, ROOT, Failure, anchor, code, fence, sections, table
from .settings import SETTINGS_BEGIN

COMMAND = re.compile(r"^  comanda (\S+(?: \S+)*)  +(\S.*)$")


def make_programs(programs):
    parts = []
    for program in PROGRAMS:
        text, found, _ = programs.output(program, "--help").partition(SETTINGS_BEGIN)
        if not found:
            raise Failure(f"{program} --help no longer ends with its settings")
        parts += [f"### {program}", fence(text)]
    return sections(parts)


def make_comanda(programs):
    parts, rows = [], []
    for line in programs.output("comanda", "--help").splitlines():
        if not line.startswith("  comanda "):
            continue
        command = COMMAND.match(line)
        if command is None:
            raise Failure(f"comanda --help: cannot parse {line!r}")
        name, meaning = command.groups()
        text = programs.output("comanda", *name.split(), "--help")
        if not text.startswith(f"usage: comanda {name}"):
            raise Failure(f"comanda {name} --help does not begin with its usage")
        rows.append((f"[{code('comanda ' + name)}](#{anchor('comanda ' + name)})", meaning))
        parts += [f"### comanda {name}", fence(text)]
    return sections([table(("command", "purpose"), rows), *parts])


def make_dev(_programs):
    done = subprocess.run([ROOT / "dev", "--help"], capture_output=True, text=True, timeout=60, check=False,
                          env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"})
    if done.returncode != 0:
        raise Failure(f"./dev --help ended with {done.returncode}:\n{done.stderr}")
    return fence(done.stdout)
