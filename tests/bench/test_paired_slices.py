"""The ratios of scenarios and ceilings do not depend on changes of the machine's speed."""
import types

import paired_slices
import pytest


ORDERS = 4_000  # confirmed per second


class Machine:
    """Each slice takes three seconds; its rate follows the machine's speed in the middle of the slice."""

    def __init__(self, speed):
        self.speed, self.now, self.taken = speed, 0.0, 0

    def does(self, per_s):
        self.now += 1.5
        speed = self.speed(self)
        self.now += 1.5
        self.taken += 1
        return per_s * speed, 1e6 / (per_s * speed)

    def ceiling(self, name, _seconds):
        return self.does({"rpc": 10_000, "orders": 2_000, "database": 9_000}[name])

    def measured(self, _stack, scenario, **_):
        per_s, cpu_us = self.does({"get_product": 11_000, "get_product_hot": 13_000}.get(scenario, ORDERS))
        return {"per_s": per_s, "confirmed_per_s": per_s, "cpu": {"edge-http": cpu_us * per_s / 1e6}, "memory": {}}

    def settle_storage(self):
        pass

    await_settled = settle_storage


@pytest.fixture
def fought(monkeypatch):
    def fight(speed):
        machine = Machine(speed)
        monkeypatch.setattr(paired_slices.resource_usage, "machine_seconds", lambda _: (0, 0))
        monkeypatch.setattr(paired_slices, "time", types.SimpleNamespace(monotonic=lambda: machine.now))
        beside = paired_slices.PairedSlices(machine, machine.measured, lambda _: None)
        beside.run(2.5, 12)
        return beside
    return fight


def slower_and_slower(machine):
    return 1 - machine.now / 600


def disturbed_now_and_then(machine):
    return 0.5 if machine.taken % 40 == 10 else 1


@pytest.mark.parametrize("speed", [slower_and_slower, disturbed_now_and_then])
def test_ratios_hold_on_a_machine_that_is(speed, fought):
    found = {name: ratio["mean"] for name, ratio in fought(speed).ratios().items()}
    for name, ratio in (("get_product_vs_rpc_ceiling", 1.1), ("get_product_cpu_vs_rpc_ceiling", 1.1),
                        ("get_product_hot_vs_rpc_ceiling", 1.3), ("orders_confirmed_vs_ceiling", ORDERS / 2000),
                        ("order_cpu_vs_ceiling", ORDERS / 2000), ("orders_confirmed_vs_database", ORDERS / 9000)):
        assert found[name] == pytest.approx(ratio, rel=0.005), name


def test_what_warms_up_does_not_count(fought):
    beside = fought(lambda machine: 0.1 if machine.now < 12 else 1)
    assert {one["per_s"] for one in beside.of("rpc")} == {10_000}
    assert len(beside.of("get_product")) == len(beside.results["get_product"]) == 12
