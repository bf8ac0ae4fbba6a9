"""OpenStack Swift with its S3 layer on one disk, from PyPI; its If-None-Match is not atomic."""

import getpass
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rig.ports import end, free_port, wait_until_open
from rig.s3_server import S3Server

_SWIFT = """
[swift-hash]
swift_hash_path_prefix = a
swift_hash_path_suffix = b
[storage-policy:0]
name = gold
default = yes
[swift-constraints]
max_header_size = 16384
"""
_DEFAULT = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
user = {user}
swift_dir = {folder}
devices = {folder}/devices
mount_check = false
workers = 0
disable_fallocate = true
fallocate_reserve = 0
log_address = {folder}/nolog
recon_cache_path = {folder}
"""
_STORAGE = """
[pipeline:main]
pipeline = {name}-server
[app:{name}-server]
use = egg:swift#{name}
"""
_PROXY = """
[pipeline:main]
pipeline = catch_errors cache listing_formats s3api tempauth copy slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
dns_compliant_bucket_names = true
[filter:tempauth]
use = egg:swift#tempauth
user_probe_user = SKPROBE1 .admin .reseller_admin
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
"""
# in a process of its own: Swift's modules change how threads and sockets work
_BUILD_RINGS = """
import sys
from swift.common.ring import RingBuilder
device = {"id": 0, "region": 1, "zone": 1, "ip": "127.0.0.1", "device": "d1", "weight": 1}
for name, port in (ring.split("=") for ring in sys.argv[2:]):
    builder = RingBuilder(4, 1, 1)
    builder.add_dev({**device, "port": int(port)})
    builder.rebalance()
    builder.get_ring().save(f"{sys.argv[1]}/{name}.ring.gz")
"""


def why_not():
    """Why it cannot run here; empty if it can."""
    there = _program("swift-proxy-server").exists()
    return "" if there else "OpenStack Swift is not installed (pip install swift)"


@contextmanager
def running(folder):
    """An empty Swift under ``folder``."""
    (folder / "devices" / "d1").mkdir(parents=True)
    (folder / "swift.conf").write_text(_SWIFT)
    ports = {name: free_port() for name in ("account", "container", "object", "proxy")}
    for name, port in ports.items():
        parts = _DEFAULT + (_PROXY if name == "proxy" else _STORAGE)
        (folder / f"{name}-server.conf").write_text(
            parts.format(name=name, port=port, user=getpass.getuser(), folder=folder)
        )
    rings = [f"{name}={port}" for name, port in ports.items() if name != "proxy"]
    subprocess.run([sys.executable, "-P", "-c", _BUILD_RINGS, folder, *rings], check=True)
    with ExitStack() as started:
        processes = {}
        for name in ports:
            log = started.enter_context((folder / f"{name}.log").open("wb"))
            command = [_program(f"swift-{name}-server"), folder / f"{name}-server.conf"]
            processes[name] = subprocess.Popen(command, stdout=log, stderr=log)
            started.callback(end, processes[name])
        for name, port in ports.items():
            wait_until_open(port, processes[name])
        yield S3Server(ports["proxy"], "probe:user", "SKPROBE1")


def _program(name):
    return Path(sys.executable).with_name(name)
