"""./dev bench: the product beside what broker and database could do at most, in the same minutes on the same machine.

Ceilings and scenarios take turns, A B A B, so that whatever else the machine does falls on both; figures are medians of
the rounds. Standard library only. The stack is started by tools/dev/bench.sh, which sets COMANDA_STACK.
"""
import argparse
import json
import os
import statistics
import sys
import time

import accounts
import report
import stage
import starts

LATENCY = ("p50_ms", "p90_ms", "p99_ms", "p999_ms", "max_ms")


def say(text):
    print(f"bench         {text}", file=sys.stderr, flush=True)


def measured(stack, scenario, **how):
    """One scenario: what the load saw, who used which CPU meanwhile, and which counters grew."""
    how.setdefault("warm_up", 1.5)
    load = stack.start_load(scenario, **how)
    time.sleep(how["warm_up"] + 0.1)
    cpu, counters, begun = accounts.cpu_seconds(stack), accounts.counters(stack), time.monotonic()
    wal = int(stack.psql("orders", "SELECT pg_current_wal_insert_lsn() - '0/0'")) if "order" in scenario else 0
    time.sleep(max(0, how["seconds"] - 0.2 - (time.monotonic() - begun)))
    seconds = time.monotonic() - begun
    counters_after, cpu_after = accounts.counters(stack), accounts.cpu_seconds(stack)
    memory = accounts.memory_mb(stack)
    result = json.loads(load.communicate()[0])
    result["memory"] = memory
    result["cpu"] = {part: spent / seconds for part, spent in accounts.cpu_between(cpu, cpu_after).items()}
    result["cpu"]["load"] = result["load_cpu_s"] / (how["warm_up"] + result["seconds"])

    def grown(pattern):
        return accounts.counted(counters, counters_after, pattern) / seconds

    result["confirmed_per_s"] = grown(r'relay_events_total\{type="order.confirmed"')
    result["messages_per_s"] = grown(r"comanda_(rpc_messages_total|relay_messages_total)")
    result["turns_per_s"] = grown(r'turns_total\{end="committed"')
    result["statements_per_s"] = grown("database_statements_total")
    if wal:
        result["wal_bytes_per_s"] = (int(stack.psql("orders", "SELECT pg_current_wal_insert_lsn() - '0/0'")) - wal) / (
            time.monotonic() - begun)
    if result["unexpected"] or result["lost"]:
        say(f"{scenario}: {result['unexpected']} unexpected answers (HTTP {result['unexpected_status']}), "
            f"{result['lost']} lost connections")
    return result


def median(results):
    """Of several rounds of one scenario: medians of all that is a number."""
    merged = {}
    for key, value in results[0].items():
        if isinstance(value, dict):
            merged[key] = {name: statistics.median(result[key].get(name, 0) for result in results) for name in value}
        elif isinstance(value, (int, float)):
            merged[key] = statistics.median(result[key] for result in results)
        else:
            merged[key] = value
    return merged


CEILINGS = {"rpc": "rpc_per_s", "orders": "order_messages_per_s", "database": "pg_orders_per_s"}


def cpu_each(result, per_s):
    """CPU µs an operation, without the load's own."""
    return sum(spent for part, spent in result["cpu"].items()
               if part != "load" and not part.startswith("postgres:")) * 1e6 / per_s


def one_round(stack, seconds):
    """The figures that are held against ceilings, each between two measurements of its ceiling."""
    ceilings, scenarios = {name: [] for name in CEILINGS}, {}

    def ceiling(name):
        ceilings[name].append(stack.ceiling(name, seconds))

    ceiling("rpc")
    for scenario in ("get_product", "get_product_hot"):
        scenarios[scenario] = measured(stack, scenario, connections=64, seconds=seconds)
    ceiling("rpc")
    ceiling("orders")
    for name, connections in (("place_order_256", 256), ("place_order", 512)):
        scenarios[name] = measured(stack, "place_order", connections=connections, seconds=seconds, warm_up=2)
        stack.await_settled()
    ceiling("orders")
    ceiling("database")
    return {name: [statistics.fmean(values) for values in zip(*turns)] for name, turns in ceilings.items()}, scenarios


def round_ratios(ceilings, scenarios):
    read = scenarios["get_product"]
    order = max((scenarios[name] for name in ("place_order_256", "place_order")), key=lambda one: one["confirmed_per_s"])
    return {
        "get_product_vs_rpc_ceiling": read["per_s"] / ceilings["rpc"][0],
        "get_product_hot_vs_rpc_ceiling": scenarios["get_product_hot"]["per_s"] / ceilings["rpc"][0],
        "orders_confirmed_vs_ceiling": order["confirmed_per_s"] / ceilings["orders"][0],
        "orders_confirmed_vs_database": order["confirmed_per_s"] / ceilings["database"][0],
        "get_product_cpu_vs_rpc_ceiling": ceilings["rpc"][1] / cpu_each(read, read["per_s"]),
        "order_cpu_vs_ceiling": ceilings["orders"][1] / cpu_each(order, order["confirmed_per_s"]),
    }


def duel(stack, seconds, rounds):
    """Ceilings and what is held against them, in turns. A ratio is that of figures of the same minute; of the rounds'
    ratios, as of all else, the median counts."""
    found = []
    for turn in range(rounds):
        say(f"round {turn + 1} of {rounds}: reads and placements beside the ceilings")
        found.append(one_round(stack, seconds))
    ceilings = {}
    for name, key in CEILINGS.items():
        ceilings[key] = round(statistics.median(ceiling[name][0] for ceiling, _ in found), 1)
        ceilings[key.replace("per_s", "cpu_us")] = round(statistics.median(ceiling[name][1] for ceiling, _ in found), 1)
    ratios = [round_ratios(*one) for one in found]
    return ceilings, {name: median([one[1][name] for one in found]) for name in found[0][1]}, {
        name: round(statistics.median(ratio[name] for ratio in ratios), 3) for name in ratios[0]}


def others(stack, seconds):
    scenarios = {}
    for name, scenario, connections in (
            ("list_products", "list_products", 64), ("own_orders", "own_orders", 64), ("mix", "mix", 64),
            ("place_order_3", "place_order_3", 256), ("place_order_10", "place_order_10", 256),
            ("place_order_hot", "place_order_hot", 256), ("register", "register", 8)):
        say(name)
        scenarios[name] = measured(stack, scenario, connections=connections, seconds=seconds)
        stack.await_settled()
    return scenarios


SAGA_TIMES = """
    SELECT percentile_cont(ARRAY[0.5, 0.9, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM updated_at - created_at) * 1000)
    FROM orders WHERE state = 3 AND created_at > to_timestamp({since})"""


def latency(stack, seconds):
    """50 orders a second, each waited for. Accepted → committed is told by the times of the two decisions."""
    say("order_latency_50")
    since = time.time() + 2
    waited = measured(stack, "place_order_wait", connections=64, rate=50, seconds=seconds, warm_up=2)
    stack.await_settled()
    saga = stack.psql("orders", SAGA_TIMES.format(since=since)).strip("{}").split(",")
    committed = dict(zip(("p50_ms", "p90_ms", "p99_ms"), (round(float(value), 3) for value in saga)))
    return {**waited, "committed": committed}


def storm(stack, seconds):
    """Reads while passwords are being hashed."""
    say("password storm beside reads")
    hashing = stack.start_load("register", connections=32, seconds=seconds + 3, warm_up=0)
    reads = measured(stack, "get_product", connections=64, seconds=seconds)
    registered = json.loads(hashing.communicate()[0])
    reads["registered_per_s"] = (registered["done"] - registered["unexpected"]) / registered["seconds"]
    return reads


def cost(scenarios):
    """What one read and one order cost."""
    read, order = scenarios["get_product"], scenarios["place_order"]
    own = [part for part in read["cpu"] if part != "load" and not part.startswith("postgres:")]

    def each(result, per_s):
        return {part: round(result["cpu"].get(part, 0) * 1e6 / per_s, 1) for part in (*own, "load")}

    reads, orders = each(read, read["per_s"]), each(order, order["confirmed_per_s"])
    return {
        "cpu_us_per_get": round(sum(reads[part] for part in own), 1),
        "cpu_us_per_order": round(sum(orders[part] for part in own), 1),
        "cpu_us_per_get_by_part": reads,
        "cpu_us_per_order_by_part": orders,
        "messages_per_order": round(order["messages_per_s"] / order["confirmed_per_s"], 3),
        "messages_per_get": round(read["messages_per_s"] / read["per_s"], 3),
        "wal_bytes_per_order": round(order["wal_bytes_per_s"] / order["confirmed_per_s"]),
        "statements_per_order": round(order["statements_per_s"] / order["confirmed_per_s"], 3),
        "turns_per_order": round(order["turns_per_s"] / order["confirmed_per_s"], 3),
    }


def run(stack, options):
    found = {"machine": stage.machine(), "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
             "commit": stage.commit()}
    found["machine"]["fsync_ms"] = stack.fsync_ms()
    say("putting 10,000 products and some users into the stack")
    stack.fill()
    stack.ceiling_rooms()
    ceilings, scenarios, ratios = duel(stack, options.seconds, options.rounds)
    found["memory"] = scenarios["place_order"]["memory"]
    if not options.brief:
        scenarios.update(others(stack, options.seconds))
    scenarios["order_latency_50"] = latency(stack, 2 * options.seconds)
    if not options.brief:
        scenarios["storm"] = storm(stack, options.seconds)
    if options.long:
        import long_runs
        scenarios.update(long_runs.run(stack, options.seconds, measured, say))
    found["scenarios"], found["ceilings"], found["ratios"] = scenarios, ceilings, ratios
    found["cost"] = cost(scenarios)
    found["start_ms"] = starts.medians(starts.run(stack))
    return found


def main():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.splitlines()[0],
                                     epilog="./dev bench --without NAME: what one optimisation is worth; NAME --help tells which there are")
    parser.add_argument("--seconds", type=float, default=6, help="counted seconds a scenario and round (6)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of what is held against ceilings (5)")
    parser.add_argument("--brief", action="store_true", help="only what is held against a ceiling, and the latency")
    parser.add_argument("--long", action="store_true", help="also a backlog, a second replica of all, a grown table")
    parser.add_argument("--tracing", action="store_true", help="only what tracing costs, with a collector there and away")
    parser.add_argument("--storm", action="store_true", help="only reads with and without 100 clients who try to sign in")
    parser.add_argument("--starts", action="store_true", help="only how long each program takes from its start until it is ready")
    parser.add_argument("--json", metavar="FILE", help="write all figures there")
    options = parser.parse_args()
    stack = stage.Stage(os.environ["COMANDA_STACK"])
    if options.tracing:
        import tracing
        stack.fill()
        found = tracing.run(stack, options.seconds, options.rounds, measured, say)
        tracing.show(found)
    elif options.storm:
        import sign_in_storm
        found = sign_in_storm.run(stack, options, measured, say)
    elif options.starts:
        found = starts.run(stack)
        starts.show(found)
    else:
        found = run(stack, options)
        report.show(found)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(found, file, indent=1)
            file.write("\n")


if __name__ == "__main__":
    main()
