"""How every change goes, whichever command asked: plan, show, ask, carry out, report."""

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import typer

from migrator.cli import ending
from migrator.cli.options import Common
from migrator.cli.session import Session, confirmed, history, opened
from migrator.ledger import Ledger, Run
from migrator.migration import Job, Migration
from migrator.model import Post
from migrator.plan import Plan
from migrator.posts import edited
from migrator.relinking import LinkMap, Relinking
from migrator.report.diff import unified
from migrator.report.history import plan_report, report_of
from migrator.report.summary import Report
from migrator.report.text import plan_text
from migrator.transfer import Transfer, TransferSpec

_UNKNOWN = "(xxx stands for the SHA-256 of an image that is not fetched yet.)\n"


@dataclass(frozen=True, slots=True)
class Show:
    """What the user wants to see."""

    dry_run: bool = False
    diff: bool = False
    json: bool = False


class Change(Protocol):
    """A migration, or a rewrite from a map; see there."""

    @property
    def store_label(self) -> str:
        """Where images go, for people."""

    def plan(self, ledger: Ledger | None, /) -> Plan:
        """What is left to do."""

    def check(self) -> None:
        """Raise what would meet every image, before anything is changed."""

    def sizes(self, plan: Plan, /) -> dict[str, int | None]:
        """Bytes by canonical URL, where the hosts say."""

    def links(self, post: Post, plan: Plan, /) -> dict[str, str]:
        """The links that a post would get, by URL."""

    def carry_out(self, plan: Plan, ledger: Ledger, run: Run, /) -> None:
        """Do it."""


def change(
    command: str,
    arguments: dict[str, Any],
    common: Common,
    show: Show,
    *,
    yes: bool = False,
    run: Run | None = None,
) -> int:
    """Do what ``command`` asks with ``arguments``; ``run``, if given, was interrupted in it.

    Returns the exit status.
    """
    paths = [Path(path) for path in arguments["paths"]]
    with (
        opened(common, paths, to=arguments.get("to", "")) as session,
        _wanted(command, arguments, session) as wanted,
    ):
        if show.dry_run:
            with history(session.site) as ledger:
                plan = wanted.plan(ledger)
            report = plan_report(
                plan, command, store=wanted.store_label, dry_run=True, sizes=wanted.sizes(plan)
            )
            if show.diff:
                _print_diffs(_planned_diffs(wanted, plan, session), show)
                if command == "migrate" and any(task.known is None for task in plan.tasks):
                    typer.echo(_UNKNOWN, err=show.json)
            ending.show(report, arguments["typed"], json=show.json, full=common.verbose)
            return 0
        wanted.check()
        with session.working() as ledger:
            plan = wanted.plan(ledger)
            report = plan_report(plan, command, store=wanted.store_label, dry_run=False)
            if plan.tasks or run:
                if not yes:
                    typer.echo(plan_text(report, width=ending.width(sys.stderr)), err=True)
                if not confirmed("Go ahead?", yes=yes):
                    return ending.declined()
                run = run or ledger.begin(command, {**arguments, "common": common.kept()})
                with ending.telling(ledger, run, json=show.json, store=wanted.store_label):
                    ledger.plan(run, plan)
                    wanted.carry_out(plan, ledger, run)
                    run = ledger.finish(run)
                report = report_of(ledger, run, store=wanted.store_label, warnings=plan.warnings)
                if show.diff:
                    _print_diffs(_actual_diffs(plan, report, session), show)
            ending.show(report, arguments["typed"], json=show.json, full=common.verbose)
            return ending.status(report)


@contextmanager
def _wanted(command: str, arguments: dict[str, Any], session: Session) -> Iterator[Change]:
    site, settings = session.site, session.settings
    paths = tuple(arguments["paths"])
    if command == "rewrite":
        new_urls = LinkMap.read(Path(arguments["map"]))
        yield Relinking(
            site,
            settings,
            paths,
            new_urls,
            session.listener,
            session.stop,
            links_too=arguments["links"],
            text_too=arguments["text"],
        )
        return
    job = Job(
        paths,
        tuple(arguments["hosts"]),
        only_failed=arguments["only_failed"],
        limit=arguments["limit"],
        links=arguments["links"],
        text=arguments["text"],
    )
    with closing(Transfer(TransferSpec(settings, site.root, site.spool))) as transfer:
        yield Migration(site, settings, job, transfer, session.listener, session.stop)


def _planned_diffs(
    wanted: Change, plan: Plan, session: Session
) -> Iterator[tuple[Post, bytes, bytes]]:
    for post in plan.posts:
        before = post.path.read_bytes()
        after, _ = edited(post, before, wanted.links(post, plan), session.settings.scan)
        yield post, before, after


def _actual_diffs(
    plan: Plan, report: Report, session: Session
) -> Iterator[tuple[Post, bytes, bytes]]:
    rewritten = {post.path for post in report.posts if post.state == "rewritten"}
    for post in plan.posts:
        if post.name in rewritten and report.run:
            original = session.site.original(report.run, post.name)
            yield post, original.read_bytes(), post.path.read_bytes()


def _print_diffs(diffs: Iterator[tuple[Post, bytes, bytes]], show: Show) -> None:
    color = ending.color(sys.stderr if show.json else sys.stdout)
    for post, before, after in diffs:
        text = unified(post.name, before, after, color=color, encoding=post.encoding)
        typer.echo(text, err=show.json, nl=False)
