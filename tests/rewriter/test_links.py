from pathlib import Path

import pytest

from migrator.config import RewriteSettings, Settings, StoreSettings
from migrator.errors import ConfigError
from migrator.rewriter.links import check_links, link_for

PUBLIC = "https://img.example.com/ab/abc.png"


def link(post, public_url=None, path="migrated-images", links=""):
    settings = Settings(store=StoreSettings(path=path), rewrite=RewriteSettings(links=links))
    return link_for("ab/abc.png", public_url, post, settings, Path("/site"))


@pytest.mark.parametrize(
    ("post", "path", "expected"),
    [
        ("a.md", "migrated-images", "migrated-images/ab/abc.png"),
        ("posts/deep/a.md", "migrated-images", "../../migrated-images/ab/abc.png"),
        ("posts/a.md", "posts/images", "images/ab/abc.png"),
        ("../elsewhere/a.md", "images", "../site/images/ab/abc.png"),
        ("posts/a.md", "/srv/images", "../../srv/images/ab/abc.png"),
        ("posts/a.md", "图 片", "../%E5%9B%BE%20%E7%89%87/ab/abc.png"),
        ("a.md", "c:images", "c%3Aimages/ab/abc.png"),
    ],
)
def test_a_relative_link_leads_from_the_post_to_the_image(post, path, expected):
    assert link(post, path=path) == expected


def test_a_public_address_is_used_where_there_is_one():
    assert link("posts/a.md", PUBLIC) == PUBLIC
    assert link("posts/a.md", PUBLIC, links="relative") == "../migrated-images/ab/abc.png"


def test_a_site_absolute_link_begins_at_the_root():
    assert link("posts/a.md", links="site-absolute") == "/migrated-images/ab/abc.png"
    assert link("posts/a.md", path="./static/", links="site-absolute") == "/static/ab/abc.png"


@pytest.mark.parametrize(
    ("store", "links", "public_root"),
    [("local", "public", None), ("s3", "relative", "https://x/"), ("s3", "site-absolute", None)],
)
def test_links_that_cannot_be_written_are_a_mistake_in_the_configuration(store, links, public_root):
    settings = Settings(store=StoreSettings(type=store), rewrite=RewriteSettings(links=links))
    with pytest.raises(ConfigError, match="links"):
        check_links(settings, public_root)


@pytest.mark.parametrize(("store", "public_root"), [("local", None), ("s3", "https://x/")])
def test_the_default_fits_every_store(store, public_root):
    check_links(Settings(store=StoreSettings(type=store)), public_root)
