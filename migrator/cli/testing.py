"""The command that tries Migrator on a copy of the user's own site: selftest."""

from pathlib import Path
from typing import Annotated

import typer

from migrator.cli import options
from migrator.cli.options import Common, with_common
from migrator.cli.screen import say


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command()(with_common(selftest))


def selftest(
    *,
    root: Annotated[
        Path, typer.Option("--root", metavar="COPY", help="A copy of your site; it is changed.")
    ],
    kills: Annotated[
        int, typer.Option(metavar="N", min=0, help="How often each command is killed.")
    ] = 10,
    seed: Annotated[int, typer.Option(metavar="N", help="Chooses when; the same again.")] = 1,
    json: options.Json = False,
    common: Common,
) -> int:
    """Try everything on a copy of your site: is anything lost?

    A dry run, a run into a temporary folder that is killed again and again and resumed, a second
    run, and a rollback that is killed as well; then every file of the copy must be as it was, byte
    for byte. Images are fetched from where your posts say. No store of yours is written to.

    Examples:

        cp -a blog /tmp/blog-copy && migrator selftest --root /tmp/blog-copy

    Exit status: 0 nothing was lost, 1 something was, which is a bug of ours, 2 the copy cannot be
    migrated.
    """
    from migrator.report.verdict import verdict_json, verdict_text
    from migrator.selftest import SelfTest

    passed_on = ["--trust-config"] * common.trust_config
    passed_on += [word for each in common.allow_private for word in ("--allow-private", each)]
    passed_on += ["--config", str(common.config.absolute())] if common.config else []

    def tell(what: str) -> None:
        if not common.quiet:
            say(f"{what[0].upper()}{what[1:]} ...", err=True)

    verdict = SelfTest(root.absolute(), kills, seed, tell, passed_on).run()
    say(verdict_json(verdict) if json else verdict_text(verdict).rstrip("\n"))
    return 1 if verdict.problems else 0
