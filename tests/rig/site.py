"""A site on disk, and the installed command as a person runs it there."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from rig.hosts import Host
from rig.oracle import tree


def _environment():
    """Ours, but with compiled modules kept: a command would spend a second to compile them."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


@dataclass
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@dataclass
class Site:
    """A folder of posts, and the command run in it."""

    root: Path
    host: Host
    environment: dict[str, str] = field(default_factory=dict)
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def migrator(self, *arguments, timeout=120):
        process = self.start(*arguments)
        out, err = process.communicate(timeout=timeout)
        assert "Traceback" not in err
        return Ended(process.returncode, out, err)

    def start(self, *arguments):
        process = subprocess.Popen(
            [sys.executable, "-m", "migrator", *map(str, arguments)],
            cwd=self.root,
            env={**_environment(), **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        self.processes.append(process)
        return process

    def end(self):
        """End what a test left running, and close its pipes."""
        for process in self.processes:
            process.kill()
            process.stdout.close()
            process.stderr.close()
            process.wait()

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.replace("{host}", self.host.url("")).encode())
        return path

    def tree(self):
        return tree(self.root)

    def stored(self):
        """The files of the default store, by name."""
        return {
            name.rpartition("/")[2]: data
            for name, data in self.tree().items()
            if name.startswith("migrated-images/")
        }
