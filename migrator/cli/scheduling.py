"""The command for timers that make backups: schedule."""

import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migrator.cli.options import Common, with_common
from migrator.cli.screen import say
from migrator.report.escape import for_terminal

if TYPE_CHECKING:
    from migrator.schedule import Timer

_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)
_SYSTEMD = "These two files belong into ~/.config/systemd/user. To set them up: add --install"
_CRON = "These lines belong into your crontab. To put them there: add --install"
_LAUNCHD = """\
This belongs into ~/Library/LaunchAgents/{name}.plist; to start it:
  launchctl bootstrap gui/$(id -u) ~/Library/LaunchAgents/{name}.plist
What it says: {log}"""
_GITHUB = "This belongs into .github/workflows/, and the keys into the secrets of the repository."
_AFTER_SYSTEMD = """\
  When next:     systemctl --user list-timers
  Try it now:    systemctl --user start {name}.service
  What it said:  journalctl --user -u {name}.service
A user's timers run while that user is logged in. For always: loginctl enable-linger"""
_AFTER_CRON = """\
  What it said:  {log}
cron does not catch up what it missed while the machine was off."""


class Kind(StrEnum):
    """Who keeps the timer."""

    systemd = "systemd"
    cron = "cron"
    launchd = "launchd"
    github = "github"


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command()(with_common(schedule))


def schedule(
    kind: Annotated[Kind, typer.Argument(metavar="KIND", help="systemd, cron, launchd or github.")],
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH]...", help="What to back up; else the whole site."),
    ] = None,
    *,
    at: Annotated[
        str, typer.Option("--at", metavar="HH:MM", help="When, every day (github: UTC).")
    ] = "03:30",
    to: Annotated[
        str, typer.Option("--to", metavar="STORE", help="Where copies go, as in `backup --to`.")
    ] = "",
    on_failure: Annotated[
        str | None,
        typer.Option(
            metavar="COMMAND_OR_URL",
            help="Run a command, or post JSON to an http(s) URL, where a backup fails.",
        ),
    ] = None,
    package: Annotated[
        str, typer.Option(metavar="WHAT", help="github: what pip shall install there.")
    ] = "",
    install: Annotated[
        bool, typer.Option("--install", help="systemd, cron: set the timer up for this user.")
    ] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="systemd, cron: take the timer away again.")
    ] = False,
    common: Common,
) -> int:
    """Print a timer that backs up this site every day; or set it up.

    Everything in it is an absolute path, and no secret: where keys come from stands in it.

    Examples:

        migrator schedule systemd --install

        migrator schedule cron --at 04:10 --on-failure 'mail -s "no backup" me@example.org'

        migrator schedule github --package 'git+https://...' > .github/workflows/backup.yml

    Exit status: 0, or 2 wrong usage or configuration, 6 systemd or cron cannot be reached.
    """
    from migrator.cli.asked import Asked, absolute, typed
    from migrator.cli.session import examined_site, opened
    from migrator.cli.timers import Wanted
    from migrator.errors import UsageError

    if (install or remove) and kind not in (Kind.systemd, Kind.cron):
        raise UsageError(
            f"Migrator cannot set up a timer of {kind}",
            f"See what it prints, and where that belongs: migrator schedule {kind}",
        )
    if install and remove:
        raise UsageError("--install and --remove do not go together")
    places = tuple(Path(absolute(path)) for path in paths or ())
    if remove:
        with examined_site(common, places) as (site, *_):
            return _removed(kind, site.root)
    hour, minute = _time(at)
    asked = Asked("schedule", typed(), tuple(map(str, places)), **common.kept())
    with opened(common, asked) as session:
        wanted = Wanted(session, places, hour, minute, to, on_failure, common)
        if kind is Kind.github:
            return _printed(wanted.workflow(package), _GITHUB, common)
        timer = wanted.timer(on_a_mac=kind is Kind.launchd)
    if install:
        return _installed(kind, timer)
    text, hint = _text(kind, timer)
    return _printed(text, hint, common)


def _time(text: str) -> tuple[int, int]:
    from migrator.errors import UsageError

    match = _TIME.fullmatch(text)
    if not match:
        raise UsageError(f"--at {text!r} is no time of the day", "Write it as in --at 03:30")
    return int(match[1]), int(match[2])


def _text(kind: Kind, timer: "Timer") -> tuple[str, str]:
    """The timer, and where it belongs."""
    from migrator.schedule import cron, launchd, systemd

    if kind is Kind.systemd:
        units = systemd.units(timer).items()
        return "\n".join(f"# {name}\n{text}" for name, text in units), _SYSTEMD
    if kind is Kind.cron:
        return cron.block(timer.logging()), _CRON
    return launchd.property_list(timer.logging()), _LAUNCHD.format(name=timer.name, log=timer.log)


def _printed(text: str, hint: str, common: Common) -> int:
    say(text, nl=False)
    if not common.quiet:
        say(f"\n{hint}", err=True)
    return 0


def _installed(kind: Kind, timer: "Timer") -> int:
    from migrator.cli.timers import systemd_folder
    from migrator.schedule import installing

    made = installing.make_env_file(timer)
    if kind is Kind.systemd:
        installing.install_systemd(timer, systemd_folder())
        more = _AFTER_SYSTEMD.format(name=timer.name)
    else:
        installing.install_cron(timer.logging())
        more = _AFTER_CRON.format(log=timer.log)
    root = for_terminal(str(timer.root))
    say(f"Every day at {timer.hour:02}:{timer.minute:02}: a backup of {root}\n{more}")
    if timer.secrets:
        file = f"{for_terminal(str(timer.env_file))} ({'made now' if made else 'it is there'})"
        say(f"Unless ~/.aws has the keys, put {', '.join(timer.secrets)} into\n  {file}")
    return 0


def _removed(kind: Kind, root: Path) -> int:
    from migrator.cli.timers import env_file, systemd_folder
    from migrator.schedule import installing
    from migrator.schedule.timer import name_for

    if kind is Kind.systemd:
        was_there = installing.remove_systemd(root, systemd_folder())
    else:
        was_there = installing.remove_cron(root)
    there = "Removed the" if was_there else "There is no"
    say(f"{there} timer of {kind} for {for_terminal(str(root))}")
    if was_there and (file := env_file(name_for(root))).exists():
        say(f"What you put into {for_terminal(str(file))} is still there.")
    return 0
