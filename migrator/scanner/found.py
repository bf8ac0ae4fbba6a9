"""What a syntax reports: where a URL stands and what it says."""

from typing import NamedTuple

from migrator.model import Kind, Spelling


class Found(NamedTuple):
    """One URL at ``[start, end)`` byte offsets of the file; ``url`` is what its text decodes to."""

    start: int
    end: int
    kind: Kind
    spelling: Spelling
    url: str
