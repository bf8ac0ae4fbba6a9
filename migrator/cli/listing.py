"""How ``scan`` lists what posts refer to."""

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import typer

from migrator.cli.options import Common
from migrator.cli.session import opened
from migrator.events import PostScanned, PostSkipped, StageEnded, StageStarted
from migrator.model import SkippedPost
from migrator.reasons import Reason
from migrator.report.json import reference_json
from migrator.report.text import scan_post_text, scan_total_text
from migrator.scanner.hosts import provider, selected
from migrator.scanner.scan import scan
from migrator.urls import host


def list_references(
    paths: Sequence[Path],
    common: Common,
    *,
    json: bool,
    links: bool,
    everything: bool,
    fail_on: Sequence[str],
) -> int:
    """Print the references of the posts at ``paths``; returns the exit status."""
    hosts: Counter[str | None] = Counter()
    posts = hits = unread = 0
    with opened(common, paths) as session:
        if not sys.stdout.isatty():  # there, the list itself shows how far it is
            session.listener(StageStarted("scan", None))
        for post in scan(
            paths, session.site.root, session.settings.scan, links=links, everything=everything
        ):
            session.stop.check()
            if isinstance(post, SkippedPost):
                session.listener(PostSkipped(post))
                unread += post.reason is not Reason.OPT_OUT
                continue
            session.listener(PostScanned(post.name))
            posts += 1
            for reference in post.references:
                hosts[host(reference.url)] += 1
                hits += bool(fail_on) and selected(reference.url, fail_on, ())
                if json:
                    where = host(reference.url), provider(reference.url)
                    typer.echo(reference_json(post.shown, reference, *where))
            if post.references and not json:
                typer.echo(scan_post_text(post.shown, post.references, post.notes))
        session.listener(StageEnded())
    if not json:
        typer.echo(scan_total_text(hosts, posts=posts), nl=False)
    return 3 if hits or unread else 0
