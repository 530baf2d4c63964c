"""The programs' logs."""
import json


def lines(stack, program):
    """All lines of a program's log, parsed; each must be a JSON object."""
    found = []
    for line in (stack.directory / "log" / f"{program}.log").read_text(errors="replace").splitlines():
        read = json.loads(line)
        assert isinstance(read, dict), line
        found.append(read)
    return found


def text(stack, program):
    return (stack.directory / "log" / f"{program}.log").read_text(errors="replace")
