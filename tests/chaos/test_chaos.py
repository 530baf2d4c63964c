"""The short form of `./dev chaos`: a minute of faults of a fixed seed, on the stack under test."""
import pytest

from chaos.faults import FAULTS
from chaos.run import Run
from chaos.schedule import plan

SHORT = ("kill", "freeze", "kill-broker", "kill-postgres", "no-replies", "no-replies-database", "redeliver", "poison", "close")
SEED = 10


def test_a_seed_determines_the_schedule():
    assert plan(7, 600) == plan(7, 600)
    assert plan(7, 600) != plan(8, 600)
    assert {each.fault.kind for each in plan(7, 600)} == {fault.kind for fault in FAULTS if fault.weight > 0}


@pytest.mark.slow
def test_nothing_is_lost_and_nothing_happens_twice(stack, admin):
    run = Run(stack, seconds=32, seed=SEED, rate=10, only=SHORT, deadline=20, gap=2.0)
    assert run.go(), f"{len(run.context.records.violations)} violations: see above"
