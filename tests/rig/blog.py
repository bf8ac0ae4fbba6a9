"""A blog of a real site generator, before and after its images moved."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from urllib.parse import unquote, urljoin

from rig import preview
from rig.hosts import Host, answer
from rig.images import image
from rig.shown import Page

from migrator.urls import absolute, canonical, fragment, is_external, without_fragment

CASES = Path(__file__).parents[1] / "cases"
OLD = "https://pics.example.com"  # never asked: a route leads to the loopback host instead
CONFIG = """
[[route]]
match = "{old}/"
from = "{host}/"
"""


@dataclass
class Blog:
    """A site in ``root`` that ``build`` publishes at ``address``, and the host of its images."""

    root: Path
    build: Callable[[Path], Path]
    host: Host
    address: str

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())

    def write_posts(self, folder, own, front_matters):
        """Each case file as a post below one of ``front_matters``, also those in ``own``.

        Some have a BOM, some end their lines with CRLF.
        """
        paths = sorted([*CASES.glob("posts/*.md"), *CASES.glob(f"{own}/*.md")])
        for number, path in enumerate(paths):
            front_matter = front_matters[number % len(front_matters)].replace("NAME", path.stem)
            text = "\ufeff" * (number % 5 == 4) + front_matter + path.read_text(encoding="utf-8")
            self.write(f"{folder}/{path.name}", text.replace("\n", ("\n", "\r\n")[number % 2]))

    def migrator(self, *arguments, status=0):
        """What the command prints; it must end with this status."""
        done = subprocess.run(
            [sys.executable, "-m", "migrator", *arguments],
            cwd=self.root,
            env={**os.environ, "MIGRATOR_ALLOW_PRIVATE": self.host.authority},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    def configure(self, more):
        self.write("migrator.toml", CONFIG.format(old=OLD, host=self.host.url("")) + more)

    def serve_images(self, posts):
        """Let the host have an image of its own for each URL in the posts; returns them by URL."""
        served = {}
        lines = self.migrator("scan", posts, "--json").splitlines()
        for url in dict.fromkeys(canonical(json.loads(line)["url"]) for line in lines):
            number = len(served)
            served[same(url)] = data = image("PNG", number, (8 + number, 8))
            self.host.on(url.removeprefix(OLD), answer(data))
        return served

    def migrate(self, posts, status=0):
        """The report of a migration that left no image behind, if not for a place in a post."""
        report = json.loads(self.migrator("migrate", posts, "--yes", "--json", status=status))
        assert {one["state"] for one in report["images"]} == {"stored"}
        return report

    def rescue(self, posts, status=0):
        """The report of a restore that left no image behind, of a blog whose image host died."""
        self.migrator("backup", posts)
        self.host.__exit__()
        command = ("restore", "--rewrite", posts, "--yes", "--json")
        report = json.loads(self.migrator(*command, status=status))
        assert {one["state"] for one in report["images"]} == {"stored"}
        return report

    def pages(self):
        """The HTML of each page, by its path in the published site."""
        public = self.build(self.root)
        return {
            path.relative_to(public).as_posix(): path.read_text(encoding="utf-8")
            for path in sorted(public.rglob("*.html"))
        }


def moved_to(report):
    """A function from old URLs to the new ones of ``report``; it keeps all others."""
    new_urls = {same(one["url"]): one["references"][0]["new_url"] for one in report["images"]}

    def new_url(url):
        new = new_urls.get(same(url))
        return without_fragment(new) + fragment(url) if new else url

    return new_url


def same(url):
    """What is equal for ``url`` in a post and on a page, where renderers percent-encode it."""
    return unquote(without_fragment(absolute(url)))


def assert_only_urls_differ(before, after, new_url):
    """Each page says the same as before, with each image at its new address."""
    assert before.keys() == after.keys()
    for name, html in before.items():
        for was, now in zip_longest(Page(html, new_url).events, Page(after[name]).events):
            assert was == now, f"{name}: {was} became {now}"


def assert_images_answer(address, before, after, served):
    """Each image of the pages is there, with its old host's bytes; all that we found are shown."""
    seen = set()
    for name, html in before.items():
        for was, now in zip(Page(html).images, Page(after[name]).images, strict=True):
            if is_external(was):
                url = urljoin(f"{address}/{name}", now)
                assert url.startswith(f"{address}/"), f"{name}: {was}"
                assert preview.fetch(url) == served[same(was)], f"{name}: {was}"
                seen.add(same(was))
    assert seen == served.keys()
