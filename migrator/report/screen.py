"""What a stream can show: how wide it is, whether it takes colours, whether it can be drawn on."""

import os
import shutil
from typing import TextIO

_WIDE = 80  # columns, where nobody says


def width(stream: TextIO) -> int:
    """How many columns text on ``stream`` may have; ``COLUMNS`` decides on a terminal."""
    if not stream.isatty():
        return _WIDE
    if (said := os.environ.get("COLUMNS", "")).isdecimal() and int(said):
        return int(said)
    try:
        return os.get_terminal_size(stream.fileno()).columns or _WIDE
    except OSError:
        return shutil.get_terminal_size().columns


def color(stream: TextIO) -> bool:
    """Whether text on ``stream`` may be coloured.

    ``NO_COLOR`` (no-color.org) forbids it and ``FORCE_COLOR`` wants it also where there is no
    terminal, as in the logs of CI; with neither, terminals that know how get colours.
    """
    if os.environ.get("NO_COLOR"):
        return False
    if _is_on("FORCE_COLOR"):
        return True
    return stream.isatty() and not _is_dumb()


def live(stream: TextIO) -> bool:
    """Whether a display may be drawn on ``stream`` and over itself.

    Not in CI, also where it gives programs a terminal: it keeps what was drawn over.
    """
    return stream.isatty() and not _is_dumb() and not _is_on("CI")


def _is_dumb() -> bool:
    return os.environ.get("TERM", "") in ("dumb", "unknown")


def _is_on(name: str) -> bool:
    return os.environ.get(name, "").lower() not in ("", "0", "false")
