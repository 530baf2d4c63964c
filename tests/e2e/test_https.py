"""TLS by setting: only HTTPS, TLS 1.2 or newer, HSTS; clients without a handshake do not block others."""
import socket
import ssl
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from harness.waiting import SLOWNESS, eventually
from harness.prometheus import free_port
from harness.rest import is_served
from harness.stack import PROGRAMS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    directory = tmp_path_factory.mktemp("tls")
    files = directory / "certificate.pem", directory / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-out", files[0], "-keyout", files[1]], check=True, capture_output=True)
    return files


@pytest.fixture(scope="module")
def url(stack, customer, certificate):
    stack.restart("edge-http", COMANDA_TLS_CERTIFICATE=str(certificate[0]), COMANDA_TLS_KEY=str(certificate[1]),
                  COMANDA_HTTP_THREADS="12", COMANDA_HTTP_HEADER_TIMEOUT="2s", COMANDA_HTTP_OVERLOAD_TIMEOUT="400ms")
    yield f"https://localhost:{stack.port}/v1/products?limit=1"
    stack.restart("edge-http")
    eventually(lambda: is_served(customer))


def ask(url, certificate):
    session = requests.Session()
    session.trust_env = False
    return session.get(url, verify=str(certificate[0]), timeout=10 * SLOWNESS)


def status(url, certificate):
    """0 if the connection was closed, which may happen before the handshake while all threads are busy."""
    try:
        return ask(url, certificate).status_code
    except requests.ConnectionError:
        return 0


def versions(stack, certificate, low, high):
    """The negotiated version, or None."""
    context = ssl.create_default_context(cafile=str(certificate[0]))
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = low, high
    try:
        with socket.create_connection(("localhost", stack.port), timeout=10) as plain, \
                context.wrap_socket(plain, server_hostname="localhost") as connection:
            return connection.version()
    except (ssl.SSLError, ConnectionError):
        return None


def test_https_is_served_with_strict_transport_security(url, certificate):
    answer = ask(url, certificate)
    assert answer.status_code == 200 and answer.json()["items"] is not None
    assert answer.headers["Strict-Transport-Security"] == f"max-age={365 * 24 * 3600}"


def test_nothing_older_than_tls_1_2_is_agreed_on(stack, url, certificate):
    assert versions(stack, certificate, ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
    assert versions(stack, certificate, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
    assert versions(stack, certificate, ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1) is None


def test_plain_http_is_not_answered_on_the_tls_port(stack, url, certificate):
    with socket.create_connection(("127.0.0.1", stack.port), timeout=10) as connection:
        connection.sendall(b"GET /v1/products HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"200" not in connection.recv(65536)
    assert ask(url, certificate).status_code == 200


def test_clients_without_a_tls_handshake_do_not_block_others(stack, url, certificate):
    with ExitStack() as opened:
        for _ in range(60):
            connection = opened.enter_context(socket.create_connection(("127.0.0.1", stack.port)))
            connection.sendall(b"\x16\x03\x01")
        eventually(lambda: status(url, certificate) == 200, 8)


def test_what_is_installed_serves_https_too(stack, certificate, tmp_path):
    """cmake --install installs programs, units and the two libraries for TLS, and they find each other."""
    subprocess.run(["cmake", "--install", Path(stack["COMANDA_BIN"]).parent, "--prefix", tmp_path], check=True, capture_output=True)
    assert {path.name for path in (tmp_path / "bin").iterdir()} == {*PROGRAMS, "comanda"}
    assert (tmp_path / "lib/systemd/system/comanda-edge-http.service").exists()
    port = free_port()
    settings = {"COMANDA_BROKER_URL": "amqp://nobody@127.0.0.1:1/", "COMANDA_HTTP_PORT": str(port), "COMANDA_HTTP_THREADS": "4",
                "COMANDA_TLS_CERTIFICATE": str(certificate[0]), "COMANDA_TLS_KEY": str(certificate[1])}
    with subprocess.Popen([tmp_path / "bin/edge-http"], env=settings, stderr=subprocess.DEVNULL) as edge:
        try:
            eventually(lambda: status(f"https://localhost:{port}/nowhere", certificate) == 404)
        finally:
            edge.terminate()


def test_many_requests_on_one_connection_and_a_body(url, certificate):
    with requests.Session() as session:
        session.trust_env, session.verify = False, str(certificate[0])
        for _ in range(20):
            answer = session.post(url.replace("/products?limit=1", "/auth/token"), json={"grant_type": "x" * 1000}, timeout=10)
            assert answer.status_code == 422
