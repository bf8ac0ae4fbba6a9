"""What the three formats have in common: a flat stream of what stands where.

Each format's reader yields these steps in the order of the text. Nothing recursive is ever built
of them, so neither alias bombs nor deep nesting cost anything.
"""

from dataclasses import dataclass

from migrator.model import Spelling


@dataclass(frozen=True, slots=True)
class Key:
    """The next value, or the container that opens next, belongs to this key."""

    name: str


@dataclass(frozen=True, slots=True)
class Open:
    """A table or a list begins."""


@dataclass(frozen=True, slots=True)
class Close:
    """The innermost table or list ends."""


@dataclass(frozen=True, slots=True)
class Value:
    """A scalar: ``value`` is what it decodes to, ``[start, end)`` the text inside its quotes.

    Offsets count characters of the text that was read.
    """

    start: int
    end: int
    value: str
    spelling: Spelling


Step = Key | Open | Close | Value


class Rejected(Exception):
    """The text is not valid in its format; ``offset`` is the character where that shows."""

    def __init__(self, problem: str, offset: int = 0) -> None:
        super().__init__(problem)
        self.offset = offset


class NoMapping(Exception):
    """The text is valid and no table: what looked like front matter is not."""
