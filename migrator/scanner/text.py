"""Image URLs in plain text: configuration, data and theme files."""

import re

from migrator.model import Kind, Spelling
from migrator.scanner.found import Found
from migrator.urls import names_an_image

_URL = re.compile(r"(?:https?:|(?<![\w:/\\]))//(?=[\w-]+(?:\.[\w-]+)*(?::\d+)?/)", re.IGNORECASE)
_STOP = re.compile(r"[\s\"'<>`\\^{|}\x00-\x20，。；、！？）】》」』”’]|\Z")
_NEXT = re.compile(r"[,;)\]]{1,4}[(\[]?(?:https?:)?//", re.IGNORECASE)
_GOES_ON = re.compile(r"#?\{|\$\{|<%")
_BRACKET = re.compile(r"[()\[\]]")
_ENDS_A_SENTENCE = ".,;:!?*_~"


def find(words: str) -> list[Found]:
    """Every URL in ``words`` that names an image file, whatever stands around it.

    Not one that a template continues, such as ``https://img.example.com/a.png{{ query }}``.
    """
    found = []
    seen = offset = at = 0
    stop = -1  # of the last URL, and of those that follow each other without a space
    while match := _URL.search(words, at):
        start, at = match.span()
        if stop < at and (end_of_word := _STOP.search(words, at)):
            stop = end_of_word.start()
        following = _NEXT.search(words, at, stop)
        at = following.start() if following else stop
        url = "" if _GOES_ON.match(words, at) else _trimmed(words[start:at])
        if names_an_image(url):
            offset += len(words[seen:start].encode())
            seen = start
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
