"""Ports of this machine: finding a free one, waiting for a server on it, ending that server."""

import socket
import subprocess
import time

_PATIENCE = 60.0  # seconds


def free_port():
    """A loopback port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_open(port, process):
    """Return as soon as ``process`` listens on ``port``; an early end of it is an error."""
    give_up = time.monotonic() + _PATIENCE
    while time.monotonic() < give_up:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args[0]} ended with status {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError(f"{process.args[0]} does not listen on {port} after {_PATIENCE} s")


def end(process):
    """Kill ``process``, which we started, and wait until it is gone."""
    process.kill()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"{process.args[0]} ({process.pid}) cannot be ended") from None
