"""A reverse proxy whose rules may refuse a request, change an answer, or lose it."""

import contextlib
import http.client
import http.server
import threading
from dataclasses import dataclass, field

_HOP = {"transfer-encoding", "connection", "content-length"}


@dataclass
class Request:
    """What a client asked; header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def host(self):
        return self.headers.get("host", "").partition(":")[0]


@dataclass
class Answer:
    """What it gets; header names are in lower case. ``cut`` is how many bytes are held back."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: int = 0


def error(status, code, message="no", **more):
    """An S3 error document."""
    extra = "".join(f"<{name}>{value}</{name}>" for name, value in more.items())
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message>{extra}"
    return Answer(status, {"content-type": "application/xml"}, f"{body}</Error>".encode())


class Rules:
    """Hands everything on as it is; subclasses say what they do otherwise."""

    def __init__(self, port):
        self._port = port
        self.requests = []

    def handle(self, request):
        """The answer to ``request``."""
        self.requests.append(request)
        return self.forward(request)

    def forward(self, request):
        """What the server behind answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            connection.putrequest(
                request.method, request.path, skip_host=True, skip_accept_encoding=True
            )
            for name, value in request.headers.items():
                if name not in ("expect", "connection"):
                    connection.putheader(name, value)
            connection.endheaders(request.body or None)
            response = connection.getresponse()
            headers = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, headers, response.read())
        finally:
            connection.close()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_expect_100(self):
        return True  # "continue" is said below, once the headers were read

    def handle_one_request(self):
        with contextlib.suppress(OSError):  # clients that went away
            super().handle_one_request()

    def _serve(self):
        headers = {name.lower(): value for name, value in self.headers.items()}
        if headers.get("expect") == "100-continue":
            self.send_response_only(100)
            self.end_headers()
        chunked = "transfer-encoding" in headers
        body = self.rfile.read(int(headers.get("content-length", 0)))
        answer = self.server.rules.handle(Request(self.command, self.path, headers, body))
        # many services take no chunked bodies either, and what follows one makes no sense
        self.close_connection = answer is None or answer.cut > 0 or chunked
        if answer is not None:
            self._send(answer)

    def _send(self, answer):
        head = self.command == "HEAD"
        length = answer.headers.get("content-length", "0") if head else str(len(answer.body))
        kept = {name: value for name, value in answer.headers.items() if name not in _HOP}
        self.send_response_only(answer.status)
        for name, value in {**kept, "content-length": length}.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("connection", "close")
        self.end_headers()
        if not head:
            self.wfile.write(answer.body[: len(answer.body) - answer.cut])

    def log_message(self, *_):
        pass


for _method in ("GET", "PUT", "HEAD", "DELETE", "POST"):
    setattr(_Handler, f"do_{_method}", _Handler._serve)


class _Server(http.server.ThreadingHTTPServer):
    def __init__(self, rules, context):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.rules = rules
        self._context = context

    def get_request(self):
        connection, address = super().get_request()
        if self._context is not None:
            connection = self._context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, address


@contextlib.contextmanager
def serving(rules, context=None):
    """The port of a server that answers by ``rules``; over TLS if there is a ``context``.

    An answer of ``None`` closes the connection without a word.
    """
    server = _Server(rules, context)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="front")
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
