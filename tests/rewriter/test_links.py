from pathlib import Path

import pytest

from migrator.config import RewriteSettings, Settings, StoreSettings
from migrator.errors import ConfigError
from migrator.model import Kind, Post, Reference, Spelling
from migrator.rewriter.links import (
    check_links,
    folder_of_images,
    link_for,
    shown_from_folder,
    without_folder,
)

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


def test_an_image_of_a_page_bundle_is_linked_from_beside_the_post():
    assert link("content/a/index.md", path="content", links="page-bundle") == "ab/abc.png"
    settings = Settings(rewrite=RewriteSettings(links="page-bundle"))
    found = link_for("图 片.png", None, "content/a/index.md", settings, Path("/site"), "#x")
    assert found == "%E5%9B%BE%20%E7%89%87.png#x"


def test_hexo_gets_the_name_of_the_file_as_it_is():
    settings = Settings(rewrite=RewriteSettings(links="asset-folder"))
    found = link_for("图/हिन्दी-a.png", None, "source/_posts/a.md", settings, Path("/site"), "#x")
    assert found == "图/हिन्दी-a.png"


@pytest.mark.parametrize("links", ["", "public", "relative", "site-absolute", "page-bundle"])
def test_a_fragment_stays_at_the_end(links):
    settings = Settings(rewrite=RewriteSettings(links=links))
    assert link_for("a.png", PUBLIC, "a.md", settings, Path("/site"), "#x").endswith(".png#x")


@pytest.mark.parametrize(
    ("links", "path", "post", "folder"),
    [
        ("page-bundle", "content", "content/blog/hello/index.md", "blog/hello"),
        ("page-bundle", "content", "content/blog/hello/index.zh-cn.md", "blog/hello"),
        ("page-bundle", "content", "content/blog/_index.md", "blog"),
        ("page-bundle", "content", "content/_index.md", ""),
        ("page-bundle", ".", "content/a/index.md", "content/a"),
        ("page-bundle", "content", "content/blog/hello.md", None),
        ("asset-folder", "source/_posts", "source/_posts/hello.md", "hello"),
        ("asset-folder", "source", "source/_drafts/2024/v1.2.md", "_drafts/2024/v1.2"),
        ("asset-folder", "source", "source/about/index.md", None),
        ("asset-folder", "source", "source/_posts.md", None),
    ],
)
def test_images_live_in_the_folder_that_the_generator_gives_a_post(links, path, post, folder):
    settings = Settings(store=StoreSettings(path=path), rewrite=RewriteSettings(links=links))
    assert folder_of_images(post, settings, Path("/site")) == folder
    assert without_folder(settings)


@pytest.mark.parametrize(
    "post",
    ["themes/x/content/a/index.md", "../content/a/index.md", "index.md", "content\\b/index.md"],
)
def test_a_post_outside_of_the_store_has_no_folder(post):
    settings = Settings(
        store=StoreSettings(path="content"), rewrite=RewriteSettings(links="page-bundle")
    )
    assert folder_of_images(post, settings, Path("/site")) is None
    assert "below content" in without_folder(settings)


def test_images_that_live_with_posts_need_the_folder_of_the_posts():
    settings = Settings(rewrite=RewriteSettings(links="page-bundle"))
    with pytest.raises(ConfigError, match=r"store\.path") as caught:
        check_links(settings, None)
    assert "content" in caught.value.hint


def test_hexo_finds_images_in_the_folder_of_a_post_for_markdown_alone():
    references = tuple(
        Reference(i, i + 1, kind, Spelling.PLAIN, url, url, i, 1)
        for i, (kind, url) in enumerate(
            [
                (Kind.IMAGE, "https://h/a.png"),
                (Kind.DEFINITION, "https://h/b.png"),
                (Kind.FRONT_MATTER, "https://h/c.png"),
                (Kind.HTML, "https://h/d.png"),
                (Kind.TAG, "/e.png"),
            ]
        )
    )
    post = Post(Path(), "a.md", "", "utf-8", references)
    kept = shown_from_folder(post, Settings(rewrite=RewriteSettings(links="asset-folder")))
    assert kept.references == references[:2]
    assert [note.line for note in kept.notes] == [2, 3]
    assert "https://h/c.png stays" in kept.notes[0].text
    assert shown_from_folder(post, Settings()) is post


def test_images_in_the_folders_of_posts_do_not_keep_the_path_of_their_old_address():
    settings = Settings(
        store=StoreSettings(key="{path}", path="content"),
        rewrite=RewriteSettings(links="page-bundle"),
    )
    with pytest.raises(ConfigError, match="key") as caught:
        check_links(settings, None)
    assert "{stem}" in caught.value.hint


@pytest.mark.parametrize(
    ("store", "links", "public_root"),
    [
        ("local", "public", None),
        ("s3", "relative", "https://x/"),
        ("s3", "site-absolute", None),
        ("s3", "page-bundle", "https://x/"),
        ("s3", "asset-folder", "https://x/"),
    ],
)
def test_links_that_cannot_be_written_are_a_mistake_in_the_configuration(store, links, public_root):
    settings = Settings(store=StoreSettings(type=store), rewrite=RewriteSettings(links=links))
    with pytest.raises(ConfigError, match="links"):
        check_links(settings, public_root)


@pytest.mark.parametrize(("store", "public_root"), [("local", None), ("s3", "https://x/")])
def test_the_default_fits_every_store(store, public_root):
    check_links(Settings(store=StoreSettings(type=store)), public_root)
