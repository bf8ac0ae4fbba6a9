"""How a change goes, whichever story it is: plan, show, ask, carry out, report."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType

from migrator.cli import ending, html_report
from migrator.cli.asked import Asked
from migrator.cli.options import Common
from migrator.cli.screen import say
from migrator.cli.session import Session, history, on_terminal, opened
from migrator.cli.stories import story_of
from migrator.errors import UsageError
from migrator.events import PostSkipped, Warned
from migrator.interruption import Stop
from migrator.ledger import Ledger, Run, Swap
from migrator.model import Glance, Post, SkippedPost
from migrator.plan import Plan
from migrator.posts import edited, original_of
from migrator.report.diff import unified
from migrator.report.history import plan_report
from migrator.report.screen import color
from migrator.report.summary import Report
from migrator.rewriter.gate import Refused
from migrator.story import Story

# Seconds for which somebody at a terminal waits for what hosts say of images.
_ASKING = 10.0  # before the question
_LOOKING = 60.0  # in a dry run
_UNKNOWN = "(xxx stands for the SHA-256 of an image that is not fetched yet.)\n"


@dataclass(frozen=True, slots=True)
class Show:
    """What the user wants to see."""

    dry_run: bool = False
    diff: bool = False
    json: bool = False
    html: Path | None = None  # a page of the report goes there


def change(
    asked: Asked,
    common: Common,
    show: Show,
    *,
    run: Run | None = None,
    root: Path | None = None,
) -> int:
    """Do what was asked; ``run``, if given, was interrupted in it and goes on, at site ``root``.

    Returns the exit status.
    """
    if show.html:
        html_report.check(show.html)
    with opened(common, asked, root) as session, story_of(asked, session) as story:
        if show.dry_run:
            return _previewed(story, session, asked, show, full=common.verbose)
        with session.working() as ledger:
            broke = ending.broken(json=show.json)
            made = carried(asked, session, story, ledger, ending.agreed, broke, run=run)
            if made is None:
                return ending.DECLINED
            if show.diff and made.run:
                swaps = ledger.swaps(made.run, state="rewritten")
                _print_diffs(_made(made.plan, session, swaps), show)
            next_command = ending.continuing(made.report, asked.typed)
            ending.show(made.report, json=show.json, next_command=next_command, full=common.verbose)
            if show.html:
                diffs = html_report.diffs_of(session.site, ledger, made.report.run)
                _write_page(show.html, made.report, next_command, session, ledger, diffs)
            return ending.status(made.report)


@dataclass(frozen=True, slots=True)
class Made:
    """A change that came to its end; ``run`` is ``None`` if there was nothing to do."""

    report: Report
    plan: Plan
    run: Run | None


def carried(
    asked: Asked,
    session: Session,
    story: Story,
    ledger: Ledger,
    agrees: Callable[[Report], bool],
    broke: Callable[[Report], None],
    *,
    run: Run | None = None,
) -> Made | None:
    """Plan and carry out ``story``; ``None`` if somebody was to be asked, and did not agree.

    Raises:
        MigratorError: what stopped it, after ``broke`` was told what was done.
    """
    kept = replace(
        asked.below(session.site.root),
        trusted=session.trusted,
        store=story.store,
        snapshot=story.snapshot,
    )
    if run:
        _must_go_on_with(kept.store, asked, run, ledger)
    else:
        _remind(session, ledger)
    plan = story.plan(ledger, run)
    if not (plan.tasks or run):
        return Made(planned(story, plan, asked), plan, None)
    if plan.tasks and not asked.yes:
        glances = story.glances(plan, _ASKING) if on_terminal() else {}
        if not agrees(planned(story, plan, asked, glances=glances)):
            return None
    story.prepare(ledger)
    going = run or ledger.begin(asked.command, asdict(kept), plan=plan)
    if run:
        ledger.plan(run, _rest(plan, partial(ledger.chose, run)))
    plan = replace(plan, mentions=())  # the ledger has them now

    def work(stop: Stop) -> tuple[str, ...]:
        doubts = story.carry_out(plan, ledger, going, stop)
        ledger.forgo(going, plan.skipped)
        return doubts

    report = ending.carried_out(
        ledger, going, work, broke, store=story.place, warnings=plan.warnings
    )
    return Made(report, plan, going)


def _write_page(
    file: Path,
    report: Report,
    next_command: str | None,
    session: Session,
    ledger: Ledger | None,
    diffs: Iterable[tuple[str, str]],
) -> None:
    from migrator.cli.pictures import kept_in, pictures

    pictured = pictures(report, session, kept_in(session, ledger))
    html_report.write(file, report, next_command, diffs, pictured)


def _remind(session: Session, ledger: Ledger | None) -> None:
    if ledger and (run := ledger.interrupted()):
        words = f"{run.name} ({run.command}) was interrupted. To finish it: migrator resume"
        session.listener(Warned(words))


def _rest(plan: Plan, chose: Callable[[str], bool]) -> Plan:
    """What a run that goes on has to record: only of the images that it chose when it began.

    What stays was recorded then, and our own new links would join it.
    """
    mentions = tuple(each for each in plan.mentions if chose(each.image))
    return replace(plan, skipped=(), mentions=mentions)


def _must_go_on_with(store: str, asked: Asked, run: Run, ledger: Ledger) -> None:
    """Refuse to mix two stores in the links of one run."""
    if asked.store != store and ledger.swaps(run, state="rewritten"):
        raise UsageError(
            f"{run.name} began with the store {asked.store}, and posts link there already;"
            f" now it is {store}",
            "Put the configuration back, or begin anew:"
            f" migrator rollback {run.name}, then {asked.typed}",
        )


def _previewed(story: Story, session: Session, asked: Asked, show: Show, *, full: bool) -> int:
    with foreseen(story, session, asked) as (report, plan, ledger):
        if show.diff:
            _print_diffs(_planned(story, plan, session), show)
            if story.guesses(plan):
                say(_UNKNOWN, err=show.json)
        next_command = ending.continuing(report, asked.typed)
        ending.show(report, json=show.json, next_command=next_command, full=full)
        if show.html:
            changed = _planned(story, plan, session)
            diffs = ((post.name, html_report.diff_of(post.name, *both)) for post, *both in changed)
            _write_page(show.html, report, next_command, session, ledger, diffs)
    return 0


@contextmanager
def foreseen(
    story: Story, session: Session, asked: Asked
) -> Iterator[tuple[Report, Plan, Ledger | None]]:
    """What would be done, with the sizes that hosts state, and what is known; changes nothing."""
    with history(session.site) as ledger:
        _remind(session, ledger)
        plan = story.plan(ledger, None)
        seconds = _LOOKING if on_terminal() else float("inf")
        report = planned(story, plan, asked, dry_run=True, glances=story.glances(plan, seconds))
        yield report, plan, ledger


def planned(
    story: Story,
    plan: Plan,
    asked: Asked,
    *,
    dry_run: bool = False,
    glances: Mapping[str, Glance] = MappingProxyType({}),
) -> Report:
    """``plan`` as a report."""
    return plan_report(
        plan,
        asked.command,
        dry_run=dry_run,
        store=story.place,
        origin=story.origin,
        glances=glances,
        failing=story.failing(plan),
    )


def _planned(story: Story, plan: Plan, session: Session) -> Iterator[tuple[Post, bytes, bytes]]:
    links = story.links(plan)
    for post in plan.posts:
        result = edited(post, links(post), session.settings.scan)
        if isinstance(result, Refused):  # since it was scanned a moment ago
            left = SkippedPost(post.path, post.name, result.reason, result.detail)
            session.listener(PostSkipped(left))
        else:
            before, after, _ = result
            yield post, before, after


def _made(
    plan: Plan, session: Session, swaps: Iterable[Swap]
) -> Iterator[tuple[Post, bytes, bytes]]:
    posts = {post.name: post for post in plan.posts}
    for swap in swaps:
        original = original_of(session.site, swap)
        if original is not None and swap.name in posts:
            yield posts[swap.name], original, session.site.post(swap.name).read_bytes()


def _print_diffs(diffs: Iterator[tuple[Post, bytes, bytes]], show: Show) -> None:
    colored = color(sys.stderr if show.json else sys.stdout)
    for post, before, after in diffs:
        text = unified(post.name, before, after, color=colored, encoding=post.encoding)
        say(text, err=show.json, nl=False, styled=colored)
