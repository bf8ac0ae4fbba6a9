"""How a comparison goes: open what is compared, look, tell, remember how far it came."""

import math
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from migrator.cli.asked import Asked, absolute
from migrator.cli.options import Common
from migrator.cli.screen import say
from migrator.cli.session import history, opened
from migrator.cli.vaults import open_vault, store_asked
from migrator.errors import UsageError
from migrator.interruption import listening
from migrator.report.screen import width
from migrator.report.verification import verification_json, verification_text
from migrator.uploader import Stores
from migrator.verification import Limits, Verified
from migrator.verification.backups import BackupVerification
from migrator.verification.reading import Reading
from migrator.verification.stores import StoreVerification


def verified(
    paths: Sequence[Path],
    common: Common,
    *,
    backup: bool,
    place: str,
    limits: Limits | None,
    json: bool,
) -> int:
    """Compare as asked, and print what was found; returns the exit status.

    Raises:
        MigratorError: what ended it early, after what was found until then was printed.
    """
    backup = backup or place == "backup"
    done = (_backup if backup else _stores)(paths, common, place, limits)
    if json:
        say(verification_json(done, backup=backup))
    elif done.status or done.reading.broke or not common.quiet:
        text = verification_text(done, width=width(sys.stdout), full=common.verbose)
        say(text, nl=False)
    sys.stdout.flush()  # what nobody was told must be found again
    done.reading.remember()
    if done.reading.broke:
        raise done.reading.broke
    return done.status


def limits_of(share: str, minutes: float | None, *, read: bool) -> Limits | None:
    """How much to read, as options say it; ``None``: nothing.

    Raises:
        UsageError: they do not fit.
    """
    if not read:
        if share or minutes is not None:
            raise UsageError(
                "--share and --limit-time say how much to read, and without --read-data no image"
                " is read",
                "Add --read-data.",
            )
        return None
    try:
        percent = float(share.removesuffix("%") or 100)
    except ValueError:
        percent = math.nan
    if not 0 < percent <= 100:  # noqa: PLR2004 - percent
        raise UsageError(f"--share {share}: not a part of 100%", "Write it as in --share 5%")
    return Limits(percent, minutes)


def _backup(paths: Sequence[Path], common: Common, place: str, limits: Limits | None) -> Verified:
    with (
        open_vault(common, place, tuple(map(absolute, paths))) as (session, vault),
        listening() as stop,
    ):
        reading = Reading(limits, session.settings.download, session.listener, stop)
        return BackupVerification(
            session.site,
            session.settings,
            vault,
            paths,
            place if place != "backup" else "",
        ).carry_out(reading)


def _stores(paths: Sequence[Path], common: Common, place: str, limits: Limits | None) -> Verified:
    asked = Asked("verify", "", tuple(map(absolute, paths)), to=place, **common.kept())
    with opened(common, asked) as session, history(session.site) as ledger:
        if ledger is None:
            raise UsageError(
                "no run has changed anything here yet, so there is nothing to compare",
                "To compare a backup: migrator verify --backup",
            )
        settings = session.settings
        with (
            closing(Stores(settings, session.site.root)) as stores,
            store_asked(settings.store, "the store "),
            listening() as stop,
        ):
            reading = Reading(limits, settings.download, session.listener, stop)
            return StoreVerification(
                session.site,
                settings,
                stores,
                paths,
            ).carry_out(ledger, reading)
