"""How a report goes out as a map from old to new URLs."""

from pathlib import Path

from migrator import durable
from migrator.cli.screen import say
from migrator.errors import UsageError
from migrator.relinking import LinkMap
from migrator.report.escape import for_terminal
from migrator.report.link_map import left_out, left_out_text, map_csv
from migrator.report.quantities import counted
from migrator.report.summary import Report

_STDOUT = "-"


def mapped(report: Report, file: str, *, json: bool) -> int:
    """Write the map of ``report`` to ``file``, or print it where that is ``-``.

    Returns the exit status: 3 where an image has new links that no map can hold.

    Raises:
        UsageError: ``file`` is there and is no such map, or ``json`` is wanted as well.
        EnvironmentProblem: it cannot be written.
    """
    if json:
        raise UsageError("--csv and --json cannot be had at once", "Run migrator report twice.")
    if file == _STDOUT:
        for line in map_csv(report):
            say(line, nl=False)
    else:
        number = _write(report, Path(file))
        say(f"{for_terminal(file)}: {counted(number, 'image')} with a new URL.", err=True)
    left = left_out(report)
    if left:
        say(left_out_text(left), err=True)
    return 3 if left else 0


def _write(report: Report, file: Path) -> int:
    if file.exists():
        _must_be_a_map(file)
    lines = list(map_csv(report))
    text = "".join(lines)
    with durable.problems_told(file, len(text)):
        file.write_text(text, encoding="utf-8", newline="")
    return len(lines)


def _must_be_a_map(file: Path) -> None:
    try:
        LinkMap.read(file)
    except UsageError as error:
        raise UsageError(
            f"--csv {file}: something else of that name is there",
            "It would be lost. Choose another name, such as --csv moved.csv",
        ) from error
