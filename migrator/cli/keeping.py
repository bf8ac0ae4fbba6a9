"""Commands that keep copies of images: backup, snapshots, verify, restore."""

from pathlib import Path
from typing import Annotated

import typer

from migrator.cli import options
from migrator.cli.options import Common, with_common
from migrator.cli.unattended import Log, OnFailure, unattended

From = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="STORE",
        help="Where the backup is: a folder, or s3://bucket/prefix. Without it: [backup].",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    for command in (backup, snapshots, verify, restore):
        app.command()(with_common(command))


def backup(
    paths: options.Paths,
    *,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="STORE",
            help="Where copies go: a folder, or s3://bucket/prefix. Without it: [backup].",
        ),
    ] = None,
    json: options.Json = False,
    html: options.Html = None,
    links: options.Links = False,
    text: options.Text = False,
    on_failure: OnFailure = None,
    log: Log = None,
    common: Common,
) -> int:
    """Copy the images that posts show; posts stay as they are.

    Every image is asked for again, and fetched only if it changed. A copy is never replaced or
    deleted: an image that changes gets a second copy, and one that dies keeps the one it has.
    What happened since the last backup is told, a line for each image; with --quiet nothing is
    said where nothing happened.

    Examples:

        migrator backup source/_posts

        migrator backup posts/ --to /mnt/nas/blog-images --quiet

        migrator backup posts/ --to s3://my-backups/blog

    Every night, by itself: migrator schedule --help

    Exit status: 0, or 3 an image was lost or held since the last backup, or a post could not be
    read; 2 wrong usage or configuration, 5 a snapshot is damaged, 6 disk full or no permission,
    7 another run is at work, 8 the store refused.
    """
    from migrator.cli.asked import Asked, absolute, stored_at, typed
    from migrator.cli.backing_up import backed_up

    vault = stored_at("--to", to)
    places = tuple(map(absolute, paths))
    asked = Asked("backup", typed(), places, links=links, text=text, **common.kept())
    with unattended("backup", places[0], on_failure=on_failure, log=log) as told:
        return backed_up(asked, common, vault, told, json=json, html=html)


def snapshots(*, place: From = None, json: options.Json = False, common: Common) -> int:
    """List what backups there are, newest last.

    Examples:

        migrator snapshots

        migrator snapshots --from /mnt/nas/blog-images --json

    Exit status: 0, or 2 wrong usage, 5 a snapshot is damaged, 6 the folder cannot be read, 8 the
    store refused.
    """
    from migrator.cli.asked import stored_at
    from migrator.cli.backing_up import listed

    return listed(common, stored_at("--from", place), json=json)


def verify(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATH", help="Posts to compare; all that runs changed, without."),
    ] = None,
    *,
    backup: Annotated[
        bool, typer.Option("--backup", help="Compare the backup, with itself and with PATH.")
    ] = False,
    place: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="STORE",
            help="A folder, or s3://bucket/prefix. Without it: [store] and mirrors, or [backup].",
        ),
    ] = None,
    read_data: Annotated[
        bool, typer.Option("--read-data", help="Read every image in full, and compare its bytes.")
    ] = False,
    share: Annotated[
        str,
        typer.Option(metavar="N%", help="Read only so much, and the next time what comes then."),
    ] = "",
    limit_time: Annotated[
        float | None,
        typer.Option(metavar="MINUTES", min=0, help="Read for so long, and go on the next time."),
    ] = None,
    json: options.Json = False,
    common: Common,
) -> int:
    """Compare posts, ledger and stores, or posts and backup. Changes nothing.

    Names each image that is gone from the store or has other bytes, the posts that show it, and
    what helps. With --quiet nothing is said where nothing is wrong. Interrupted, the reading goes
    on from there the next time.

    Examples:

        migrator verify

        migrator verify posts/ --read-data

        migrator verify posts/ --backup --read-data --share 5% --quiet

    Exit status: 0, or 3 posts show what is not backed up, or something could not be compared; 5
    something is missing or damaged; 2 wrong usage or configuration, 6 the ledger or the folder
    cannot be read, 8 the store refused.
    """
    from migrator.cli.asked import stored_at
    from migrator.cli.verifying import limits_of, verified

    return verified(
        paths or (),
        common,
        backup=backup,
        place=stored_at("--from", place),
        limits=limits_of(share, limit_time, read=read_data),
        json=json,
    )


def restore(
    *,
    place: From = None,
    snapshot: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="A snapshot's name, or a day: the newest of that day (UTC) or before.",
        ),
    ] = "",
    to: options.To = None,
    rewrite: Annotated[
        list[Path],
        typer.Option(
            metavar="PATH", help="Posts, or folders of posts, that get links to them (repeatable)."
        ),
    ] = [],  # noqa: B006 - typer copies it
    old_names: Annotated[
        bool,
        typer.Option("--old-names", help="Name images HOST/PATH, as their old addresses do."),
    ] = False,
    host: Annotated[
        list[str],
        typer.Option(metavar="HOST", help="Only images of this host or provider (repeatable)."),
    ] = [],  # noqa: B006 - likewise
    dry_run: options.DryRun = False,
    diff: options.Diff = False,
    yes: options.Yes = False,
    json: options.Json = False,
    html: options.Html = None,
    links: options.Links = False,
    text: options.Text = False,
    common: Common,
) -> int:
    """Bring images back from a backup; posts show them again.

    The images go into your store; with --rewrite, posts link to them there. No image host is asked,
    so this works when the old one is dead. Every copy is compared with what the backup says of it,
    stored, read back and compared again. Nothing that is in the store is overwritten. An image that
    was lost or held when the backup was made comes back as it was before. `migrator rollback` puts
    rewritten posts back.

    Examples:

        migrator restore --rewrite source/_posts --dry-run --diff

        migrator restore --from /mnt/nas/blog-images --to s3://my-blog/images --rewrite posts/

        migrator restore --snapshot 2026-11-01 --to old-pictures

        migrator restore --old-names --to /srv/old-images

    Exit status: 0 all done, 2 wrong usage or configuration, 3 some images or posts stayed as they
    were, 4 a post was edited meanwhile, 5 the snapshot or a copy is damaged, 6 disk full or no
    permission, 7 another run is at work, 8 the store refused.
    """
    from migrator.cli.asked import Asked, absolute, hosts_named, stored_at, typed
    from migrator.cli.change import Show, change

    asked = Asked(
        "restore",
        typed(),
        tuple(map(absolute, rewrite)),
        to=stored_at("--to", to),
        links=links,
        text=text,
        yes=yes,
        hosts=hosts_named("--host", host),
        source=stored_at("--from", place),
        snapshot=snapshot,
        old_names=old_names,
        **common.kept(),
    )
    return change(asked, common, Show(dry_run=dry_run, diff=diff, json=json, html=html))
