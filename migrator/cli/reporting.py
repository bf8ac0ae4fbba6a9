"""How a report of a past run goes: find the run, and show it, on a page if that is wanted."""

from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import replace
from pathlib import Path

from migrator.cli import ending, html_report
from migrator.cli.asked import Asked
from migrator.cli.mapping import mapped
from migrator.cli.options import Common
from migrator.cli.pictures import kept_in, no_picture, pictures
from migrator.cli.session import history, nothing_recorded, opened, site_here
from migrator.errors import ConfigError, UsageError
from migrator.ledger import Ledger, Run
from migrator.report.history import report_of
from migrator.report.html import Picture
from migrator.report.summary import Report
from migrator.state import Site


def reported(
    name: str, common: Common, *, html: Path | None, no_pictures: bool, link_map: str, json: bool
) -> int:
    """Show the run of this ``name``, or the newest; returns the exit status.

    ``html`` and ``link_map`` are files to write instead: a page, and a map for ``rewrite``.

    Raises:
        UsageError: there is no such run, or ``html`` is the name of something else.
    """
    if html:
        html_report.check(html)
    site = site_here(common)
    with history(site) as ledger, ExitStack() as needed:
        run = ledger and (ledger.run(name) if name else ledger.newest())
        if not ledger or not run:
            raise nothing_recorded()
        next_command = "migrator resume" if run == ledger.interrupted() else None
        report = report_of(ledger, run)
        if html:
            diffs = html_report.diffs_of(site, ledger, run.name)
            pictured: AbstractContextManager[tuple[Picture, str]] = nullcontext((no_picture, ""))
            if not no_pictures:
                pictured = _pictures(report, run, site, ledger, common, needed)
            html_report.write(html, report, next_command, diffs, pictured)
        if link_map:
            return mapped(report, link_map, json=json)
        if json or not html:
            ending.show(report, json=json, next_command=next_command, full=True)
    return 0


def _pictures(
    report: Report, run: Run, site: Site, ledger: Ledger, common: Common, needed: ExitStack
) -> AbstractContextManager[tuple[Picture, str]]:
    """The pictures of ``report``, from where ``run`` put its images, with its configuration."""
    asked = Asked.read(run.arguments).above(site.root)
    vault = asked.to if run.command == "backup" else None
    asked = replace(asked, paths=(), to="" if vault is not None else asked.to)
    try:
        session = needed.enter_context(opened(common, asked, site.root))
        kept = {} if vault is not None else kept_in(session, ledger)
    except (ConfigError, UsageError) as error:
        return nullcontext((no_picture, f"there are no pictures here: {error}"))
    return pictures(report, session, kept, vault)
