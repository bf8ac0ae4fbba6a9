"""What images take from the posts that show them."""

from datetime import date

import pytest

from migrator.config import RewriteSettings, Settings, StoreSettings
from migrator.homes import homeless, shown_in, unresolved, with_posts
from migrator.model import Kind, Post, Reference, Spelling
from migrator.plan import Wanted, image_elsewhere, make_plan
from migrator.reasons import Reason
from migrator.state import Site

A, B = "https://h.example/a.png", "https://h.example/b.png"


def settings(links="", key="{sha256}", path="content"):
    store = StoreSettings(path=path, key=key)
    return Settings(store=store, rewrite=RewriteSettings(links=links))


@pytest.fixture
def post(tmp_path):
    """``post(name, urls...)``: a post of that month that shows these images."""

    def make(name, *urls, month=5):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"---\ndate: 2024-0{month}-01\n---\n")
        references = (
            Reference(i, i + 1, Kind.IMAGE, Spelling.MARKDOWN, url, url, 1, i)
            for i, url in enumerate(urls)
        )
        return Post(tmp_path, name, "", "utf-8", tuple(references))

    return make


@pytest.fixture
def tasks(tmp_path):
    """``tasks(posts, settings)``: those of a plan for the posts, by URL."""

    def make(posts, settings):
        plan = make_plan(posts, Wanted(lambda _: True), {})
        plan = with_posts(plan, settings, Site(tmp_path), shown_in(plan.posts, image_elsewhere))
        return {task.url: task for task in plan.tasks}

    return make


def test_an_image_is_of_the_day_of_the_first_post_that_shows_it(post, tasks):
    posts = [post("content/a.md", A, month=3), post("content/b.md", A, B)]
    dated = tasks(posts, settings(key="{year}/{month}/{stem}{ext}"))
    assert (dated[A].written, dated[B].written) == (date(2024, 3, 1), date(2024, 5, 1))
    assert tasks(posts, settings())[A].written is None


def test_an_image_lives_with_every_post_that_shows_it(post, tasks):
    posts = [
        post("content/two/index.md", A, B),
        post("content/one/index.md", f"{A}#x", A),
        post("content/_index.md", A),
    ]
    at_home = tasks(posts, settings("page-bundle"))
    assert at_home[A].homes == ("", "one", "two")
    assert at_home[B].homes == ("two",)
    assert tasks(posts, settings())[A].homes == ()


def test_a_post_without_a_folder_stays_and_its_cure_is_told(post, tmp_path):
    single, bundle = post("content/a.md", A), post("content/b/index.md", A)
    left = homeless(single, settings("page-bundle"), tmp_path)
    assert (left.name, left.reason) == ("content/a.md", Reason.NO_FOLDER)
    assert "hello/index.md" in left.detail
    assert homeless(bundle, settings("page-bundle"), tmp_path) is None
    assert homeless(single, settings(), tmp_path) is None
    page = homeless(post("source/about/index.md", A), settings("asset-folder"), tmp_path)
    assert "_posts" in page.detail


@pytest.mark.parametrize(
    ("links", "config", "warned"),
    [
        ("asset-folder", "post_asset_folder: true\n", True),
        ("asset-folder", "post_asset_folder: true\nmarked: {postAsset: true}\n", False),
        ("public", "post_asset_folder: true\n", False),
        ("asset-folder", "", False),  # not known to be Hexo
    ],
)
def test_hexo_is_warned_of_when_it_would_not_find_the_images(tmp_path, links, config, warned):
    (tmp_path / "_config.yml").write_text(config)
    warning = unresolved(settings(links), tmp_path)
    assert ("postAsset: true" in warning) is warned
