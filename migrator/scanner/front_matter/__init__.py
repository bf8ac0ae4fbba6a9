"""Front matter: where it ends, and which of its values are image URLs.

It is read and never written: what is found are spans of bytes, one for each URL.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from migrator.config import ScanSettings
from migrator.model import Kind, Note
from migrator.scanner.found import Found
from migrator.scanner.front_matter import json_reader, toml_reader
from migrator.scanner.front_matter.block import Format, locate
from migrator.scanner.front_matter.images import examine
from migrator.scanner.front_matter.reading import NoMapping, Rejected, Step
from migrator.scanner.positions import positions

_MAX_LENGTH = 250_000  # the limit of what hostile text may cost: about a second
_OPT_OUT = re.compile(
    rb"""(?<![^\r\n])["']?migrator["']?[ \t]*[:=][ \t]*["']?(?:false|no|off)\b""", re.IGNORECASE
)


class FrontMatter(NamedTuple):
    """The body begins at byte ``end``: 0 if the file has no front matter."""

    end: int = 0
    found: tuple[Found, ...] = ()
    notes: tuple[Note, ...] = ()
    opt_out: bool = False


def find(data: bytes, settings: ScanSettings, *, everything: bool = False) -> FrontMatter:
    """The front matter of ``data``, which is valid UTF-8.

    Found are values that are a URL as a whole: any under a key that names an image, under other
    keys those that name an image file; with ``everything`` local paths and ``data:`` URLs too.
    What cannot be read or placed becomes a note.
    """
    block = locate(data)
    if block is None:
        return FrontMatter()
    raw = data[block.start : block.stop]
    if not (everything or raw.find(b"migrator") >= 0 or _may_hold_an_address(raw.lower())):
        return FrontMatter(block.end)
    text = raw.decode()
    try:
        images = examine(
            _steps(text, block.format), text, settings.image_keys, everything=everything
        )
    except NoMapping:
        return FrontMatter()
    except Rejected as problem:
        if not block.certain:
            return FrontMatter()
        words = (
            f"the front matter cannot be read as {block.format.value} ({problem}), so the images "
            "in it stay as they are; the text below it is not concerned"
        )
        notes = _notes([(problem.offset, words)], data, text, block.start)
        return FrontMatter(block.end, notes=notes, opt_out=bool(_OPT_OUT.search(raw)))
    offsets = _offsets(text, images.edges(), block.start)
    found = (
        Found(offsets[start], offsets[end], Kind.FRONT_MATTER, spelling, url)
        for start, (end, spelling, url) in sorted(images.found.items())
    )
    notes = _notes(images.notes, data, text, block.start)
    return FrontMatter(block.end, tuple(found), notes, images.opt_out)


def _may_hold_an_address(lower: bytes) -> bool:
    return any(lower.find(mark) >= 0 for mark in (b"//", b"http:", b"https:", rb"/\/"))


def _steps(text: str, language: Format) -> Iterator[Step]:
    if len(text) > _MAX_LENGTH:
        raise Rejected(f"it is longer than {_MAX_LENGTH:,} characters")
    match language:
        case Format.YAML:
            from migrator.scanner.front_matter import yaml_reader  # noqa: PLC0415 - takes 8 ms

            return yaml_reader.steps(text)
        case Format.TOML:
            return toml_reader.steps(text)
        case Format.JSON:
            return json_reader.steps(text)


def _notes(notes: list[tuple[int, str]], data: bytes, text: str, start: int) -> tuple[Note, ...]:
    if not notes:
        return ()
    offsets = _offsets(text, (offset for offset, _ in notes), start)
    notes = sorted(notes)
    places = positions(data, (offsets[offset] for offset, _ in notes))
    return tuple(Note(line, words) for (line, _), (_, words) in zip(places, notes, strict=True))


def _offsets(text: str, characters: Iterable[int], start: int) -> dict[int, int]:
    """The byte offset of each of ``characters`` of ``text``, which stands at ``start``."""
    offsets, seen = {}, 0
    for character in sorted(set(characters)):
        start += len(text[seen:character].encode())
        offsets[character] = start
        seen = character
    return offsets
