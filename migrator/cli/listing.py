"""How ``scan`` lists what posts refer to."""

import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePath

from migrator.cli.annotating import Findings
from migrator.cli.asked import Asked
from migrator.cli.options import Common
from migrator.cli.screen import say
from migrator.cli.session import opened
from migrator.events import ignore
from migrator.model import Post, SkippedPost
from migrator.reading import read_posts
from migrator.reasons import Reason
from migrator.report.scanned import reference_json, scan_post_text, scan_total_text
from migrator.scanner.files import shown_from
from migrator.scanner.hosts import provider
from migrator.urls import host


def list_references(
    asked: Asked,
    common: Common,
    *,
    json: bool,
    everything: bool,
    fail_on: Sequence[str],
    annotate: bool,
) -> int:
    """Print the references of the posts that were asked for; returns the exit status."""
    hosts: Counter[str | None] = Counter()
    posts = 0
    found = Findings(annotate=annotate, json=json)
    paths = [Path(path) for path in asked.paths]
    with opened(common, asked) as session:
        top = shown_from(paths, session.site.root)
        # On a terminal, the list itself shows how far it is.
        listener = ignore if sys.stdout.isatty() else session.listener
        settings = session.settings.scan
        for post in read_posts(paths, session.site, settings, listener, everything=everything):
            if isinstance(post, SkippedPost):
                if post.reason is not Reason.OPT_OUT:
                    found.unread(post)
                continue
            posts += 1
            hosts.update(host(reference.url) for reference in post.references)
            if post.references or (post.notes and not json):
                say(_listed(post, PurePath(os.path.relpath(post.path, top)), json=json))
            found.read(post, fail_on)
    if not json:
        say(scan_total_text(hosts, posts=posts), nl=False)
    found.end(asked.paths, fail_on)
    return found.status


def _listed(post: Post, shown: PurePath, *, json: bool) -> str:
    if not json:
        return scan_post_text(shown.as_posix(), post.references, post.notes)
    return "\n".join(
        reference_json(shown.as_posix(), each, host(each.url), provider(each.url))
        for each in post.references
    )
