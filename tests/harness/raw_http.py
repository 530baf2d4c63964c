"""HTTP as bytes, for requests that HTTP libraries do not send."""
import json
import socket

from requests.structures import CaseInsensitiveDict


class Reply:
    def __init__(self, raw):
        head, _, self.body = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.status_code = int(lines[0].split(" ")[1]) if lines[0].startswith("HTTP/1.1 ") else 0
        pairs = [line.split(":", 1) for line in lines[1:]]
        self.headers = CaseInsensitiveDict((name, value.strip()) for name, value in pairs)

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    def json(self):
        return json.loads(self.body)


def exchange(port, *pieces, timeout=10):
    """Sends bytes, then reads until the server closes. Returns all received bytes."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # refused before all bytes were sent: the answer is still readable
        while True:
            try:
                piece = connection.recv(65536)
            except ConnectionResetError:
                break
            if not piece:
                break
            received += piece
    return received


def request(port, start, *headers, body=b"", host=True):
    """One request from its parts, and the reply to it."""
    lines = [start, *(["Host: localhost"] if host else []), *headers, "Connection: close", "", ""]
    received = exchange(port, "\r\n".join(lines).encode("latin-1"), body)
    assert received, f"no answer to {start[:80]!r} {headers!r}"
    return Reply(received)
