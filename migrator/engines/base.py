"""What an engine is: it has the hands that move the images of a run."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from migrator.executors import Hands
from migrator.model import Outcome, TransferTask
from migrator.transfer import Transfer

Movers = Hands[TransferTask, Outcome]


class Engine(Protocol):
    """Where the images of a run are moved. What politeness asks for is decided here, not there."""

    @property
    def elsewhere(self) -> bool:
        """Whether that may be on other machines, which do not have this one's folders."""
        ...

    def check(self, transfer: Transfer, trials: Mapping[str, bool]) -> None:
        """Raise what would meet every image: nobody there, another version, no credentials.

        ``trials`` is what was found out about the stores (see ``Store.learn``).

        Raises:
            MigratorError: that, and the cure.
        """
        ...

    def hands(
        self, transfer: Transfer, trials: Mapping[str, bool]
    ) -> AbstractContextManager[Movers]:
        """Hands for one run, which do as ``transfer`` would; what is in hand at the end is let go.

        Was checked with the same arguments before.
        """
        ...

    def close(self) -> None:
        """Leave whoever was asked."""
        ...
