"""Edits: which bytes of a post are replaced by which. Pure."""

from collections.abc import Iterable, Mapping
from itertools import pairwise

from migrator.errors import MigratorError
from migrator.model import Edit, Reference
from migrator.scanner.spelling import write


class OverlappingEdits(MigratorError):
    """Two edits would change the same bytes: a bug of ours."""


def edits_for(
    references: Iterable[Reference], encoding: str, new_url_of: Mapping[str, str]
) -> tuple[Edit, ...]:
    """The edits that make each of ``references`` say its new URL, in file order.

    Keys are the URLs of references as they are; those without a key stay. ``encoding`` is the
    post's. A new URL is written in the spelling of its place, and not at all if it stands there.
    """
    edits = []
    for reference in references:
        new = new_url_of.get(reference.url)
        if new is not None and new != reference.url:
            text = write(new, reference.spelling, encoding)
            if text != reference.raw:
                edits.append(Edit(reference.span, text.encode(encoding)))
    return tuple(sorted(edits))


def apply(data: bytes, edits: Iterable[Edit]) -> bytes:
    """``data`` with the bytes of each edit's span replaced and all others kept.

    Raises:
        OverlappingEdits: two spans overlap, or one is not within ``data``.
    """
    ordered = sorted(edits)
    for before, after in pairwise(ordered):
        if after.span.start < before.span.end or after.span == before.span:
            raise OverlappingEdits(f"two edits at byte {after.span.start}")
    if ordered and ordered[-1].span.end > len(data):
        raise OverlappingEdits(f"an edit beyond the end, at byte {ordered[-1].span.start}")
    pieces: list[bytes] = []
    at = 0
    for edit in ordered:
        pieces += (data[at : edit.span.start], edit.replacement)
        at = edit.span.end
    return b"".join((*pieces, data[at:]))
