"""What stands below a post's front matter: its syntaxes, put together."""

import re
from bisect import bisect_left
from dataclasses import dataclass, field

from migrator.config.settings import ScanSettings
from migrator.scanner.extract import Extract
from migrator.scanner.found import Found
from migrator.scanner.html import Comment, Markup
from migrator.scanner.markdown import Range, Reading, math, read_markdown
from migrator.scanner.syntax import Syntax

_BLANK_LINE = re.compile(rb"(?:\r\n?|\n)[ \t]*(?:\r\n?|\n)")
_WORDS = re.compile(rb"\S")


@dataclass(frozen=True, slots=True)
class Body:
    """References, where an image could not be located, and whether the post opts out."""

    found: list[Found] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)
    opt_out: bool = False


def read_body(
    text: bytes, start: int, syntax: Syntax, settings: ScanSettings, *, links: bool = False
) -> Body:
    """Read ``text`` from ``start`` on."""
    body = Extract.whole(text[start:], start)
    if syntax is Syntax.HTML:
        reading = Reading(Markup(links))
        reading.markup.read(body)
        reading.html.append((start, len(text)))
    else:
        reading = read_markdown(
            body,
            indented_code=syntax is not Syntax.MDX,
            links=links,
            literal=settings.literal,
        )
    found = [*reading.found, *reading.markup.found]
    ignored = [*reading.markup.code]
    if found and b"$" in body.text and syntax is not Syntax.HTML:
        ignored += math(body)
    comments = [c for c in reading.markup.comments if c.text.startswith("migrator-ignore")]
    ignored += [
        _next_paragraph(text, reading, comment)
        for comment in comments
        if comment.text == "migrator-ignore-next"
    ]
    return Body(
        outside(found, ignored),
        reading.lost,
        any(comment.text == "migrator-ignore" for comment in comments),
    )


def outside(found: list[Found], regions: list[Range]) -> list[Found]:
    """Those of ``found`` that stand in none of ``regions``."""
    if not regions:
        return found
    regions = sorted(regions)
    kept, region, reach = [], 0, -1
    for one in sorted(found):
        while region < len(regions) and regions[region][0] <= one.start:
            reach = max(reach, regions[region][1])
            region += 1
        if one.start >= reach:
            kept.append(one)
    return kept


def _next_paragraph(text: bytes, reading: Reading, comment: Comment) -> Range:
    """What follows ``comment`` in its HTML up to a blank line, else the next block."""
    rest = max((end for start, end in reading.html if start <= comment.start < end), default=0)
    words = _WORDS.search(text, comment.end, rest)
    if words:
        blank = _BLANK_LINE.search(text, words.start(), rest)
        return comment.end, blank.start() if blank else rest
    block = bisect_left(reading.blocks, (comment.end, 0))
    return reading.blocks[block] if block < len(reading.blocks) else (comment.end, comment.end)
