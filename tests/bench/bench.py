"""./dev bench: measures the product beside ceilings of broker and database, in the same minutes on the same machine.

A scenario with a ceiling alternates with it (paired_slices.py). The other scenarios are measured once. The latency at 50
orders per second comes first, because saturation leaves work for vacuum and compaction. Standard library only.
tools/dev/bench.sh starts the stack and sets COMANDA_STACK.
"""
import argparse
import json
import os
import sys
import time

import resource_usage
import paired_slices
import report
import bench_stack
import startup

LATENCY_WARM_UP, LATENCY_SECONDS = 12, 20


def say(text):
    print(f"bench         {text}", file=sys.stderr, flush=True)


def so_far(stack):
    """Reads counters, clock and CPU seconds, always in the same order, so that differences of two readings are exact."""
    return resource_usage.counters(stack), time.monotonic(), resource_usage.cpu_seconds(stack)


def measured(stack, scenario, **how):
    """Runs one scenario. Returns the result of the load, CPU time by part, and the growth of counters."""
    how.setdefault("warm_up", 1.5)
    load = stack.start_load(scenario, **how)
    time.sleep(how["warm_up"])
    wal, wal_begun = stack.wal_bytes() if "order" in scenario else 0, time.monotonic()
    counters, begun, cpu = so_far(stack)
    time.sleep(max(0, how["seconds"] - 0.3 - (time.monotonic() - begun)))
    counters_after, ended, cpu_after = so_far(stack)
    seconds = ended - begun
    memory = resource_usage.memory_mb(stack)
    wal_per_s = (stack.wal_bytes() - wal) / (time.monotonic() - wal_begun) if wal else 0
    result = json.loads(load.communicate()[0])
    result["memory"] = memory
    result["cpu"] = {part: spent / seconds for part, spent in resource_usage.cpu_between(cpu, cpu_after).items()}
    result["cpu"]["load"] = result["load_cpu_s"] / (how["warm_up"] + result["seconds"])

    def grown(pattern):
        return resource_usage.counted(counters, counters_after, pattern) / seconds

    result["confirmed_per_s"] = grown(r'relay_events_total\{type="order.confirmed"')
    result["messages_per_s"] = grown(r"comanda_(rpc_messages_total|outbox_relay_messages_total)")
    result["transactions_per_s"] = grown(r'transactions_total\{result="committed"')
    result["statements_per_s"] = grown("database_statements_total")
    if wal:
        result["wal_bytes_per_s"] = wal_per_s
    if result["unexpected"] or result["lost"]:
        say(f"{scenario}: {result['unexpected']} unexpected answers (HTTP {result['unexpected_status']}), "
            f"{result['lost']} lost connections")
    return result


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


def latency(stack, seconds, warm_up=2):
    """50 orders per second, each followed to its end. Accepted → committed is the time between the two decisions."""
    say("order_latency_50")
    since = time.time() + warm_up
    waited = measured(stack, "place_order_wait", connections=64, rate=50, seconds=seconds, warm_up=warm_up)
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
    """The cost of one read and of one order."""
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
        "transactions_per_order": round(order["transactions_per_s"] / order["confirmed_per_s"], 3),
    }


def run(stack, options):
    found = {"machine": bench_stack.machine(), "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
             "commit": bench_stack.commit()}
    found["machine"]["fsync_ms"] = stack.fsync_ms()
    say("putting 10,000 products and some users into the stack")
    stack.fill()
    stack.settle_storage()
    # Autovacuum reacts to the new rows within ten seconds; the load warms up meanwhile.
    scenarios = {"order_latency_50": latency(stack, max(LATENCY_SECONDS, 2 * options.seconds), warm_up=LATENCY_WARM_UP)}
    stack.prepare_ceilings()
    rounds = max(1, round(options.seconds * options.rounds / paired_slices.SLICE))
    beside = paired_slices.PairedSlices(stack, measured, say)
    found["machine"]["cores_elsewhere"] = beside.run(options.seconds * options.rounds / rounds, rounds)
    scenarios.update(beside.scenarios())
    found["memory"] = {name: round(size, 1) for name, size in scenarios["place_order"]["memory"].items()}
    if not options.brief:
        scenarios.update(others(stack, options.seconds))
        scenarios["storm"] = storm(stack, options.seconds)
    if options.long:
        import long_runs
        scenarios.update(long_runs.run(stack, options.seconds, measured, say))
    found["scenarios"], found["ceilings"] = scenarios, beside.ceilings()
    found["spread"], found["slices"] = beside.ratios(), beside.slices
    found["ratios"] = {name: ratio["mean"] for name, ratio in found["spread"].items()}
    found["cost"] = cost(scenarios)
    found["start_ms"] = startup.medians(startup.run(stack))
    return found


def main():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.splitlines()[0],
                                     epilog="./dev bench --without NAME: what one optimisation is worth; NAME --help tells which there are")
    parser.add_argument("--seconds", type=float, default=6, help="counted seconds a scenario and round (6)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds (5); beside a ceiling, rounds × seconds in short slices")
    parser.add_argument("--brief", action="store_true", help="only what is held against a ceiling, and the latency")
    parser.add_argument("--long", action="store_true", help="also a backlog, a second replica of all, a grown table")
    parser.add_argument("--tracing", action="store_true", help="only what tracing costs, with a collector there and away")
    parser.add_argument("--storm", action="store_true", help="only reads with and without 100 clients who try to sign in")
    parser.add_argument("--starts", action="store_true", help="only how long each program takes from its start until it is ready")
    parser.add_argument("--json", metavar="FILE", help="write all figures there")
    options = parser.parse_args()
    stack = bench_stack.Stack(os.environ["COMANDA_STACK"])
    if options.tracing:
        import tracing
        stack.fill()
        found = tracing.run(stack, options.seconds, options.rounds, measured, say)
        tracing.show(found)
    elif options.storm:
        import sign_in_storm
        found = sign_in_storm.run(stack, options, measured, say)
    elif options.starts:
        found = startup.run(stack)
        startup.show(found)
    else:
        found = run(stack, options)
        report.show(found)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(found, file, indent=1)
            file.write("\n")


if __name__ == "__main__":
    main()
