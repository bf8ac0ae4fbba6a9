"""What a command that replaces posts is, step by step: all that the command line needs to know."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence

from migrator.interruption import Stop
from migrator.ledger import Ledger, Run
from migrator.model import Failed, Glance, Post
from migrator.plan import Plan


class Story(ABC):
    """One job on one site. Unless it says otherwise, no image moves in it."""

    __slots__ = ()

    @property
    def store(self) -> str:
        """The identity of the store that links will lead to."""
        return ""

    @property
    def place(self) -> str:
        """Where images go, for people."""
        return ""

    @property
    def origin(self) -> str:
        """Where all images come from, for people; empty where each has its host."""
        return ""

    @property
    def snapshot(self) -> str:
        """The name of the backup that images come from, if they come from one."""
        return ""

    @abstractmethod
    def plan(self, ledger: Ledger | None, run: Run | None) -> Plan:
        """Scan the posts and decide what is left to do; changes nothing.

        ``run``, if given, was interrupted and goes on.
        """

    def glances(self, plan: Plan, seconds: float) -> Mapping[str, Glance]:  # noqa: ARG002 - no image moves
        """What is said of each image that is new, by canonical URL; fetches none.

        After so many ``seconds`` nobody is asked any more.
        """
        return {}

    def failing(self, plan: Plan) -> Sequence[Failed]:  # noqa: ARG002 - likewise
        """The images of ``plan`` of which it is known without asking anybody that they fail."""
        return ()

    def guesses(self, plan: Plan) -> bool:  # noqa: ARG002 - likewise
        """Whether some of the ``links`` are not known in full before images are fetched."""
        return False

    @abstractmethod
    def links(self, plan: Plan) -> Callable[[Post], Mapping[str, str]]:
        """What gives the links that a post would get, by the URL that stands there."""

    def prepare(self, ledger: Ledger) -> None:  # noqa: B027 - nothing has to be
        """See that the store takes images; called once, when the user agreed."""

    @abstractmethod
    def carry_out(self, plan: Plan, ledger: Ledger, run: Run, stop: Stop) -> tuple[str, ...]:
        """Do what ``plan`` says; every step is recorded. Returns what the user should know.

        Safe to repeat after an interruption with the same ``run``.

        Raises:
            StoreRefused: the store will refuse every image.
            Interrupted: a signal came.
        """
