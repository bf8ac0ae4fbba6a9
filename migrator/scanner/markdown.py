"""Image URLs in Markdown, found by a CommonMark parser and located by its grammar.

The parser (pyromark) says which images, code and HTML a text holds, and where; the destination
of an image is located here (CommonMark 0.31, 6.3 and 4.7) and counts only if it decodes to what
the parser read.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pyromark

from migrator.model import Kind, Spelling
from migrator.scanner.extract import Extract
from migrator.scanner.found import Found
from migrator.scanner.html import Markup
from migrator.scanner.regions import Range
from migrator.scanner.spelling import read
from migrator.urls import names_an_image

OPTIONS = (
    pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_FOOTNOTES
    | pyromark.Options.ENABLE_STRIKETHROUGH
    | pyromark.Options.ENABLE_TASKLISTS
)

_GAP = re.compile(rb"[ \t]*(?:(?:\r\n?|\n)[ \t]*)?")
_QUOTE_MARK = re.compile(rb">[ \t]*")
_QUOTES = 64  # a destination on a line of its own is found in as many nested quotes
_ANGLE = re.compile(rb"<((?:[^<>\\\r\n]|\\.)*)>")
_BARE = re.compile(rb"(?:[^\x00-\x20\x7f()\\]|\\[!-/:-@\[-`{-~]|\\)+|[()]")
_LABEL = re.compile(rb"\[(?:[^\[\]\\]|\\.)*\]:", re.DOTALL)
_SPACES = re.compile(r"[ \t\r\n]+")
_NOT_A_BREAK = re.compile(rb"[^\r\n]")
_LINE = re.compile(rb"([ \t]*)[^\r\n]*(?:\r\n?|\n)?")
_TOKEN = re.compile(rb"[^\r\n|]+|\r\n?|\n|\|")
_BETWEEN_LINES = re.compile(rb"[ \t>\\\r\n]*")
# A destination that says what it spells, and what follows it.
_PLAIN = re.compile(rb"([^\x00-\x20\x7f()\\<&]+)(?=[) \t\r\n])")
# An image whose text is nothing but words, as nearly all are.
_SIMPLE = re.compile(rb"!\[[^\[\]\\<`]*\]\(" + _PLAIN.pattern)
_SPANS = frozenset({"Image", "Link"})
_INLINE = frozenset({"Emphasis", "Strong", "Strikethrough"})
# Blocks that say nothing of images; most events of most posts are of these.
_PLAIN_BLOCKS = frozenset({"Paragraph", "Item", "Heading", "List", "BlockQuote"})
_CLOSING = frozenset({"Image", "Link", "HtmlBlock", "CodeBlock", "TableCell"})
_ADMONITIONS = (b"!!! ", b"??? ", b"???+ ", b"=== ")  # Python-Markdown: its body is indented
_NESTED = 3  # how deep Markdown in HTML or in indented text is followed


@dataclass(slots=True)
class Reading:
    """What a text holds; all offsets are in the post."""

    markup: Markup
    found: list[Found] = field(default_factory=list)
    code: list[Range] = field(default_factory=list)
    html: list[Range] = field(default_factory=list)
    blocks: list[Range] | None = None
    lost: list[int] = field(default_factory=list)  # images whose URL could not be located


@dataclass(slots=True)
class _Open:
    """An image or link whose end the parser has not reported yet."""

    kind: Kind
    payload: dict[str, str]
    text_end: int  # where its text ends, as far as it is read


def read_markdown(
    body: Extract,
    *,
    indented_code: bool = True,
    links: bool = False,
    literal: bool = True,
    blocks: bool = True,
) -> Reading:
    """Read ``body``; where not ``indented_code`` (MDX), indented text is read like any other.

    ``blocks`` is whether to note where they stand: that of many millions takes memory.
    """
    reading = Reading(Markup(links), blocks=[] if blocks else None)
    _Reader(body, reading, indented_code=indented_code, literal=literal, nested=_NESTED).read()
    return reading


def math(body: Extract) -> list[Range]:
    """Where ``body`` holds formulas, ``$...$`` and ``$$...$$``.

    Two prices in a sentence are none: an amount follows the first dollar sign, or a letter or
    digit the second.
    """
    text = body.text
    regions = []
    options = OPTIONS | pyromark.Options.ENABLE_MATH
    for event, place in _events(body.words or text.decode(), options):
        if isinstance(event, dict) and ("InlineMath" in event or "DisplayMath" in event):
            start, end = place["start"], place["end"]
            if not (text[end : end + 1].isalnum() or text[start + 1 : start + 2].isdigit()):
                regions.append(body.span(start, end))
    return regions


def _events(words: str, options: pyromark.Options = OPTIONS) -> Iterator[tuple[Any, Any]]:
    return iter(pyromark.events_with_range(words, options=options))


class _Reader:
    """One pass over the events of one text."""

    def __init__(
        self, body: Extract, out: Reading, *, indented_code: bool, literal: bool, nested: int
    ) -> None:
        self.body, self.text, self.out = body, body.text, out
        self.words = body.words or body.text.decode()
        self.indented_code, self.literal, self.nested = indented_code, literal, nested
        self.open: list[_Open] = []
        self.images = 0  # how many of those are images: what stands in alt text is not shown
        self.simple = 0  # where an image ends that was found at its start
        self.in_cell = False
        self.lines: list[Range] | None = None  # of the HTML block or indented text being read
        self.used: dict[str, _Open] = {}  # by label: the images and links that refer to it

    def read(self) -> None:  # noqa: C901 - a call for each event would take as long as all of it
        # Most of the time that a scan takes passes here: what comes most often is asked for first.
        open_, unclosed, blocks = self.open, self.out.markup.unclosed, self.out.blocks is not None
        block: Any = {"start": 0}  # the place of the last one that began
        for event, place in _events(self.words):
            if isinstance(event, dict):
                if "Text" in event:
                    if self.lines is not None:
                        self.lines.append((place["start"], place["end"]))
                elif "Start" in event:
                    tag = event["Start"]
                    name = tag if isinstance(tag, str) else next(iter(tag))
                    if name in _PLAIN_BLOCKS and not (blocks or unclosed):
                        block = place
                    elif name in _SPANS:
                        self.opened(name, tag[name], place["start"], place["end"])
                    elif name not in _INLINE:
                        self.started(name, tag, place["start"], place["end"], block["start"])
                        block = place
                    continue
                elif "End" in event:
                    tag = event["End"]
                    if isinstance(tag, str) and tag in _CLOSING:
                        self.ended(tag, place["start"], place["end"])
                else:
                    self.other(event, place["start"], place["end"])
            if open_:
                open_[-1].text_end = place["end"]
        self.definitions()

    def other(self, event: dict[str, Any], start: int, end: int) -> None:
        if "Code" in event:
            self.out.code.append(self.body.span(start, end))
        elif "InlineHtml" in event and not self.images:
            self.inline_html(event["InlineHtml"].encode(), start, end)
        elif self.lines is not None:
            self.lines.append((start, end))

    def opened(self, name: str, payload: dict[str, str], start: int, end: int) -> None:
        if name == "Link":
            self.open.append(_Open(Kind.LINK, payload, start + len("[")))
            return
        if not self.images and payload["link_type"] == "Inline":
            simple, url = _SIMPLE.match(self.text, start, end), payload["dest_url"]
            if simple and simple[1].decode() == url:
                span = self.body.span(*simple.span(1))
                self.out.found.append(Found(*span, Kind.IMAGE, Spelling.MARKDOWN, url))
                self.simple = end
                return
        self.images += 1
        self.open.append(_Open(Kind.IMAGE, payload, start + len("![")))

    def started(self, name: str, tag: Any, start: int, end: int, before: int) -> None:
        """A block begins at ``start``, the one before it at ``before``."""
        payload = tag[name] if isinstance(tag, dict) else {}
        self.in_cell = name == "TableCell"
        followed = not self.indented_code or self.text.startswith(_ADMONITIONS, before)
        if name == "HtmlBlock" or (payload == "Indented" and followed and self.nested):
            self.lines = []
        if self.out.blocks is not None:
            self.out.blocks.append(self.body.span(start, end))
        self.out.markup.close_block()

    def ended(self, tag: str, start: int, end: int) -> None:
        if tag == "Image" and end == self.simple:
            self.simple = 0
        elif tag in ("Image", "Link"):
            self.images -= tag == "Image"
            reference = self.open.pop()
            if not self.images:
                self.refer(reference, end)
        elif tag == "HtmlBlock":
            self.html_block(self.body.joined(self.lines or ()))
            self.out.html.append(self.body.span(start, end))
            self.lines = None
        elif tag == "CodeBlock":
            if self.lines is None:
                self.out.code.append(self.body.span(start, end))
            else:
                self.follow(self.body.joined(self.lines), self.out)
            self.lines = None
        else:
            self.in_cell = False

    def refer(self, reference: _Open, end: int) -> None:
        url, how = reference.payload["dest_url"], reference.payload["link_type"]
        if reference.kind is Kind.LINK and not (self.out.markup.links and names_an_image(url)):
            return
        if how == "Inline":
            at = self.text.find(b"](", reference.text_end, end)
            self.locate(at + 2, end, url, reference.kind)
        elif how in ("Reference", "Collapsed", "Shortcut"):
            label = _normal(reference.payload["id"])
            if reference.kind is Kind.IMAGE or label not in self.used:
                self.used[label] = reference

    def definitions(self) -> None:
        """The definitions that images use; links count where images do not."""
        if not self.used:
            return
        known = pyromark.reference_definitions(self.words, options=OPTIONS)
        for label, definition in known.items():
            reference = self.used.get(_normal(label))
            if reference:
                kind = Kind.DEFINITION if reference.kind is Kind.IMAGE else Kind.LINK
                start, end = definition["span"]["start"], definition["span"]["end"]
                name = _LABEL.match(self.text, start, end)
                self.locate(name.end() if name else end, end, definition["dest"], kind)

    def locate(self, at: int, end: int, url: str, kind: Kind) -> None:
        """Find the destination that says ``url`` at ``at``, behind white space and ``>`` marks."""
        plain = _PLAIN.match(self.text, at, end)
        if plain and plain[1].decode() == url:
            span = self.body.span(*plain.span(1))
            self.out.found.append(Found(*span, kind, Spelling.MARKDOWN, url))
            return
        gap = _GAP.match(self.text, at, end)
        at = gap.end() if gap else at
        for _ in range(_QUOTES):
            start, stop, spelling = _destination(self.text, at, end)
            raw = self.text[start:stop].decode(errors="replace")
            # GFM, 4.10: in a table a pipe's escape is resolved before all others
            if read(raw.replace(r"\|", "|") if self.in_cell else raw, spelling) == url:
                if url:
                    self.out.found.append(Found(*self.body.span(start, stop), kind, spelling, url))
                return
            mark = _QUOTE_MARK.match(self.text, at, end)
            if not mark:
                break
            at = mark.end()
        self.out.lost.append(self.body.origin(at))

    def inline_html(self, payload: bytes, start: int, end: int) -> None:
        self.out.html.append(self.body.span(start, end))
        if self.in_cell:
            payload = payload.replace(b"\\|", b"|")
        pieces = [(start, end)] if self.text[start:end] == payload else []
        if not pieces:  # without the marks of quotes at line starts and of pipes in tables
            for token in _TOKEN.findall(payload):
                between = _BETWEEN_LINES.match(self.text, start, end)
                place = self.text.find(token, start, between.end() + len(token) if between else end)
                if place < 0:
                    return
                start = place + len(token)
                pieces.append((place, start))
        self.out.markup.read(self.body.joined(pieces))

    def html_block(self, chunk: Extract) -> None:
        silent = self.out.markup.read(chunk)
        if self.literal and self.nested and chunk.text.find(b"](") >= 0:
            text = bytearray(chunk.text)
            for start, end in silent:
                text[start:end] = _NOT_A_BREAK.sub(b"x", text[start:end])
            inside = Reading(Markup())
            self.follow(chunk.with_text(bytes(text)), inside)
            self.out.code += inside.code
            self.out.found += (
                found._replace(kind=Kind.LITERAL)
                for found in inside.found
                if found.kind is Kind.IMAGE
            )

    def follow(self, chunk: Extract, out: Reading) -> None:
        """Read a text inside the text, each line without its indentation."""
        lines = [(line.start() + len(line[1]), line.end()) for line in _LINE.finditer(chunk.text)]
        _Reader(
            chunk.joined(lines),
            out,
            indented_code=self.indented_code,
            literal=self.literal,
            nested=self.nested - 1,
        ).read()


def _normal(label: str) -> str:
    return _SPACES.sub(" ", label.strip(" \t\r\n")).casefold()  # CommonMark, 4.7


def _destination(text: bytes, at: int, end: int) -> tuple[int, int, Spelling]:
    """The destination at ``at``, without its angle brackets (CommonMark, 6.3)."""
    angle = _ANGLE.match(text, at, end)
    if angle:
        return *angle.span(1), Spelling.ANGLE
    stop, depth = at, 0
    while part := _BARE.match(text, stop, end):
        depth += (part[0] == b"(") - (part[0] == b")")
        if depth < 0:
            break
        stop = part.end()
    return at, stop, Spelling.MARKDOWN
