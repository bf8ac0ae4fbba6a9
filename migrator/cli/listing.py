"""How ``scan`` lists what posts refer to."""

import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePath

import typer

from migrator.cli.options import Common
from migrator.cli.session import opened
from migrator.events import PostScanned, PostSkipped, StageEnded, StageStarted
from migrator.model import Post, SkippedPost
from migrator.reasons import Reason
from migrator.report.json import reference_json
from migrator.report.text import scan_post_text, scan_total_text
from migrator.scanner.files import shown_from
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
    text: bool,
    fail_on: Sequence[str],
) -> int:
    """Print the references of the posts at ``paths``; returns the exit status."""
    hosts: Counter[str | None] = Counter()
    posts = hits = unread = 0
    with opened(common, paths) as session:
        site, settings = session.site, session.settings.scan
        top = shown_from(paths, site.root)
        if not sys.stdout.isatty():  # there, the list itself shows how far it is
            session.listener(StageStarted("scan", None))
        found = scan(paths, site.root, settings, links=links, everything=everything, text=text)
        for post in found:
            session.stop.check()
            if isinstance(post, SkippedPost):
                session.listener(PostSkipped(post))
                unread += post.reason is not Reason.OPT_OUT
                continue
            session.listener(PostScanned(post.name))
            posts += 1
            hosts.update(host(reference.url) for reference in post.references)
            hits += sum(selected(ref.url, fail_on, ()) for ref in post.references if fail_on)
            if post.references:
                typer.echo(_listed(post, PurePath(os.path.relpath(post.path, top)), json=json))
        session.listener(StageEnded())
    if not json:
        typer.echo(scan_total_text(hosts, posts=posts), nl=False)
    return 3 if hits or unread else 0


def _listed(post: Post, shown: PurePath, *, json: bool) -> str:
    if not json:
        return scan_post_text(shown.as_posix(), post.references, post.notes)
    return "\n".join(
        reference_json(shown.as_posix(), each, host(each.url), provider(each.url))
        for each in post.references
    )
