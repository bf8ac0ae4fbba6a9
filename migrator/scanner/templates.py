"""Regions that a site generator takes out before Markdown is read: raw text, listings, comments."""

import re

from migrator.scanner.regions import Regions

_OPENING = re.compile(  # Hexo and Liquid; Hugo: a listing, a shown shortcode; MDX; kramdown
    rb"\{(?:%[-+]?\s*(raw|verbatim|codeblock|code|highlight|prism|comment)\b[^{}]*?%\}"
    rb"|\{[<%]\s*(highlight)\b[^{}]*?[>%]\}\}"
    rb"|\{([<%])/\*"
    rb"|(/\*)"
    rb"|(::comment\}))"
)
_NOT_A_BREAK = re.compile(rb"[^\r\n]")


def silenced(text: bytes, code: Regions, *, mdx: bool) -> bytes:
    """``text`` with those regions crossed out; length and line ends stay.

    What begins in ``code`` is an example. ``{/* ... */}`` is a comment in ``mdx`` alone.
    """
    if text.find(b"{") < 0:  # quicker than the expression
        return text
    pieces: list[bytes] = []
    missing: set[bytes] = set()
    seen = 0
    for opening in _OPENING.finditer(text):
        start, inside = opening.span()
        if start < seen or start in code or (opening[4] and not mdx):
            continue
        closing = _closing(opening)
        end = None if closing in missing else re.compile(closing).search(text, inside)
        if end is None:  # nor for any later one: each kind is looked for to the end once
            missing.add(closing)
            continue
        pieces += (text[seen:inside], _NOT_A_BREAK.sub(b"x", text[inside : end.start()]))
        seen = end.start()
    return b"".join((*pieces, text[seen:])) if pieces else text


def _closing(opening: re.Match[bytes]) -> bytes:
    tag, shortcode, shown, jsx, _kramdown = opening.groups()
    if tag:
        return rb"\{%[-+]?\s*end" + tag + rb"\s*[-+]?%\}"
    if shortcode:
        return rb"\{\{[<%]\s*/\s*" + shortcode + rb"\s*[>%]\}\}"
    if jsx:
        return rb"\*/\}"
    return rb"\{:/comment\}" if shown is None else rb"\*/" + shown.replace(b"<", b">") + rb"\}\}"
