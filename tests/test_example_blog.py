"""The example blog shows what it is meant to show."""

from collections import Counter

from migrator.config import ScanSettings
from migrator.example_blog import example_blog
from migrator.model import Kind
from migrator.scanner import find_references
from migrator.scanner.syntax import syntax_of
from migrator.urls import without_fragment

MISSING = "https://i.pics.example/2023/11/first-try.jpg"


def posts():
    return sorted((example_blog() / "source/_posts").iterdir())


def references():
    for post in posts():
        yield from find_references(
            post.read_bytes(), syntax_of(post.name), ScanSettings()
        ).references


def test_every_image_of_the_posts_lies_at_its_host_but_one():
    host = example_blog() / "host"
    hosted = {file.relative_to(host).as_posix() for file in host.rglob("*") if file.is_file()}
    named = {
        without_fragment(found.url).partition("://")[2].partition("?")[0] for found in references()
    }
    assert named - hosted == {MISSING.partition("://")[2]}
    assert hosted <= named


def test_the_posts_show_images_in_many_ways_and_code_that_is_none():
    kinds = Counter(found.kind for found in references())
    assert kinds == {Kind.IMAGE: 11, Kind.HTML: 2, Kind.DEFINITION: 1, Kind.FRONT_MATTER: 2}
    assert not [found.url for found in references() if "/example/" in found.url]
    assert any(b"/example/" in post.read_bytes() for post in posts())


def test_the_images_are_small_and_of_every_kind():
    images = [file for file in (example_blog() / "host").rglob("*.*") if file.is_file()]
    assert {file.suffix for file in images} == {".png", ".jpg", ".webp", ".gif", ".avif"}
    assert max(file.stat().st_size for file in images) < 8192


def test_one_post_has_windows_line_endings_which_git_leaves_alone():
    assert [post.name for post in posts() if b"\r\n" in post.read_bytes()] == ["image-hosts.md"]
