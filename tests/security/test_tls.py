"""TLS to the broker and the databases: programs verify their certificates against a private CA."""
import datetime
import ipaddress
import json
import os
import shutil
import socket
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from harness.waiting import eventually
from harness.stack import ROOT

pytestmark = pytest.mark.slow


def name_of(text):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


class Authority:
    def __init__(self, directory, name):
        self.key, self.name, self.file = ec.generate_private_key(ec.SECP256R1()), name_of(name), directory / f"{name}.pem"
        self.certificate = self._sign(self.name, self.key, x509.BasicConstraints(ca=True, path_length=0), [])
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def _sign(self, subject, key, constraints, names, days=1):
        now = datetime.datetime.utcnow()
        made = (x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key.public_key())
                .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=2))
                .not_valid_after(now + datetime.timedelta(days=days)).add_extension(constraints, critical=True))
        if names:
            made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return made.sign(self.key, hashes.SHA256())

    def server(self, directory, label, names, days=1):
        """A server's key and certificate, as files."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._sign(name_of(label), key, x509.BasicConstraints(ca=False, path_length=None), names, days)
        files = SimpleNamespace(certificate=directory / f"{label}.crt", key=directory / f"{label}.key")
        files.certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        files.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                serialization.NoEncryption()))
        files.key.chmod(0o600)
        return files


LOCALHOST = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]


@pytest.fixture(scope="module")
def authorities(tmp_path_factory):
    directory = tmp_path_factory.mktemp("tls")
    return SimpleNamespace(directory=directory, ours=Authority(directory, "ours"), others=Authority(directory, "others"))


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def logged(stack, program, event):
    """The details of a program's log lines of one event."""
    lines = (stack.directory / "log" / f"{program}.log").read_text().splitlines()
    read = (json.loads(line) for line in lines if line.startswith("{"))
    return [line.get("detail", "") for line in read if line["event"] == event]


class starting:
    """Starts a program that need not become ready; stops it at the end of the block."""

    def __init__(self, stack, program, **settings):
        self.stack, self.program = stack, program
        self.command = [str(ROOT / "dev"), "--stack", str(stack.directory), "start", program,
                        *(f"{name}={value}" for name, value in settings.items())]

    def __enter__(self):
        self.started = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __exit__(self, *_):
        self.started.terminate()
        self.started.wait(30)
        self.stack.dev("stop", self.program)


# ---- the broker ----

def listen_with_tls(stack, port, files):
    """Adds a TLS listener to the running broker."""
    options = (f'[{{certfile, "{files.certificate}"}}, {{keyfile, "{files.key}"}}, {{verify, verify_none}}]')
    done = stack.dev("stack", "rabbitmqctl", "eval",
                     f'rabbit_networking:start_ssl_listener({{"127.0.0.1", {port}, auto}}, {options}, 1).')
    assert "error" not in done.stdout, done.stdout


def with_tls(url, port, ca=None, host="localhost"):
    made = url.replace("amqp://", "amqps://").rsplit("@", 1)[0] + f"@{host}:{port}/comanda"
    return made + (f"?cacertfile={ca}" if ca else "")


@pytest.fixture(scope="module")
def secure_broker(stack, authorities):
    ports = SimpleNamespace(good=free_port(), wrong_name=free_port(), expired=free_port())
    ours, directory = authorities.ours, authorities.directory
    listen_with_tls(stack, ports.good, ours.server(directory, "broker", LOCALHOST))
    listen_with_tls(stack, ports.wrong_name, ours.server(directory, "elsewhere", [x509.DNSName("broker.example")]))
    listen_with_tls(stack, ports.expired, ours.server(directory, "expired", LOCALHOST, days=-1))
    return ports


@pytest.fixture
def svc_users(stack):
    """Restores svc-users after a test."""
    yield "svc-users"
    stack.dev("stop", "svc-users", check=False)
    stack.start("svc-users")
    eventually(lambda: stack.ready("svc-users"))


def test_a_service_and_the_edge_work_over_amqps(stack, secure_broker, authorities, svc_users, api):
    url = with_tls(stack["COMANDA_BROKER_URL_SVC_USERS"], secure_broker.good, authorities.ours.file)
    stack.restart(svc_users, COMANDA_BROKER_URL=url)
    assert stack.ready(svc_users)
    assert api.get("/users").status_code == 401

    def encrypted():
        mine = [one for one in stack.management("GET", "connections").json() if one.get("user") == svc_users]
        return mine and all(one["ssl"] and one["ssl_protocol"] in ("tlsv1.2", "tlsv1.3") for one in mine)

    eventually(encrypted, timeout=20)


@pytest.mark.parametrize("how", ["of another authority", "in another name", "expired", "not known to the system"])
def test_a_broker_that_cannot_prove_itself_is_not_spoken_to(stack, secure_broker, authorities, svc_users, how):
    port = {"in another name": secure_broker.wrong_name, "expired": secure_broker.expired}.get(how, secure_broker.good)
    ca = {"of another authority": authorities.others.file, "not known to the system": None}.get(how, authorities.ours.file)
    before = len(logged(stack, svc_users, "broker.unavailable"))
    stack.stop(svc_users)
    with starting(stack, svc_users, COMANDA_BROKER_URL=with_tls(stack["COMANDA_BROKER_URL_SVC_USERS"], port, ca)):
        eventually(lambda: stack.admin(svc_users, "healthz").status_code == 200, timeout=20)
        eventually(lambda: refused(stack, svc_users, before), timeout=20)
        assert not stack.ready(svc_users)


def refused(stack, program, before):
    said = logged(stack, program, "broker.unavailable")[before:]
    return any("SSL" in text or "certificate" in text or "hostname" in text for text in said)


# ---- the databases ----

@pytest.fixture(scope="module")
def secure_database(stack, authorities):
    """PostgreSQL reloads its certificate without a restart."""
    files = authorities.ours.server(authorities.directory, "postgres", LOCALHOST)
    data = Path(psql(stack, "SHOW data_directory"))
    for file, name in ((files.certificate, "test.crt"), (files.key, "test.key")):
        shutil.copyfile(file, data / name)
        (data / name).chmod(0o600)
        if os.geteuid() == 0:
            shutil.chown(data / name, "postgres", "postgres")
    psql(stack, "ALTER SYSTEM SET ssl_cert_file = 'test.crt'", "ALTER SYSTEM SET ssl_key_file = 'test.key'",
         "ALTER SYSTEM SET ssl = on", "SELECT pg_reload_conf()")
    eventually(lambda: psql(stack, "SHOW ssl") == "on")
    yield
    psql(stack, "ALTER SYSTEM RESET ssl", "ALTER SYSTEM RESET ssl_cert_file", "ALTER SYSTEM RESET ssl_key_file",
         "SELECT pg_reload_conf()")


def psql(stack, *statements):
    done = [stack.dev("psql", "users", "-qAt", input=statement + ";\n").stdout.strip() for statement in statements]
    return done[-1]


def database_url(stack, ca):
    url = stack["COMANDA_DATABASE_URL_SVC_USERS"].replace("@127.0.0.1:", "@localhost:")
    return f"{url}?sslmode=verify-full&sslrootcert={ca}"


def test_a_service_works_over_tls_to_its_database(stack, secure_database, authorities, svc_users):
    stack.restart(svc_users, COMANDA_DATABASE_URL=database_url(stack, authorities.ours.file))
    assert stack.ready(svc_users)
    plain = psql(stack, "SELECT count(*) FILTER (WHERE NOT ssl), count(*) FROM pg_stat_activity JOIN pg_stat_ssl USING (pid)"
                        " WHERE usename = 'svc_users' AND application_name LIKE 'svc-users/%'")
    without, connections = plain.split("|")
    assert without == "0" and int(connections) >= 3


def test_a_database_that_cannot_prove_itself_is_not_spoken_to(stack, secure_database, authorities, svc_users):
    before = len(logged(stack, svc_users, "database.unavailable"))
    stack.stop(svc_users)
    with starting(stack, svc_users, COMANDA_DATABASE_URL=database_url(stack, authorities.others.file)):
        eventually(lambda: any("certificate verify failed" in text
                               for text in logged(stack, svc_users, "database.unavailable")[before:]), timeout=20)
        assert not stack.ready(svc_users)
