"""Images that CommonMark does not know but editors and generators do."""

import re

from migrator.model import Kind, Spelling
from migrator.scanner.found import Found
from migrator.scanner.regions import Regions
from migrator.scanner.spelling import read

# ![alt](url =300x200): Typora, HackMD, markdown-it-imsize. Groups turn a bounded number of times:
# each turn takes memory.
_SIZED = re.compile(
    rb"!\[(?<!\\!\[)(?>(?:[^\[\]\\\r\n]+|\\.){,999})\]\([ \t]*"
    rb"(?:<([^<>\r\n]+)>|((?>(?:[^\s()<>\\]+|\\\S|\([^\s()<>]*\)){1,999})))"
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
    sized_images = _SIZED.finditer(text) if _stands(b"=", b" \t", text) else ()
    for sized in sized_images:
        if sized.start() in code:
            continue
        group, spelling = (1, Spelling.ANGLE) if sized[1] else (2, Spelling.MARKDOWN)
        url = read(sized[group].decode(), spelling)
        found.append(Found(*sized.span(group), Kind.IMAGE, spelling, url))
    if _stands(b"[", b"[", text):
        found += (
            Found(*embed.span(1), Kind.EMBED, Spelling.PLAIN, embed[1].decode())
            for embed in _EMBED.finditer(text)
            if embed.start() not in code
        )
    return found


def _stands(mark: bytes, before: bytes, text: bytes) -> bool:
    """Whether ``mark`` has one of ``before`` before it: no search is as quick as for one byte."""
    at = text.find(mark)
    while at >= 0 and (at == 0 or text[at - 1] not in before):
        at = text.find(mark, at + 1)
    return at >= 0
