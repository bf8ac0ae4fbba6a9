"""Image URLs in JSX attributes with expressions, which HTML does not know: ``src={"..."}``."""

import re
from collections.abc import Iterator

from migrator.model import Kind, Spelling
from migrator.scanner.found import Found
from migrator.scanner.regions import Regions
from migrator.urls import names_an_image

_LONGEST = 8192  # bytes of a tag
_NAME = re.compile(rb"(?<!\\)<([A-Za-z][\w.:-]*)(?=[\s{])")
_ATTRIBUTE = re.compile(
    rb"[\s/]*([\w:.$-]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|(?=\{)))?|[\s/]*(?=\{)"
)
_TEXT = re.compile(rb"\{\s*(?:require\(\s*)?([\"'`])([^\"'`\\{}\r\n]*)\1\s*\)?(?:\.default)?\s*\}")
_LITERAL = re.compile(rb"([\"'`])((?:https?:)?//[^\"'`\\{}\s]*)\1", re.IGNORECASE)
_TAG_END = re.compile(rb"[\s/]*>")
_BRACE = re.compile(rb"[{}]")

_IMAGE_KEY = re.compile(
    rb"(?i)img|image|pic|photo|cover|poster|thumb|banner|avatar|logo|background"
)
_NO_IMAGE = frozenset({b"href", b"to", b"alt", b"title", b"children", b"code", b"value"})
_MEDIA = frozenset({b"video", b"audio", b"iframe", b"script", b"source", b"embed", b"track"})


def find(text: bytes, code: Regions) -> list[Found]:
    """The image URLs in the tags of ``text`` that have an expression among their attributes.

    A tag that begins in ``code`` is an example of one.
    """
    found: list[Found] = []
    seen = 0
    brace = text.find(b"={") if text.find(b"{") >= 0 else -1  # one byte is found the quickest
    while brace >= 0:
        tag = text.rfind(b"<", max(seen, brace - _LONGEST), brace)
        name = _NAME.match(text, tag) if tag >= 0 else None
        if name and tag not in code:
            seen = _tag(text, name, found)
        brace = text.find(b"={", max(seen, brace + 1))
    return found


def _tag(text: bytes, name: re.Match[bytes], found: list[Found]) -> int:
    """Read one tag; return where it ends, or where it stopped being one."""
    at, stop = name.end(), name.start() + _LONGEST
    inside: list[Found] = []
    while attribute := _ATTRIBUTE.match(text, at, stop):
        at = attribute.end()
        key, element = attribute[1] or b"", name[1].lower()
        for group in (2, 3):
            if attribute[group] is not None:
                inside += _value(element, key, attribute.span(group), text)
        if text[at : at + 1] == b"{":
            end = _closing_brace(text, at, stop)
            literal = _TEXT.match(text, at, end)
            if literal:
                inside += _value(element, key, literal.span(2), text)
            elif key not in _NO_IMAGE:
                for one in _LITERAL.finditer(text, at, end):
                    inside += _value(element, b"", one.span(2), text)
            at = end
    if _TAG_END.match(text, at):
        found += inside
    return at


def _value(element: bytes, key: bytes, span: tuple[int, int], text: bytes) -> Iterator[Found]:
    url = text[slice(*span)].decode()
    certain = (key == b"src" and element not in _MEDIA) or _IMAGE_KEY.search(key)
    if url and key.lower() not in _NO_IMAGE and (certain or names_an_image(url)):
        yield Found(*span, Kind.TAG, Spelling.QUOTED, url)


def _closing_brace(text: bytes, at: int, stop: int) -> int:
    depth = 0
    for brace in _BRACE.finditer(text, at, stop):
        depth += 1 if brace[0] == b"{" else -1
        if not depth:
            return brace.end()
    return min(stop, len(text))
