"""What the user asked for: kept in the ledger, so that ``resume`` can go on with it."""

import shlex
import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

_FOR_LOOKING = {"--dry-run", "--diff", "--json"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One command that changes something, with all that it needs to run again from anywhere.

    ``typed`` is the command line, for messages. ``trusted`` is the SHA-256 of the site's
    configuration, if the user trusted it for this command.
    """

    command: str
    typed: str
    paths: tuple[str, ...] = ()
    config: str = ""
    trusted: str = ""
    allow_private: tuple[str, ...] = ()
    to: str = ""
    links: bool = False
    text: bool = False
    hosts: tuple[str, ...] = ()  # migrate
    only_failed: bool = False
    limit: int | None = None
    link_map: str = ""  # rewrite
    run: str = ""  # rollback

    @classmethod
    def read(cls, kept: dict[str, Any]) -> Self:
        """What ``dataclasses.asdict`` and JSON made of one."""
        known = {field.name for field in fields(cls)}
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in kept.items()
            if name in known
        }
        return cls(**values)


def typed() -> str:
    """The command line as it was typed, without what only looks."""
    arguments = [each for each in sys.argv[1:] if each not in _FOR_LOOKING]
    return shlex.join(["migrator", *arguments])


def absolute(path: Path) -> str:
    """``path`` for use from any folder; what it is, a link or not, does not matter here."""
    return str(path.absolute())
