"""From the command line to a configured site: what every command begins with."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import typer

from migrator.cli.options import Common
from migrator.config import Settings
from migrator.config.loading import Loaded, find_config, load, user_config
from migrator.config.trust import trust
from migrator.errors import UsageError
from migrator.events import Listener, Warned
from migrator.interruption import Stop, listening
from migrator.ledger import Ledger
from migrator.recovery import recover
from migrator.report.progress import listener_for
from migrator.state import Site, locked, site_root
from migrator.uploader import store_settings_for


@dataclass(frozen=True, slots=True)
class Session:
    """A site, its settings, who listens, and whether a signal came."""

    site: Site
    settings: Settings
    listener: Listener
    stop: Stop

    @contextmanager
    def working(self) -> Iterator[Ledger]:
        """Lock the site, open its ledger, and settle what an interrupted command left."""
        with locked(self.site), Ledger.open(self.site.ledger) as ledger:
            for text in recover(self.site, ledger):
                self.listener(Warned(text))
            yield ledger


@contextmanager
def opened(common: Common, paths: Sequence[Path] = (), *, to: str = "") -> Iterator[Session]:
    """Read the configuration, find the site, start to listen.

    Raises:
        ConfigError: the configuration does not fit.
        UsageError: it needs a trust that was not given.
    """
    loaded = _loaded(common, paths)
    settings = loaded.settings
    if to:
        settings = replace(settings, store=store_settings_for(to, settings.store))
    site = Site(site_root(paths, loaded.file))
    with (
        listening() as stop,
        listener_for(
            sys.stderr,
            quiet=common.quiet,
            verbose=common.verbose,
            no_progress=common.no_progress,
        ) as listener,
    ):
        yield Session(site, settings, listener, stop)


@contextmanager
def history(site: Site) -> Iterator[Ledger | None]:
    """The ledger of ``site``, to read only; ``None`` where no run was ever recorded."""
    ledger = Ledger.look(site.ledger)
    try:
        yield ledger
    finally:
        if ledger:
            ledger.close()


def site_here(common: Common) -> Site:
    """The site that a command without PATH is about: the one around the current folder."""
    return Site(site_root((), common.config or find_config(Path.cwd())))


def trust_here(common: Common) -> str:
    """Trust the configuration around the current folder; returns what to say about it."""
    file, user_file = common.config or find_config(Path.cwd()), user_config(os.environ)
    if file is None or user_file is None:
        raise UsageError(
            "there is no migrator.toml here, nor in a folder above",
            "Go to the folder of the site, or name the file: --config FILE",
        )
    loaded = load(file, user_file=user_file, overrides={}, environ=os.environ)
    trust(file, loaded.digest, user_file)
    keys = ", ".join(loaded.needs_trust) or "nothing that needs it"
    return f"Trusted {file}, which sets: {keys}. After a change, trust it again."


def on_terminal() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirmed(question: str, *, yes: bool) -> bool:
    """Whether the user agrees; asks on a terminal, once.

    Raises:
        UsageError: there is no terminal to ask on, and ``--yes`` was not given.
    """
    if not yes and not on_terminal():
        raise UsageError(
            "this changes files, and there is no terminal to ask on",
            "Add --yes to go ahead, or --dry-run to see what would happen.",
        )
    return yes or typer.confirm(question, err=True)


def _loaded(common: Common, paths: Sequence[Path]) -> Loaded:
    overrides: dict[str, Any] = {}
    if common.allow_private:
        overrides = {"safety": {"allow_private": common.allow_private}}
    loaded = load(
        common.config or find_config(paths[0] if paths else Path.cwd()),
        user_file=user_config(os.environ),
        overrides=overrides,
        environ=os.environ,
    )
    if loaded.needs_trust and not common.trust_config:
        _ask_for_trust(loaded)
    return loaded


def _ask_for_trust(loaded: Loaded) -> None:
    typer.echo(
        f"{loaded.file} sets {', '.join(loaded.needs_trust)}.\nA configuration that came with a"
        " copied site could use this to reach into your network, or to send your keys elsewhere.",
        err=True,
    )
    user_file = user_config(os.environ)
    assert loaded.file is not None  # noqa: S101 - only a file can need trust
    if (
        user_file
        and on_terminal()
        and typer.confirm("Did you write this file, or read it and agree?", err=True)
    ):
        trust(loaded.file, loaded.digest, user_file)
        return
    raise UsageError(
        f"{loaded.file} is not trusted",
        "After reading it: migrator trust (remembers it), or add --trust-config (this once).",
    )
