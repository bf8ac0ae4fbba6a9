"""From the command line to a configured site: what every command begins with.

The ledger and the stores are imported where they are needed: ``scan`` needs neither, and is quick.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migrator.cli.asked import Asked
from migrator.cli.options import Common
from migrator.cli.screen import agrees, say
from migrator.config import Settings
from migrator.config.loading import Loaded, find_config, load, user_config
from migrator.config.trust import trust
from migrator.errors import ConfigError, UsageError
from migrator.events import Listener
from migrator.report.escape import for_terminal
from migrator.report.progress import listener_for
from migrator.scanner.files import must_exist
from migrator.state import Site, forget, locked, site_root

if TYPE_CHECKING:
    from migrator.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Session:
    """A site, its settings, and who listens.

    ``trusted`` is the SHA-256 of the site's configuration, if it was trusted for this command.
    """

    site: Site
    settings: Settings
    listener: Listener
    trusted: str

    @contextmanager
    def working(self) -> Iterator["Ledger"]:
        """Lock the site, open its ledger, and settle what an interrupted command left."""
        from migrator.ledger import Ledger
        from migrator.recovery import recover

        _must_have_ledger(self.site)
        with locked(self.site), Ledger.open(self.site.ledger) as ledger:
            _must_know_runs(self.site, ledger)
            recover(self.site, ledger, self.listener)
            try:
                yield ledger
            finally:
                if ledger.newest() is None:  # an empty history would hide one that is elsewhere
                    ledger.close()
                    forget(self.site)


@contextmanager
def opened(common: Common, asked: Asked, root: Path | None = None) -> Iterator[Session]:
    """Read the configuration, find the site (unless its ``root`` is given), start to listen.

    Raises:
        ConfigError: the configuration does not fit.
        UsageError: it needs a trust that was not given, or a path of ``asked`` does not exist.
    """
    paths = [Path(path) for path in asked.paths]
    must_exist(paths)
    loaded = _load(_config(common, asked, paths), asked)
    settings = loaded.settings
    if asked.to:
        from migrator.uploader import with_store

        settings = with_store(asked.to, settings)
    trusted = loaded.digest if common.trust_config else asked.trusted
    if loaded.needs_trust and loaded.digest != trusted:
        _ask_for_trust(loaded)
    site = Site(root or site_root(paths, loaded.file))
    with listening(common) as listener:
        yield Session(site, settings, listener, trusted)


@contextmanager
def examined_site(
    common: Common, paths: Sequence[Path]
) -> Iterator[tuple[Site, Loaded | ConfigError, Listener, str]]:
    """The site of ``paths``, or around the current folder, whatever state it is in.

    Beside it: its configuration, or what is wrong with that; who listens; and the SHA-256 of the
    configuration, if it is trusted for this command.

    Raises:
        UsageError: one of ``paths`` does not exist.
    """
    must_exist(paths)
    asked = Asked("doctor", "", **common.kept())
    file = _config(common, asked, paths)
    loaded: Loaded | ConfigError
    try:
        loaded = _load(file, asked)
    except ConfigError as error:
        loaded = error
    trusted = loaded.digest if common.trust_config and isinstance(loaded, Loaded) else ""
    with listening(common) as listener:
        yield Site(site_root(paths, file)), loaded, listener, trusted


@contextmanager
def at_site(common: Common) -> Iterator[Session]:
    """The site around the current folder, for a command that needs no configuration of it."""
    with listening(common) as listener:
        yield Session(site_here(common), Settings(), listener, "")


@contextmanager
def history(site: Site) -> Iterator["Ledger | None"]:
    """The ledger of ``site``, to read only; ``None`` where no run was ever recorded.

    Raises:
        LedgerDamaged: it cannot be read any more, or is gone while the originals are there.
    """
    from migrator.ledger import Ledger

    _must_have_ledger(site)
    ledger = Ledger.look(site.ledger)
    try:
        _must_know_runs(site, ledger)
        yield ledger
    finally:
        if ledger:
            ledger.close()


def _must_have_ledger(site: Site) -> None:
    from migrator.ledger import damaged

    if site.lost_ledger:
        raise damaged(site.ledger, "it is gone")


def _must_know_runs(site: Site, ledger: "Ledger | None") -> None:
    from migrator.ledger import damaged

    if site.runs() and (ledger is None or ledger.newest() is None):
        raise damaged(site.ledger, "it is empty")


def nothing_recorded() -> UsageError:
    """What to say where a command is about runs, and there are none."""
    return UsageError(
        "no run has changed anything here yet",
        f"Is {Path.cwd()} in your site? What runs did stands in .migrator/ there.",
    )


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
    return f"Trusted {for_terminal(str(file))}, which sets: {keys}. After a change, trust it again."


def confirmed(question: str) -> bool:
    """Whether the user agrees; asks on a terminal, once.

    Raises:
        UsageError: there is no terminal to ask on.
    """
    if not on_terminal():
        raise UsageError(
            "this changes files, and there is no terminal to ask on",
            "Add --yes to go ahead, or --dry-run to see what would happen.",
        )
    return agrees(question)


def listening(common: Common) -> AbstractContextManager[Listener]:
    """Whoever tells the user what goes on, as the options want it."""
    return listener_for(
        sys.stderr,
        quiet=common.quiet,
        verbose=common.verbose,
        no_progress=common.no_progress,
    )


def on_terminal() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def _config(common: Common, asked: Asked, paths: Sequence[Path]) -> Path | None:
    if common.config or asked.config:
        return common.config or Path(asked.config)
    return find_config(paths[0] if paths else Path.cwd())


def _load(file: Path | None, asked: Asked) -> Loaded:
    overrides: dict[str, Any] = {}
    if asked.allow_private:
        overrides["safety"] = {"allow_private": list(asked.allow_private)}
    if asked.links or asked.text:
        flags = {"links": asked.links, "text": asked.text}
        overrides["scan"] = {name: True for name, wanted in flags.items() if wanted}
    return load(file, user_file=user_config(os.environ), overrides=overrides, environ=os.environ)


def _ask_for_trust(loaded: Loaded) -> None:
    say(
        f"{for_terminal(str(loaded.file))} sets {', '.join(loaded.needs_trust)}.\n"
        "A configuration that came with a copied site could use this to reach into your network, "
        "or to send your keys elsewhere.",
        err=True,
    )
    user_file = user_config(os.environ)
    assert loaded.file is not None  # noqa: S101 - only a file can need trust
    if user_file and on_terminal() and agrees("Did you write this file, or read it and agree?"):
        trust(loaded.file, loaded.digest, user_file)
        return
    raise UsageError(
        f"{loaded.file} is not trusted",
        "After reading it: migrator trust (remembers it), or add --trust-config (this once).",
    )
