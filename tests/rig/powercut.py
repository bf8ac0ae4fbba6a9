"""A disk whose power can be cut: ext4 in a file, behind a loop device.

What a program wrote and did not sync is in the kernel's memory and not in the file, so a copy of
the file is the disk after a power cut at that instant. Mounting the copy replays its journal.
"""

import filecmp
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Self

_SIZE = 24 * 1024 * 1024
_TOOLS = "/usr/sbin:/sbin:" + os.environ.get("PATH", "")  # mkfs is not on everybody's PATH


class Disk:
    """The file system in the file ``image``, mounted at a folder of its own while in context."""

    def __init__(self, image: Path, options: str = "") -> None:
        self.image = image
        self.folder = image.with_suffix("")
        self.options = options

    @classmethod
    def new(cls, image: Path, options: str = "") -> Self:
        with image.open("wb") as file:
            file.truncate(_SIZE)
        _call("mkfs.ext4", "-q", image)
        return cls(image, options)

    def __enter__(self) -> Self:
        self.folder.mkdir(exist_ok=True)
        _call("mount", "-o", f"loop,{self.options}".rstrip(","), self.image, self.folder)
        return self

    def __exit__(self, *_: object) -> None:
        _call("umount", self.folder)

    def copy(self, name: str) -> "Disk":
        """A disk like this one, which is not in use."""
        image = self.image.with_name(f"{name}.img")
        shutil.copyfile(self.image, image)
        return Disk(image, self.options)

    def after_a_power_cut(self, name: str) -> "Disk":
        """What this disk would hold. Whoever writes to it must hold still."""
        cut = self.copy(name)
        while not filecmp.cmp(self.image, cut.image, shallow=False):
            cut = self.copy(name)  # the kernel was writing meanwhile
        return cut


@contextmanager
def held_still(process: subprocess.Popen[str]):
    """Stop ``process``, which may have ended, in whatever it does; it goes on afterwards."""
    os.kill(process.pid, signal.SIGSTOP)  # Popen's own method would reap it
    os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    try:
        yield
    finally:
        os.kill(process.pid, signal.SIGCONT)


def missing() -> str:
    """What is missing here for such disks; empty if nothing is."""
    if os.geteuid() != 0:
        return "only root may mount a disk"
    tools = [tool for tool in ("mkfs.ext4", "mount") if not shutil.which(tool, path=_TOOLS)]
    if tools:
        return f"{tools[0]} is not installed"
    with tempfile.TemporaryDirectory() as folder:
        try:
            with Disk.new(Path(folder, "trial.img")):
                return ""
        except OSError as error:
            return f"a disk cannot be mounted: {error}"


def naive_writer() -> None:
    """``powercut.py FOLDER``: replace each post there as programs do that never lost power.

    Another file, and a rename. What is done is logged, and the log alone is synced.
    """
    folder = Path(sys.argv[1])
    with (folder / "log").open("w") as log:
        for post in sorted(folder.glob("*.md")):
            temporary = post.with_suffix(".tmp")
            temporary.write_bytes(post.read_bytes().replace(b"old", b"new"))
            temporary.replace(post)
            log.write(f"{post.name}\n")
        log.flush()
        os.fsync(log.fileno())


def _call(tool: str, *arguments: object) -> None:
    words = [shutil.which(tool, path=_TOOLS) or tool, *map(str, arguments)]
    done = subprocess.run(words, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        raise OSError(f"{tool}: {done.stderr.strip()}")


if __name__ == "__main__":
    naive_writer()
