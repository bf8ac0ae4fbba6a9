"""Where front matter stands in a file, and in which format.

The generators differ; this accepts what any of them accepts: Hexo (``hexo-front-matter``), Hugo
(``parser/pageparser``), Jekyll (``YAML_FRONT_MATTER_REGEXP``), gray-matter, python-frontmatter.
"""

import re
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from migrator.scanner.front_matter import json_reader

_BOM = b"\xef\xbb\xbf"
_BLANK_LINES = re.compile(rb"(?:[ \t\r\n]*[\r\n])?")  # Hugo and python-frontmatter skip them
_LINE_START = rb"(?<![^\r\n])"
_LINE_END = rb"(?:[ \t]*(?:\r\n?|\n|\Z))"
_REST_OF_LINE = re.compile(_LINE_END)
_FENCE = re.compile(rb"(-{3,}|\+{3}|;{3,})[ \t]*(?:\r\n?|\n)")
_JSON = re.compile(rb"\{\s*[\"}]")

# The first line of a mapping, after comments: a key and its colon. Prose does not look so. Groups
# turn a bounded number of times: each turn takes memory.
_MAPPING = re.compile(
    rb"(?>(?:\s+|\#[^\r\n]*){,250000})"
    rb"(?:\Z|\{(?![{%])|\?|\"[^\"\r\n]*\"[ \t]*:|'[^'\r\n]*'[ \t]*:|"
    rb"(?:[^\s:!\[>|*&%@`<]|<<)(?>(?:[^:\r\n]+|:(?=\S)){,999}):(?=\s|\Z))"
)

# Hexo takes front matter without its first fence. So that no heading is taken for it ("Note: ...",
# underlined), it must be titled, as all that Hexo makes is, and show no Markdown image.
_BARE_START = re.compile(rb"[A-Za-z_][\w-]*[ \t]*:[ \t\r\n]|\"[^\"\r\n]+\"[ \t]*:")
_BARE_END = re.compile(_LINE_START + rb"(-{3,}|;{3,})" + _LINE_END + rb"?")
_BARE_TITLE = re.compile(_LINE_START + rb"\"?title\"?[ \t]*:")


class Format(Enum):
    """The language of front matter."""

    YAML = "YAML"
    TOML = "TOML"
    JSON = "JSON"


class Block(NamedTuple):
    """Front matter's text is the bytes ``[start, stop)``, the body begins at ``end``.

    ``certain`` is false where it is front matter only if it can be read as such.
    """

    start: int
    stop: int
    end: int
    format: Format
    certain: bool = True


def locate(data: bytes) -> Block | None:
    """The front matter of ``data``, ``None`` if it has none."""
    begin = len(_BOM) if data.startswith(_BOM) else 0
    begin = _match(_BLANK_LINES, data, begin).end()
    if fence := _FENCE.match(data, begin):
        return _fenced(data, fence)
    if _JSON.match(data, begin):
        stop = json_reader.object_end(data, begin)
        if stop is None:
            return None
        return Block(begin, stop, _line_end(data, stop), Format.JSON)
    return _bare(data, begin) if _BARE_START.match(data, begin) else None


def _fenced(data: bytes, fence: re.Match[bytes]) -> Block | None:
    opening, start = fence[1], fence.end()
    match = _closing(opening).search(data, start - 1)
    if match is None:
        return None
    stop = match.start() + 1
    block = Block(start, stop, _line_end(data, match.end()), _BY_FENCE[opening[:1]])
    # A ruler and prose up to the next ruler is Markdown.
    if block.format is Format.YAML and not _MAPPING.match(data, start, stop):
        return None
    return block


@lru_cache(maxsize=8)
def _closing(opening: bytes) -> re.Pattern[bytes]:
    # Hexo and Hugo: a line that begins like the first fence ends it. Jekyll, Pandoc: "..." too.
    dots = rb"|\.{3}(?=" + _LINE_END + rb")" if opening[:1] == b"-" else b""
    closing = rb"(?:%b%b)" % (re.escape(opening) + re.escape(opening[:1]) + b"*", dots)
    return re.compile(rb"[\r\n]" + closing)  # quicker than a look behind each byte


_BY_FENCE = {b"-": Format.YAML, b"+": Format.TOML, b";": Format.JSON}


def _bare(data: bytes, begin: int) -> Block | None:
    closing = _BARE_END.search(data, begin)
    if closing is None:
        return None
    text = data[begin : closing.start()]
    if b"![" in text or not _BARE_TITLE.search(text):
        return None
    return Block(begin, closing.start(), closing.end(), _BY_FENCE[closing[1][:1]], certain=False)


def _line_end(data: bytes, offset: int) -> int:
    """The start of the next line, or ``offset`` itself where more follows on its line."""
    blank = _REST_OF_LINE.match(data, offset)
    return blank.end() if blank else offset


def _match(pattern: re.Pattern[bytes], data: bytes, offset: int) -> re.Match[bytes]:
    match = pattern.match(data, offset)
    assert match is not None  # noqa: S101 - the pattern matches the empty string
    return match
