"""The cost of tracing: orders without it, with an unavailable collector, and with one that answers, by turns."""
import statistics
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import resource_usage

AWAY = "http://127.0.0.1:1"


class Sink(BaseHTTPRequestHandler):
    """A collector that accepts all spans and ignores them."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def restart(stack, url):
    for program in resource_usage.PROGRAMS:
        kept = stack.directory / "settings" / program
        settings = [word for word in (kept.read_text().split() if kept.exists() else [])
                    if not word.startswith("COMANDA_OTLP_URL=")]
        stack.dev("restart", program, *settings, *([f"COMANDA_OTLP_URL={url}"] if url else []))


def resident_mb(stack):
    return sum(resource_usage.counted({}, resource_usage.counters_of(stack, program), "process_resident_memory_bytes")
               for program in resource_usage.PROGRAMS) / 1e6


def spans(stack, outcome):
    return sum(resource_usage.counted({}, resource_usage.counters_of(stack, program), f'spans_total{{result="{outcome}"')
               for program in resource_usage.PROGRAMS)


def one(stack, measured, seconds, url):
    """CPU of the programs per confirmed order, and the growth of their memory once the queues are full."""
    restart(stack, url)
    measured(stack, "place_order", connections=256, seconds=2, warm_up=1)
    stack.await_settled()
    before = resident_mb(stack)
    result = measured(stack, "place_order", connections=256, seconds=seconds, warm_up=1)
    stack.await_settled()
    cpu = sum(result["cpu"][program] for program in resource_usage.PROGRAMS)
    return {"cpu_us_per_order": cpu * 1e6 / result["confirmed_per_s"], "confirmed_per_s": result["confirmed_per_s"],
            "memory_mb": resident_mb(stack), "memory_grown_mb": resident_mb(stack) - before,
            "exported": spans(stack, "exported"), "dropped": spans(stack, "dropped")}


def run(stack, seconds, rounds, measured, say):
    sink = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    threading.Thread(target=sink.serve_forever, daemon=True).start()
    ways = {"off": None, "away": AWAY, "there": f"http://127.0.0.1:{sink.server_port}"}
    measured_by_way = {name: [] for name in ways}
    for number in range(rounds):
        say(f"round {number + 1} of {rounds}: orders without tracing, with a collector that is away, with one that answers")
        for name, url in ways.items():
            measured_by_way[name].append(one(stack, measured, seconds, url))
    sink.shutdown()
    found = {name: {key: statistics.median(result[key] for result in results) for key in results[0]}
             for name, results in measured_by_way.items()}
    for name in ("away", "there"):
        ratios = [with_it["cpu_us_per_order"] / without["cpu_us_per_order"] - 1
                  for with_it, without in zip(measured_by_way[name], measured_by_way["off"])]
        found[name]["more_cpu_percent"] = [round(100 * ratio, 1) for ratio in sorted(ratios)]
    return found


def show(found):
    print(f"\n{'Tracing':<12}{'µs CPU/order':>14}{'orders/s':>10}{'MB':>8}{'MB grown':>10}{'exported':>10}{'dropped':>10}"
          "   more CPU per order, %, of each round")
    for name, result in found.items():
        print(f"{name:<12}{result['cpu_us_per_order']:>14.1f}{result['confirmed_per_s']:>10,.0f}{result['memory_mb']:>8.1f}"
              f"{result['memory_grown_mb']:>10.2f}{result['exported']:>10,.0f}{result['dropped']:>10,.0f}   "
              f"{', '.join(map(str, result.get('more_cpu_percent', [])))}")
