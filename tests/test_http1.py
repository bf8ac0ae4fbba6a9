"""An answer is the same however it comes, and whole or none at all."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.http1 import FAILURES, Answer, BrokenOff, NoAnswer, Wire, head_of


class Peer:
    """Gives ``data`` in pieces of at most ``step`` bytes; then the end."""

    def __init__(self, data, step=1 << 20):
        self.data, self.step, self.sent, self.closed = data, step, b"", False

    def recv(self, most):
        piece, self.data = self.data[: min(most, self.step)], self.data[min(most, self.step) :]
        return piece

    def sendall(self, data):
        self.sent += data

    def close(self):
        self.closed = True


def read(data, step=1 << 20, method="GET"):
    """Status, fields, body, and whether the connection was kept."""
    kept, peer = [], Peer(data, step)
    answer = Answer(method, Wire(peer), kept.append)
    body = answer.read(1 << 20)
    answer.close()
    assert bool(kept) != peer.closed
    return answer.status, answer.fields, body, bool(kept)


names = st.from_regex(re.compile(rb"[A-Za-z][A-Za-z0-9-]{0,8}"), fullmatch=True).filter(
    lambda name: name.lower() not in (b"connection", b"content-length", b"transfer-encoding")
)
values = st.from_regex(
    re.compile(rb"[!-~\x80-\xff]([ -~\x80-\xff]*[!-~\x80-\xff])?"), fullmatch=True
)
ends = st.sampled_from([b"\r\n", b"\n"])


@given(
    fields=st.lists(st.tuples(names, values), max_size=5),
    pieces=st.lists(st.binary(min_size=1, max_size=300), max_size=5),
    chunked=st.booleans(),
    early=st.integers(0, 5),
    end=ends,
    step=st.integers(1, 50),
    data=st.data(),
)
def test_an_answer_is_the_same_in_whatever_pieces_it_comes(
    fields, pieces, chunked, early, end, step, data
):
    body = b"".join(pieces)
    sent = [*fields]
    framed = body
    if chunked:
        sent.append((b"Transfer-Encoding", b"chunked"))
        framed = b"".join(b"%x%b%b%b" % (len(each), end, each, end) for each in pieces)
        framed += b"0" + end + end
    else:
        sent.append((b"Content-Length", b"%d" % len(body)))
    lines = [b"HTTP/1.1 200 OK", *(b"%b: %b" % field for field in sent), b"", b""]
    informational = (b"HTTP/1.1 103 Early" + end + b"a: b" + end + end) * early
    whole = informational + end.join(lines) + framed
    assert read(whole, step) == (200, sent, body, True)
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(BrokenOff):
        read(whole[:cut], step)


@given(data=st.binary(max_size=400), step=st.integers(1, 400))
def test_whatever_comes_is_an_answer_or_none(data, step):
    try:
        status, _, _, _ = read(b"HTTP/1.1 " + data, step)
    except NoAnswer:
        return
    assert 200 <= status <= 999


@pytest.mark.parametrize(
    ("lines", "fields"),
    [
        (b"A:b", [(b"A", b"b")]),
        (b"A: \t b c \t", [(b"A", b"b c")]),
        (b"A:", [(b"A", b"")]),
        (b"A: b\r\n  c\r\n\td", [(b"A", b"b c d")]),
        (b"A: b\r\nA: c", [(b"A", b"b"), (b"A", b"c")]),
        (b"A: \xe5\x9b\xbe", [(b"A", b"\xe5\x9b\xbe")]),
    ],
)
def test_fields(lines, fields):
    found = read(b"HTTP/1.1 204 No Content\r\n" + lines + b"\r\n\r\n")[1]
    assert found == fields


@pytest.mark.parametrize(
    "line", [b"A", b": b", b"A b: c", b"A : b", b"A: \x1b[31m", b"A: b\0", b"A: b\rc"]
)
def test_what_is_no_field_is_refused(line):
    with pytest.raises(NoAnswer):
        read(b"HTTP/1.1 204 No Content\r\n" + line + b"\r\nB: c\r\n\r\n")


@pytest.mark.parametrize(("most", "found"), [(0, b""), (2, b"ab"), (5, b"abcde"), (9, b"abcde")])
def test_a_part_of_a_body(most, found):
    kept = []
    answer = Answer(
        "GET", Wire(Peer(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde")), kept.append
    )
    assert answer.read(most) == found
    answer.close()
    assert bool(kept) is (most >= 5)


@pytest.mark.parametrize("value", [b" " * 60_000 + b"\x01", b"x" + b" " * 60_000 + b"y\x01"])
def test_a_field_that_is_none_is_refused_at_once(value):
    """An expression that looks for blanks at both ends would take days."""
    with pytest.raises(NoAnswer):
        read(b"HTTP/1.1 200 OK\r\na:" + value + b"\r\n\r\n")
    for text in (b"Server:" + value, b"x" + value):
        with pytest.raises(NoAnswer):
            read(b"HTTP/1.1 " + text + b"\r\n\r\n")


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r", b"HTTP/1.1 200 OK\r\nA: b\r"])
def test_a_lone_carriage_return_ends_no_line(head):
    with pytest.raises(NoAnswer):
        read(head + b"\r\n\r\n")


@pytest.mark.parametrize("said", [b"5", b"5, 5", b"5,5", b"5\r\ncontent-length: 5"])
def test_a_length_that_is_said_twice_is_one(said):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: " + said + b"\r\nA: b\r\n\r\n"
    fields = [(b"A", b"b"), (b"Content-Length", b"5")]
    status, found, body, kept = read(head + b"abcde")
    assert (status, sorted(found), body, kept) == (200, fields, b"abcde", True)


@pytest.mark.parametrize(
    "said", [b"5,6", b"5, 6", b"", b"0x5", b"+5", b"5_0", b"5 0", b"\xb2", b"9" * 99]
)
def test_what_is_no_length_is_refused(said):
    with pytest.raises(NoAnswer):
        read(b"HTTP/1.1 200 OK\r\nContent-Length: " + said + b"\r\n\r\nabcdeabcde")
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with pytest.raises(NoAnswer):
        read(chunked + (said or b";") + b"\r\nabcde\r\n0\r\n\r\n")


def test_no_request_holds_a_line_end_of_somebody_else():
    assert head_of(b"GET / HTTP/1.1", [(b"a", b"b")]) == b"GET / HTTP/1.1\r\na: b\r\n\r\n"
    for bad in (b"b\r\nc: d", b"b\n", b"\r", b"\0", b"b\r\n"):
        for line, field in ((bad, (b"a", b"b")), (b"GET", (bad, b"b")), (b"GET", (b"a", bad))):
            with pytest.raises(FAILURES):
                head_of(line, [field])
