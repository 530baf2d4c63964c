"""Measures the time from the start of each program until it is ready, with second processes beside the first."""
import socket
import statistics
import time
import urllib.request

import resource_usage
from long_runs import Replica


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ready(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1):
            return True
    except OSError:
        return False


def start_ms(stack, program):
    port, http_port = free_port(), free_port()
    begun = time.monotonic()
    copy = Replica(stack, program, port, COMANDA_HTTP_PORT=str(http_port))
    try:
        while not ready(port):
            if time.monotonic() - begun > 30:
                raise SystemExit(f"a second {program} is not ready 30 s after its start")
            time.sleep(0.002)
        return round((time.monotonic() - begun) * 1000)
    finally:
        copy.stop()


def run(stack, times=5):
    """Milliseconds of each start, fastest first."""
    return {program: sorted(start_ms(stack, program) for _ in range(times)) for program in resource_usage.PROGRAMS}


def medians(found):
    return {program: statistics.median(took) for program, took in found.items()}


def show(found):
    print("\nFrom start to ready, ms")
    for program, took in found.items():
        print(f"{program:14}" + " ".join(f"{ms:5}" for ms in took) + f"   median {statistics.median(took)}")
