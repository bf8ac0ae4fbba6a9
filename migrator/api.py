"""Migrator for programs: the same work as on the command line, with values in place of text.

Everything raises a ``MigratorError``, whose ``hint`` names the cure, where the command line would
end with 2, 6, 7 or 8. What goes wrong with one image or one post is in the results.
"""

import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from migrator.cli.asked import Asked, absolute, hosts_named, stored_at
from migrator.cli.change import carried, foreseen
from migrator.cli.options import Common
from migrator.cli.session import opened
from migrator.cli.stories import story_of
from migrator.errors import EnvironmentProblem
from migrator.model import Post, SkippedPost
from migrator.reading import read_posts
from migrator.report.summary import Report

AnyPath = str | PathLike[str]


def scan(
    *paths: AnyPath,
    links: bool = False,
    text: bool = False,
    everything: bool = False,
    config: AnyPath | None = None,
) -> Iterator[Post | SkippedPost]:
    """Yield every post at ``paths``, with its references to images; writes nothing.

    ``links`` are links to image files, ``text`` other text files, ``everything`` local paths and
    ``data:`` URLs, as of ``migrator scan``. ``config`` is the configuration, which is looked for
    upwards from the first path without it. A file that could not be read is a ``SkippedPost``.

    Raises:
        MigratorError: a path does not exist, or the configuration does not fit.
    """
    common = _common(config)
    asked = _asked("scan", paths, common, links=links, text=text)
    with opened(common, asked) as session:
        yield from read_posts(
            [Path(path) for path in asked.paths],
            session.site,
            session.settings.scan,
            session.listener,
            everything=everything,
        )


def migrate(
    *paths: AnyPath,
    to: str | None = None,
    dry_run: bool = False,
    hosts: Sequence[str] = (),
    only_failed: bool = False,
    limit: int | None = None,
    local: bool = False,
    links: bool = False,
    text: bool = False,
    config: AnyPath | None = None,
    trust_config: bool = False,
    allow_private: Sequence[str] = (),
) -> Report:
    """Move the images of the posts at ``paths`` to the store, and rewrite the links; asks nothing.

    The arguments are the options of ``migrator migrate``. The run is in the ledger of the site like
    any other: ``migrator report``, ``resume`` and ``rollback`` know it. A dry run changes nothing.
    Call it in the main thread: the first Ctrl-C lets it end well, as on the command line.

    Returns what became of every image and every post: see ``Report``.

    Raises:
        MigratorError: what stops a run. What was done until then is recorded and whole.
    """
    common = _common(config, trust_config=trust_config, allow_private=list(allow_private))
    asked = _asked(
        "migrate",
        paths,
        common,
        to=stored_at("to", to),
        hosts=hosts_named("hosts", hosts),
        only_failed=only_failed,
        limit=limit,
        local=local,
        links=links,
        text=text,
    )
    with opened(common, asked) as session, story_of(asked, session) as story:
        if dry_run:
            with foreseen(story, session, asked) as (report, _, _):
                return _whole(report)
        with session.working() as ledger:
            made = carried(asked, session, story, ledger, lambda _: True, lambda _: None)
            assert made is not None  # noqa: S101 - nobody is asked
            return _whole(made.report)


def _common(config: AnyPath | None, **values: Any) -> Common:
    if sys.getfilesystemencoding() != "utf-8":
        raise EnvironmentProblem(
            f"Python reads the names of files as {sys.getfilesystemencoding()}, and posts name"
            " them in UTF-8",
            "start Python with -X utf8, or set PYTHONUTF8=1",
        )
    file = Path(fspath(config)) if config is not None else None
    return Common(config=file, quiet=True, no_progress=True, **values)


def _asked(command: str, paths: Sequence[AnyPath], common: Common, **values: Any) -> Asked:
    places = tuple(absolute(Path(fspath(path))) for path in paths)
    values = {**common.kept(), **values}
    typed = shlex.join(["migrator", command, *places, *_options(values)])
    return Asked(command, typed, places, yes=True, **values)


def _options(values: Mapping[str, Any]) -> Iterator[str]:
    """What somebody would type on the command line to say the same."""
    for name, value in values.items():
        option = "--host" if name == "hosts" else f"--{name.replace('_', '-')}"
        for each in value if isinstance(value, tuple) else [value]:
            if each is True:
                yield option
            elif each:
                yield from (option, str(each))


def _whole(report: Report) -> Report:
    """``report`` with its images, which are read from the ledger else."""
    return replace(report, images=tuple(report.images))
