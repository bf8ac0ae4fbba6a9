"""What the ledger gives back of runs and posts."""

from dataclasses import dataclass
from typing import Any

from migrator.model import Asset


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a command that changes something; ``finished`` is ``None`` until it ends.

    ``pruned`` is when its originals were let go of; then it cannot be rolled back.
    """

    id: int
    name: str
    command: str
    arguments: dict[str, Any]
    started: str
    finished: str | None
    undoes: int | None
    pruned: str | None = None


@dataclass(frozen=True, slots=True)
class Relic:
    """What is known of a swap whose ledger is gone.

    ``after`` is empty where it is not sure, and equal to ``before`` where the post is put back.
    """

    run: str
    post: str
    before: str
    after: str
    edits: int


@dataclass(frozen=True, slots=True)
class Swap:
    """One post as a run replaced it, or is about to.

    ``before`` and ``after`` are the SHA-256 of its bytes, ``temporary`` the name, beside the post,
    of the file that is swapped in.
    """

    run: Run
    name: str
    before: str
    after: str
    temporary: str
    edits: int


@dataclass(frozen=True, slots=True)
class Link:
    """A link that ``run`` wrote into ``post``, and what it leads to.

    ``url`` is the image it stands for, by canonical URL, ``new_url`` the link. ``asset`` is at
    ``key`` in the store with the identity ``store``; it is ``None`` where a map said the link.
    """

    run: str
    post: str
    line: int
    url: str
    new_url: str
    store: str
    key: str
    asset: Asset | None
