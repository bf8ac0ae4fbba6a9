"""Images that CommonMark does not know but editors and generators do."""

import re

from migrator.model import Kind, Spelling
from migrator.scanner.found import Found
from migrator.scanner.regions import Regions
from migrator.scanner.spelling import read

# ![alt](url =300x200): Typora, HackMD, markdown-it-imsize
_SIZED = re.compile(
    rb"!\[(?<!\\!\[)(?:[^\[\]\\\r\n]|\\.)*+\]\([ \t]*"
    rb"(?:<([^<>\r\n]+)>|((?:[^\s()<>\\]++|\\\S|\([^\s()<>]*\))++))"
    rb"(?:[ \t]+(?:\"[^\"\r\n]*\"|'[^'\r\n]*'))?"
    rb"[ \t]+=[0-9]*%?x[0-9]*%?"
    rb"(?:[ \t]+(?:\"[^\"\r\n]*\"|'[^'\r\n]*'))?[ \t]*\)"
)
# ![[url|300]]: Obsidian
_EMBED = re.compile(
    rb"!\[\[(?<!\\!\[\[)[ \t]*([^\[\]|\r\n]*[^\[\]|\s])[ \t]*(?:\|[^\[\]\r\n]*)?\]\]"
)


def find(text: bytes, code: Regions) -> list[Found]:
    """Sized images and embedded URLs in ``text``, but not in ``code``."""
    found = []
    sized_images = _SIZED.finditer(text) if _may_give_a_size(text) else ()
    for sized in sized_images:
        if sized.start() in code:
            continue
        group, spelling = (1, Spelling.ANGLE) if sized[1] else (2, Spelling.MARKDOWN)
        url = read(sized[group].decode(), spelling)
        found.append(Found(*sized.span(group), Kind.IMAGE, spelling, url))
    if b"![[" in text:
        found += (
            Found(*embed.span(1), Kind.EMBED, Spelling.PLAIN, embed[1].decode())
            for embed in _EMBED.finditer(text)
            if embed.start() not in code
        )
    return found


def _may_give_a_size(text: bytes) -> bool:
    """Whether there is a "=" behind a space: one byte is found much quicker than any expression."""
    at = text.find(b"=")
    while at > 0 and text[at - 1 : at] not in (b" ", b"\t"):
        at = text.find(b"=", at + 1)
    return at > 0
