"""./dev chaos: a run on a stack that the script has made for it."""
import argparse
import random
import sys

from chaos.cluster import ClusterRun
from chaos.faults import FAULTS
from chaos.run import Run
from harness.stack import stack_under_test


def main():
    kinds = [fault.kind for fault in FAULTS]
    parser = argparse.ArgumentParser(prog="./dev chaos", epilog="Kinds: " + ", ".join(kinds),
                                     description="Load and faults, then a look at what became of it.")
    parser.add_argument("--minutes", type=float, default=3, help="how long faults are done (3)")
    parser.add_argument("--seed", type=int, help="which faults, and when (chosen, and told)")
    parser.add_argument("--rate", type=float, default=12, help="orders a second (12)")
    parser.add_argument("--only", action="append", choices=kinds, metavar="KIND",
                        help="only this kind; may be repeated")
    parser.add_argument("--deadline", type=int, default=15, metavar="SECONDS",
                        help="of orders (15); with more than 60, one that expires for want of a lost event is seen")
    parser.add_argument("--gap", type=float, default=2, help="seconds between faults, on average (2)")
    parser.add_argument("--older", metavar="REV", help="second copies run this revision, which is built first")
    parser.add_argument("--other", metavar="DIR",
                        help="where the programs of another build lie: second copies run those")
    parser.add_argument("--brokers", type=int, default=1, metavar="N",
                        help="a cluster of so many broker nodes; then its nodes are killed, and nothing else is done")
    parser.add_argument("--kills", type=int, default=30, help="of nodes, with --brokers (30)")
    parser.add_argument("--two-every", type=int, default=0, metavar="N",
                        help="with --brokers: every N kills, two nodes at once (0: never)")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.randrange(1, 100000)
    if options.brokers > 1:
        run = ClusterRun(stack_under_test(), options.kills, options.two_every, seed, options.rate, options.deadline)
        sys.exit(0 if run.go() else 1)
    run = Run(stack_under_test(), options.minutes * 60, seed, options.rate, options.only, options.deadline, options.gap,
              other_build=options.other)
    sys.exit(0 if run.go() else 1)


if __name__ == "__main__":
    main()
