"""Commands that change posts: migrate, rewrite, resume, rollback."""

from pathlib import Path
from typing import Annotated

import typer

from migrator.cli import options
from migrator.cli.completing import run_names
from migrator.cli.options import Common, with_common
from migrator.cli.screen import say


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    for command in (migrate, rewrite, resume, rollback):
        app.command()(with_common(command))


def migrate(
    paths: options.Paths,
    *,
    dry_run: options.DryRun = False,
    diff: options.Diff = False,
    yes: options.Yes = False,
    json: options.Json = False,
    html: options.Html = None,
    only_failed: Annotated[
        bool, typer.Option("--only-failed", help="Only images that failed or were held before.")
    ] = False,
    host: Annotated[
        list[str],
        typer.Option(
            metavar="HOST",
            help="Only images on this host or provider; `local`: files of the site (repeatable).",
        ),
    ] = [],  # noqa: B006 - typer copies it
    limit: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Move at most N images.")
    ] = None,
    to: options.To = None,
    executor: options.Executor = "threads",
    local: Annotated[
        bool, typer.Option("--local", help="Files of the site that posts show, too.")
    ] = False,
    links: options.Links = False,
    text: options.Text = False,
    common: Common,
) -> int:
    """Move images to your store, and let posts link to them there.

    Every image is downloaded, checked, stored, read back and compared before a post links to it.
    Nothing but the links changes in a post, and `migrator rollback` puts every post back.
    Without a store in the configuration, images go to the folder migrated-images/.

    Examples:

        migrator migrate posts/ --dry-run --diff

        migrator migrate posts/ --dry-run --html plan.html

        migrator migrate posts/ --host sinaimg.cn --yes

        migrator migrate posts/hello.md --to s3://my-blog/images

        migrator migrate . --local --dry-run

        migrator migrate posts/ --executor processes

    Exit status: 0 all done, 2 wrong usage or configuration, 3 some images or posts stayed as they
    were, 4 a post was edited meanwhile, 6 disk full or no permission, 7 another run is at work,
    8 the store refused.
    """
    from migrator.cli.asked import Asked, absolute, hosts_named, stored_at, typed
    from migrator.cli.change import Show, change

    asked = Asked(
        "migrate",
        typed(),
        tuple(map(absolute, paths)),
        to=stored_at("--to", to),
        links=links,
        text=text,
        yes=yes,
        local=local,
        hosts=hosts_named("--host", host),
        only_failed=only_failed,
        limit=limit,
        executor=executor,
        **common.kept(),
    )
    return change(asked, common, Show(dry_run=dry_run, diff=diff, json=json, html=html))


def rewrite(
    paths: options.Paths,
    *,
    link_map: Annotated[
        Path,
        typer.Option(
            "--map",
            metavar="FILE",
            help='From old to new URLs: JSON, {"old": "new"}, or CSV with two columns.',
        ),
    ],
    dry_run: options.DryRun = False,
    diff: options.Diff = False,
    yes: options.Yes = False,
    json: options.Json = False,
    html: options.Html = None,
    links: options.Links = False,
    text: options.Text = False,
    common: Common,
) -> int:
    """Change only links, as a map says; no image moves.

    No network is used. URLs that differ in percent-encoding alone count as the same.

    Examples:

        migrator rewrite posts/ --map moved.csv --dry-run --diff

    Exit status: 0 all done, 2 wrong usage or configuration, 3 some posts stayed as they were,
    4 a post was edited meanwhile, 6 disk full or no permission, 7 another run is at work.
    """
    from migrator.cli.asked import Asked, absolute, typed
    from migrator.cli.change import Show, change

    asked = Asked(
        "rewrite",
        typed(),
        tuple(map(absolute, paths)),
        links=links,
        text=text,
        yes=yes,
        link_map=absolute(link_map),
        **common.kept(),
    )
    return change(asked, common, Show(dry_run=dry_run, diff=diff, json=json, html=html))


def resume(*, yes: options.Yes = False, json: options.Json = False, common: Common) -> int:
    """Finish what was interrupted.

    It goes on with the options it began with, among them --yes. What is already done is not done
    again. An interrupted rollback goes on putting posts back. Where the ledger is damaged or gone,
    a new one is made from the originals that runs kept.

    Examples:

        migrator resume

    Exit status: as of the command that was interrupted; 0 if nothing was.
    """
    from dataclasses import replace

    from migrator.cli.asked import Asked
    from migrator.cli.change import Show, change
    from migrator.cli.rebuilding import ledger_rebuilt
    from migrator.cli.rolling_back import rolled_back
    from migrator.cli.session import history, site_here
    from migrator.errors import LedgerDamaged

    site = site_here(common)
    try:
        with history(site) as ledger:
            run = ledger.interrupted() if ledger else None
    except LedgerDamaged as damage:
        status = ledger_rebuilt(site, damage, yes=yes, json=json)
        if json:
            say("null")
        return status
    if run is None:
        say("Nothing was interrupted.", err=json)
        if json:
            say("null")
        return 0
    asked = Asked.read(run.arguments).above(site.root)
    private = (*asked.allow_private, *common.allow_private)
    asked, show = replace(asked, allow_private=private, yes=asked.yes or yes), Show(json=json)
    if run.command == "rollback":
        return rolled_back(asked, common, show, run=run)
    return change(asked, common, show, run=run, root=site.root)


def rollback(
    run: Annotated[
        str,
        typer.Argument(
            metavar="[RUN]",
            autocompletion=run_names,
            help="A run's name, as `migrator runs` lists them.",
        ),
    ] = "",
    *,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
    json: options.Json = False,
    common: Common,
) -> int:
    """Put back the posts that a run changed, byte for byte.

    Without RUN: the newest run whose posts are not put back yet. A post that was edited since is
    left alone, and the difference is shown. Images stay in the store.

    Examples:

        migrator rollback --dry-run

        migrator rollback 2026-11-22-1

    Exit status: 0 all posts are as they were, 2 there is no such run, 3 a post could not be
    replaced, 4 a post was edited since or our copy is gone, 6 disk full or no permission,
    7 another run is at work.
    """
    from migrator.cli.asked import Asked, typed
    from migrator.cli.change import Show
    from migrator.cli.rolling_back import rolled_back

    asked = Asked("rollback", typed(), yes=yes, run=run, **common.kept())
    return rolled_back(asked, common, Show(dry_run=dry_run, json=json))
