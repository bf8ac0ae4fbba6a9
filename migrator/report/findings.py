"""What an examination found, in words for a terminal: problems first, within a screen. Pure."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from migrator.finding import Area, Finding, Level
from migrator.redact import redact
from migrator.report.escape import for_terminal, wrapped
from migrator.report.quantities import counted

_LABEL = 13  # columns of an area's name
_SCREEN = 18  # lines of findings: with headings, what was cut and the end, a screen of 24
_NAMES = {
    Area.CONFIG: "config",
    Area.STORE: "store",
    Area.PUBLIC: "public URL",
    Area.HOSTS: "hosts",
    Area.POSTS: "posts",
    Area.DISK: "disk",
    Area.ENVIRONMENT: "machine",
}


def findings_text(
    findings: Sequence[Finding], next_command: str | None, *, width: int = 80, full: bool = False
) -> str:
    """``findings`` within ``width`` columns; ``full`` leaves nothing out."""
    problems, notes, fine = (
        [each for each in findings if each.level is level]
        for level in (Level.PROBLEM, Level.NOTE, Level.OK)
    )
    lines = [_verdict(problems, notes)]
    if problems:
        lines += ["", "Problems", *_each(problems, width)]
    end = ["", "Fine", *_fine(fine, width)] if fine else []
    if notes:
        room = None if full else _SCREEN - len(lines) - len(end)
        lines += ["", "Notes", *_some(notes, width, room)]
    lines += end
    if next_command:
        lines += ["", f"Next:  {for_terminal(next_command)}"]
    return "\n".join(lines) + "\n"


def _some(notes: Sequence[Finding], width: int, room: int | None) -> list[str]:
    """As many of ``notes`` as ``room`` lines hold (``None``: all), but one in any case."""
    lines: list[str] = []
    for number, each in enumerate(notes):
        entry = _each([each], width)
        if room is not None and lines and len(lines) + len(entry) > room:
            left = counted(len(notes) - number, "more note")
            return [*lines, f"  and {left}: migrator doctor -v"]
        lines += entry
    return lines


def _verdict(problems: Sequence[Finding], notes: Sequence[Finding]) -> str:
    beside = f", and {counted(len(notes), 'note')}" if notes else ""
    if not problems:
        return f"No problem was found{beside}."
    return f"{counted(len(problems), 'problem')}{beside}."


def _each(findings: Iterable[Finding], width: int) -> list[str]:
    lines: list[str] = []
    for finding in findings:
        where = f" ({finding.where})" if finding.where and finding.where not in finding.what else ""
        lines += _entry(_NAMES[finding.area], f"{finding.what}{where}", width)
        if finding.cure:
            lines += _entry("", f"-> {finding.cure}", width, "   ")
    return lines


def _fine(findings: Iterable[Finding], width: int) -> list[str]:
    lines: list[str] = []
    for area, group in groupby(findings, key=lambda finding: finding.area):
        lines += _entry(_NAMES[area], "; ".join(each.what for each in group), width)
    return lines


def _entry(label: str, text: str, width: int, indent: str = "") -> list[str]:
    room = " " * _LABEL
    return wrapped(
        for_terminal(redact(text)),
        width,
        initial_indent=f"  {label:{_LABEL - 2}}",
        subsequent_indent=room + indent,
    )
