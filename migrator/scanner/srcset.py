"""The URLs in attribute values that hold more than a URL: ``srcset`` and ``style``."""

import re
from collections.abc import Iterator

# HTML, 4.8.4.2.2: a URL ends at white space; if it ends with a comma, that ends the candidate.
_CANDIDATE = re.compile(rb"[\s,]*([^\s,]\S*)")
_DESCRIPTORS = re.compile(rb"[^,(]*(?:\([^)]*(?:\)|$)[^,(]*)*")

_QUOTE = rb"\"|'|&quot;|&apos;|&#34;|&#39;|&#x22;|&#x27;"
_CSS_URL = re.compile(
    rb"(?i:\burl)\(\s*(?:(" + _QUOTE + rb")\s*(.*?)\s*\1|((?:[^\s()\"'\\]|\\.)+))\s*\)", re.DOTALL
)


def srcset_urls(value: bytes) -> Iterator[tuple[int, int]]:
    """Where each candidate's URL stands in the value of a ``srcset`` attribute."""
    at = 0
    while candidate := _CANDIDATE.match(value, at):
        start, at = candidate.span(1)
        end = start + len(candidate[1].rstrip(b","))
        yield start, end
        if end == at and (descriptors := _DESCRIPTORS.match(value, at)):
            at = descriptors.end()


def style_urls(value: bytes) -> Iterator[tuple[int, int]]:
    """Where each URL in ``url(...)`` stands in the value of a ``style`` attribute."""
    for match in _CSS_URL.finditer(value):
        yield match.span(2 if match[1] else 3)
