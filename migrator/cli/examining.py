"""How an examination goes: find the site, look, print what was found."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from migrator.cli.options import Common
from migrator.cli.screen import say
from migrator.cli.session import examined_site
from migrator.doctor import Checkup, examine
from migrator.finding import exit_status
from migrator.report.findings import findings_text
from migrator.report.json import findings_json
from migrator.report.screen import width

STOPPED = 130  # by Ctrl-C


def examined(
    paths: Sequence[Path], common: Common, *, json: bool = False, next_command: str | None = None
) -> int:
    """Print what is wrong with the site of ``paths``; returns the exit status.

    ``next_command`` is what to do if nothing is.
    """
    try:
        with examined_site(common, paths) as (site, loaded, listener, trusted):
            checkup = Checkup(site, loaded, paths, listener, os.environ, trusted)
            findings = examine(checkup)
    except KeyboardInterrupt:
        say("\nStopped. Nothing of yours was changed.", err=True)
        return STOPPED
    status = exit_status(findings)
    if json:
        say(findings_json(findings, status))
    else:
        again = "migrator doctor" if status else next_command
        text = findings_text(findings, again, width=width(sys.stdout), full=common.verbose)
        say(text, nl=False)
    return status
