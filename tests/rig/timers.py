"""cron and systemd in a mount namespace of their own, so that nobody else's timers are seen.

They need root, for namespaces; where that or the program is missing, tests are skipped.
"""

import os
import shlex
import shutil
import stat
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

NICE = str(min(19, os.nice(0) + 10))  # what a timer asks for
_SYSTEMD = "/lib/systemd/systemd"
_EVERYTHING = bool(os.environ.get("MIGRATOR_FORBID_SKIPS"))  # as `.ci/run` has it
_PATIENCE = 30.0  # seconds
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_CRON = """
mount --make-rprivate /
mount --bind "$0/spool" /var/spool/cron
mount -t tmpfs none /run
for folder in /etc/cron.*; do mount -t tmpfs none "$folder"; done
[ ! -e /etc/crontab ] || mount --bind "$0/empty" /etc/crontab
touch "$0/ready"
exec sleep 1000
"""
# systemd rearranges all processes that its control groups show to it. So it gets a group of its own
# and a view of nothing else; it is not started where it would see the first process.
_GROUP = """
if [ -d /sys/fs/cgroup/systemd ]; then groups=/sys/fs/cgroup/systemd; else groups=/sys/fs/cgroup; fi
mkdir "$groups/$1"
echo $$ >"$groups/$1/cgroup.procs"
exec unshare --mount --cgroup sh -ec "$2"
"""
_MANAGER = f"""
mount --make-rprivate /
if [ -d /sys/fs/cgroup/systemd ]; then
    mount -t tmpfs none /sys/fs/cgroup
    mkdir /sys/fs/cgroup/systemd
    mount -t cgroup -o none,name=systemd none /sys/fs/cgroup/systemd
    seen=/sys/fs/cgroup/systemd/cgroup.procs
else
    mount -t cgroup2 none /sys/fs/cgroup
    seen=/sys/fs/cgroup/cgroup.procs
fi
! grep -qx 1 $seen
grep -qx $$ $seen
mount -t tmpfs none /run
mkdir -p /run/systemd/system
mkdir -m 700 /run/user
exec {_SYSTEMD} --user --log-target=console
"""
# What is started by a timer in place of Python: it writes down how.
_RECORDER = """#!/bin/sh
exec >{started}
env
echo "NICE=$(nice)"
for word; do printf 'WORD=%s\\n' "$word"; done
"""


class Namespace:
    """A mount namespace in which programs run with little in their environment."""

    def __init__(self, pid, environment):
        self._enter = ["nsenter", "--mount", "--wdns=/", "--target", str(pid)]
        self._environment = {"PATH": _PATH, **environment}

    def run(self, *command, data=b""):
        return subprocess.run(
            [*self._enter, *map(str, command)],
            input=data,
            env=self._environment,
            capture_output=True,
            check=False,
            timeout=120,
        )

    @contextmanager
    def running(self, *command):
        process = subprocess.Popen([*self._enter, *command], env=self._environment)
        try:
            yield
        finally:
            process.kill()
            process.wait()


def until(found, what, patience=_PATIENCE):
    give_up = time.monotonic() + patience
    while not found():
        assert time.monotonic() < give_up, f"in vain: {what}"
        time.sleep(0.05)


def recorder(path, started):
    """A program at ``path`` that writes into ``started`` how it was started."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_RECORDER.format(started=shlex.quote(str(started))))
    path.chmod(0o755)
    return path


def recorded(started):
    """The words and the variables with which a recorder was started, once it was."""
    until(lambda: started.exists() and "WORD=" in started.read_text(), "the timer starts nothing")
    time.sleep(0.1)
    pairs = [line.partition("=")[::2] for line in started.read_text().splitlines()]
    words = [value for name, value in pairs if name == "WORD"]
    return words, {name: value for name, value in pairs if name != "WORD"}


@contextmanager
def cron_machine(folder, **environment):
    """Where `crontab` has an empty crontab, which the daemon `cron -f` would see."""
    _need("cron", "crontab")
    (folder / "spool/crontabs").mkdir(parents=True)
    (folder / "spool/crontabs").chmod(stat.S_ISVTX | 0o730)
    (folder / "empty").touch()
    with _namespace(("unshare", "--mount", "sh", "-ec", _CRON, folder), environment) as process:
        until((folder / "ready").exists, "the namespace is not ready")
        yield Namespace(process.pid, environment)


@contextmanager
def systemd_machine(folder, **environment):
    """Where a user's systemd is at work."""
    if not _EVERYTHING:
        pytest.skip("no systemd of ours is started on a machine that is not for tests")
    _need("systemctl", _SYSTEMD)
    environment |= {"XDG_RUNTIME_DIR": "/run/user"}
    group = f"migrator-test-{os.getpid()}"
    try:
        with _namespace(("sh", "-ec", _GROUP, "sh", group, _MANAGER), environment) as process:
            socket = Path(f"/proc/{process.pid}/root/run/user/systemd/private")
            until(lambda: socket.exists() or process.poll() is not None, "systemd is not ready")
            if process.poll() is not None:
                pytest.skip("systemd does not start here")
            yield Namespace(process.pid, environment)
    finally:
        for groups in Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/systemd"):
            until(lambda at=groups / group: _removed(at), "the control group is not empty")


def _removed(group):
    for folder, _, _ in os.walk(group, topdown=False):
        with suppress(OSError):  # something in it has not quite ended
            os.rmdir(folder)  # noqa: PTH106 - of strings, as os.walk gives them
    return not group.exists()


@contextmanager
def _namespace(command, environment):
    process = subprocess.Popen(
        command,
        env={"PATH": _PATH, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _need(*programs):
    if os.geteuid() != 0:
        pytest.skip("only root can make a mount namespace")
    for program in ("unshare", "nsenter", *programs):
        if not shutil.which(program, path=_PATH):
            pytest.skip(f"there is no {program}")
    if subprocess.run(["unshare", "--mount", "true"], check=False).returncode:
        pytest.skip("this machine allows no mount namespace")
