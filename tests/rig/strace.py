"""Faults from outside: a command under strace, which kills it or fails its system calls."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

Completed = subprocess.CompletedProcess[str]

MUTATING = (
    "write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,link,linkat,mkdir,"
    "mkdirat,rmdir,ftruncate,fchmod,chmod,fchown,fsetxattr,fremovexattr"
)
MISSING = "" if shutil.which("strace") else "strace is not installed"
SCRIPT = Path(__file__).with_name("toy_run.py").resolve()


def tracing(faults: Sequence[str], log: Path | None = None) -> list[str]:
    """strace(1) with faults, each as it has them: "CALLS:what:when=N".

    Only the calls of the faults are traced, to ``log``, with paths of descriptors.
    (Not with ``--seccomp-bpf``: it is faster, and strace 6.1 then injects no signals.)
    """
    command = ["strace", "-y", "-qq", "-o", str(log or os.devnull)]
    command += ["-e", "trace=" + ",".join(fault.partition(":")[0] for fault in faults)]
    for fault in faults:
        command += ["-e", f"inject={fault}"] if ":" in fault else []
    return command


def attached(threads: Iterable[int], faults: Sequence[str], log: Path) -> subprocess.Popen[str]:
    """Let ``faults`` strike in threads that run; returns when strace is there.

    Other threads of their processes are not seen, so that "when" has one meaning: strace counts
    each kind of call for each thread.
    """
    words = [word for word in tracing(faults, log) if word != "-qq"]  # it tells when it is there
    for thread in threads:
        words += ["-p", str(thread)]
    tracer = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    for _ in threads:
        assert "attached" in tracer.stderr.readline()
    return tracer


def run(*arguments: object, faults: Sequence[str], log: Path | None = None) -> Completed:
    """Run ``toy_run.py`` with faults.

    The interpreter itself, isolated: no launcher, site packages or byte code that the fault could
    hit instead.
    """
    program = [Path(sys.executable).resolve(), "-I", "-S", "-B", SCRIPT]
    command = [*tracing(faults, log), "-f", "-qqq", *program]
    words = [str(word) for word in [*command, *arguments]]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)


def points(*arguments: object, calls: str = MUTATING, faults: Sequence[str] = ()) -> list[str]:
    """Where a fault can strike ``toy_run.py``."""
    with tempfile.NamedTemporaryFile("r") as log:
        done = run(*arguments, faults=[*faults, calls], log=Path(log.name))
        assert done.returncode == 0, done
        return points_in(log.read(), calls)


def points_in(log: str, calls: str = MUTATING) -> list[str]:
    """Where a fault can strike: "CALL:{}:when=N" for each call in the log of one thread, in order.

    strace counts each kind of call for itself.
    """
    counts: Counter[str] = Counter()
    found = []
    for call in re.findall(r"^(?:\d+ +)?(\w+)\(", log, re.MULTILINE):
        if call in calls.split(","):
            counts[call] += 1
            found.append(f"{call}:{{}}:when={counts[call]}")
    return found
