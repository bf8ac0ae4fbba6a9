"""The example blog shows what it is meant to show."""

import re

from migrator.example_blog import example_blog

MISSING = "https://i.pics.example/2023/11/first-try.jpg"
URL = re.compile(rb"https?://[^\s)\"'>`]+")


def test_every_image_of_the_posts_lies_at_its_host_but_one():
    blog = example_blog()
    hosted = {
        file.relative_to(blog / "host").as_posix()
        for file in (blog / "host").rglob("*")
        if file.is_file()
    }
    named = {
        url.decode().partition("://")[2].partition("?")[0].partition("#")[0]
        for post in (blog / "source/_posts").iterdir()
        for url in URL.findall(post.read_bytes())
    }
    assert hosted <= named
    assert MISSING.partition("://")[2] in named - hosted


def test_the_images_are_small_and_of_every_kind():
    images = [file for file in (example_blog() / "host").rglob("*.*") if file.is_file()]
    assert {file.suffix for file in images} == {".png", ".jpg", ".webp", ".gif", ".avif"}
    assert max(file.stat().st_size for file in images) < 8192


def test_one_post_has_windows_line_endings_which_git_leaves_alone():
    posts = example_blog() / "source/_posts"
    assert [post.name for post in posts.iterdir() if b"\r\n" in post.read_bytes()] == [
        "image-hosts.md"
    ]
