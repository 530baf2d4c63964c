"""HTTP framing: requests with ambiguous ends are refused, so that a proxy and the edge cannot disagree."""
import socket

import pytest

from harness.waiting import eventually
from harness.raw_http import Reply, exchange, request
from harness.rest import problem

GET = "GET /v1/products?limit=1 HTTP/1.1"
POST = "POST /v1/auth/token HTTP/1.1"
JSON = "Content-Type: application/json"


@pytest.fixture(autouse=True)
def the_edge_lives_on(stack):
    pid = stack.pid("edge-http")
    yield
    assert stack.pid("edge-http") == pid
    assert request(stack.port, GET).status_code == 200


@pytest.mark.sanitizer
def test_a_plain_request_is_answered(stack):
    reply = request(stack.port, GET)
    assert reply.status_code == 200 and reply.json()["items"] is not None


# ---- where a request ends ----

SMUGGLED = b"GET /v1/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.sanitizer
@pytest.mark.parametrize("headers", [
    ["Content-Length: 4", "Transfer-Encoding: chunked"],
    ["Transfer-Encoding: chunked", "Content-Length: 4"],
    ["Content-Length: 4", "Content-Length: 60"],
    ["Content-Length: 4", "Content-Length: 4"],
    ["Content-Length: 4, 60"],
    ["Content-Length: 4,4"],
    ["Content-Length: +4"],
    ["Content-Length: -4"],
    ["Content-Length: 0x4"],
    ["Content-Length: 4 4"],
    ["Content-Length: four"],
    ["Content-Length:"],
    ["Content-Length: 99999999999999999999"],
    ["Content-Length : 4"],
    [" Content-Length: 4"],
    ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
    ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
    ["Transfer-Encoding : chunked"],
    ["X: y", " Transfer-Encoding: chunked"],
    ["X: y\nTransfer-Encoding: chunked"],
], ids=" | ".join)
def test_a_request_with_an_ambiguous_end_is_refused(stack, headers):
    head = "\r\n".join([POST, "Host: localhost", JSON, *headers, "", ""]).encode("latin-1")
    received = exchange(stack.port, head + b"0\r\n\r\n" + SMUGGLED)
    problem(Reply(received), 400, code="bad_request")
    assert received.count(b"HTTP/1.1 ") == 1, "what follows was read as another request"


@pytest.mark.parametrize("coding", ["gzip", "gzip, chunked", "chunked, chunked", "xchunked", "chunked;q=1", "identity"])
def test_a_transfer_coding_that_we_do_not_have_is_refused(stack, coding):
    reply = request(stack.port, POST, JSON, f"Transfer-Encoding: {coding}", body=b"0\r\n\r\n")
    assert reply.status_code in (400, 501)
    problem(reply, reply.status_code)


@pytest.mark.parametrize("chunks", [b"x\r\n{}\r\n0\r\n\r\n", b"-1\r\n{}\r\n0\r\n\r\n", b"ffffffffffffffff\r\n{}",
                                    b"2\r\n{}\r\n", b"\r\n", b"fffffffffffffffffffff\r\n{}\r\n0\r\n\r\n"])
def test_chunks_that_are_none_are_refused(stack, chunks):
    problem(request(stack.port, POST, JSON, "Transfer-Encoding: chunked", body=chunks), 400, code="bad_request")


def test_a_chunked_body_is_read_like_any_other(stack):
    body = b'{"grant_type":"magic"}'
    chunks = b"".join(b"%x\r\n%c\r\n" % (1, byte) for byte in body) + b"0\r\n\r\n"
    problem(request(stack.port, POST, JSON, "Transfer-Encoding: chunked", body=chunks), 422, field="grant_type")


def test_a_body_that_ends_early_is_refused(stack):
    problem(request(stack.port, POST, JSON, "Content-Length: 50", body=b'{"grant_type":'), 400,
            code="bad_request")


# ---- limits ----

def test_a_very_long_path_is_too_long(stack):
    problem(request(stack.port, f"GET /v1/{'x' * 20_000} HTTP/1.1"), 414)
    problem(request(stack.port, f"GET /v1/products?q={'x' * 20_000} HTTP/1.1"), 414)


def test_headers_may_not_be_many_or_long(stack):
    problem(request(stack.port, GET, f"X-Long: {'x' * 40_000}"), 431)
    problem(request(stack.port, GET, *[f"X-{n}: {'y' * 2000}" for n in range(40)]), 431)
    problem(request(stack.port, GET, *[f"X-{n}: y" for n in range(500)]), 431)


def test_an_endless_header_is_cut_off(stack):
    """The server must answer or close, instead of reading without limit."""
    received = exchange(stack.port, GET.encode() + b"\r\nHost: localhost\r\nX: ", *[b"x" * 65536] * 40)
    if received:
        reply = Reply(received)
        assert reply.status_code in (400, 431)
        problem(reply, reply.status_code)


def test_a_declared_length_over_the_limit_is_refused_before_it_is_sent(stack):
    for length in (256 * 1024 + 1, 10**12, 10**17):
        problem(request(stack.port, POST, JSON, f"Content-Length: {length}"), 413)


def test_expect_100_continue_is_answered(stack):
    head = "\r\n".join([POST, "Host: localhost", JSON, "Content-Length: 2", "Expect: 100-continue",
                        "Connection: close", "", ""])
    with socket.create_connection(("127.0.0.1", stack.port), timeout=10) as connection:
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 100 Continue")
        connection.sendall(b"{}")
        problem(Reply(connection.recv(65536)), 422, field="grant_type")
    problem(request(stack.port, POST, JSON, "Content-Length: 300000", "Expect: 100-continue"), 413)
    problem(request(stack.port, POST, JSON, "Content-Length: 2", "Expect: a miracle", body=b"{}"), 417)


# ---- the request line and the rest of the head ----

@pytest.mark.parametrize("start, status", [
    ("BREW /v1/orders HTTP/1.1", {501}), ("get /v1/products HTTP/1.1", {400, 501}),
    ("TRACE /v1/products HTTP/1.1", {405, 501}), ("CONNECT localhost:80 HTTP/1.1", {400, 404, 405, 501}),
    ("GET /v1/products HTTP/2.0", {400, 505}), ("GET /v1/products HTTP/9", {400, 505}),
    ("GET /v1/products", {400, 505}), ("GET products HTTP/1.1", {400}), ("GET", {400}), ("hello", {400}),
    ("GET /v1/pro ducts HTTP/1.1", {400, 505}), ("GET /v1/\x01 HTTP/1.1", {400, 404}),
    ("\x16\x03\x01\x02\x00", {400}),
])
def test_a_start_line_that_is_none_is_refused(stack, start, status):
    reply = request(stack.port, start)
    assert reply.status_code in status
    problem(reply, reply.status_code)


@pytest.mark.parametrize("target", ["*", "http://example.org/v1/products", "https://user@example.org:8080/"])
def test_a_request_that_is_addressed_to_others_is_not_answered_as_if_it_were_ours(stack, target):
    """civetweb closes these connections itself."""
    received = exchange(stack.port, f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    if received:
        problem(Reply(received), 400)


@pytest.mark.parametrize("headers, host", [([], False), (["Host: a", "Host: b"], False), (["NoColon"], True),
                                           ([": empty"], True), (["Folded: a\r\n b"], True)])
def test_a_head_that_breaks_the_rules_is_refused(stack, headers, host):
    problem(request(stack.port, GET, *headers, host=host), 400, code="bad_request")


@pytest.mark.parametrize("host", ["", "a b/c@d", "[::1", "<x>", "a\xff"])
def test_a_host_that_is_none_is_refused(stack, host):
    problem(request(stack.port, GET, f"Host: {host}", host=False), 400, code="bad_request")


@pytest.mark.parametrize("name", ["Authorization", "Content-Type", "Idempotency-Key"])
def test_a_field_that_may_occur_once_is_refused_twice(stack, name):
    problem(request(stack.port, GET, f"{name}: a", f"{name}: b"), 400, code="bad_request")


def test_two_lines_of_a_list_are_one_list(stack, product):
    path = f"GET /v1/products/{product['id']} HTTP/1.1"
    reply = request(stack.port, path, 'If-None-Match: "77"', f'If-None-Match: "{product["version"]}"')
    assert reply.status_code == 304


def test_an_encoded_body_is_refused(stack):
    reply = request(stack.port, POST, JSON, "Content-Encoding: gzip", "Content-Length: 2", body=b"{}")
    problem(reply, 415, code="unsupported_media_type")
    assert reply.headers["Accept-Encoding"] == "identity"


def test_a_nul_in_a_header_does_not_hide_what_follows(stack):
    reply = request(stack.port, POST, JSON, "X: a\x00Content-Length: 3", "Content-Length: 2", body=b"{}")
    problem(reply, reply.status_code if reply.status_code == 422 else 400)


def test_nothing_of_a_request_becomes_a_header_of_the_answer(stack):
    for value in ("a%0d%0aSet-Cookie: x=1", "a\rSet-Cookie: x=1", "a\x0bSet-Cookie: x=1"):
        reply = request(stack.port, GET, f"X-Request-Id: {value}")
        assert "Set-Cookie" not in reply.headers


# ---- connections ----

def test_one_connection_carries_many_requests(stack):
    one = f"{GET}\r\nHost: localhost\r\n\r\n".encode()
    last = f"{GET}\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    assert exchange(stack.port, one * 9 + last).count(b"HTTP/1.1 200 OK") == 10


def test_a_silent_or_slow_client_blocks_no_other(stack):
    silent = [socket.create_connection(("127.0.0.1", stack.port)) for _ in range(60)]
    try:
        for number, connection in enumerate(silent):
            connection.sendall(b"POST /v1/orders HTTP/1.1\r\nHo"[:number])
        assert eventually(lambda: request(stack.port, GET).status_code == 200, timeout=5)
    finally:
        for connection in silent:
            connection.close()


def test_a_client_that_closes_in_the_middle_affects_no_other(stack):
    for size in range(1, 200, 13):
        whole = f"{POST}\r\nHost: localhost\r\n{JSON}\r\nContent-Length: 100\r\n\r\n".encode() + b"{" * 100
        with socket.create_connection(("127.0.0.1", stack.port)) as connection:
            connection.sendall(whole[:size])
