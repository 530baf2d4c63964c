"""./dev mutants: removes one guard at a time, and checks that a test fails."""
import argparse
import sys
import time

from mutants.patches import all_mutants
from mutants.scratch import Scratch


def look(scratch, mutant, wanted):
    """None if the mutant's test has the wanted result; else the fault."""
    trouble = scratch.make(mutant)
    if trouble:
        return trouble
    colour, said = scratch.judge(mutant.test)
    return None if colour == wanted else f"the test is {colour}, not {wanted}:\n{said[-3000:]}"


def try_out(scratch, mutant):
    """The test must fail with the mutant and pass without it."""
    applied = mutant.patch(scratch.source, "--forward")
    if applied.returncode != 0:
        return f"the patch does not apply:\n{applied.stdout}"
    try:
        trouble = look(scratch, mutant, "red")
    finally:
        mutant.patch(scratch.source, "--reverse")
    violation_without = look(scratch, mutant, "green")
    if trouble:
        return "with it, " + trouble
    return violation_without and "without it, " + violation_without


def chosen(names):
    known = {mutant.name: mutant for mutant in all_mutants()}
    unknown = [name for name in names if name not in known]
    if unknown:
        sys.exit(f"there is no mutant {', '.join(unknown)}: --list tells which there are")
    return [known[name] for name in names] or list(known.values())


def main():
    parser = argparse.ArgumentParser(prog="./dev mutants", description=__doc__.partition(": ")[2])
    parser.add_argument("names", nargs="*", metavar="MUTANT", help="only these")
    parser.add_argument("--list", action="store_true", help="say which there are, and which test misses each")
    parser.add_argument("--source", help=argparse.SUPPRESS)
    parser.add_argument("--stack", help=argparse.SUPPRESS)
    options = parser.parse_args()
    mutants = chosen(options.names)
    if options.list:
        for mutant in mutants:
            print(f"{mutant.name}\n  {mutant.guard}\n  {mutant.test}")
        return
    scratch, escaped, began = Scratch(options.source, options.stack), [], time.monotonic()
    for mutant in mutants:
        start = time.monotonic()
        trouble = try_out(scratch, mutant)
        print(f"{'ESCAPED' if trouble else 'caught':<9}{mutant.name:<30}{time.monotonic() - start:5.0f} s  "
              f"{mutant.test.rpartition('::')[2]}", flush=True)
        if trouble:
            escaped.append(mutant.name)
            print(trouble, flush=True)
    print(f"\n{len(mutants) - len(escaped)} of {len(mutants)} mutants caught in {time.monotonic() - began:.0f} s"
          + (f"; escaped: {', '.join(escaped)}" if escaped else ""))
    sys.exit(1 if escaped else 0)


if __name__ == "__main__":
    main()
