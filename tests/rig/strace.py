"""Faults from outside: a script run under strace, which kills it or fails its system calls."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

Completed = subprocess.CompletedProcess[str]

MUTATING = (
    "write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,link,linkat,mkdir,"
    "mkdirat,ftruncate,fchmod,chmod,fchown,fsetxattr,fremovexattr"
)
MISSING = "" if shutil.which("strace") else "strace is not installed"
SCRIPT = Path(__file__).with_name("toy_run.py").resolve()


def run(*arguments: object, faults: Sequence[str], log: Path | None = None) -> Completed:
    """Run ``toy_run.py`` with faults, each as strace(1) has it: "CALLS:what:when=N".

    The interpreter itself, isolated: no launcher, site packages or byte code that the fault could
    hit instead. Only the calls of the faults are traced, to ``log``, with paths of descriptors.
    (Not with ``--seccomp-bpf``: it is faster, and strace 6.1 then injects no signals.)
    """
    command = ["strace", "-f", "-y", "-qqq", "-o", log or os.devnull]
    command += ["-e", "trace=" + ",".join(fault.partition(":")[0] for fault in faults)]
    for fault in faults:
        command += ["-e", f"inject={fault}"] if ":" in fault else []
    command += [Path(sys.executable).resolve(), "-I", "-S", "-B", SCRIPT, *arguments]
    words = [str(word) for word in command]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)


def points(*arguments: object, calls: str = MUTATING, faults: Sequence[str] = ()) -> list[str]:
    """Where a fault can strike: "CALL:{}:when=N" for each call the script makes, in their order.

    strace counts each kind of call for itself.
    """
    with tempfile.NamedTemporaryFile("r") as log:
        done = run(*arguments, faults=[*faults, calls], log=Path(log.name))
        assert done.returncode == 0, done
        made = re.findall(r"^\d+ +(\w+)\(", log.read(), re.MULTILINE)
    counts: Counter[str] = Counter()
    found = []
    for call in made:
        if call in calls.split(","):
            counts[call] += 1
            found.append(f"{call}:{{}}:when={counts[call]}")
    return found
