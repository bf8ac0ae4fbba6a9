"""What the user asked for: kept in the ledger, so that ``resume`` can go on with it."""

import os
import re
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

from migrator.errors import UsageError
from migrator.scanner.hosts import PROVIDERS, spoken

STORE_NAMES = frozenset({"store", "mirror", "backup"})  # of the configuration's tables
_FOR_LOOKING = {"--dry-run", "--diff", "--json"}
_INTO = "--html"  # looks as well, and has a file behind it


@dataclass(frozen=True, slots=True)
class Asked:
    """One command that changes something, with all that it needs to run again from anywhere.

    ``typed`` is the command line, for messages. ``trusted`` is the SHA-256 of the site's
    configuration, if the user trusted it for this command. ``yes``: it does not ask.
    """

    command: str
    typed: str
    paths: tuple[str, ...] = ()
    config: str = ""
    trusted: str = ""
    allow_private: tuple[str, ...] = ()
    to: str = ""
    store: str = ""  # the store's identity, once the run began
    links: bool = False
    text: bool = False
    yes: bool = False
    local: bool = False  # migrate
    hosts: tuple[str, ...] = ()  # migrate, restore
    only_failed: bool = False
    limit: int | None = None
    executor: str = ""
    link_map: str = ""  # rewrite
    run: str = ""  # rollback
    source: str = ""  # restore: the store that --from names, if it does
    snapshot: str = ""
    old_names: bool = False

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

    def below(self, root: Path) -> Self:
        """The same with paths relative to the site's ``root``, for a site may move.

        That is, paths below it or below the current folder; one elsewhere stays where it is.
        """
        near = (root, Path.cwd())

        def relative(path: str) -> str:
            moves = any(Path(path).is_relative_to(folder) for folder in near)
            return os.path.relpath(path, root) if path and moves else path

        return self._with_paths(relative)

    def above(self, root: Path) -> Self:
        """What ``below`` made relative, absolute again for the site at ``root``."""
        return self._with_paths(lambda path: os.path.normpath(root / path) if path else path)

    def _with_paths(self, change: Callable[[str], str]) -> Self:
        def moved(store: str) -> str:
            return change(store) if is_folder(store) else store

        return replace(
            self,
            paths=tuple(map(change, self.paths)),
            config=change(self.config),
            link_map=change(self.link_map),
            to=moved(self.to),
            source=moved(self.source),
        )


def is_folder(store: str) -> bool:
    """Whether ``store``, as the user named it, is a folder."""
    return bool(store) and "://" not in store and store not in STORE_NAMES


def stored_at(option: str, store: str | None) -> str:
    """The store that ``option`` named, for use from any folder; empty without it.

    Raises:
        UsageError: it names none.
    """
    if store is not None and not store.strip():  # a shell variable that is not set
        raise UsageError(f"{option} names no store", "Name a folder, or s3://BUCKET/PREFIX.")
    if not store or not is_folder(store):
        return store or ""
    if re.match(r"s3(:/?|//)(?!/)", store):
        raise UsageError(
            f"{option} {store} is no folder, and no bucket either",
            "A bucket is s3://BUCKET/PREFIX.",
        )
    near = [] if os.sep in store else get_close_matches(store, STORE_NAMES, 1)
    if near and not Path(store).exists():
        raise UsageError(
            f"{option} {store}: there is no such folder; did you mean {near[0]}?",
            f"If a new folder is meant, write ./{store}",
        )
    return absolute(Path(os.path.expanduser(store)))  # noqa: PTH111 - no shell did, behind a "="


def hosts_named(option: str, hosts: Sequence[str]) -> tuple[str, ...]:
    """The hosts and providers that ``option`` named.

    Raises:
        UsageError: one of them would select nothing, but it is known what is meant.
    """
    for each in hosts:
        if meant := spoken(each):
            raise UsageError(
                f"{option} {each} is no host that has images; Migrator calls it {meant}",
                f"Write {option} {meant}. Providers: {', '.join(sorted(PROVIDERS))}",
            )
    return tuple(hosts)


def typed() -> str:
    """The command line as it was typed, without what only looks."""
    before = ["", *sys.argv[1:]]
    arguments = [
        each
        for last, each in pairwise(before)
        if each not in {*_FOR_LOOKING, _INTO} and last != _INTO and not each.startswith(f"{_INTO}=")
    ]
    return shlex.join(["migrator", *arguments])


def absolute(path: Path) -> str:
    """``path`` for use from any folder; symbolic links on the way to it are resolved."""
    return str(path.parent.resolve() / path.name) if path.name else str(path.resolve())
