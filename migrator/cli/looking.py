"""Commands that look and change nothing: scan, runs, report."""

import sys
from typing import Annotated

import typer

from migrator.cli import options
from migrator.cli.completing import run_names
from migrator.cli.options import Common, with_common
from migrator.cli.screen import say
from migrator.errors import UsageError


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    for command in (scan, runs, report):
        app.command()(with_common(command))


def scan(
    paths: options.Paths,
    *,
    json: options.Json = False,
    links: options.Links = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Local paths and data: URLs, too.")
    ] = False,
    text: options.Text = False,
    summary: Annotated[
        bool, typer.Option("--summary", help="Only how many images there are on which host.")
    ] = False,
    fail_on_host: Annotated[
        list[str],
        typer.Option(metavar="HOST", help="End with 3 if an image is on this host or provider."),
    ] = [],  # noqa: B006 - typer copies it
    annotations: Annotated[
        bool | None,
        typer.Option(
            "--annotations/--no-annotations",
            help="Mark what --fail-on-host finds in GitHub's view of the change. Without it: where"
            " GitHub Actions runs this.",
        ),
    ] = None,
    common: Common,
) -> int:
    """List the images that posts refer to. Writes nothing.

    Examples:

        migrator scan posts/

        migrator scan posts/ --summary

        migrator scan posts/ --json > images.jsonl

        migrator scan . --fail-on-host sinaimg.cn

    Exit status: 0, or 2 wrong usage or configuration, 3 an image is on a host of --fail-on-host,
    or a file could not be read.
    """
    if json and summary:
        raise UsageError("--json lists every image, --summary none", "Leave out one of them.")
    from migrator.cli.annotating import in_github_actions
    from migrator.cli.asked import Asked, absolute, hosts_named, typed
    from migrator.cli.listing import list_references

    places = tuple(map(absolute, paths))
    asked = Asked("scan", typed(), places, links=links, text=text, **common.kept())
    annotate = (bool(fail_on_host) and in_github_actions()) if annotations is None else annotations
    return list_references(
        asked,
        common,
        json=json,
        summary=summary,
        everything=everything,
        fail_on=hosts_named("--fail-on-host", fail_on_host),
        annotate=annotate,
    )


def runs(*, json: options.Json = False, common: Common) -> int:
    """List what was done here, newest last.

    Examples:

        migrator runs

        migrator runs --json

    Exit status: 0, or 2 wrong usage, 6 the ledger cannot be read.
    """
    from migrator.cli.session import history, site_here
    from migrator.report.history import past_runs
    from migrator.report.json import runs_json
    from migrator.report.screen import width
    from migrator.report.text import runs_text

    with history(site_here(common)) as ledger:
        past = past_runs(ledger) if ledger else []
    text = runs_text(past, width=width(sys.stdout)).rstrip("\n")
    say(runs_json(past) if json else text)
    return 0


def report(
    run: Annotated[
        str,
        typer.Argument(
            metavar="[RUN]",
            autocompletion=run_names,
            help="A run's name; without it the newest run.",
        ),
    ] = "",
    *,
    json: options.Json = False,
    link_map: Annotated[
        str,
        typer.Option(
            "--csv",
            metavar="FILE",
            help="Write old and new URLs to FILE instead, for `rewrite --map`; `-` prints them.",
        ),
    ] = "",
    html: options.Html = None,
    no_pictures: Annotated[
        bool, typer.Option("--no-pictures", help="No pictures in --html: ask no store for any.")
    ] = False,
    common: Common,
) -> int:
    """Show what a run did, what stayed as it was, and why.

    With --html FILE it goes to a page to look at: pictures, search, what changed in each post.

    Examples:

        migrator report

        migrator report --html report.html

        migrator report 2026-11-22-1 --json

        migrator report 2026-11-22-1 --csv moved.csv

    Exit status: 0, or 2 there is no such run, 3 --csv leaves out an image whose links changed,
    6 the ledger cannot be read.
    """
    from migrator.cli.reporting import reported

    return reported(run, common, html=html, no_pictures=no_pictures, link_map=link_map, json=json)
