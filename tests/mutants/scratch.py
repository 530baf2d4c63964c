"""The scratch copy of the sources, its build, and a stack that runs it."""
import os
import re
import subprocess
from pathlib import Path


class Scratch:
    def __init__(self, source, stack):
        self.source, self.stack = Path(source), Path(stack)
        self.build = self.source / "build/dev"
        lines = (self.stack / "env").read_text().splitlines()
        self.environment = os.environ | dict(line.split("=", 1) for line in lines) | {
            "COMANDA_STACK": str(self.stack), "PYTHONDONTWRITEBYTECODE": "1"}
        self.stale = set()  # programs that may still run a removed mutant

    def run(self, *command):
        return subprocess.run([str(word) for word in command], cwd=self.source, env=self.environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600, check=False)

    def make(self, mutant):
        """Builds the mutant and restarts its programs. Returns None, or the fault."""
        binary = mutant.test.removeprefix("ctest ").partition("::")[0]
        targets = mutant.programs + ([binary] if mutant.test.startswith("ctest ") else [])
        built = self.run("cmake", "--build", self.build, "--target", *targets, *self.stale)
        if built.returncode != 0:
            return f"it does not build:\n{built.stdout}"
        for program in sorted(self.stale | set(mutant.programs)):
            started = self.run(self.source / "dev", "--stack", self.stack, "restart", program)
            if started.returncode != 0:
                return f"{program} does not start:\n{started.stdout}"
        self.stale = set(mutant.programs)
        return None

    def judge(self, test):
        """(result, output): "red" only if this test failed."""
        if test.startswith("ctest "):
            binary, _, case = test.removeprefix("ctest ").partition("::")
            done = self.run(self.build / "tests" / binary)
            red = re.search(rf"^\[  FAILED  \] {case}$", done.stdout, re.M)
            green = re.search(rf"^\[       OK \] {case}$", done.stdout, re.M)
        else:
            done = self.run("/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", test)
            red = done.returncode == 1 and re.search(r"^\d+ failed|^FAILED ", done.stdout, re.M)
            green = done.returncode == 0 and re.search(r"^\d+ passed", done.stdout, re.M)
        colour = "red" if red else "green" if green else "unclear"
        return colour, done.stdout
