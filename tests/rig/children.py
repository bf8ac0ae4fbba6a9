"""The processes that a process started."""

from pathlib import Path


def children(pid):
    """Those of its first thread that run."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(each) for each in listed.split()]
