"""./dev bench --without NAME: measures one optimisation by removing it in a scratch copy.

The script builds the copy and starts a stack of it beside one of this checkout. It measures both by turns, A B A B.
"""
import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import bench
import paired_slices
import bench_stack

ROOT = Path(__file__).resolve().parents[2]

# Name: (file, text, replacement). Each text occurs exactly once in its file.
WITHOUT = {
    "coalescing": (
        ("runtime/rpc/wire.h", "RPC_ITEMS_MAX = 256,", "RPC_ITEMS_MAX = 1,"),
        ("edge-http/settings.c", 'rpc_window,                  "3",         1,             64,', 'rpc_window,                  "64",        1,             64,')),
    "event-batches": (
        ("runtime/relay/inflight.h", "INFLIGHT_EVENTS_MAX = 500,", "INFLIGHT_EVENTS_MAX = 1,"),
        ("runtime/store/outbox.h", "OUTBOX_BUNDLE_BYTES = 7600", "OUTBOX_BUNDLE_BYTES = 1")),
    "batch-commit": (
        ("runtime/consumer/write_batch.c", "enum status status = count == 0 ? OK : run(consumer, items, count);\n",
         "enum status status = OK;\n\tfor (size_t i = 0; i < count && status == OK; i++)\n"
         "\t\tstatus = run(consumer, items + i, 1);\n"),),
    # One round trip per group of statements: inbox, loads, aggregates, deadlines, outbox.
    "pipelining": (
        ("runtime/consumer/process_batch.c", """	inbox_check(&batch->dedup, batch->now_us);
""", """	inbox_check(&batch->dedup, batch->now_us);
	const enum status checked = db_flush(txn->db);
	if (checked != OK)
		return checked;
"""),
        ("runtime/consumer/process_batch.c", "return can_decide_at_once(batch, asked) ? OK : db_flush(txn->db);",
         "return can_decide_at_once(batch, asked) && asked > 0 ? OK : db_flush(txn->db);"),
        ("runtime/consumer/process_batch.c", """	inbox_record(&batch->dedup, batch->now_us);
	stores_save(txn, batch->unit, optimistic);
	stores_validate(txn, batch->unit);
	deadlines_save(txn, batch->unit, optimistic);
	outbox_insert(txn->db, batch->outbox, optimistic);
	const enum status status = db_flush(txn->db);
""", """	inbox_record(&batch->dedup, batch->now_us);
	enum status status = db_flush(txn->db);
	stores_save(txn, batch->unit, optimistic);
	stores_validate(txn, batch->unit);
	if (status == OK)
		status = db_flush(txn->db);
	deadlines_save(txn, batch->unit, optimistic);
	if (status == OK)
		status = db_flush(txn->db);
	outbox_insert(txn->db, batch->outbox, optimistic);
	if (status == OK)
		status = db_flush(txn->db);
""")),
    "ack-multiple": (
        ("runtime/consumer/settle.c", "	return broker_ack(consumer->broker, batch->deliveries[batch->delivery_count - 1].tag, true);\n",
         "	enum status status = OK;\n	for (size_t i = 0; i < batch->delivery_count && status == OK; i++)\n"
         "		status = broker_ack(consumer->broker, batch->deliveries[i].tag, false);\n	return status;\n"),),
    "relay-wake-up": (
        ("runtime/relay/submissions.c", "	if (wake)\n		wake_send(&submissions->wake);\n", "	(void)wake;\n"),),
    "event-join": (("svc-orders/service.c", ".join_timeout_us = 400 * MS_US,", ".join_timeout_us = 0,"),),
    "optimistic-loads": (("runtime/consumer/process_batch.c", "batch->locked = pessimistic ||", "batch->locked = true || pessimistic ||"),),
    "aggregate-cache": (("runtime/store/cache/aggregate_cache.c", "*found = find(cache, wanted->store, &wanted->id);",
                         "*found = NULL;\n	(void)cache;"),),
    "admission-control": (("runtime/relay/admission_control.c", "	if (pending <= admission->max_pending)\n",
              "	if (pending <= admission->max_pending || since_us != 0)\n"),),
    "optimistic-inserts": (("runtime/consumer/process_batch.c", "const bool optimistic = batch->dedup.optimistic;",
                            "const bool optimistic = false;"),),
    "late-request-duplicates": (("runtime/consumer/process_batch.c", "batch->dedup.check_first = pessimistic ||",
                                 "batch->dedup.check_first = true || pessimistic ||"),),
    "idempotent-events": (("runtime/store/inbox.c", "return dedup->optimistic && item->handler != NULL",
                          "return false && dedup->optimistic && item->handler != NULL"),),
}


def take_out(name, root):
    for path, text, instead in WITHOUT[name]:
        file = Path(root) / path
        source = file.read_text()
        if source.count(text) != 1:
            raise SystemExit(f"ablation.py: {name}: {path} does not hold, once, what is to be taken out")
        file.write_text(source.replace(text, instead))


def copy_to(directory):
    git = ["git", "-c", f"safe.directory={ROOT}", "-C", str(ROOT), "ls-files", "-z"]
    for path in subprocess.run(git, check=True, capture_output=True, text=True).stdout.split("\0"):
        if path and (ROOT / path).exists():
            (directory / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, directory / path, follow_symlinks=False)


class Other:
    """The scratch copy with its build and its stack."""

    def __init__(self, name):
        (ROOT / ".local").mkdir(exist_ok=True)
        self.root = Path(tempfile.mkdtemp(prefix="bench-without-", dir=ROOT / ".local"))
        self.stack = self.root / ".local" / "test-without"
        try:
            copy_to(self.root)
            take_out(name, self.root)
            self.stack.parent.mkdir()
            self.dev("build", "release")
            for action in (("create", "release"), ("all",)):
                self.dev("--stack", str(self.stack), "stack", *action)
            self.dev("--stack", str(self.stack), "restart", "edge-http", "COMANDA_HTTP_THREADS=600")
        except BaseException:
            self.end()
            raise

    def dev(self, *arguments):
        subprocess.run([str(self.root / "dev"), *arguments], check=True, stdout=sys.stderr,
                       env={name: value for name, value in os.environ.items() if name != "COMANDA_STACK"})

    def end(self):
        if self.stack.exists():
            self.dev("--stack", str(self.stack), "stack", "wipe")
        shutil.rmtree(self.root, ignore_errors=True)


def look(stack, seconds):
    slow = bench.latency(stack, seconds)
    reads = bench.measured(stack, "get_product", connections=64, seconds=seconds)
    orders = bench.measured(stack, "place_order", connections=512, seconds=seconds, warm_up=2)
    stack.await_settled()
    return {"reads/s": reads["per_s"], "CPU µs a read": paired_slices.cpu_each(reads, reads["per_s"]),
            "orders confirmed/s": orders["confirmed_per_s"],
            "CPU µs an order": paired_slices.cpu_each(orders, orders["confirmed_per_s"]),
            "accepted to committed at 50/s, p50 ms": slow["committed"]["p50_ms"]}


def main():
    parser = argparse.ArgumentParser(prog="./dev bench --without", description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=sorted(WITHOUT))
    parser.add_argument("--seconds", type=float, default=5, help="counted seconds a scenario (5)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of both (3)")
    options = parser.parse_args()
    other = Other(options.name)
    try:
        stacks = [bench_stack.Stack(os.environ["COMANDA_STACK"]), bench_stack.Stack(other.stack)]
        for stack in stacks:
            stack.fill()
        found = [[look(stack, options.seconds) for stack in stacks] for _ in range(options.rounds)]
    finally:
        other.end()
    print(f"\n  {'without ' + options.name:<42}{'with':>10}{'without':>10}")
    for what in found[0][0]:
        pair = [statistics.median(measured[i][what] for measured in found) for i in range(2)]
        print(f"  {what:<42}" + "".join(f"{value:>10,.1f}" for value in pair))


if __name__ == "__main__":
    main()
