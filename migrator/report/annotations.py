"""Forbidden images as GitHub shows them: beside a line of a pull request, and on a page. Pure.

The form of a workflow command, and what is escaped in it, are those of GitHub's own toolkit
(actions/toolkit, packages/core/src/command.ts): ``%``, CR and LF everywhere, ``:`` and ``,`` in
properties as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from migrator.model import Reference
from migrator.redact import redact
from migrator.report.escape import for_terminal
from migrator.report.quantities import counted

_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = _DATA | str.maketrans({":": "%3A", ",": "%2C"})
_MARKDOWN = str.maketrans({mark: f"&#{ord(mark)};" for mark in "&<>|`*_[]()\\~#!@:$"})
_TITLE = "An image on a forbidden host"
_MOST_ROWS = 200  # GitHub takes a megabyte


@dataclass(frozen=True, slots=True)
class Hit:
    """What must not be there: in the file ``path``, from the top of its repository.

    ``line`` is 0 where the whole file is meant, and columns, which count code points, where all of
    the line is.
    """

    path: str
    title: str
    what: str
    line: int = 0
    column: int = 0
    end_column: int = 0


def forbidden(path: str, reference: Reference) -> Hit:
    """An image on a host where none may be."""
    one_line = not set("\r\n") & set(reference.raw)
    end = reference.column + len(reference.raw) if one_line else 0
    what = f"{redact(reference.url)} is on a host that --fail-on-host names"
    return Hit(path, _TITLE, what, reference.line, reference.column, end)


def annotation(hit: Hit) -> str:
    """The line that makes GitHub show ``hit`` where it stands."""
    place = {"file": hit.path, "line": hit.line, "col": hit.column, "endColumn": hit.end_column}
    given = {name: value for name, value in (place | {"title": hit.title}).items() if value}
    properties = ",".join(
        f"{name}={str(each).translate(_PROPERTY)}" for name, each in given.items()
    )
    return f"::error {properties}::{hit.what.translate(_DATA)}"


def page(hits: Sequence[Hit]) -> str:
    """Markdown for the page that GitHub shows of a workflow."""
    rows = [
        f"| {_shown(hit.path)} | {hit.line or ''} | {_shown(hit.what)} |\n"
        for hit in hits[:_MOST_ROWS]
    ]
    more = f"\nand {len(hits) - len(rows):,} more.\n" if len(hits) > len(rows) else ""
    head = f"### Migrator: {counted(len(hits), 'place')} to look at\n\n"
    return f"{head}| post | line | what |\n| --- | ---: | --- |\n{''.join(rows)}{more}\n"


def _shown(text: str) -> str:
    return for_terminal(text).translate(_MARKDOWN)
