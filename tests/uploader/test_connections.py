"""What a service says, and how it says it, over real sockets."""

import io
import socket
import ssl
import threading
import time
from contextlib import closing, contextmanager, suppress
from itertools import chain

import pytest
from rig import tls

from migrator.http1 import FAILURES
from migrator.uploader.connections import Connections, Proxy

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nxyz"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


class Pieces(tuple):
    """An answer in so many writes."""

    __slots__ = ()

    def __new__(cls, *pieces):
        return super().__new__(cls, pieces)


class Service:
    """Answers the requests of each connection with its ``answers``, then ends that connection.

    ``heard`` has the head of each request, ``opened`` counts connections.
    """

    def __init__(self, *answers, body=True, authority=None):
        self.answers, self.body, self.authority = answers, body, authority
        self.heard, self.opened = [], 0

    def __enter__(self):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()
        self.root = f"http{'s' * bool(self.authority)}://127.0.0.1:{self.port}/blog"
        self.connections = Connections(self.root, None, self.trusting, (5, 5))
        return self

    def __exit__(self, *_):
        self.connections.close()
        self._socket.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._socket.close()

    def trusting(self):
        return ssl.create_default_context(cafile=self.authority.file)

    def _accept(self):
        while True:
            try:
                peer, _ = self._socket.accept()
            except OSError:
                return
            self.opened += 1
            if self.authority:
                peer = self.authority.context.wrap_socket(peer, server_side=True)
            self._threads.append(threading.Thread(target=self._serve, args=(peer,)))
            self._threads[-1].start()

    def _serve(self, peer):
        with peer, peer.makefile("rb") as asked:
            for answer in self.answers:
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    line = asked.readline()
                    if not line:
                        return
                    head += line
                self.heard.append(head.decode())
                if self.body and b"content-length" in head.lower():
                    asked.read(int(head.lower().split(b"content-length: ")[1].split()[0]))
                with suppress(BrokenPipeError, ConnectionResetError):  # nobody listens any more
                    for piece in [answer] if isinstance(answer, bytes) else answer:
                        peer.sendall(piece)

    def ask(self, method="GET", headers=None, body=None):
        return self.connections.ask(
            method,
            f"{self.root}/k?a=b",
            {"host": "x", **(headers or {})},
            body,
        )

    @contextmanager
    def answer(self, *arguments):
        answer = self.ask(*arguments)
        try:
            yield answer
        finally:
            answer.close()

    def read(self, *arguments):
        with self.answer(*arguments) as answer:
            return answer.status, answer.read(100)


def settled():
    time.sleep(0.05)  # until the end of a connection has come here


@pytest.mark.parametrize(
    ("method", "answer", "status", "body"),
    [
        ("GET", OK, 200, b"xyz"),
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", 200, b""),
        ("DELETE", b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        ("GET", b"HTTP/1.1 200 OK\r\ncontent-length:3\r\n\r\nxyz", 200, b"xyz"),
        ("GET", b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, b""),
        (
            "GET",
            CHUNKED + b"2;a=b\r\nxy\r\n1\r\nz\r\n0\r\nx-t: 1\r\n\r\n",
            200,
            b"xyz",
        ),
        ("PUT", b"HTTP/1.1 100 Continue\r\n\r\n" + OK, 200, b"xyz"),
    ],
)
def test_a_connection_serves_one_request_after_the_other(method, answer, status, body):
    with Service(*[answer] * 5) as service:
        for _ in range(5):
            assert service.read(method) == (status, body)
        assert service.opened == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nxyz",
        b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nxyz",
        b"HTTP/1.1 200 OK\r\n\r\nxyz",
        OK + b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nunasked",
    ],
    ids=["said", "1.0", "until the end", "more than was asked for"],
)
def test_a_connection_that_ends_or_says_more_is_not_used_again(answer):
    with Service(answer) as service:
        for number in range(1, 4):
            assert service.read() == (200, b"xyz")
            settled()
            assert service.opened == number


def test_what_comes_with_an_answer_over_tls_is_not_taken_for_the_next(tmp_path):
    """It waits where no look at the socket shows it."""
    with Service(authority=tls.authority(tmp_path)) as service:
        head, rest = OK[:-3], b"xyz" + OK.replace(b"xyz", b"abc")
        service.answers = (Pieces(head, rest), OK)
        for number in (1, 2):
            assert service.read() == (200, b"xyz")
            assert service.opened == number


@pytest.mark.parametrize("encrypted", [False, True])
def test_an_early_success_is_none(tmp_path, encrypted):
    authority = tls.authority(tmp_path) if encrypted else None
    with Service(OK, body=False, authority=authority) as service:
        body = io.BytesIO(bytes(20_000_000))
        with pytest.raises(FAILURES):
            service.read("PUT", {"content-length": "20000000"}, body)


def test_what_was_not_read_costs_the_connection():
    with Service(OK, OK) as service:
        with service.answer() as answer:
            assert answer.read(1) == b"x"
        with service.answer():
            pass
        assert service.read() == (200, b"xyz")
        assert service.opened == 3


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nxyz",
        CHUNKED + b"4\r\nxyz",
        CHUNKED + b"3\r\nxyz\r\n",
        CHUNKED + b"many\r\nxyz\r\n0\r\n\r\n",
        CHUNKED + b"\xff\r\nxyz\r\n0\r\n\r\n",
        CHUNKED + b"2\r\nxyz\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nxyz",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 2\r\n\r\nxyz",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nxyz",
        b"HTTP/1.1 200 OK\r\nno header\r\n\r\nxyz",
        b"HTTP/1.1 200 OK\r\nContent-Length : 3\r\n\r\nxyz",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 7 + OK,
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 wrong\r\n\r\n",
        b"HTTP/1.1 200 " + b"x" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na: " + b"b" * 100_000 + b"\r\n\r\n",
    ],
)
def test_what_is_no_whole_answer_is_a_failure_and_the_next_gets_another_connection(answer):
    with Service(answer) as service:
        for _ in range(2):
            with pytest.raises(FAILURES) as caught:
                service.read()
            assert str(caught.value)
        service.answers = (OK,)
        assert service.read() == (200, b"xyz")


@pytest.mark.parametrize("encrypted", [False, True])
def test_a_service_that_hangs_up_before_it_heard_all_may_have_answered(tmp_path, encrypted):
    refusal = b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"
    authority = tls.authority(tmp_path) if encrypted else None
    with Service(refusal, body=False, authority=authority) as service:
        headers, answers = {"content-length": "20000000"}, set()
        for _ in range(20):
            with suppress(*FAILURES):  # the end of the connection may take the answer along
                answers.add(service.read("PUT", headers, io.BytesIO(bytes(20_000_000))))
        assert answers == {(413, b"abc")}
        service.answers = (OK,)
        assert service.read() == (200, b"xyz")


def test_what_is_sent_is_what_was_given():
    with Service(OK) as service:
        service.read("PUT", {"x-e": "é", "content-length": "3"}, io.BytesIO(b"abc"))
        line, *headers = service.heard[0].split("\r\n")
    assert line == "PUT /blog/k?a=b HTTP/1.1"
    assert headers == ["host: x", "x-e: é", "content-length: 3", "", ""]


@pytest.mark.parametrize("value", ["a\r\nb: c", "a\nb", "a\0b"])
def test_no_value_smuggles_a_header(value):
    with Service(OK) as service:
        with pytest.raises(FAILURES):
            service.read("GET", {"x": value})
        assert service.heard == []


def test_threads_share_connections_and_each_has_its_own():
    with Service(*[OK] * 100) as service:

        def many():
            for _ in range(50):
                assert service.read() == (200, b"xyz")

        threads = [threading.Thread(target=many) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(service.heard) == 200
        assert service.opened <= 4 + 200 // 100


def test_a_service_that_says_close_is_believed_before_it_does():
    with Service(OK.replace(b"\r\n", b"\r\nConnection: Close\r\n", 1), OK) as service:
        for number in (1, 2):
            assert service.read() == (200, b"xyz")
            assert service.opened == number


def test_what_is_in_use_when_the_pool_is_closed_is_not_kept():
    with Service(OK, OK) as service:
        with service.answer() as answer:
            service.connections.close()
            assert answer.read(9) == b"xyz"
        assert not service.connections._idle


def test_a_closed_pool_closes_what_comes_back():
    with Service(OK, OK) as service:
        service.read()
        service.connections.close()
        assert service.read() == (200, b"xyz")
        assert service.opened == 2


@pytest.mark.parametrize(
    ("url", "host", "port", "login"),
    [
        ("http://proxy:3128", "proxy", 3128, None),
        ("proxy:3128", "proxy", 3128, None),
        ("http://[::1]:8080/", "::1", 8080, None),
        ("http://me:w%40rd@proxy", "proxy", 80, b"Basic bWU6d0ByZA=="),
    ],
)
def test_the_proxy_of_the_environment(monkeypatch, url, host, port, login):
    monkeypatch.setenv("https_proxy", url)
    monkeypatch.setenv("no_proxy", "inner.example.com, 127.0.0.1:9000")
    proxy = Proxy.for_host("https", "s3.example.com:443")
    assert proxy is not None
    assert (proxy.host, proxy.port) == (host, port)
    assert dict(proxy.fields).get(b"Proxy-Authorization") == login
    assert Proxy.for_host("http", "s3.example.com") is None
    assert Proxy.for_host("https", "a.inner.example.com") is None
    assert Proxy.for_host("https", "127.0.0.1:9000") is None


@pytest.mark.parametrize(
    "url",
    ["socks5://127.0.0.1:1", "https://me:word@proxy:1", "http://", "http://me:pass/word@proxy:1"],
)
def test_a_proxy_of_another_kind_is_told_without_its_password(monkeypatch, url):
    monkeypatch.setenv("http_proxy", url)
    with pytest.raises(ValueError, match=r"^it") as caught:
        Proxy.for_host("http", "s3.example.com")
    assert "word" not in str(caught.value)
    assert "pass" not in str(caught.value)


@pytest.mark.parametrize("name", ["a..b", "a" * 70])
def test_a_name_that_no_host_can_have_is_a_failure(name):
    connections = Connections("http://s3.example.com", Proxy(name, 80, []), lambda: None, (1, 1))
    with pytest.raises(FAILURES):
        connections.ask("GET", "http://s3.example.com/k", {})


def slowly(data, size, pause):
    """``data`` in pieces of this size, with a pause before each."""
    for at in range(0, len(data), size):
        time.sleep(pause)
        yield data[at : at + size]


def heard(answer):
    with closing(answer):
        return answer.read(10_000)


@pytest.mark.parametrize("at_once", [b"", OK[:-3]])
def test_who_drips_an_answer_is_not_listened_to_without_end(at_once):
    said = chain([at_once], slowly(OK.removeprefix(at_once), 1, 0.3))
    with Service(said) as service:
        hasty = Connections(service.root, None, service.trusting, (5, 0.5))
        begun = time.monotonic()
        with pytest.raises(TimeoutError, match="too slowly"):
            heard(hasty.ask("GET", f"{service.root}/k", {"host": "x"}))
        assert time.monotonic() - begun < 2
        hasty.close()


def test_a_large_answer_may_take_its_time():
    body = bytes(3000)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n"
    with Service(slowly(head + body, 300, 0.15)) as service:
        hasty = Connections(service.root, None, service.trusting, (5, 0.5))
        assert heard(hasty.ask("GET", f"{service.root}/k", {"host": "x"})) == body
        hasty.close()
