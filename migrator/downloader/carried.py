"""What a file carries besides its picture. Pure.

A browser or a reader of other formats may take one file for several things: an image with a web
page behind its end mark, an image that is also a script.
"""

import re

HEAD = 1445  # bytes in which browsers look for what a file is (WHATWG MIME Sniffing, 5.2)
TAIL = 1024  # bytes behind the image's end in which a page or a document would begin

_PAGE = rb"<!doctype\s+html|<(?:html|head|body|script|iframe|svg|object|embed)[\s/>]"
_MARKS = (
    (re.compile(_PAGE, re.IGNORECASE), "a web page or a script"),
    (re.compile(rb"<\?php", re.IGNORECASE), "a program (PHP)"),
    (re.compile(rb"%PDF-"), "a PDF"),
)
# GIF89a/*...*/=1 is JavaScript: a name, a comment, an assignment. In a GIF these bytes would mean
# a width of 8,000 pixels and more; elsewhere they may be a length, so the comment must end, too.
_SCRIPT = re.compile(
    rb"GIF8[79]a\s*(?:/[*/]|=\s*(?:/\*|[\"'`\d(\[{]))|(?:BM|RIFF|\xff\xd8\xff.)/\*.*\*/", re.DOTALL
)
_MARKUP = re.compile(rb"[\s\0]*(?:\*/|<[a-z!?])", re.IGNORECASE)

_ACTIVE = (
    (re.compile(rb"<(?:[\w.-]+:)?script\b", re.IGNORECASE), "a script"),
    (re.compile(rb"\son[a-z]+\s*=|javascript:", re.IGNORECASE), "a script in an attribute"),
    (re.compile(rb"<(?:[\w.-]+:)?foreignObject\b", re.IGNORECASE), "a web page (foreignObject)"),
    (re.compile(rb"<!ENTITY|<!DOCTYPE[^>\[]*\[", re.IGNORECASE), "definitions of its own (DTD)"),
    (
        re.compile(rb"(?:href|src)\s*=\s*[\"']?\s*(?:https?:|file:|//)", re.IGNORECASE),
        "addresses of other files",
    ),
)


def in_head(head: bytes) -> str:
    """What else an image that begins with ``head`` seems to be; empty if nothing."""
    head = head[:HEAD]
    return "a script" if _SCRIPT.match(head) else _marked(head)


def behind(tail: bytes) -> str:
    """What seems to begin behind an image's end mark; empty if nothing that could be run."""
    tail = tail[:TAIL]
    return _marked(tail) or ("text for a browser" if _MARKUP.match(tail) else "")


def in_svg(text: bytes) -> list[str]:
    """What is active in an SVG and can be seen without parsing it: escapes may hide more."""
    return [words for mark, words in _ACTIVE if mark.search(text)]


def _marked(data: bytes) -> str:
    return next((words for mark, words in _MARKS if mark.search(data)), "")
