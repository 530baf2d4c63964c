"""The programs' logs."""
import json


def lines(stack, program):
    """Every line that it has written, read; one that is no JSON object is a fault."""
    found = []
    for line in (stack.directory / "log" / f"{program}.log").read_text(errors="replace").splitlines():
        read = json.loads(line)
        assert isinstance(read, dict), line
        found.append(read)
    return found


def text(stack, program):
    return (stack.directory / "log" / f"{program}.log").read_text(errors="replace")
