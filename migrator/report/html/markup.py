"""Text that others wrote, as HTML that shows it and does nothing else. Pure."""

import base64
import re
from html import escape

from migrator.redact import redact
from migrator.report.escape import for_json, for_terminal

_LEADS = re.compile(r"(?i)https?://[^\\]+")  # a backslash may be one of an escape of ours
_BREAKS_OUT = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def visible(text: str) -> str:
    """``text`` shorn of secrets, with what nobody can see written out; not HTML yet."""
    return for_terminal(redact(text))


def shown(text: str) -> str:
    """``text`` as HTML, between tags or between the quotes of an attribute."""
    return escape(visible(text))


def address(url: str) -> str:
    """``url`` as HTML: a link only where it leads to a host, and is whole."""
    text = visible(url)
    if not _LEADS.fullmatch(text) or "***" in text:
        return f'<span class="url">{escape(text)}</span>'
    rel = 'target="_blank" rel="noopener noreferrer nofollow"'
    return f'<a class="url" href="{escape(text)}" {rel}>{escape(text)}</a>'


def data_block(encoded: str, name: str) -> str:
    """JSON as an element of the page that no browser runs, and no text in it can end."""
    safe = for_json(encoded).translate(_BREAKS_OUT)
    return f'<script type="application/json" class="{name}">{safe}</script>\n'


def data_url(picture: bytes) -> str:
    """``picture``, a WebP or JPEG, as an address that asks nobody for anything."""
    kind = "webp" if picture.startswith(b"RIFF") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"


def command(text: str) -> str:
    """A command line of ours to be copied; ``text`` is quoted for a shell already."""
    return (
        f'<span class="command"><code>{escape(for_terminal(text))}</code>'
        '<button type="button" class="copy" hidden>Copy</button></span>'
    )


def bar(parts: list[tuple[str, float]]) -> str:
    """A bar of coloured ``parts``, each a class and its share of the whole, from 0 to 1."""
    at, boxes = 0.0, []
    for name, share in parts:
        boxes.append(f'<rect class="{name}" x="{at:.3f}" width="{share * 100:.3f}" height="1"/>')
        at += share * 100
    return (
        '<svg class="bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">'
        f"{''.join(boxes)}</svg>"
    )
