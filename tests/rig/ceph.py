"""A one-node Ceph with its S3 gateway: one monitor, one disk in memory, loopback only.

Needs the programs of the Debian packages radosgw, ceph-mon and ceph-osd; no root, no network.
"""

import shutil
import subprocess
import time
import uuid
from contextlib import ExitStack, contextmanager

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
osd objectstore = memstore
memstore device bytes = 1073741824
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


@contextmanager
def running(folder):
    """An empty cluster under ``folder``, gone with everything in it at the end."""
    server = S3Server(free_port(), "AKPROBE", "SKPROBE1")
    mon, fsid = free_port(), str(uuid.uuid4())
    for name in ("mon", "osd", "rgw"):
        (folder / name).mkdir(parents=True)
    (folder / "keyring").touch()
    config = folder / "ceph.conf"
    config.write_text(_CONFIG.format(folder=folder, fsid=fsid, mon=mon, s3=server.port))

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

    with ExitStack() as started:

        def start(*command):
            process = subprocess.Popen(
                [command[0], "-f", "-c", config, *command[1:]],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            started.callback(end, process)
            return process

        monmap = folder / "monmap"
        run("monmaptool", "--create", "--addv", "a", f"v1:127.0.0.1:{mon}", "--fsid", fsid, monmap)
        run("ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap, "--keyring", "/dev/null")
        wait_until_open(mon, start("ceph-mon", "-i", "a"))
        disk = str(uuid.uuid4())
        run_when_ready("ceph", "--connect-timeout", "5", "osd", "new", disk)
        run("ceph-osd", "--mkfs", "-i", "0", "--osd-uuid", disk)
        run_when_ready("ceph", "osd", "crush", "add", "osd.0", "1.0", "root=default", "host=h")
        start("ceph-osd", "-i", "0")
        wait_until_open(server.port, start("radosgw", "-n", "client.rgw"))
        user = ["--uid=probe", "--display-name=probe", f"--access-key={server.access_key}"]
        run_when_ready(
            *("radosgw-admin", "--admin-socket=", "-n", "client.rgw", "user", "create"),
            *user,
            f"--secret-key={server.secret_key}",
        )
        yield server
