"""How a backup goes: scan, ask, keep, tell; and which backups there are."""

import hashlib
import os
import sys
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path

from migrator.backup import BackedUp, Backup, stored_of
from migrator.cli import html_report
from migrator.cli.asked import Asked
from migrator.cli.options import Common
from migrator.cli.pictures import pictures
from migrator.cli.screen import say
from migrator.cli.session import Session, opened
from migrator.cli.unattended import Told
from migrator.cli.vaults import open_vault, store_asked, vault_place
from migrator.config import StoreSettings
from migrator.errors import Interrupted, UsageError
from migrator.interruption import listening
from migrator.ledger import Ledger
from migrator.model import Failed, Held, Mention, Outcome
from migrator.reasons import Reason
from migrator.report.backups import (
    backup_json,
    backup_report,
    backup_text,
    snapshots_json,
    snapshots_text,
)
from migrator.report.screen import width
from migrator.snapshots import Image, State, Vault
from migrator.snapshots.changes import Change
from migrator.snapshots.draft import Draft
from migrator.transfer import Transfer, TransferSpec
from migrator.urls import identity

_TROUBLE = {Change.LOST, Change.HELD}


def backed_up(
    asked: Asked, common: Common, to: str, told: Told, *, json: bool, html: Path | None
) -> int:
    """Make a backup as asked, into the store that ``to`` names; returns the exit status.

    ``told`` learns how it ended.
    """
    if html:
        html_report.check(html)
    with opened(common, asked) as session:
        told.site = str(session.site.root)
        place = vault_place(to, session.settings)
        _apart(place, session.site.root, asked.paths)
        settings = replace(session.settings, store=place, mirror=())
        with session.working() as ledger, store_asked(place):
            site = session.site
            accepted = ledger.accepted()
            spec = TransferSpec(settings, site.root, site.spool, accepted, table="backup")
            with closing(Transfer(spec)) as transfer, listening() as stop:
                transfer.check()
                ledger.learn(transfer.learn(ledger.trials()))
                vault = Vault(transfer.store, place.prefix, place.label)
                work = Backup(
                    session.site,
                    settings,
                    transfer,
                    vault,
                    session.listener,
                    [Path(path) for path in asked.paths],
                )
                try:
                    done = work.carry_out(_draft(session, vault), stop)
                except Interrupted as error:
                    error.hint = "What was copied is kept: the next migrator backup goes on."
                    raise
            _record(ledger, replace(asked, to=to), done)
        if html:
            report = backup_report(done, place.label)
            html_report.write(html, report, None, (), pictures(report, session, {}, to))
    text = backup_text(done, place.label, width=width(sys.stdout), full=common.verbose)
    if json:
        say(backup_json(done, place.label))
    elif done.events or done.posts or done.warnings or not common.quiet:
        say(text, nl=False)
    troubled = any(each.change in _TROUBLE for each in done.events)
    status = 3 if troubled or done.posts or done.warnings else 0
    told.ended(status, text)
    return status


def listed(common: Common, place: str, *, json: bool) -> int:
    """Print the snapshots in the store that ``place`` names; returns the exit status."""
    with open_vault(common, place) as (_, vault):
        headers = [vault.header(name) for name in vault.names()]
    say(snapshots_json(headers) if json else snapshots_text(headers, vault.label), nl=json)
    return 0


def _apart(place: StoreSettings, root: Path, posts: Iterable[str]) -> None:
    """See that a backup at ``place`` has no ``posts`` in it: scans leave backups out.

    Raises:
        UsageError: it has.
    """
    if place.type != "local":
        return
    folder = os.path.realpath(root / place.path / place.prefix.strip("/"))
    for each in posts:
        if Path(os.path.realpath(each)).is_relative_to(folder):
            raise UsageError(
                f"a backup in {folder} would be around your posts, {each}, or is where they are",
                "Name a folder for it alone: --to image-backup. If a backup went there already,"
                " move its README.txt, latest, objects and snapshots into that folder.",
            )


def _draft(session: Session, vault: Vault) -> Draft:
    name = hashlib.sha256(vault.store.identity.encode()).hexdigest()[:12]
    return Draft(session.site.state / f"backup-{name}.jsonl")


def _record(ledger: Ledger, asked: Asked, done: BackedUp) -> None:
    """Let the history tell what happened, and ``accept`` know what is held.

    That may be since a backup that was killed before it came here, or that another machine made.
    """
    images = {event.image.url: event.image for event in done.events}
    if held := {each.url: each for each in done.images if each.state is State.HELD}:
        for past in ledger.past_images():
            if past.state == "held":
                held.pop(past.url, None)
    images |= held
    if not images:
        return
    mentions = (
        Mention(identity(url), each.path, each.line)
        for url, image in images.items()
        for each in image.references
    )
    outcomes = [_outcome(image, done) for image in images.values()]
    ledger.backed_up(asdict(asked), done.header.started, outcomes, mentions)


def _outcome(image: Image, done: BackedUp) -> Outcome:
    reason, detail = Reason(image.reason or Reason.INTERNAL), image.detail or ""
    match image.state:
        case State.LOST:
            return Failed(image.url, reason, detail)
        case State.HELD:
            return done.held.get(image.url_sha256) or Held(image.url, reason, detail)
        case _:
            return replace(stored_of(image), reused=image.state is State.UNCHANGED)
