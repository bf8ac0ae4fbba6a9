"""An image's bytes on their way into a store: those of a file, or in memory."""

from dataclasses import dataclass, field
from io import BufferedIOBase, BytesIO
from typing import Literal, Protocol


class Body(Protocol):
    """An image's bytes: a file's (a `Path` is one), or those in memory."""

    def open(self, mode: Literal["rb"], /) -> BufferedIOBase:
        """What they are read from."""
        ...

    def unlink(self) -> None:
        """Remove them: nobody opens them any more."""
        ...


@dataclass(frozen=True, slots=True)
class InMemory:
    """A ``Body`` that no disk holds."""

    data: bytes = field(repr=False)

    def open(self, _mode: Literal["rb"], /) -> BufferedIOBase:
        """See ``Body.open``."""
        return BytesIO(self.data)

    def unlink(self) -> None:
        """See ``Body.unlink``."""
