"""A minimal OpenTelemetry collector that stores the spans it receives."""
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER = 1, 2, 3, 4, 5


class Span:
    def __init__(self, program, data):
        self.program, self.name, self.kind = program, data["name"], data["kind"]
        self.trace, self.id, self.parent = data["traceId"], data["spanId"], data.get("parentSpanId")
        self.start, self.end = int(data["startTimeUnixNano"]), int(data["endTimeUnixNano"])
        self.links = [(link["traceId"], link["spanId"]) for link in data.get("links", [])]
        self.failed = data.get("status", {}).get("code") == 2
        self.attributes = {attribute["key"]: next(iter(attribute["value"].values())) for attribute in data["attributes"]}

    def __repr__(self):
        return f"{self.program} {self.name!r} {self.id} < {self.parent}"


class Collector:
    """Listens on a free port of loopback; `with Collector() as collector: … collector.url …`."""

    def __init__(self):
        self.spans, self.lock = [], threading.Lock()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                assert self.path == "/v1/traces" and self.headers["Content-Type"] == "application/json"
                collector.take(body)
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def take(self, body):
        for resource in body["resourceSpans"]:
            names = {attribute["key"]: attribute["value"]["stringValue"] for attribute in resource["resource"]["attributes"]}
            for scope in resource["scopeSpans"]:
                with self.lock:
                    self.spans += [Span(names["service.name"], data) for data in scope["spans"]]

    def trace(self, trace):
        with self.lock:
            return [span for span in self.spans if span.trace == trace]

    def all(self):
        with self.lock:
            return list(self.spans)
