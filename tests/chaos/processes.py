"""The processes of a stack: pids, signals, and second processes of programs."""
import os
import signal
import subprocess
import time
from pathlib import Path

import requests

from chaos.proxy import free_ports

SERVICES = ("svc-users", "svc-products", "svc-orders")
PROGRAMS = SERVICES + ("edge-http",)


def proc(pid, name):
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def parent(pid):
    fields = proc(pid, "stat").rpartition(b")")[2].split()
    return int(fields[1]) if fields else 0


def children(pid):
    return [int(each) for each in os.listdir("/proc") if each.isdigit() and parent(each) == pid]


def alive(stack, part):
    """The pid of the part, if it runs. The file also has the start time, because pids are reused."""
    try:
        pid, start, _ = (stack.directory / "run" / f"{part}.pid").read_text().split()
    except (FileNotFoundError, ValueError):
        return None
    fields = proc(pid, "stat").rpartition(b")")[2].split()
    return int(pid) if len(fields) > 19 and fields[0] != b"Z" and fields[19] == start.encode() else None


def send(pid, number):
    try:
        os.kill(pid, number)
        return True
    except (ProcessLookupError, TypeError):
        return False


def group(stack, part):
    """The part's process and its children, for instance PostgreSQL's."""
    pid = alive(stack, part)
    return [pid, *children(pid)] if pid else []


def backends(stack, service):
    """PostgreSQL's backends of a program."""
    role = service.replace("-", "_").encode()
    return [pid for pid in children(alive(stack, "postgres") or -1) if b"postgres: " + role in proc(pid, "cmdline")]


def await_ready(check, timeout, what):
    until = time.monotonic() + timeout
    while time.monotonic() < until:
        if check():
            return
        time.sleep(0.1)
    raise AssertionError(f"{what} was not ready within {timeout} s")


def footprint(pid):
    """(resident kB, descriptors)"""
    for line in proc(pid, "status").decode().splitlines():
        if line.startswith("VmRSS:"):
            try:
                return int(line.split()[1]), len(os.listdir(f"/proc/{pid}/fd"))
            except OSError:
                return None
    return None


class Replica:
    """A second process of a program, with the settings of the first."""

    def __init__(self, stack, program, build=None):
        self.stack, self.program = stack, program
        first = alive(stack, program)
        words = proc(first, "environ").decode().split("\0") if first else []
        self.environment = dict(word.split("=", 1) for word in words if "=" in word)
        if not self.environment:
            raise AssertionError(f"{program} does not run: nothing to copy")
        self.admin, self.http = free_ports(2)
        self.environment["COMANDA_ADMIN_PORT"] = str(self.admin)
        if program == "edge-http":
            self.environment["COMANDA_HTTP_PORT"] = str(self.http)
        self.url = f"http://127.0.0.1:{self.http}"
        self.binary = Path(build or stack["COMANDA_BIN"]) / program
        self.start()

    def start(self):
        with open(self.stack.directory / "log" / f"{self.program}-replica.log", "ab") as log:
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", str(self.binary)], stdout=log, stderr=log,
                                            env=self.environment, cwd=self.stack.directory, stdin=subprocess.DEVNULL)

    def ready(self):
        return self.admin_get("readyz")[0] == 200

    def admin_get(self, path):
        """(status code, text) of its admin port; 0 where it does not listen."""
        session = requests.Session()
        session.trust_env = False
        try:
            answer = session.get(f"http://127.0.0.1:{self.admin}/{path}", timeout=1)
        except requests.RequestException:
            return 0, ""
        return answer.status_code, answer.text

    def stop(self, how=signal.SIGTERM):
        """Stops it. Returns its exit status, 0 after an orderly end."""
        send(self.process.pid, how)
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return "killed after 20 s"
