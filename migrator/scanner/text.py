"""Image URLs in plain text: configuration, data and theme files."""

import re

from migrator.model import Kind, Spelling
from migrator.scanner.found import Found
from migrator.urls import names_an_image

_URL = re.compile(
    r"(?:https?:|(?<![\w:/\\]))//(?=[\w-]+(?:\.[\w-]+)*(?::\d+)?/)"
    r"(?:(?![,;)\]]{1,4}[(\[]?(?:https?:)?//)[^\s\"'<>`\\^{|}\x00-\x20，。；、！？）】》」』”’])++(?!#?\{|\$\{|<%)",
    re.IGNORECASE,
)
_BRACKET = re.compile(r"[()\[\]]")
_ENDS_A_SENTENCE = ".,;:!?*_~"


def find(words: str) -> list[Found]:
    """Every URL in ``words`` that names an image file, whatever stands around it.

    Not one that a template continues, such as ``https://img.example.com/a.png{{ query }}``.
    """
    found = []
    seen = offset = 0
    for match in _URL.finditer(words):
        url = _trimmed(match[0])
        if names_an_image(url):
            offset += len(words[seen : match.start()].encode())
            seen = match.start()
            end = offset + len(url.encode())
            found.append(Found(offset, end, Kind.TEXT, Spelling.PLAIN, url))
    return found


def _trimmed(url: str) -> str:
    """``url`` without what belongs to the text: the closing bracket, the full stop."""
    depth = 0
    for bracket in _BRACKET.finditer(url):
        depth += 1 if bracket[0] in "([" else -1
        if depth < 0:
            url = url[: bracket.start()]
            break
    url = url.rstrip(_ENDS_A_SENTENCE)
    head, mark, _ = url.partition(",")
    return head if mark and "?" not in head and names_an_image(head) else url
