"""The whole page, in pieces, for there may be many images. Pure: pictures and diffs are given."""

import base64
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources
from string import Template

from migrator import __version__
from migrator.redact import redact
from migrator.report.html.decisions import MOST, decisions, staying
from migrator.report.html.markup import shown
from migrator.report.html.overview import Shares, charts, masthead
from migrator.report.html.records import (
    Picture,
    Pictures,
    blocks,
    diff_record,
    image_record,
    post_record,
)
from migrator.report.stayed import stayed, words_of
from migrator.report.summary import ImageReport, Report

MARK = '<meta name="generator" content="Migrator'  # by which we know a page of ours


def page(
    report: Report,
    next_command: str | None,
    *,
    picture: Picture,
    diffs: Iterable[tuple[str, str]] = (),
    trouble: str = "",
) -> Iterator[str]:
    """``report`` as one HTML page that loads nothing and runs no script but its own.

    ``picture`` gives a thumbnail (WebP or JPEG) by SHA-256, a larger one if asked. ``diffs`` are
    names of posts and what changed in each, as ``report.diff`` tells it. ``trouble`` says why
    there are no pictures.
    """
    style, script = _part("page.css"), _part("page.js")
    pictures = Pictures(picture)
    groups = stayed(report, MOST)
    head = Template(_part("page.html")).substitute(
        version=__version__,
        policy=_policy(style, script),
        title=shown(f"{report.command.capitalize()} {report.run or 'dry run'}"),
        style=style,
        masthead=masthead(report, next_command),
        charts=charts(report, Shares.of(report.images)),
        decisions=decisions(groups, pictures),
        staying=staying(groups),
        notes=_notes((*report.notes, *report.warnings, *filter(None, [trouble]))),
    )
    yield head
    yield '<noscript><table class="plain"><caption>All images</caption>'
    yield "<thead><tr><th>Old address</th><th>State</th><th>New address</th></tr></thead><tbody>\n"
    yield from map(_plain, report.images)
    yield "</tbody></table></noscript>\n"
    yield from blocks((image_record(each, pictures) for each in report.images), "images")
    yield from blocks(map(post_record, report.posts), "posts")
    yield f"<script>{script}</script>\n"
    yield from blocks((diff_record(name, redact(diff)) for name, diff in diffs), "diffs")
    yield from pictures.blocks()
    yield "</body>\n</html>\n"


def _plain(image: ImageReport) -> str:
    why = f": {words_of(image.reason)}" if image.reason else ""
    return (
        f"<tr><td>{shown(image.url)}</td><td>{shown(image.state + why)}</td>"
        f"<td>{shown(image.new_url or '')}</td></tr>\n"
    )


def _notes(notes: Iterable[str]) -> str:
    rows = "".join(f"<li>{shown(note)}</li>" for note in notes)
    return f'<section id="notes"><h2>Notes</h2><ul>{rows}</ul></section>' if rows else ""


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; img-src data:; script-src '{_hash(script)}';"
        f" style-src '{_hash(style)}'; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@cache
def _part(name: str) -> str:
    return resources.files("migrator.report.html").joinpath(name).read_text("utf-8")
