"""Malformed and malicious requests as bytes, each with the allowed answers. None: the edge may close without an answer."""


HOST = b"Host: localhost\r\n"
JSON = b"Content-Type: application/json\r\n"
TOKEN = b"@TOKEN@"  # where a customer's access token is put in
SIGNED_IN = b"Authorization: Bearer " + TOKEN + b"\r\n"


def raw(start, *lines, body=b"", host=True):
    head = [start, *([HOST.strip()] if host else []), *lines, b"Connection: close"]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def get(target=b"/v1/products?limit=1", *lines):
    return raw(b"GET " + target + b" HTTP/1.1", *lines)


def post(body, *lines, target=b"/v1/auth/token"):
    return raw(b"POST " + target + b" HTTP/1.1", JSON.strip(), b"Content-Length: %d" % len(body), *lines, body=body)


def order(body):
    return post(body, SIGNED_IN.strip(), b"Idempotency-Key: " + b"k" * 20, target=b"/v1/orders")


def framed(*lines, body=b"0\r\n\r\n"):
    """A POST with the given framing headers, and a second request right behind it."""
    return raw(b"POST /v1/auth/token HTTP/1.1", JSON.strip(), *lines,
               body=body + b"GET /v1/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n")


def chunks(body):
    return raw(b"POST /v1/auth/token HTTP/1.1", JSON.strip(), b"Transfer-Encoding: chunked", body=body)



def registration(name):
    return post(b'{"email":"hostile@example.org","name":"' + name + b'","password":"12345678"}', target=b"/v1/users")


def quantity(number):
    return order(b'{"items":[{"product_id":"0193a5b0-7c2d-7e3f-8a9b-0c1d2e3f4a5b","quantity":' + number + b"}]}")


SMUGGLING = {
    "length and coding": (framed(b"Content-Length: 4", b"Transfer-Encoding: chunked"), {400}),
    "coding and length": (framed(b"Transfer-Encoding: chunked", b"Content-Length: 4"), {400}),
    "two lengths": (framed(b"Content-Length: 4", b"Content-Length: 60"), {400}),
    "the same length twice": (framed(b"Content-Length: 5", b"Content-Length: 5"), {400}),
    "a list of lengths": (framed(b"Content-Length: 5, 5"), {400}),
    "a length with a sign": (framed(b"Content-Length: +5"), {400}),
    "a negative length": (framed(b"Content-Length: -5"), {400}),
    "a hexadecimal length": (framed(b"Content-Length: 0x5"), {400}),
    "a length with a space inside": (framed(b"Content-Length: 5 5"), {400}),
    "a length with a NUL": (framed(b"Content-Length: 5\x006"), {400}),
    "a length of nothing": (framed(b"Content-Length: "), {400}),
    "a length beyond 64 bits": (framed(b"Content-Length: 18446744073709551621"), {400}),
    "a space before the colon": (framed(b"Content-Length : 5"), {400}),
    "a space before the name": (framed(b" Content-Length: 5"), {400}),
    "a coding in a folded line": (framed(b"X: y", b" Transfer-Encoding: chunked"), {400}),
    "a coding behind a bare line feed": (framed(b"X: y\nTransfer-Encoding: chunked"), {400}),
    "a coding behind a bare carriage return": (framed(b"X: y\rTransfer-Encoding: chunked"), {400, 422}),
    "two codings": (framed(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"), {400}),
    "a coding that is none": (framed(b"Transfer-Encoding: xchunked"), {400, 501}),
    "a coding behind a vertical tab": (framed(b"Transfer-Encoding: \x0bchunked"), {400, 501}),
    "chunked twice": (framed(b"Transfer-Encoding: chunked, chunked"), {400, 501}),
    "chunked for HTTP/1.0": (raw(b"POST /v1/auth/token HTTP/1.0", JSON.strip(), b"Transfer-Encoding: chunked",
                                 body=b"0\r\n\r\n"), {400}),
    "a chunk with a sign": (chunks(b"-2\r\n{}\r\n0\r\n\r\n"), {400}),
    "a chunk in 0x": (chunks(b"0x2\r\n{}\r\n0\r\n\r\n"), {400}),
    "a chunk longer than memory": (chunks(b"ffffffffffffffff\r\n{}"), {400, 413}),
    "a chunk beyond 64 bits": (chunks(b"1" + b"0" * 30 + b"\r\n{}"), {400, 413}),
    "a chunk that does not end": (chunks(b"2\r\n{}xx0\r\n\r\n"), {400}),
    "a chunk without its end": (chunks(b"5\r\n{}"), {400}),
    "chunks of one byte for ever": (chunks(b"1\r\nx\r\n" * 30_000), {400, 408}),
    "a chunk extension without end": (chunks(b"2;" + b"x" * 100_000 + b"\r\n{}\r\n0\r\n\r\n"), {400, 413, 422}),
}
TOO_MUCH = {
    "a long path": (get(b"/v1/" + b"x" * 20_000), {414}),
    "a longer path": (get(b"/v1/" + b"x" * 120_000), {414}),
    "a path longer than any buffer": (get(b"/v1/" + b"x" * 2_000_000), {400, 414, 431, None}),
    "a long query": (get(b"/v1/products?q=" + b"x" * 20_000), {414}),
    "a thousand parameters": (get(b"/v1/products?" + b"q=1&" * 1500), {400}),
    "a long header": (get(b"/v1/products", b"X: " + b"x" * 40_000), {431}),
    "a header longer than any buffer": (get(b"/v1/products", b"X: " + b"x" * 2_000_000), {400, 431, None}),
    "five hundred headers": (get(b"/v1/products", *[b"X-%d: y" % n for n in range(500)]), {431}),
    "sixty-two headers": (get(b"/v1/products", *[b"X-%d: y" % n for n in range(62)]), {431}),
    "ten thousand headers": (get(b"/v1/products", *[b"X: y"] * 10_000), {400, 431}),
    "a body said to be a terabyte": (raw(b"POST /v1/users HTTP/1.1", JSON.strip(), b"Content-Length: 1000000000000"),
                                     {413}),
    "a body of one byte too many": (raw(b"POST /v1/users HTTP/1.1", JSON.strip(), b"Content-Length: 262145"), {413}),
    "a long method": (raw(b"G" * 5000 + b" /v1/products HTTP/1.1"), {400, 501}),
    "a long version": (raw(b"GET /v1/products HTTP/" + b"1" * 5000), {400, 505}),
    "a long token": (get(b"/v1/orders", b"Authorization: Bearer " + b"A" * 12_000), {401}),
    "a long idempotency key": (post(b"{}", SIGNED_IN.strip(), b"Idempotency-Key: " + b"k" * 8000,
                                    target=b"/v1/orders"), {400}),
    "a long cursor": (get(b"/v1/products?cursor=" + b"A" * 7000), {400}),
    "a long name": (registration(b"x" * 200_000), {422}),
    "a thousand lines": (order(b'{"items":[' + b",".join([b'{"product_id":"x","quantity":1}'] * 1000) + b"]}"), {422}),
    "a hundred thousand fields": (post(b"{" + b",".join(b'"a%d":1' % n for n in range(20_000)) + b"}"), {400, 422}),
}
TEXT = {
    "bytes that are no UTF-8": (registration(b"\xff\xfe\xfd"), {400}),
    "an overlong slash": (registration(b"\xc0\xaf"), {400}),
    "a surrogate in UTF-8": (registration(b"\xed\xa0\x80"), {400}),
    "a code point beyond Unicode": (registration(b"\xf5\x80\x80\x80"), {400}),
    "a NUL in a string": (registration(b"a\x00b"), {400}),
    "an escaped NUL": (registration(b"a\\u0000b"), {400, 422}),
    "half a surrogate": (registration(b"\\ud800"), {400, 422}),
    "a bad escape": (registration(b"\\x41"), {400}),
    "a line break in a string": (registration(b"a\r\nb"), {400}),
    "UTF-16": (post('{"grant_type":"password"}'.encode("utf-16")), {400}),
    "a byte order mark": (post(b"\xef\xbb\xbf{}"), {400, 422}),
    "a NUL in the path": (get(b"/v1/pro\x00ducts"), {400, 404, 505}),
    "a NUL in a header": (get(b"/v1/products", b"X: a\x00b"), {400}),
    "an escaped line break in the path": (get(b"/v1/products%0d%0aSet-Cookie:%20x=1"), {404}),
    "an escaped line break in a header": (get(b"/v1/orders/x", b"X-Request-Id: a%0d%0aSet-Cookie: x=1"), {401}),
    "half an escape in the query": (get(b"/v1/products?q=%f"), {400}),
    "an escape that is none": (get(b"/v1/products?q=%zz"), {400}),
    "an escaped NUL in the query": (get(b"/v1/products?q=%00"), {400}),
    "escaped bytes that are no UTF-8": (get(b"/v1/products?q=%ff%fe"), {400}),
    "SQL in the query": (get(b"/v1/products?q=';DROP%20TABLE%20products;--"), {200}),
    "SQL in an id": (get(b"/v1/products/1'%20OR%20'1'='1"), {400}),
}
JSON_AND_NUMBERS = {
    "a hundred thousand brackets": (post(b"[" * 100_000), {400}),
    "deep objects": (post(b'{"a":' * 30_000 + b"1" + b"}" * 30_000), {400}),
    "deep brackets that close": (post(b"[" * 50_000 + b"]" * 50_000), {400}),
    "a key twice": (post(b'{"grant_type":"password","grant_type":"refresh_token"}'), {400, 422}),
    "something after the end": (post(b"{} {}"), {400}),
    "a comma too many": (post(b'{"grant_type":"password",}'), {400}),
    "a comment": (post(b"{/* */}"), {400}),
    "single quotes": (post(b"{'grant_type':'password'}"), {400}),
    "only null": (post(b"null"), {400, 422}),
    "a list": (post(b"[]"), {400, 422}),
    "no end": (post(b'{"grant_type":"pass'), {400}),
    "a quantity of 1e400": (quantity(b"1e400"), {400, 422}),
    "a quantity of 1e308": (quantity(b"1e308"), {422}),
    "a quantity of 2^64": (quantity(b"18446744073709551616"), {422}),
    "a quantity of -2^63": (quantity(b"-9223372036854775808"), {422}),
    "a quantity of minus nought": (quantity(b"-0"), {422}),
    "half a quantity": (quantity(b"0.5"), {422}),
    "a quantity of NaN": (quantity(b"NaN"), {400}),
    "a quantity of Infinity": (quantity(b"-Infinity"), {400}),
    "a quantity of 01": (quantity(b"01"), {400}),
    "a quantity of 0x1": (quantity(b"0x1"), {400}),
    "a quantity of a thousand digits": (quantity(b"9" * 1000), {400, 422}),
    "a tiny quantity": (quantity(b"1e-999999999"), {400, 422}),
    "a limit of 10^30": (get(b"/v1/products?limit=1" + b"0" * 30), {400}),
    "a limit of minus one": (get(b"/v1/products?limit=-1"), {400}),
    "a wait of 10^9 seconds": (post(b"{}", SIGNED_IN.strip(), b"Idempotency-Key: wait", b"Prefer: wait=1000000000",
                                    target=b"/v1/orders"), {422}),
}
PATHS = {
    "up": (get(b"/v1/../../../../etc/passwd"), {404}),
    "up, escaped": (get(b"/v1/%2e%2e/%2e%2e/etc/passwd"), {404}),
    "up, escaped twice": (get(b"/v1/%252e%252e/etc/passwd"), {404}),
    "up, by backslashes": (get(b"/v1\\..\\..\\windows\\win.ini"), {400, 404}),
    "seven thousand slashes": (get(b"/" * 7000), {404}),
    "thirty thousand slashes": (get(b"/" * 30_000), {414}),
    "a directory without its slash": (get(b"/v1"), {404}),
    "a matrix parameter": (get(b"/v1/products;jsessionid=1"), {404}),
    "a fragment": (get(b"/v1/products#x"), {400, 404}),
    "an asterisk": (get(b"*"), {400}),
    "somebody else's server": (get(b"http://example.org/v1/products"), {400}),
    "a proxy's address": (get(b"http://127.0.0.1:22/"), {400}),
    "a file": (get(b"file:///etc/passwd"), {400}),
    "no path": (raw(b"GET  HTTP/1.1"), {400}),
    "a port to connect to": (raw(b"CONNECT localhost:22 HTTP/1.1"), {400, 404, 405, 501}),
    "an id of another schema": (get(b"/v1/products/" + b"%2f" * 50), {400}),
}
PROTOCOL = {
    "a method of one's own": (raw(b"BREW /v1/orders HTTP/1.1"), {501}),
    "a method in small letters": (raw(b"get /v1/products HTTP/1.1"), {400, 501}),
    "TRACE": (raw(b"TRACE /v1/products HTTP/1.1"), {405, 501}),
    "no method": (raw(b" /v1/products HTTP/1.1"), {400}),
    "tabs for spaces": (raw(b"GET\t/v1/products\tHTTP/1.1"), {400, 501}),
    "HTTP/2.0": (raw(b"GET /v1/products HTTP/2.0"), {400, 505}),
    "HTTP/0.9": (b"GET /v1/products\r\n\r\n", {400, 505}),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 501, 505}),
    "a TLS greeting": (bytes.fromhex("16030100c8010000c40303") + b"\x00" * 200, {400, None}),
    "another protocol's greeting": (b"SSH-2.0-OpenSSH_9.2p1\r\n", {400, None}),
    "an AMQP greeting": (b"AMQP\x00\x00\x09\x01", {400, None}),
    "noughts": (b"\x00" * 5000, {400, None}),
    "noise": (bytes((n * 167 + 13) % 256 for n in range(5000)), {400, None}),
    "nothing but line ends": (b"\r\n" * 5000, {400, None}),
    "bare line feeds": (b"GET /v1/products HTTP/1.1\nHost: localhost\n\n", {400}),
    "no Host": (raw(b"GET /v1/products HTTP/1.1", host=False), {400}),
    "two Hosts": (raw(b"GET /v1/products HTTP/1.1", b"Host: elsewhere"), {400}),
    "a header without a colon": (get(b"/v1/products", b"NoColon"), {400}),
    "a header without a name": (get(b"/v1/products", b": x"), {400}),
    "an expectation": (post(b"{}", b"Expect: a miracle"), {417}),
    "a switch to WebSocket": (get(b"/v1/products?limit=1", b"Upgrade: websocket", b"Connection: Upgrade",
                                  b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", b"Sec-WebSocket-Version: 13"), {200, 400}),
    "a thousand ranges": (get(b"/v1/products?limit=1", b"Range: bytes=" + b"0-," * 1000 + b"0-"), {200}),
    "a method override": (get(b"/v1/orders", b"X-HTTP-Method-Override: DELETE"), {401}),
    "somebody else's address": (get(b"/v1/orders", b"X-Forwarded-For: 127.0.0.1", b"X-Original-URL: /v1/products"), {401}),
}
HOSTILE = {f"{kind}: {name}": row for kind, table in (
    ("smuggling", SMUGGLING), ("too much", TOO_MUCH), ("text", TEXT), ("json", JSON_AND_NUMBERS), ("path", PATHS),
    ("protocol", PROTOCOL)) for name, row in table.items()}
