"""A small site, an image host of raw sockets, and the installed command."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from rig.hosts import Host, answer
from rig.images import image

POST = """\
---
title: Three pictures
---

![first]({host}/a.png "title") and ![second]({host}/b.jpg#pic_center)

```
![code]({host}/a.png)
```

<img src="{host}/c.gif" width=300> <!-- ![comment]({host}/a.png) -->
"""
SECOND = "\ufeff![again][pic]\r\n\r\n[pic]: <{host}/a.png>\r\n\r\nno newline at the end"


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
        """Every file outside of the state folder, with its bytes.

        Hidden copies that killed runs left in the store are not counted: they are cleared once
        they are an hour old and surely nobody's.
        """
        files = (path for path in self.root.rglob("*") if path.is_file())
        named = ((path.relative_to(self.root).as_posix(), path) for path in files)
        return {name: path.read_bytes() for name, path in named if ".migrator" not in name}

    def stored(self):
        """The files of the default store, by name."""
        return {
            name.rpartition("/")[2]: data
            for name, data in self.tree().items()
            if name.startswith("migrated-images/")
        }


@pytest.fixture
def host():
    with Host() as host:
        for path, kind in (("/a.png", "PNG"), ("/b.jpg", "JPEG"), ("/c.gif", "GIF")):
            host.on(path, answer(image(kind)))
        yield host


@pytest.fixture
def site(tmp_path, host):
    site = Site(tmp_path / "site", host, {"MIGRATOR_ALLOW_PRIVATE": host.authority})
    site.write("migrator.toml", "")  # says where the site's root is
    site.write("posts/one.md", POST)
    site.write("posts/deep/two.md", SECOND)
    yield site
    site.end()
