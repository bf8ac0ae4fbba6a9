"""What a parser sees in a post, part by part, so that two versions of it can be compared."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pyromark

from migrator.scanner.extract import Extract
from migrator.scanner.html import Markup
from migrator.scanner.markdown import OPTIONS
from migrator.scanner.syntax import Syntax


class Part(NamedTuple):
    """An event of the parser at ``[start, end)``, as it gives it."""

    start: int
    end: int
    event: Any


class Seen(NamedTuple):
    """What an event says; ``url`` and ``text`` are empty if it has none."""

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
        yield Part(start + place["start"], start + place["end"], event)
    for label, definition in pyromark.reference_definitions(markdown, options=OPTIONS).items():
        span = definition["span"]
        what = Seen(f"definition {label} {definition['title']}", definition["dest"])
        yield Part(start + span["start"], start + span["end"], what)


def seen(event: Any) -> Seen:
    """What the event of a part says."""
    if isinstance(event, Seen):
        return event
    if isinstance(event, str):
        return Seen(event)
    ((name, payload),) = event.items()
    if name not in ("Start", "End"):
        return Seen(name, text=str(payload))
    if not isinstance(payload, dict):
        return Seen(f"{name} {payload}")
    ((tag, more),) = payload.items()
    if tag in ("Image", "Link") and isinstance(more, dict):
        rest = f"{more['link_type']} {more['id']} {more['title']}"
        return Seen(f"{name} {tag} {rest}", more["dest_url"])
    return Seen(f"{name} {tag} {more}")
