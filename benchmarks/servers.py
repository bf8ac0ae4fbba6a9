"""An image host and S3 stores on this machine, with an added latency for every request if wanted.

The tests' own servers, and an nginx in front: Debian's libnginx-mod-http-lua lets a request wait
without taking processor time, before its body is read.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rig import ceph, rclone
from rig.ports import end, free_port, wait_until_open
from rig.s3_server import S3Server

from benchmarks.measuring import children

_STORES = {"rclone": rclone, "ceph": ceph}
_MODULES = Path("/usr/lib/nginx/modules")
_LUA = ("ndk_http_module.so", "ngx_http_lua_module.so")
_NGINX = """
{modules}
daemon off;
master_process off;
user root;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    sendfile on;
    keepalive_requests 1000000;
    client_max_body_size 0;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    types {{ image/png png; image/jpeg jpg; }}
    {latency}
    log_format asked '$request_method $uri $status $body_bytes_sent $http_if_none_match';
    server {{ listen 127.0.0.1:{images}; root {files}; access_log {folder}/asked.log asked; }}
    server {{ listen 127.0.0.1:{public}; root {folder}/store; }}
    {front}
}}
"""
_FRONT = """
    upstream store {{ server 127.0.0.1:{behind}; keepalive 128; }}
    server {{
        listen 127.0.0.1:{front};
        location / {{
            proxy_pass http://store;
            proxy_http_version 1.1;
            proxy_request_buffering off;
            client_body_buffer_size 256k;
            proxy_buffers 16 64k;
            proxy_max_temp_file_size 0;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
        }}
    }}
"""


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where images go: an empty bucket of a server, and how it is spoken to."""

    endpoint: str
    access_key: str
    secret_key: str

    @property
    def environment(self) -> dict[str, str]:
        """What s5cmd, rclone and boto3 want to know."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": "us-east-1",
            "S3_ENDPOINT_URL": self.endpoint,
        }


@dataclass(frozen=True, slots=True)
class Servers:
    """What runs: ``images`` is the address of the image host's files, ``pids`` the processes.

    ``public`` is where readers find the buckets of rclone, which are folders. ``asked`` has a line
    for each request to the image host: its method, the path, the status, how many bytes of a body
    were sent, and the ETag by which it was asked ("-" without).
    """

    images: str
    public: str
    asked: Path
    store: Bucket
    pids: tuple[int, ...]


@contextmanager
def running(
    folder: Path, files: Path, *, store: str = "rclone", delay: float = 0
) -> Iterator[Servers]:
    """The image host with ``files`` and an empty ``store`` ("rclone" or "ceph").

    Each request to either waits ``delay`` seconds.
    """
    folder.mkdir(parents=True)
    with ExitStack() as started:
        (folder / "store").mkdir()
        server = started.enter_context(_STORES[store].running(folder / "store"))
        if store == "ceph":
            _weigh_down(server)
        images, public, front = free_port(), free_port(), free_port()
        config = _NGINX.format(
            folder=folder,
            files=files,
            images=images,
            public=public,
            modules="".join(f"load_module {_MODULES / name};\n" for name in _LUA) if delay else "",
            latency=f"access_by_lua_block {{ ngx.sleep({delay}) }}" if delay else "",
            front=_FRONT.format(behind=server.port, front=front) if delay else "",
        )
        (folder / "nginx.conf").write_text(config)
        program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
        nginx = subprocess.Popen(
            [
                program or "nginx",
                "-p",
                folder,
                "-e",
                folder / "error.log",
                "-c",
                folder / "nginx.conf",
            ]
        )
        started.callback(end, nginx)
        wait_until_open(images, nginx)
        bucket = Bucket(
            f"http://127.0.0.1:{front if delay else server.port}",
            server.access_key,
            server.secret_key,
        )
        pids = tuple(children(os.getpid()))
        yield Servers(
            f"http://127.0.0.1:{images}/",
            f"http://127.0.0.1:{public}/",
            folder / "asked.log",
            bucket,
            pids,
        )
    shutil.rmtree(folder)


def _weigh_down(server: S3Server) -> None:
    """Store 64 MB that stay: Ceph's memory called itself full (-2147483648%) in emptied buckets.

    It then answers nobody. Probably it counts its bytes wrongly, and falls below zero.
    """
    server.client.create_bucket(Bucket="ballast")
    server.client.put_object(Bucket="ballast", Key="ballast", Body=bytes(2**26))


def why_not(store: str, delay: float) -> str:
    """Why these cannot run here; empty if they can."""
    if not shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"):
        return "nginx is not installed (apt-get install nginx-light)"
    if delay and not all((_MODULES / name).exists() for name in _LUA):
        return "nginx cannot add a latency (apt-get install libnginx-mod-http-lua)"
    return _STORES[store].why_not()
