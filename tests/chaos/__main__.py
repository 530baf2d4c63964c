"""./dev chaos: one run on its own stack."""
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
                                     description="Load and faults, then checks that nothing was lost or done twice.")
    parser.add_argument("--minutes", type=float, default=3, help="duration of the faults (3)")
    parser.add_argument("--seed", type=int, help="seed of the schedule of faults (random, printed)")
    parser.add_argument("--rate", type=float, default=12, help="orders per second (12)")
    parser.add_argument("--only", action="append", choices=kinds, metavar="KIND",
                        help="only this kind; may be repeated")
    parser.add_argument("--deadline", type=int, default=15, metavar="SECONDS",
                        help="deadline of orders (15); above 60, an order that expires because of a lost event is a violation")
    parser.add_argument("--gap", type=float, default=2, help="seconds between faults, on average (2)")
    parser.add_argument("--older", metavar="REV", help="second processes run this revision, which is built first")
    parser.add_argument("--other", metavar="DIR",
                        help="directory of another build's programs, which second processes run")
    parser.add_argument("--brokers", type=int, default=1, metavar="N",
                        help="number of broker nodes; with more than 1, only nodes are killed")
    parser.add_argument("--kills", type=int, default=30, help="kills of nodes, with --brokers (30)")
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
