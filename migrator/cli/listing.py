"""How ``scan`` lists what posts refer to."""

import os
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from migrator.cli.annotating import Findings
from migrator.cli.asked import Asked
from migrator.cli.options import Common
from migrator.cli.screen import say
from migrator.cli.session import opened
from migrator.events import Warned, ignore
from migrator.model import Post, Reference, SkippedPost
from migrator.reading import digest_posts
from migrator.reasons import Reason
from migrator.report.scanned import reference_json, scan_post_text, scan_total_text
from migrator.scanner.files import shown_from
from migrator.scanner.hosts import PROVIDERS, mistaken, provider, selected
from migrator.urls import host


def list_references(
    asked: Asked,
    common: Common,
    *,
    json: bool,
    summary: bool,
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
        silent = sys.stdout.isatty() and not summary
        listener = ignore if silent else session.listener
        lister = _Lister(top, tuple(fail_on), json=json, summary=summary)
        settings = session.settings.scan
        for part in digest_posts(
            paths, session.site, settings, listener, lister, everything=everything
        ):
            hosts.update(part.hosts)
            posts += part.posts
            if part.lines:
                say("\n".join(part.lines))
            for post in part.unread:
                found.unread(post)
            for read in part.notable:
                found.read(read, fail_on)
        names = [each for each in fail_on if each.lower() not in PROVIDERS]
        for name, near in mistaken(names, (f"//{each}" for each in hosts if each)):
            if near:  # that none is there is what is hoped for
                session.listener(Warned(f"No post shows an image on {name}. Did you mean {near}?"))
    if not json:
        say(scan_total_text(hosts, posts=posts), nl=False)
    found.end(asked.paths, fail_on)
    return found.status


@dataclass(slots=True)
class _Part:
    """The list of some posts: how it reads, and what must be told beside it."""

    lines: list[str] = field(default_factory=list)
    hosts: Counter[str | None] = field(default_factory=Counter)
    posts: int = 0
    unread: list[SkippedPost] = field(default_factory=list)
    notable: list[Post] = field(default_factory=list)  # with notes, or forbidden images


@dataclass(frozen=True, slots=True)
class _Lister:
    """Lists posts, shown from the folder ``top``."""

    top: Path
    fail_on: tuple[str, ...]
    json: bool
    summary: bool

    def __call__(self, posts: Iterable[Post | SkippedPost]) -> _Part:
        part = _Part()
        for post in posts:
            if isinstance(post, SkippedPost):
                if post.reason is not Reason.OPT_OUT:
                    part.unread.append(post)
                continue
            part.posts += 1
            part.hosts.update(host(reference.url) for reference in post.references)
            if not self.summary and (post.references or (post.notes and not self.json)):
                part.lines.append(self._listed(post))
            if post.notes or any(selected(ref.url, self.fail_on, ()) for ref in self._asked(post)):
                part.notable.append(post)
        return part

    def _asked(self, post: Post) -> Iterable[Reference]:
        return post.references if self.fail_on else ()

    def _listed(self, post: Post) -> str:
        shown = PurePath(os.path.relpath(post.path, self.top)).as_posix()
        if not self.json:
            return scan_post_text(shown, post.references, post.notes)
        return "\n".join(
            reference_json(shown, each, host(each.url), provider(each.url))
            for each in post.references
        )
