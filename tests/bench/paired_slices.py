"""Measures scenarios and ceilings in short alternating slices, so that other load on the machine affects both.

A ratio divides a slice by its ceiling at the same moment, interpolated between the ceiling's slices before and after.
The first round only warms up. The result is the mean of all pairs without the lowest and the highest sixth. The quartiles
show its spread. Before each round the script writes out pages and files, and vacuums the ceiling's tables.
"""
import statistics
import time

import resource_usage

SLICE = 2.5  # measured seconds; the machine's speed may change within ten seconds

CEILINGS = {"rpc": "rpc_per_s", "orders": "order_messages_per_s", "database": "pg_orders_per_s"}
CLIENTS = {"get_product": 64, "get_product_hot": 64, "place_order_256": 256, "place_order": 512}

READS = (("rpc", "get_product", "rpc", "get_product_hot"),)
# Each number of clients is next to each ceiling equally often, and equally often early and late after a checkpoint.
ORDERS = (("orders", "place_order_256", "database", "place_order"), ("orders", "place_order", "database", "place_order_256"))

# Ratio: (scenarios, ceiling, figure). All pairs have the same weight.
RATIOS = {
    "get_product_vs_rpc_ceiling": (("get_product",), "rpc", "per_s"),
    "get_product_hot_vs_rpc_ceiling": (("get_product_hot",), "rpc", "per_s"),
    "orders_confirmed_vs_ceiling": (("place_order_256", "place_order"), "orders", "per_s"),
    "orders_confirmed_vs_database": (("place_order_256", "place_order"), "database", "per_s"),
    "get_product_cpu_vs_rpc_ceiling": (("get_product",), "rpc", "cpu_us"),
    "order_cpu_vs_ceiling": (("place_order_256", "place_order"), "orders", "cpu_us"),
}


def cpu_each(result, per_s):
    """CPU µs per operation, without the load generator."""
    return sum(spent for part, spent in result["cpu"].items()
               if part != "load" and not part.startswith("postgres:")) * 1e6 / per_s


def median(results):
    """The median of each number over several slices of one scenario."""
    merged = {}
    for key, value in results[0].items():
        if isinstance(value, dict):
            merged[key] = {name: statistics.median(result[key].get(name, 0) for result in results) for name in value}
        elif isinstance(value, (int, float)):
            merged[key] = statistics.median(result[key] for result in results)
        else:
            merged[key] = value
    return merged


def quartiles(values):
    """The first and the third quartile."""
    return statistics.quantiles(values, n=4, method="inclusive")[::2] if len(values) > 1 else values * 2


def trimmed_mean(values):
    off = len(values) // 6
    return statistics.fmean(sorted(values)[off:len(values) - off])


class PairedSlices:
    def __init__(self, stack, measured, say):
        self.stack, self.measured, self.say = stack, measured, say
        self.slices = []  # name, time of the middle, per_s, cpu_us
        self.results = {name: [] for name in CLIENTS}

    # ---- the slices ----

    def scenario(self, name, seconds):
        if not name.startswith("place_order"):
            result = self.measured(self.stack, name, connections=CLIENTS[name], seconds=seconds, warm_up=1)
            return result, result["per_s"]
        result = self.measured(self.stack, "place_order", connections=CLIENTS[name], seconds=seconds, warm_up=1.5)
        self.stack.await_settled()
        return result, result["confirmed_per_s"]

    def slice(self, name, seconds, counts):
        begun = time.monotonic()
        if name in CEILINGS:
            per_s, cpu_us = self.stack.ceiling(name, seconds)
        else:
            result, per_s = self.scenario(name, seconds)
            cpu_us = cpu_each(result, per_s)
        if not counts:
            return
        self.slices.append({"name": name, "at_s": round((begun + time.monotonic()) / 2, 1), "per_s": round(per_s, 1),
                            "cpu_us": round(cpu_us, 1)})
        if name in CLIENTS:
            self.results[name].append(result)

    def alternate(self, about, rounds, seconds, count):
        for round_number in range(count + 1):
            self.say(f"{about} beside their ceilings: " + (f"{round_number} of {count}" if round_number else "warming up"))
            self.stack.settle_storage()
            for name in rounds[round_number % len(rounds)]:
                self.slice(name, seconds, counts=round_number > 0)
        # A last slice of each ceiling, so that the last scenario is between two of them.
        for name in dict.fromkeys(rounds[0]):
            if name in CEILINGS:
                self.slice(name, seconds, counts=True)

    def run(self, seconds, count):
        """Runs all slices. Returns the cores used by other processes and by other virtual machines meanwhile."""
        before, begun = resource_usage.machine_seconds(self.stack), time.monotonic()
        self.alternate("reads", READS, seconds, count)
        self.alternate("placements", ORDERS, seconds, count)
        after, took = resource_usage.machine_seconds(self.stack), time.monotonic() - begun
        return {name: round((later - earlier) / took, 2)
                for name, earlier, later in zip(("other_work", "stolen"), before, after)}

    # ---- results ----

    def of(self, name):
        return [one for one in self.slices if one["name"] == name]

    def ceiling_at(self, name, at_s, figure):
        before = [one for one in self.of(name) if one["at_s"] <= at_s]
        after = [one for one in self.of(name) if one["at_s"] > at_s]
        if not before or not after:
            return (before[-1:] + after[:1])[0][figure]
        first, second = before[-1], after[0]
        share = (at_s - first["at_s"]) / (second["at_s"] - first["at_s"])
        return first[figure] + share * (second[figure] - first[figure])

    def pairs(self, scenario, ceiling, figure):
        """Rates: scenario / ceiling. Costs: ceiling / scenario. Higher is better for both."""
        found = [one[figure] / self.ceiling_at(ceiling, one["at_s"], figure) for one in self.of(scenario)]
        return [round(1 / ratio if figure == "cpu_us" else ratio, 3) for ratio in found]

    def ratios(self):
        """Name of the ratio → mean of all and per scenario, quartiles, pairs by scenario."""
        found = {}
        for name, (scenarios, ceiling, figure) in RATIOS.items():
            pairs = {scenario: self.pairs(scenario, ceiling, figure) for scenario in scenarios}
            every = [ratio for ratios in pairs.values() for ratio in ratios]
            found[name] = {"mean": round(trimmed_mean(every), 3), "quartiles": [round(value, 3) for value in quartiles(every)],
                           "means": {scenario: round(trimmed_mean(ratios), 3) for scenario, ratios in pairs.items()},
                           "pairs": pairs}
        return found

    def ceilings(self):
        found = {}
        for name, key in CEILINGS.items():
            found[key] = round(statistics.median(one["per_s"] for one in self.of(name)), 1)
            found[key.replace("per_s", "cpu_us")] = round(statistics.median(one["cpu_us"] for one in self.of(name)), 1)
        return found

    def scenarios(self):
        return {name: median(results) for name, results in self.results.items()}
