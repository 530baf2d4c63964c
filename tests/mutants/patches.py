"""The mutants: each is a patch that removes one guard. Its head names the guard and the test that must fail."""
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent


class Mutant:
    """Its file begins with lines "Name: text": Guard, Test, and Programs where some must run with it."""

    def __init__(self, path):
        self.path, self.name = path, path.stem
        head = path.read_text().partition("\n\n")[0]
        fields = dict(line.split(": ", 1) for line in head.splitlines())
        self.guard, self.test = fields["Guard"], fields["Test"]
        self.programs = fields.get("Programs", "").split()

    def patch(self, source, *options):
        """Whether the patch applied to `source`."""
        command = ["patch", "--quiet", "--batch", "-p1", "-d", str(source), *options, "-i", str(self.path)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def applies(self, source):
        return self.patch(source, "--dry-run", "--forward").returncode == 0


def all_mutants():
    return [Mutant(path) for path in sorted(HERE.glob("*.patch"))]
