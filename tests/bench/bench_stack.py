"""The stack under measurement: its addresses, its test data, and the load on it."""
import json
import os
import platform
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import resource_usage

ROOT = Path(__file__).resolve().parents[2]
PRODUCTS, BUYERS = 10_000, 32


class Stack:
    def __init__(self, directory):
        self.directory = Path(directory)
        self.names = dict(line.split("=", 1) for line in (self.directory / "env").read_text().splitlines())
        self.bin = Path(self["COMANDA_BIN"])
        self.replicas = []  # (program, pid, admin port) of the second processes that run
        self.products, self.tokens = self.directory / "bench-products", self.directory / "bench-tokens"

    def __getitem__(self, name):
        return self.names[name]

    # ---- parts ----

    def dev(self, *arguments, given=None):
        command = [str(ROOT / "dev"), "--stack", str(self.directory), *arguments]
        return subprocess.run(command, input=given, check=True, capture_output=True, text=True).stdout

    def psql(self, service, statement):
        """Like ./dev psql, but without the shell scripts, which would use CPU during the measurement."""
        psql = max(Path("/usr/lib/postgresql").glob("*/bin/psql"), key=lambda path: int(path.parts[4]))
        command = [psql, "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", self["COMANDA_POSTGRES_SOCKET"],
                   "-p", self["COMANDA_POSTGRES_PORT"], "-U", "postgres", "-d", service]
        return subprocess.run(command, input=statement, check=True, capture_output=True, text=True).stdout.strip()

    def pid(self, part):
        try:
            return int((self.directory / "run" / f"{part}.pid").read_text().split()[0])
        except (FileNotFoundError, IndexError):
            return 0

    # ---- test data ----

    def fill(self):
        self.tokens.write_text(self.dev("token"))
        self.load("create_product", connections=32, warm_up=0, seconds=120, requests=PRODUCTS)
        self.products.write_text(self.psql("products", "SELECT id FROM products ORDER BY id") + "\n")
        self.load("register", connections=8, warm_up=0, seconds=60, requests=BUYERS)
        buyers = self.psql("users", "SELECT id FROM users WHERE role = 'customer'").split()
        with self.tokens.open("a") as file, ThreadPoolExecutor(2) as pool:
            file.writelines(pool.map(self.token, buyers))

    def token(self, user):
        command = [self.bin / "comanda", "token", "--key", self["COMANDA_TOKEN_KEY_FILE"], "--subject", user,
                   "--role", "customer", "--ttl", "7200"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def prepare_ceilings(self):
        """Creates a virtual host with the product's topology and a database with its tables, for the ceilings alone."""
        subprocess.run([self.bin / "comanda", "topology", "apply"], check=True, capture_output=True,
                       env={**os.environ, **self.names, "COMANDA_VHOST": "ceiling"})
        tables = [path.read_text() for folder in ("runtime/store", "svc-orders", "svc-products")
                  for path in sorted((ROOT / folder / "migrations").glob("*.sql"))]
        catalogue = f"""
            INSERT INTO products (id, sku, name, description, price_cents, currency, on_hand, reserved, status,
                                  created_at, updated_at, version, sequence)
            SELECT gen_random_uuid(), n::text, 'Espresso beans, 1 kg', 'Whole beans.', 1890, 'EUR', 1000000000, 0,
                   'active', now(), now(), 1, 1 FROM generate_series(1, {PRODUCTS}) n;"""
        subprocess.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", self["COMANDA_TEST_DATABASE_URL"]], check=True,
                       capture_output=True, text=True, input="\n".join(tables) + catalogue)

    # ---- load ----

    def start_load(self, scenario, connections, seconds, warm_up=1.5, rate=0, requests=0, more=()):
        command = [self.bin / "comanda-load", "--address", f"127.0.0.1:{self['COMANDA_HTTP_PORT']}",
                   "--scenario", scenario, "--connections", connections, "--seconds", seconds, "--warm-up", warm_up,
                   "--rate", rate, "--requests", requests, "--tokens", self.tokens, *more]
        if self.products.exists():
            command += ["--products", self.products]
        return subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True)

    def load(self, scenario, **how):
        return json.loads(self.start_load(scenario, **how).communicate()[0])

    def ceiling(self, name, seconds, warm_up=0.8):
        """Rate per second, and CPU µs per operation: of the ceiling program and the server it uses."""
        url = self["COMANDA_TEST_DATABASE_URL"] if name == "database" else self["COMANDA_TEST_BROKER_URL"] + "ceiling"
        below = "postgres" if name == "database" else "rabbitmq"
        command = [str(self.bin / "comanda-ceiling"), name, url, str(warm_up), str(seconds)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        time.sleep(warm_up + 0.1)
        begun, before = time.monotonic(), self.cpu_with(process.pid)
        time.sleep(max(0, seconds - 0.2))
        ended, after = time.monotonic(), self.cpu_with(process.pid)
        spent = resource_usage.cpu_between(before, after)
        cpu = (spent[below] + spent["harness"]) / (ended - begun)
        printed = process.communicate()[0]
        if process.returncode != 0:
            raise subprocess.CalledProcessError(process.returncode, command)
        return float(printed), cpu / float(printed) * 1e6

    def cpu_with(self, pid):
        harness = resource_usage.read_stat(pid)
        return {**resource_usage.cpu_seconds(self), "harness": resource_usage.own_seconds(harness) if harness else 0}

    def pending(self):
        return int(self.psql("orders", "SELECT count(*) FROM orders WHERE state < 3"))

    def await_settled(self, timeout=120):
        until = time.monotonic() + timeout
        while self.pending() and time.monotonic() < until:
            time.sleep(0.1)

    def wal_bytes(self):
        return int(self.psql("orders", "SELECT pg_current_wal_insert_lsn() - '0/0'"))

    def settle_storage(self):
        """Finishes deferred work: checkpoint, file system sync, vacuum of the ceiling's tables."""
        self.psql("component", "VACUUM")
        self.psql("component", "CHECKPOINT")
        os.sync()

    def fsync_ms(self):
        """The median time of an fdatasync of 8 kB on the stack's disk."""
        took = []
        with tempfile.NamedTemporaryFile(dir=self.directory) as file:
            for _ in range(100):
                file.seek(0)
                file.write(bytes(8192))
                file.flush()
                before = time.monotonic()
                os.fdatasync(file.fileno())
                took.append(time.monotonic() - before)
        return round(sorted(took)[50] * 1000, 2)


def machine():
    model = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    return {"cpu": model, "cores": os.cpu_count(), "kernel": platform.release()}


def commit():
    git = ["git", "-c", f"safe.directory={ROOT}", "-C", str(ROOT)]
    name = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    changed = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True).stdout.strip()
    return name + ("+" if changed else "")
