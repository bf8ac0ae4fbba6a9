"""A post's bytes as UTF-8 text that a parser takes, whatever they are."""

import codecs
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from migrator.model import Edit, Span
from migrator.scanner.extract import Extract

_TWO_BYTES = re.compile(r"[^\x00-\x7f]")
_LONE_CR = re.compile(rb"\r(?!\n)")
_MOSTLY = 0.8  # of the characters beyond ASCII must be common Chinese


class Source(NamedTuple):
    """``text`` is UTF-8 that says ``words``; ``encoding`` is the codec for text written there.

    With ``ascii``, each invalid byte of ``data`` is one ``?`` in ``text``. A lone CR is a LF there:
    it ends a line (CommonMark 0.31, 2.1), but pyromark 0.10 does not end a code fence at one.
    """

    data: bytes
    text: bytes
    words: str
    encoding: str

    def below(self, start: int) -> Extract:
        """The text from byte ``start`` on."""
        before = len(self.text[:start].decode())
        return Extract(self.text[start:], (0,), (start,), self.words[before:])

    def edits(self, edits: Iterable[Edit]) -> Iterator[Edit]:
        """``edits`` of the file as edits of the text."""
        seen = there = 0
        for edit in sorted(edits):
            edges = []
            for offset in (edit.span.start, edit.span.end):
                there += len(self._text(self.data[seen:offset]))
                seen = offset
                edges.append(there)
            yield Edit(Span(*edges), self._text(edit.replacement))

    def _text(self, data: bytes) -> bytes:
        return data.decode(self.encoding).encode() if self.encoding == "gb18030" else data

    def offsets(self, offsets: Iterable[int]) -> Iterator[int]:
        """Where in the file the bytes at ``offsets`` of the text stand; they must ascend."""
        return self._through(offsets) if self.encoding == "gb18030" else iter(offsets)

    def _through(self, offsets: Iterable[int]) -> Iterator[int]:
        seen = there = 0
        for offset in offsets:
            there += len(self.text[seen:offset].decode().encode(self.encoding))
            seen = offset
            yield there


def decode(data: bytes) -> Source:
    """``data`` as UTF-8, as Chinese in GB 18030 if all of it reads as such, else as ASCII."""
    text, encoding = data, "utf-8"
    try:
        words = data.decode()
    except UnicodeDecodeError:
        chinese = _chinese(data)
        if chinese is None:
            words, encoding = data.decode(errors="migrator.one-for-one"), "ascii"
        else:
            words, encoding = chinese, "gb18030"
        text = words.encode()
    if text.find(b"\r") >= 0:
        text = _LONE_CR.sub(b"\n", text)
        words = text.decode()
    return Source(data, text, words, encoding)


def _chinese(data: bytes) -> str | None:
    try:
        text = data.decode("gb18030")
        if text.encode("gb18030") != data:
            return None
        common = len("".join(_TWO_BYTES.findall(text)).encode("gb2312", "ignore")) // 2
    except UnicodeError:
        return None
    return text if common >= _MOSTLY * len(_TWO_BYTES.findall(text)) else None


def _one_for_one(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "?" * (error.end - error.start), error.end


codecs.register_error("migrator.one-for-one", _one_for_one)
