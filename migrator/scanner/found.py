"""What a syntax reports: where a URL stands and what it says."""

from dataclasses import dataclass

from migrator.model import Kind, Spelling


@dataclass(frozen=True, slots=True, order=True)
class Found:
    """One URL at ``[start, end)`` byte offsets of the file; ``url`` is what its text decodes to."""

    start: int
    end: int
    kind: Kind
    spelling: Spelling
    url: str
