"""What a parser sees in a post, part by part, so that two versions of it can be compared."""

from collections.abc import Iterator
from typing import NamedTuple

import pyromark

from migrator.scanner.extract import Extract
from migrator.scanner.html import Markup
from migrator.scanner.markdown import OPTIONS
from migrator.scanner.syntax import Syntax


class Part(NamedTuple):
    """An event of the parser at ``[start, end)``; ``url`` and ``text`` are empty if it has none."""

    start: int
    end: int
    what: str
    url: str = ""
    text: str = ""


def parts(text: bytes, start: int, syntax: Syntax) -> Iterator[Part]:
    """The events of ``text`` from ``start`` on, and its reference definitions."""
    body = Extract.whole(text[start:], start)
    if syntax is Syntax.HTML:
        for first, last in Markup().read(body):
            yield Part(start + first, start + last, "markup")
        return
    markdown = body.text.decode()
    for event, place in pyromark.events_with_range(markdown, options=OPTIONS):
        first, last = start + place["start"], start + place["end"]
        if isinstance(event, str):
            yield Part(first, last, event)
            continue
        ((name, payload),) = event.items()
        if name in ("Start", "End") and isinstance(payload, dict):
            for tag, more in payload.items():
                if tag in ("Image", "Link") and isinstance(more, dict):
                    rest = f"{more['link_type']} {more['id']} {more['title']}"
                    yield Part(first, last, f"{name} {tag} {rest}", more["dest_url"])
                else:
                    yield Part(first, last, f"{name} {tag} {more}")
        elif name in ("Start", "End"):
            yield Part(first, last, f"{name} {payload}")
        else:
            yield Part(first, last, name, text=str(payload))
    for label, definition in pyromark.reference_definitions(markdown, options=OPTIONS).items():
        first, last = start + definition["span"]["start"], start + definition["span"]["end"]
        yield Part(first, last, f"definition {label} {definition['title']}", definition["dest"])
