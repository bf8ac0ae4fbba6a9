"""A timer as lines of a crontab (crontab(5)), and how they get into one and out again. Pure."""

from pathlib import Path

from migrator.errors import UsageError
from migrator.schedule.timer import Timer, secrets_explained

_PATH = "/usr/local/bin:/usr/bin:/bin"
_LONGEST = 990  # bytes of a command; of a longer one Debian's cron runs the beginning only


def block(timer: Timer) -> str:
    """The lines of ``timer``, between the marks by which they are found again.

    Raises:
        UsageError: its command is too long for cron.
    """
    command = _escaped(timer.script(_PATH))
    if len(command.encode()) > _LONGEST:
        raise UsageError(
            f"the command has {len(command.encode())} bytes, and cron takes {_LONGEST}",
            "Name the folder of the posts instead of single posts, or take another kind of timer.",
        )
    begin, end = _marks(timer.root)
    lines = [
        begin,
        f"# Made by `migrator schedule cron`, which replaces these lines. Log: {timer.log}",
        *(f"# {line}" for line in secrets_explained(timer, str(timer.env_file))),
        f"{timer.minute} {timer.hour} * * * {command}",
        end,
    ]
    return "\n".join(lines) + "\n"


def without(crontab: bytes, root: Path) -> bytes:
    """``crontab`` without the lines of the site at ``root``; every other byte stays.

    Raises:
        UsageError: somebody took one of the marks away, so it is not clear what is ours.
    """
    begin, end = (mark.encode("utf-8", "surrogateescape") for mark in _marks(root))
    lines = crontab.splitlines(keepends=True)
    marks = [(number, line.rstrip(b"\r\n")) for number, line in enumerate(lines)]
    found = [(number, line) for number, line in marks if line in (begin, end)]
    if [line for _, line in found] != [begin, end] * (len(found) // 2):
        raise UsageError(
            f"the lines of {root} in your crontab have lost one of their marks",
            f"Call `crontab -e`, and delete what stands there from {begin.decode()!r} on.",
        )
    for (first, _), (last, _) in reversed(list(zip(found[::2], found[1::2], strict=True))):
        del lines[first : last + 1]
    return b"".join(lines)


def with_block(crontab: bytes, timer: Timer) -> bytes:
    """``crontab`` with the lines of ``timer`` at its end, in place of earlier ones of its site."""
    rest = without(crontab, timer.root)
    if rest and not rest.endswith(b"\n"):
        rest += b"\n"
    return rest + block(timer).encode()


def _marks(root: Path) -> tuple[str, str]:
    return f"# migrator: {root}", f"# migrator: end of {root}"


def _escaped(command: str) -> str:
    r"""``command`` for cron, to which % is a line end unless \ stands before it.

    The quotes, which sh takes for nothing, keep a \ of our own from being taken for that one.
    """
    return command.replace("%", r"''\%")
