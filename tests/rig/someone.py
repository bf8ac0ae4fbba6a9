"""Another user: permission bits do not bind root, so a child process becomes someone else."""

import os
import tempfile
from pathlib import Path

SOMEONE = 65534


def let_in(folder):
    """Open the way to ``folder``, which pytest keeps for its own user."""
    top = Path(tempfile.gettempdir()).resolve()
    for each in (folder, *folder.parents):
        if each.is_relative_to(top) and each != top:
            each.chmod(0o755)


def as_someone(function):
    """What ``function`` says of itself when another user calls it."""
    if os.geteuid() != 0:
        return str(function())
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(SOMEONE)
            os.setuid(SOMEONE)
            said = str(function())
        except BaseException as error:  # noqa: BLE001 - all of it is the answer
            said = repr(error)
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    said = os.read(reading, 10_000).decode()
    os.close(reading)
    return said
