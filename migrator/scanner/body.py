"""What stands below a post's front matter: its syntaxes, put together."""

import re
from bisect import bisect_left
from dataclasses import dataclass, field

from migrator.config import ScanSettings
from migrator.scanner import dialects, jsx, tags, text
from migrator.scanner.extract import Extract
from migrator.scanner.found import Found
from migrator.scanner.html import Comment, Markup
from migrator.scanner.markdown import Reading, math, read_markdown
from migrator.scanner.regions import Range, Regions
from migrator.scanner.source import Source
from migrator.scanner.syntax import Syntax
from migrator.scanner.templates import silenced

_BLANK_LINE = re.compile(rb"\n[ \t]*\r?\n")
_WORDS = re.compile(rb"\S")
_MDX_COMMENT = re.compile(rb"\{/\*\s*(migrator-ignore(?:-next)?)\s*\*/\}")  # MDX has no <!-- -->
_ROUNDS = 8  # raw text can hold what looks like code in which more raw text begins
_IGNORE, _IGNORE_NEXT = "migrator-ignore", "migrator-ignore-next"


@dataclass(frozen=True, slots=True)
class Body:
    """References, where an image could not be located, and whether the post opts out."""

    found: list[Found] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)
    opt_out: bool = False


def read_body(
    source: Source,
    start: int,
    syntax: Syntax,
    settings: ScanSettings,
    *,
    links: bool = False,
    ignoring: bool = False,
) -> Body:
    """Read the text of ``source`` from ``start`` on; offsets are those of the whole text.

    ``ignoring`` is whether something there may ask to be left alone.
    """
    post, body = source.text, source.below(start)
    if syntax is Syntax.TEXT:
        return Body(_moved(text.find(body.words), start))
    # Only such a comment asks which block follows.
    blocks = ignoring and _IGNORE_NEXT.encode() in post
    reading = _read(body, syntax, settings, links=links, blocks=blocks)
    for _ in range(_ROUNDS):
        code = Regions((first - start, last - start) for first, last in reading.code)
        silent = silenced(body.text, code, mdx=syntax is Syntax.MDX)
        if silent == body.text:
            break
        body = body.with_text(silent)
        reading = _read(body, syntax, settings, links=links, blocks=blocks)
    found = tags.find(body.text, code, settings.tags, links=links)
    if syntax is not Syntax.HTML:
        found += jsx.find(body.text, code) + dialects.find(body.text, code)
    found = _moved(found, start) + reading.found + reading.markup.found
    ignored, ignored_to = list(reading.markup.code), 0
    if found and body.text.find(b"$") >= 0 and syntax is not Syntax.HTML:
        urls = Regions((one.start, one.end) for one in found)
        ignored += (
            (first, last)
            for first, last in math(body)
            if first not in urls and last - 1 not in urls  # "$" is a character of URLs too
        )
    comments = reading.markup.comments
    if syntax is Syntax.MDX:
        comments = [
            Comment(*mark.span(), mark[1].decode())
            for mark in _MDX_COMMENT.finditer(post, start)
            if mark.start() - start not in code
        ]
    for comment in comments:
        if comment.text == _IGNORE_NEXT and comment.start >= ignored_to:
            ignored.append(_following(post, reading, comment))
            ignored_to = ignored[-1][1]
    if ignored:
        left_alone = Regions(ignored)
        found = [one for one in found if one.start not in left_alone]
    return Body(
        found,
        reading.lost,
        any(comment.text == _IGNORE for comment in comments),
    )


def _read(
    body: Extract, syntax: Syntax, settings: ScanSettings, *, links: bool, blocks: bool
) -> Reading:
    if syntax is Syntax.HTML:
        reading = Reading(Markup(links))
        reading.markup.read(body)
        reading.html.append(body.span(0, len(body.text)))
    else:
        reading = read_markdown(
            body,
            indented_code=syntax is not Syntax.MDX,
            links=links,
            literal=settings.literal,
            blocks=blocks,
        )
    reading.code += reading.markup.code
    reading.code += ((comment.start, comment.end) for comment in reading.markup.comments)
    return reading


def _moved(found: list[Found], by: int) -> list[Found]:
    if not found or not by:
        return found
    return [one._replace(start=one.start + by, end=one.end + by) for one in found]


def _following(post: bytes, reading: Reading, comment: Comment) -> Range:
    """What follows ``comment`` in its HTML up to a blank line, else the next block."""
    chunk = bisect_left(reading.html, (comment.start + 1, 0)) - 1
    rest = reading.html[chunk][1] if chunk >= 0 else 0
    words = _WORDS.search(post, comment.end, rest)
    if words:
        blank = _BLANK_LINE.search(post, words.start(), rest)
        return comment.end, blank.start() if blank else rest
    blocks = reading.blocks or ()
    block = bisect_left(blocks, (comment.end, 0))
    return blocks[block] if block < len(blocks) else (comment.end, comment.end)
