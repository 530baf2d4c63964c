"""The stack under test: its addresses, its parts, its databases, its metrics, and tokens signed with its key."""
import os
import re
import subprocess
import time
import uuid
from contextlib import closing, contextmanager
from pathlib import Path

import jwt
import psycopg2
import pytest
import requests

from harness.waiting import eventually

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ("svc-users", "svc-products", "svc-orders", "edge-http")
PARTS = ("rabbitmq", "postgres", "redis") + PROGRAMS


class Stack:
    def __init__(self, directory):
        self.directory = Path(directory)
        lines = (self.directory / "env").read_text().splitlines()
        self.names = dict(line.split("=", 1) for line in lines)
        self.url = self["COMANDA_URL"]
        self.token_key = Path(self["COMANDA_TOKEN_KEY_FILE"]).read_text()

    def __getitem__(self, name):
        return self.names[name]

    @property
    def port(self):
        return int(self["COMANDA_HTTP_PORT"])

    # ---- parts ----

    def dev(self, *arguments, check=True, **more):
        command = [str(ROOT / "dev"), "--stack", str(self.directory), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=180, **more)
        assert not check or done.returncode == 0, f"./dev {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}"
        return done

    def stop(self, part):
        self.dev("stop", part)

    def start(self, part, **settings):
        """Starts the part and returns when it is ready."""
        self.dev("start", part, *(f"{name}={value}" for name, value in settings.items()))

    def restart(self, part, **settings):
        self.dev("restart", part, *(f"{name}={value}" for name, value in settings.items()))

    def pid(self, part):
        """The process id, None while it does not run."""
        try:
            return int((self.directory / "run" / f"{part}.pid").read_text().split()[0])
        except (FileNotFoundError, IndexError):
            return None

    def restarts(self, part):
        return int((self.directory / "run" / f"{part}.restarts").read_text())

    def ready(self, program):
        return self.admin(program, "readyz").status_code == 200

    # ---- inspection ----

    def admin(self, program, path):
        """GET of a program's admin port."""
        port = self[f"COMANDA_{program.upper().replace('-', '_')}_ADMIN_PORT"]
        try:
            return _plain().get(f"http://127.0.0.1:{port}/{path}", timeout=5)
        except requests.ConnectionError:
            answer = requests.Response()
            answer.status_code = 0
            return answer

    def metric(self, program, name, **labels):
        """A counter's value; 0 if it does not exist yet."""
        wanted = "".join(f'.*{label}="{re.escape(value)}"' for label, value in labels.items())
        line = re.compile(rf"^{name}(\{{{wanted}.*\}})? ([0-9.e+-]+)$", re.M)
        return sum(float(found[2]) for found in line.finditer(self.admin(program, "metrics").text))

    @contextmanager
    def database(self, service, whose="DATABASE"):
        """A cursor in a service's database, as that service; a transaction that ends with the block."""
        url = self[f"COMANDA_{whose}_URL_SVC_{service.upper()}"]
        with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
            yield cursor

    def sql(self, service, statement, *values):
        """All rows of one statement."""
        with self.database(service) as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def alter(self, service, statement):
        """Runs a statement as the role that owns the tables."""
        with self.database(service, "MIGRATIONS") as cursor:
            cursor.execute(statement)

    def management(self, method, path, **more):
        """The broker's management API; the path comes after /api/."""
        return _plain().request(method, f"{self['COMANDA_MANAGEMENT_URL']}/api/{path}", timeout=10, **more)

    # ---- tokens ----

    def token(self, user_id, role="customer", lifetime=3600, **claims):
        """An access token like those of svc-users. Claims given replace its own; None leaves one out."""
        now = int(time.time())
        content = {"iss": "comanda", "aud": "comanda", "sub": str(user_id), "sid": str(uuid.uuid4()), "role": role,
                   "iat": now, "exp": now + lifetime}
        content.update(claims)
        content = {name: value for name, value in content.items() if value is not None}
        return jwt.encode(content, self.token_key, algorithm="ES256", headers={"kid": self.key_id()})

    def key_id(self):
        if not hasattr(self, "_key_id"):
            self._key_id = _plain().get(f"{self.url}/.well-known/jwks.json", timeout=10).json()["keys"][0]["kid"]
        return self._key_id


def waiting_for_locks(stack, service):
    """Pids of the database sessions that wait for a lock."""
    return {row[0] for row in stack.sql(service, "SELECT l.pid FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
                                                 " WHERE NOT l.granted AND a.datname = current_database()")}


def move_deadline(stack, order_id, due):
    """Sets an order's deadline to a time in SQL, once the deadline has its own row: a second after its batch."""
    eventually(lambda: stack.sql("orders", f"UPDATE deadlines SET due_at = {due} WHERE subject = %s RETURNING 1",
                                 order_id))


def stack_under_test():
    directory = os.environ.get("COMANDA_STACK")
    if not directory:
        pytest.exit("COMANDA_STACK names no stack: ./dev test [PYTEST ARGUMENTS] starts one and runs these", 2)
    return Stack(directory)


def _plain():
    """A session that ignores the proxies of the environment."""
    session = requests.Session()
    session.trust_env = False
    return session
