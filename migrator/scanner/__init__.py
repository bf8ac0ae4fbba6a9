"""Finding the image references of one post. Pure: bytes in, values out."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from migrator.config import ScanSettings
from migrator.model import Kind, Note, Reference
from migrator.scanner import front_matter
from migrator.scanner.body import Body, read_body
from migrator.scanner.found import Found
from migrator.scanner.positions import positions
from migrator.scanner.source import Source, decode
from migrator.scanner.syntax import Syntax
from migrator.urls import is_external

_BOM = b"\xef\xbb\xbf"
# What every image has beside its URL: most posts can be told to have none without parsing them.
_MARKS = (
    *(b"{%", b"{{", b"={", b"src", b"poster", b"url", b"data-", b"background"),
    *(b"<image", b"<feimage", b"image=", b"img=", b"cover=", b"thumbnail=", b"logo="),
)
_TEMPLATE = re.compile(r"\{[{%]|<%|\$\{")


class Findings(NamedTuple):
    """What one post holds, in file order.

    ``encoding`` is the codec for text written into it: ``utf-8``, ``gb18030`` or ``ascii``.
    ``opt_out``: the post asks to be left alone (its references are reported all the same).
    """

    references: tuple[Reference, ...]
    encoding: str
    notes: tuple[Note, ...]
    opt_out: bool


def find_references(
    data: bytes,
    syntax: Syntax,
    settings: ScanSettings,
    *,
    links: bool = False,
    everything: bool = False,
) -> Findings:
    """The references of the file ``data``: http, https and protocol-relative URLs.

    With ``links`` also links to image files, with ``everything`` also local paths and ``data:``
    URLs. Never raises for any bytes; takes time linear in their number.
    """
    source = decode(data)
    text = source.text
    if syntax is Syntax.TEXT:
        body, front, start = read_body(source, 0, syntax, settings), front_matter.FrontMatter(), 0
    else:
        front = front_matter.find(text, settings, everything=everything)
        start = front.end or (len(_BOM) if text.startswith(_BOM) else 0)
        links = links or settings.links
        ignoring = text.find(b"migrator-ignore", start) >= 0
        certainly = links or bool(settings.tags)
        if everything or ignoring or _may_hold_an_image(text, start, certainly=certainly):
            body = read_body(source, start, syntax, settings, links=links, ignoring=ignoring)
        else:
            body = Body()
    found = _apart(
        one for one in (*front.found, *body.found) if _counts(one.url, everything=everything)
    )
    notes = [*front.notes, *_lost(text, body.lost)]
    references = tuple(_references(source, found, notes))
    return Findings(
        references,
        source.encoding,
        tuple(sorted(notes, key=lambda note: note.line)),
        front.opt_out or body.opt_out,
    )


def _may_hold_an_image(text: bytes, start: int, *, certainly: bool) -> bool:
    # find(), for "in" asks first whether it is a number, by an exception that takes 0.2 us
    if text.find(b"//", start) < 0:
        return False
    if certainly or text.find(b"![", start) >= 0:
        return True
    if text.find(b"=", start) < 0 and text.find(b"{", start) < 0:  # neither an attribute nor a tag
        return False
    lower = text[start:].lower()
    return any(lower.find(mark) >= 0 for mark in _MARKS)


def _counts(url: str, *, everything: bool) -> bool:
    if ("{" in url or "<%" in url) and _TEMPLATE.search(url):
        return False  # a template fills it in later
    return bool(url) if everything else is_external(url) and not url.endswith("//")


def _apart(found: Iterable[Found]) -> list[Found]:
    """``found`` in file order without overlaps: a tag comes before what stands in it."""
    apart: list[Found] = []
    for one in sorted(found):
        if not apart or one.start >= apart[-1].end:
            apart.append(one)
        elif one.kind is Kind.TAG and apart[-1].kind is not Kind.TAG:
            apart[-1] = one
    return apart


def _references(source: Source, found: list[Found], notes: list[Note]) -> Iterator[Reference]:
    if not found:
        return
    everything, ascii_only = source.text, source.encoding == "ascii"
    places = positions(everything, [one.start for one in found])
    offsets = source.offsets([edge for one in found for edge in one[:2]])
    for one, (line, column), start, end in zip(found, places, offsets, offsets, strict=True):
        raw = everything[one.start : one.end]
        if ascii_only and source.data[start:end] != raw:
            notes.append(Note(line, "an image stays as it is: its address is not valid text"))
            continue
        if raw.find(b"\n") >= 0:
            notes.append(Note(line, "an image stays as it is: its address takes several lines"))
            continue
        text = raw.decode()
        text = one.url if text == one.url else text  # one text, not two, as in nearly all places
        yield Reference(start, end, one.kind, one.spelling, one.url, text, line, column)


def _lost(text: bytes, offsets: Iterable[int]) -> Iterator[Note]:
    for line, _ in positions(text, sorted(offsets)):
        yield Note(line, "an image stays as it is: its address cannot be located for certain")
