"""Run inside `rig.internet`: do what a how-to page says, with the hosts that it names.

The arguments are the page, a site's folder, the person's home, and what was done before. Every
```toml block goes into ``migrator.toml``, every ```sh block is run by bash on a terminal, in their
order; what stands in ```console blocks needs the reader's own machine. ``YOUR-KEY`` and the like
stand for what only the reader knows. Whoever asks for a yes gets it.
Prints JSON: how it ended, what was said, and SHA-256s of what is in the buckets and on the hosts.
"""

import json
import os
import re
import socket
import socketserver
import ssl
import sys
import tempfile
import threading
from contextlib import suppress
from hashlib import sha256
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from rig import rclone, tls
from rig.images import image
from rig.internet import PUBLIC, NameServer
from rig.terminal import Terminal
from rig.tunnel import pump

BLOCK = re.compile(r"^ *```(sh|toml)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
# Hosts of images, and the Referer that each wants.
OLD = {
    "my-old-blog.oss-cn-hangzhou.aliyuncs.com": "",
    "wx1.sinaimg.cn": "https://weibo.com/",
}
PATHS = {"/2019/a.png": "PNG", "/large/006a.jpg": "JPEG", "/b.png": "PNG"}
STORES = ("0123abcd.r2.cloudflarestorage.com", "s3.cn-east-1.qiniucs.com")
READERS = "img.example.com"


class Pictures(BaseHTTPRequestHandler):
    """Every image host, and the domain at which readers see the bucket."""

    protocol_version = "HTTP/1.1"
    bucket: Path

    def do_GET(self) -> None:
        host, body = self.headers["Host"].partition(":")[0], None
        file = self.bucket / self.path.lstrip("/")
        if host == READERS and file.is_file():
            body = file.read_bytes()
        elif self.path in PATHS and self.headers.get("Referer", "") == OLD.get(host):
            body = image(PATHS[self.path], len(host))
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", "image/png" if body else "text/plain")
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        if self.command == "GET" and body:
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 - its base wants that name

    def log_message(self, *_: object) -> None:
        pass


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = allow_reuse_address = True


def main() -> None:
    page, site, home = map(Path, sys.argv[1:4])
    names = {*OLD, *STORES, READERS}
    NameServer(lambda name: [PUBLIC] if name in names else 3).start()
    with tempfile.TemporaryDirectory() as scratch, rclone.running(folder(scratch, "s3")) as s3:
        bucket = Path(scratch, "s3", "my-blog")
        bucket.mkdir()
        (bucket.parent / "my-backup").mkdir()
        (bucket.parent / "my-qiniu-bucket").mkdir()
        (bucket.parent / "my-qiniu-bucket/b.png").write_bytes(image("PNG", 7))
        Pictures.bucket = bucket
        authority = tls.authority(Path(scratch), tuple(names))
        serve(Server(("0.0.0.0", 80), Pictures))
        serve(Secure(("0.0.0.0", 443), Pictures, authority.context, s3.port))
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "AWS_CA_BUNDLE": str(authority.file),
            "SSL_CERT_FILE": str(authority.file),
        }
        filled = {"YOUR-KEY": s3.access_key, "YOUR-SECRET": s3.secret_key, "ACCOUNT": "0123abcd"}
        said, status = [], 0
        steps = BLOCK.findall(page.read_text(encoding="utf-8"))
        before = [("sh", sys.argv[4])] if sys.argv[4] else []
        exported = ""  # what the reader's shell remembers from one block to the next
        for kind, text in [*before, *steps]:
            for word, value in filled.items():
                text = text.replace(word, value)  # noqa: PLW2901 - the same, filled in
            if kind == "toml":
                with (site / "migrator.toml").open("a") as file:
                    file.write(text)
                continue
            exported += "".join(f"{e}\n" for e in re.findall(r"^ *export .*", text, re.MULTILINE))
            typed = ["bash", "-eu", "-c", f"{exported}\n{text}"]
            with Terminal(typed, cwd=site, env=environment) as terminal:
                status = terminal.agreed()
            said.append(f"{text}\n{terminal.seen}")
            if status:
                break
        objects = {
            path.relative_to(bucket.parent).as_posix(): sha256(path.read_bytes()).hexdigest()
            for path in sorted(bucket.parent.rglob("*.*"))
        }
    pictures = {
        host + path: sha256(image(kind, len(host))).hexdigest()
        for host in OLD
        for path, kind in PATHS.items()
    }
    done = {"status": status, "said": said, "steps": len(steps)}
    print(json.dumps({**done, "objects": objects, "pictures": pictures}))


def folder(scratch: str, name: str) -> Path:
    path = Path(scratch, name)
    path.mkdir()
    return path


class Secure(Server):
    """TLS; who asks for the name of a store is led to the S3 server."""

    def __init__(self, address, handler, context: ssl.SSLContext, s3: int) -> None:
        super().__init__(address, handler)
        self.context, self.s3 = context, s3
        context.sni_callback = lambda sock, name, _: setattr(sock, "asked_for", name)

    def finish_request(self, request, address) -> None:
        with suppress(OSError), self.context.wrap_socket(request, server_side=True) as secure:
            if secure.asked_for not in STORES:
                super().finish_request(secure, address)
                return
            with socket.create_connection(("127.0.0.1", self.s3)) as behind:
                threading.Thread(target=pump, args=(behind, secure), daemon=True).start()
                pump(secure, behind)


def serve(server: Server) -> None:
    threading.Thread(target=server.serve_forever, daemon=True).start()


if __name__ == "__main__":
    main()
