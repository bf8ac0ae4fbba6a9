"""Show text that others wrote: made harmless for a terminal or JSON, and cut to a width."""

import json
import re
import unicodedata
from typing import Any
from urllib.parse import urlsplit

from migrator.redact import redact

# What a terminal may act upon or a reader cannot see: C0, DEL, C1, line separators, bidirectional
# and invisible format characters, tag characters, and lone surrogates (bytes of file names that
# are not UTF-8). Joiners (U+200C, U+200D) and variation selectors shape real words and emoji.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_IN_LINES = re.compile(rf"(\x1b\[[0-9;]*m)|{_HIDDEN.pattern}")
_encode = json.JSONEncoder(ensure_ascii=False).encode
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def for_terminal(text: str) -> str:
    r"""``text`` with control, bidirectional and invisible characters written out: ``\x1b``.

    A byte that could not be decoded (``surrogateescape``) is written as ``\xNN``.
    """
    return _HIDDEN.sub(_written_out, text)


def for_screen(text: str, *, styled: bool = False) -> str:
    """``text`` of any number of lines made harmless; colours may stay where it is ``styled``."""

    def harmless(match: re.Match[str]) -> str:
        ours = match[0] in "\n\t" or (styled and match[1])
        return match[0] if ours else for_terminal(match[0])

    return _IN_LINES.sub(harmless, text)


def for_json(encoded: str) -> str:
    r"""JSON text ``encoded`` with hidden characters as escapes, so that it is valid UTF-8.

    All keep their value but surrogates, which UTF-8 cannot hold: they become the text ``\xNN``.
    """
    return _HIDDEN.sub(_json_escape, encoded)


def encoded(value: Any) -> str:
    """``value`` as JSON on one line, safe to print."""
    return for_json(_encode(value))


def columns(text: str) -> int:
    """How many columns ``text`` takes on a terminal: a Chinese character takes two."""
    if text.isascii():
        return len(text)
    return sum(map(_cell, text))


def keep_end(text: str, width: int) -> str:
    """The end of ``text`` within ``width`` columns, with ``…`` in front if something was cut."""
    if columns(text) <= width:
        return text
    start, room = len(text), width - 1
    while start and (room := room - _cell(text[start - 1])) >= 0:
        start -= 1
    return "…" + text[start:]


def short_url(url: str, width: int) -> str:
    """``url`` for a person to recognize, within ``width`` columns, ready for a terminal.

    Passwords and queries, which may hold a signature, are left out.
    """
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return keep_end(for_terminal(redact(url)), width)
    scheme = f"{parts.scheme}://" if parts.scheme else "//"
    path = parts.path + ("?…" if parts.query else "")
    last = path.rpartition("/")[2]
    for form in (f"{scheme}{host}{path}", f"{host}{path}", f"{host}/…/{last}"):
        shown = for_terminal(form if host else redact(url))
        if columns(shown) <= width:
            return shown
    return keep_end(shown, width)


def wrapped(
    text: str, width: int, *, initial_indent: str = "", subsequent_indent: str = ""
) -> list[str]:
    """``text`` in lines of ``width`` columns, like `textwrap.wrap`, which counts characters.

    A word that is too long for a line stays whole, for it may be an address or a command; Chinese,
    which has no spaces, is broken where the line is full.
    """
    lines: list[str] = []
    line, empty = initial_indent, True
    for word in text.split():
        for number, part in enumerate(_parts(word, width - columns(subsequent_indent))):
            joined = part if empty or number else f" {part}"
            if not empty and columns(line + joined) > width:
                lines.append(line)
                line, joined = subsequent_indent, part
            line += joined
            empty = False
    return lines if empty else [*lines, line]


def _parts(word: str, room: int) -> list[str]:
    """What a line may be broken between: a long word is broken where its wide characters are."""
    if columns(word) <= room or word.isascii():
        return [word]
    return re.findall(r"[\x00-\x7f]+|.", word)


def _cell(character: str) -> int:
    if unicodedata.combining(character) or character in "\u200c\u200d\ufe0e\ufe0f":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _written_out(match: re.Match[str]) -> str:
    character = match[0]
    code = ord(character)
    if "\udc80" <= character <= "\udcff":
        return f"\\x{code - 0xDC00:02x}"
    if character <= "\xff":
        return _SHORT.get(character, f"\\x{code:02x}")
    return f"\\u{code:04x}" if character <= "\uffff" else f"\\U{code:08x}"


def _json_escape(match: re.Match[str]) -> str:
    if "\ud800" <= match[0] <= "\udfff":
        return "\\" + _written_out(match)
    units = match[0].encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
