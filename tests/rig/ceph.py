"""A one-node Ceph with its S3 gateway: one monitor, one disk, loopback only.

Needs the programs of the Debian packages radosgw, ceph-mon and ceph-osd; no root, no network.
"""

import shutil
import subprocess
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rig.ports import end, free_port, wait_until_open
from rig.s3_server import S3Server

_PROGRAMS = ("ceph", "ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "monmaptool")
_CONFIG = """
[global]
fsid = {fsid}
mon host = v1:127.0.0.1:{mon}
ms bind msgr2 = false
public network = 127.0.0.0/8
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
keyring = {folder}/keyring
run dir = {folder}
admin socket = {folder}/$name.asok
log file = {folder}/$name.log
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
# without these the first start can lose a race against the first election
osd class update on start = false
osd crush update on start = false
mon allow pool size one = true
mon max pg per osd = 1000
mon data = {folder}/mon
mon data avail crit = 1
mon data avail warn = 1
mon initial members = a
mon osd full ratio = 0.97
mon osd backfillfull ratio = 0.96
mon osd nearfull ratio = 0.95
mon tick interval = 1
mon client hunt interval = 0.5
paxos propose interval = 0.05
paxos min wait = 0.01
osd data = {folder}/osd
osd objectstore = {disk}
memstore device bytes = 1073741824
bluestore block size = 4294967296
bluestore fsck on mount = false
osd memory target = 939524096
osd max object name len = 2048
osd max object namespace len = 256
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:{s3}
rgw dns name = s3.localhost
rgw data = {folder}/rgw
rgw thread pool size = 40
rgw enable usage log = false
rgw run sync thread = false
"""


def why_not():
    """Why it cannot run here; empty if it can."""
    missing = [name for name in _PROGRAMS if not shutil.which(name)]
    packages = "apt install --no-install-recommends radosgw ceph-mon ceph-osd"
    return f"Ceph is not installed ({packages}): no {', '.join(missing)}" if missing else ""


@dataclass(frozen=True)
class Ceph(S3Server):
    """The gateway, and what makes a power cut of it all."""

    config: Path
    mon: int
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self):
        """Start the daemons again; returns when the gateway answers."""
        self.start_monitor()
        self.start_gateway()

    def start_monitor(self):
        wait_until_open(self.mon, self._start("ceph-mon", "-i", "a"))

    def start_gateway(self):
        self._start("ceph-osd", "-i", "0")
        wait_until_open(self.port, self._start("radosgw", "-n", "client.rgw"))

    def kill(self):
        """Kill every daemon at once (SIGKILL); what was not on the disk is lost."""
        for process in self.processes:
            process.kill()
        while self.processes:
            end(self.processes.pop())

    def _start(self, *command):
        process = subprocess.Popen(
            [command[0], "-f", "-c", self.config, *command[1:]],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.processes.append(process)
        return process


@contextmanager
def running(folder, disk="memstore"):
    """An empty cluster under ``folder``, gone with everything in it at the end.

    ``disk`` is ``memstore``, or ``bluestore`` for one that survives its daemons.
    """
    config = folder / "ceph.conf"
    server = Ceph(free_port(), "AKPROBE", "SKPROBE1", config, free_port())
    fsid = str(uuid.uuid4())
    for name in ("mon", "osd", "rgw"):
        (folder / name).mkdir(parents=True)
    (folder / "keyring").touch()
    config.write_text(
        _CONFIG.format(folder=folder, fsid=fsid, mon=server.mon, s3=server.port, disk=disk)
    )

    def run(*command):
        subprocess.run([command[0], "-c", config, *command[1:]], check=True, capture_output=True)

    def run_when_ready(*command):
        for _ in range(30):
            try:
                return run(*command)
            except subprocess.CalledProcessError as error:
                problem = error.stderr
                time.sleep(0.1)
        raise RuntimeError(f"{command}: {problem!r}")

    monmap, monitor = folder / "monmap", f"v1:127.0.0.1:{server.mon}"
    run("monmaptool", "--create", "--addv", "a", monitor, "--fsid", fsid, monmap)
    run("ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap, "--keyring", "/dev/null")
    try:
        server.start_monitor()
        number = str(uuid.uuid4())
        run_when_ready("ceph", "--connect-timeout", "5", "osd", "new", number)
        run("ceph-osd", "--mkfs", "-i", "0", "--osd-uuid", number)
        run_when_ready("ceph", "osd", "crush", "add", "osd.0", "1.0", "root=default", "host=h")
        server.start_gateway()
        user = ["--uid=probe", "--display-name=probe", f"--access-key={server.access_key}"]
        run_when_ready(
            *("radosgw-admin", "--admin-socket=", "-n", "client.rgw", "user", "create"),
            *user,
            f"--secret-key={server.secret_key}",
        )
        yield server
    finally:
        server.kill()
