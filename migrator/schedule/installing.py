"""Puts timers into the user's systemd or crontab, and takes them out again."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from migrator.errors import EnvironmentProblem
from migrator.schedule import cron, systemd
from migrator.schedule.timer import Timer, name_for

_SECONDS = 60.0  # of a program that answers at once, unless something is wrong


def install_systemd(timer: Timer, folder: Path) -> None:
    """Write the units of ``timer`` into ``folder`` and start its timer.

    Raises:
        EnvironmentProblem: they cannot be written, or systemd is out of reach.
    """
    units = systemd.units(timer)
    _, schedule = systemd.unit_names(timer.name)
    for name, text in units.items():
        _write(folder / name, text)
    _systemctl(
        ["daemon-reload"],
        ["enable", "--now", schedule],
        done=f"The files are written: {', '.join(str(folder / name) for name in units)}",
    )


def remove_systemd(root: Path, folder: Path) -> bool:
    """Stop the timer of the site at ``root`` and delete its units; whether there were any.

    Raises:
        EnvironmentProblem: they cannot be deleted, or systemd is out of reach.
    """
    _, schedule = systemd.unit_names(name_for(root))
    files = [folder / name for name in systemd.unit_names(name_for(root))]
    if not any(file.exists() for file in files):
        return False
    wanted = folder / "timers.target.wants" / schedule  # what `enable` made
    try:
        _systemctl(["disable", "--now", schedule], done="")
        unreached = None
    except EnvironmentProblem as error:  # then nothing may stay that starts with the next login
        unreached = error
    for file in (wanted, *files):
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            raise EnvironmentProblem(f"cannot delete {file}: {error.strerror}") from error
    if unreached:
        raise EnvironmentProblem(f"the timer's files are deleted, but {unreached}", unreached.hint)
    _systemctl(["daemon-reload"], done="The files are deleted.")
    return True


def install_cron(timer: Timer) -> None:
    """Put the lines of ``timer`` into the user's crontab, in place of its earlier ones.

    Raises:
        EnvironmentProblem: there is no cron, or it does not want to.
        UsageError: earlier lines are not whole, or the new ones too long.
    """
    _write_crontab(cron.with_block(_crontab(), timer))


def remove_cron(root: Path) -> bool:
    """Take the lines of the site at ``root`` out of the user's crontab; whether there were any.

    Raises:
        EnvironmentProblem: there is no cron, or it does not want to.
        UsageError: the lines are not whole.
    """
    before = _crontab()
    after = cron.without(before, root)
    if after != before:
        _write_crontab(after)
    return after != before


def make_env_file(timer: Timer) -> bool:
    """Make the file for the secrets of ``timer``, unless it is there; whether it was made."""
    try:
        timer.env_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(timer.env_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    except OSError as error:
        raise EnvironmentProblem(f"cannot make {timer.env_file}: {error.strerror}") from error
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f"# What the backup of {timer.root} needs and nobody else shall read.\n")
        file.writelines(f"#{name}='...'\n" for name in timer.secrets)
    return True


def _write(file: Path, text: str) -> None:
    """Replace ``file`` at once; only its owner may read it."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}")  # mode 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(text)
            Path(name).replace(file)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise EnvironmentProblem(f"cannot write {file}: {error.strerror}") from error


def _systemctl(*commands: Sequence[str], done: str) -> None:
    calls = [["systemctl", "--user", *command] for command in commands]
    for number, call in enumerate(calls):
        status, _, err = _run(call)
        if status:
            left = "; ".join(" ".join(each) for each in calls[number:])
            raise EnvironmentProblem(
                f"{' '.join(call)} failed: {err.decode(errors='replace').strip()}",
                f"{done and f'{done}. '}Once systemd is at work for your user: {left}",
            )


def _crontab() -> bytes:
    status, out, err = _run(["crontab", "-l"])
    if status == 0:
        return out
    if b"no crontab" in err.lower():
        return b""
    raise _refused(err)


def _write_crontab(text: bytes) -> None:
    status, _, err = _run(["crontab", "-"], text)
    if status:
        raise _refused(err)


def _refused(err: bytes) -> EnvironmentProblem:
    reason = err.decode(errors="replace").strip()
    return EnvironmentProblem(f"crontab refused: {reason}", "Your crontab was not changed.")


def _run(call: Sequence[str], text: bytes = b"") -> tuple[int, bytes, bytes]:
    """How ``call`` ended, in English, and what it said."""
    program = shutil.which(call[0])
    if program is None:
        raise EnvironmentProblem(
            f"there is no program {call[0]} here",
            "Without --install the timer is printed, to put it where you want it.",
        )
    environment: Mapping[str, str] = {**os.environ, "LC_ALL": "C"}
    try:
        ended = subprocess.run(  # noqa: S603 - found on the user's own PATH
            [program, *call[1:]],
            input=text,
            capture_output=True,
            env=environment,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise EnvironmentProblem(f"{call[0]} does not answer") from error
    return ended.returncode, ended.stdout, ended.stderr
