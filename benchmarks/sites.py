"""Sites to migrate, made once and kept: their images, their posts, their configuration."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rig.gallery import extension, picture

from benchmarks import posts
from benchmarks.servers import Bucket, Servers, running

MIGRATOR = Path(sys.executable).with_name("migrator")
LOCAL = {"MIGRATOR_ALLOW_PRIVATE": "127.0.0.0/8"}  # the environment in which it asks this machine
NEW = "https://img.example.com/"  # where links lead afterwards
BUCKET = "blog"
_CONFIG = """
[download]
workers = {workers}
per_host = {workers}
rate = 0

[store]
type = "s3"
provider = "custom"
bucket = "{bucket}"
region = "us-east-1"
endpoint = "{endpoint}"
access_key_env = "AWS_ACCESS_KEY_ID"
secret_key_env = "AWS_SECRET_ACCESS_KEY"
public_url = "{public}"
check_public = {check_public}
"""
_FOLDER = """
[download]
workers = 16
per_host = 16
rate = 0

[store]
path = "images"
public_url = "https://img.example.com/"
"""


@dataclass(frozen=True, slots=True)
class Corpus:
    """What is generated, below ``folder``: the images of the host, 10,000 posts to scan."""

    folder: Path

    @property
    def pictures(self) -> Path:
        """The image host's files."""
        return self.folder / "pictures"

    @property
    def posts(self) -> Path:
        """10,000 posts: 48 MB, 51,374 references to 20,000 URLs."""
        return self.folder / "posts"

    def make(self) -> None:
        """Generate what is not there yet."""
        if not self.posts.is_dir():
            part = self.posts.with_name("posts.part")
            shutil.rmtree(part, ignore_errors=True)
            posts.write(part, posts.blog(10_000, 51_374, posts.some_urls(20_000)))
            part.rename(self.posts)
        if not self.pictures.is_dir():
            part = self.pictures.with_name("pictures.part")
            command = [sys.executable, "-m", "benchmarks.pictures", part]  # takes much memory
            subprocess.run(command, check=True)
            part.rename(self.pictures)


def configuration(bucket: Bucket, workers: int, *, public: str = "") -> str:
    """The ``migrator.toml`` of a site whose images go into ``bucket``.

    Their addresses are checked if they can be: if they are below ``public``.
    """
    return _CONFIG.format(
        workers=workers,
        bucket=BUCKET,
        endpoint=bucket.endpoint,
        public=public or NEW,
        check_public=str(bool(public)).lower(),
    )


@contextmanager
def large(
    scratch: Path, *, images: int, number: int, references: int
) -> Iterator[tuple[Path, Servers]]:
    """A site of ``number`` posts whose images go into a folder of it, and the host of these.

    All images are on one host, small, and different. The posts are in its folder ``posts``.
    """
    files, site = scratch / "files", scratch / "site"
    names = [f"{i // 1000:03}/{i}{extension(i)}" for i in range(images)]
    for i, name in enumerate(names):
        (files / name).parent.mkdir(parents=True, exist_ok=True)
        (files / name).write_bytes(picture(i))
    with running(scratch / "servers", files) as servers:
        urls = [servers.images + name for name in names]
        posts.write(site / "posts", posts.blog(number, references, urls))
        (site / "migrator.toml").write_text(_FOLDER)
        yield site, servers


def fresh(site: Path, template: Path) -> None:
    """Make ``site`` what ``template`` is: nothing was done there yet."""
    shutil.rmtree(site, ignore_errors=True)
    shutil.copytree(template, site)
