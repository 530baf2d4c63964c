"""The edge under attack: the requests of malformed_requests.py, slow clients, half-closed sockets and a thousand idle
connections. It gives an allowed answer or closes, does not grow, and continues to serve."""
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from harness.waiting import SLOWNESS, eventually
from harness.raw_http import Reply, exchange, request
from harness.rest import is_served, problem

from hostile.malformed_requests import HOSTILE, TOKEN

pytestmark = pytest.mark.hostile
GOOD = b"GET /v1/products?limit=1 HTTP/1.1\r\nHost: localhost\r\n\r\n"
INSIDE = re.compile(rb"SELECT |INSERT |SQLSTATE|libpq|psycopg|amqp|rabbit|\bqueue\b|relation \"|\.c:\d+|0x[0-9a-f]{8}", re.I)


def serves(stack, within=10):
    began = time.monotonic()
    answer = request(stack.port, "GET /v1/products?limit=1 HTTP/1.1")
    return answer.status_code == 200 and time.monotonic() - began < within * SLOWNESS


def memory_mb(stack):
    status = Path(f"/proc/{stack.pid('edge-http')}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1024


def sockets(stack):
    """The number of open connections of the edge's port."""
    count = 0
    wanted = f":{stack.port:04X}"
    for line in Path(f"/proc/{stack.pid('edge-http')}/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        count += fields[1].endswith(wanted) and fields[3] == "01"
    return count


@pytest.fixture(autouse=True)
def the_edge_lives_on(stack, request):
    """The edge must not restart, unless the test does it."""
    pid = stack.pid("edge-http")
    yield
    assert "restarts" in request.keywords or stack.pid("edge-http") == pid
    assert eventually(lambda: serves(stack))


@contextmanager
def connections(stack, count):
    with ExitStack() as opened:
        yield [opened.enter_context(socket.create_connection(("127.0.0.1", stack.port), timeout=30))
               for _ in range(count)]


# ---- one request each ----

def judge(received, right):
    """The fault of an answer, or None."""
    if not received:
        return None if None in right else "no answer"
    reply = Reply(received)
    if reply.status_code not in right:
        return f"{reply.status_code}: {reply.text[:200]}"
    if received.count(b"\r\nDate: ") != 1:
        return "more than one answer"
    if reply.status_code >= 400:
        problem(reply, reply.status_code)
        found = INSIDE.search(reply.body)
        if found:
            return f"it tells of the inside: {found[0]!r}"
    return None if "Set-Cookie" not in reply.headers else "a header of the client's making"


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_request_gets_the_right_answer_or_none(stack, customer, name):
    sent, right = HOSTILE[name]
    wrong = judge(exchange(stack.port, sent.replace(TOKEN, customer.token.encode())), right)
    assert wrong is None, f"{name}: {wrong}; right were {right}"


# ---- connections ----

@pytest.fixture(scope="module")
def strict(stack, customer):
    """An edge with short timeouts and few threads."""
    stack.restart("edge-http", COMANDA_HTTP_HEADER_TIMEOUT="1500ms", COMANDA_HTTP_BODY_TIMEOUT="1500ms",
                  COMANDA_HTTP_IDLE_TIMEOUT="3s", COMANDA_HTTP_OVERLOAD_TIMEOUT="400ms", COMANDA_HTTP_THREADS="12")
    eventually(lambda: is_served(customer), 30)
    yield stack
    stack.restart("edge-http")
    eventually(lambda: is_served(customer), 30)


def test_hostile_requests_leave_no_memory_behind(strict, customer):
    token = customer.token.encode()
    requests = [sent.replace(TOKEN, token) for sent, _ in HOSTILE.values()]

    def round_of_all(_):
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda sent: exchange(strict.port, sent), requests))

    for number in range(2):  # until every thread's buffer has been touched
        round_of_all(number)
    before = memory_mb(strict)
    for number in range(2):
        round_of_all(number)
    grown = memory_mb(strict) - before
    assert grown < 8 * SLOWNESS, f"{grown:.1f} MB more after another {2 * len(requests)} requests; {before:.1f} before"


@contextmanager
def dripping(clients, text):
    """Sends each client's text byte by byte until the block ends."""
    ended = threading.Event()

    def drip():
        for at in range(len(text)):
            for client in clients:
                with suppress(OSError):
                    client.send(text[at:at + 1])
            if ended.wait(0.05):
                return

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def last_words(client):
    client.settimeout(10 * SLOWNESS)
    received = b""
    try:
        while piece := client.recv(65536):
            received += piece
    except ConnectionError:
        pass
    return received


@pytest.mark.parametrize("text", [GOOD[:30] + b"X-Drip: " + b"x" * 500,
                                  b"POST /v1/auth/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                  b"Content-Length: 500\r\n\r\n" + b" " * 500], ids=["heads", "bodies"])
def test_slow_senders_do_not_block_others(strict, text):
    """Three times as many clients as threads; each gets 408 or is closed."""
    with connections(strict, 120) as clients:
        head = text.find(b"\r\n\r\n") + 4 if b"\r\n\r\n" in text else 40
        for client in clients:
            client.sendall(text[:head])
        with dripping(clients, text[head:]):
            for _ in range(5):
                assert serves(strict, 4), "others wait too long"
        answers = [last_words(client) for client in clients]
    statuses = {Reply(answer).status_code for answer in answers if answer}
    assert statuses <= {400, 408} and 408 in statuses, statuses


def test_a_slow_head_and_a_slow_body_are_given_up(strict):
    for sent in (b"GET /v1/products HTTP/1.1\r\nHost: lo", b"POST /v1/auth/token HTTP/1.1\r\nHost: localhost\r\n"
                 b"Content-Type: application/json\r\nContent-Length: 10\r\n\r\n{"):
        with connections(strict, 1) as [client]:
            began = time.monotonic()
            client.sendall(sent)
            problem(Reply(last_words(client)), 408)
            assert 1 < time.monotonic() - began < 4 * SLOWNESS


def test_a_silent_client_is_hung_up_on(strict):
    with connections(strict, 1) as [client]:
        assert last_words(client) == b""


def test_a_thousand_idle_connections_do_not_block_others(strict):
    before = memory_mb(strict)
    with connections(strict, 1000):
        began = time.monotonic()
        assert request(strict.port, "GET /v1/products?limit=1 HTTP/1.1").status_code == 200
        assert time.monotonic() - began < 20 * SLOWNESS
        assert memory_mb(strict) - before < 30 * SLOWNESS
    eventually(lambda: sockets(strict) < 10, 20)


def test_slow_readers_do_not_block_others(strict):
    with connections(strict, 30) as clients:
        for client in clients:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.setblocking(False)
            with suppress(OSError):
                client.send(GOOD.replace(b"limit=1", b"limit=100") * 200)
        assert serves(strict, 5)


def test_half_closed_sockets_get_their_answer(strict):
    with connections(strict, 20) as clients:
        for client in clients:
            client.sendall(GOOD)
            client.shutdown(socket.SHUT_WR)
        assert all(last_words(client).startswith(b"HTTP/1.1 200") for client in clients)


def test_resets_at_any_moment_affect_no_other(strict):
    for size in range(0, len(GOOD), 3):
        with connections(strict, 1) as [client]:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            client.sendall(GOOD[:size])


@pytest.mark.restarts
def test_one_address_has_no_more_connections_than_it_may(stack, customer):
    stack.restart("edge-http", COMANDA_HTTP_MAX_CONNECTIONS_PER_IP="8", COMANDA_LIMIT_EXEMPT="10.0.0.0/8")
    try:
        eventually(lambda: serves(stack))
        with connections(stack, 8) as clients:
            for client in clients:
                client.sendall(GOOD)
                assert client.recv(65536).startswith(b"HTTP/1.1 200")
            reply = request(stack.port, "GET /v1/products?limit=1 HTTP/1.1")
            problem(reply, 429)
            assert int(reply.headers["Retry-After"]) >= 1
    finally:
        stack.restart("edge-http")
    eventually(lambda: is_served(customer), 30)


@pytest.mark.restarts
def test_a_program_with_open_connections_stops_at_once(strict):
    with connections(strict, 20) as clients:
        for client in clients[:10]:
            client.sendall(GOOD)
            client.recv(65536)
        began = time.monotonic()
        strict.stop("edge-http")
        took = time.monotonic() - began
        strict.start("edge-http")
    assert took < 2 * SLOWNESS, f"{took:.1f} s"


