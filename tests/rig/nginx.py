"""nginx as an image host, set up as image hosts are."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rig.ports import end, free_port, wait_until_open

_PROGRAM = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")

_CONFIG = """
daemon off;
master_process off;
{user}
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 128; }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    types {{ image/png png; image/svg+xml svg; text/html html; }}
    gzip on;
    gzip_min_length 1;
    gzip_types image/svg+xml;
    limit_req_zone $binary_remote_addr zone=few:1m rate=1r/s;
    server {{
        listen 127.0.0.1:{port};
        root {folder}/files;
        location /guarded/ {{
            alias {folder}/files/;
            valid_referers server_names blog.example *.blog.example;
            if ($invalid_referer) {{ return 403; }}
        }}
        location /few503/ {{ alias {folder}/files/; limit_req zone=few burst=3 nodelay; }}
        location /few429/ {{
            alias {folder}/files/;
            limit_req zone=few burst=3 nodelay;
            limit_req_status 429;
        }}
        location /list/ {{ autoindex on; }}
        location /packed/ {{ alias {folder}/files/; gzip_static always; }}
        location /stand-in/ {{ try_files $uri /placeholder.png; }}
    }}
}}
"""


@dataclass
class Nginx:
    """Serves what lies in ``files``; see ``_CONFIG`` for the rest."""

    files: Path
    port: int

    @property
    def authority(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, path: str) -> str:
        return f"http://{self.authority}{path}"

    def log(self) -> list[str]:
        """The lines of the access log."""
        return (self.files.parent / "access.log").read_text().splitlines()


def why_not() -> str:
    """Why it cannot run here; empty if it can."""
    return "" if _PROGRAM else "nginx is not installed (apt-get install nginx-light)"


@contextmanager
def running(folder: Path) -> Iterator[Nginx]:
    """nginx with an empty folder of files."""
    (folder / "files" / "list").mkdir(parents=True)
    port = free_port()
    user = "user root;" if os.geteuid() == 0 else ""  # another could not read the tests' folders
    (folder / "nginx.conf").write_text(_CONFIG.format(folder=folder, port=port, user=user))
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            [_PROGRAM or "nginx", "-p", folder, "-e", folder / "error.log", "-c", "nginx.conf"],
            stdout=output,
            stderr=output,
        )
        try:
            wait_until_open(port, process)
            yield Nginx(folder / "files", port)
        finally:
            end(process)
