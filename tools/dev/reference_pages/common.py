"""Markdown, and the programs that the tables are read from."""
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SERVICES = ("svc-users", "svc-products", "svc-orders")
PROGRAMS = ("edge-http", *SERVICES)

class Failure(Exception):
    """Something that a person must mend."""

# ---- Markdown ----


def code(text):
    return f"`{text}`" if text else ""


def cell(text):
    return text.replace("|", "\\|")


def table(head, rows):
    lines = [head, ["---"] * len(head), *([cell(text) for text in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def fence(text, language="text"):
    return f"```{language}\n{text.rstrip()}\n```"


def anchor(heading):
    """As GitHub makes it from a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def sections(parts):
    return "\n\n".join(part for part in parts if part)

# ---- the programs ----


class Programs:
    def __init__(self, directory):
        self.directory = directory

    def output(self, program, *arguments):
        path = self.directory / program
        if not path.exists():
            raise Failure(f"{path} is not built: run ./dev build first")
        done = subprocess.run([path, *arguments], capture_output=True, text=True, timeout=60, check=False,
                              env={"PATH": "/usr/bin:/bin"})
        if done.returncode != 0:
            raise Failure(f"{program} {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def rows(self, program):
        """Lines of tab-separated cells, by their first cell."""
        found = {}
        for line in self.output(program).splitlines():
            kind, *cells = line.split("\t")
            found.setdefault(kind, []).append(cells)
        return found
