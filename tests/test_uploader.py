"""Opening the store that settings, or the command line, name."""

from dataclasses import replace

import pytest

from migrator.config import MirrorSettings, Settings, StoreSettings
from migrator.errors import ConfigError, UsageError
from migrator.uploader import open_store, with_store

OSS = StoreSettings(
    type="s3",
    provider="oss",
    bucket="blog",
    region="cn-hangzhou",
    prefix="posts",
    public_url="https://img.example.com",
)


def test_a_folder_is_relative_to_the_site(tmp_path):
    store = open_store(StoreSettings(path="static/img"), tmp_path)
    assert store.identity == f"local:{tmp_path}/static/img"
    elsewhere = open_store(StoreSettings(path=str(tmp_path / "x")), tmp_path / "site")
    assert elsewhere.identity == f"local:{tmp_path}/x"


@pytest.mark.parametrize(
    ("public_url", "link"),
    [
        ("/images", "/images/a/k%20.png"),
        ("/blog/images/", "/blog/images/a/k%20.png"),
        ("/", "/a/k%20.png"),
    ],
)
def test_a_folder_of_the_site_may_have_its_address_below_the_sites(tmp_path, public_url, link):
    store = open_store(StoreSettings(path="static/images", public_url=public_url), tmp_path)
    assert store.public_url("a/k .png") == link


def test_a_bucket_is_known_by_endpoint_bucket_and_prefix(tmp_path):
    store = open_store(OSS, tmp_path)
    assert store.identity == "s3:s3.oss-cn-hangzhou.aliyuncs.com/blog/posts"
    assert store.public_url("posts/k.png") == "https://img.example.com/posts/k.png"


def test_opening_writes_nothing(tmp_path):
    open_store(StoreSettings(), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        (StoreSettings(path=""), "store.path"),
        (StoreSettings(key="{ext}"), "store.key"),
        (StoreSettings(public_url="img.example.com"), "store.public_url"),
        (replace(OSS, public_url="/images"), "store.public_url"),
        (StoreSettings(public_url="/a/../b"), "store.public_url"),
        (StoreSettings(public_url="https://img.example.com/%2e%2e/b"), "store.public_url"),
        (StoreSettings(path=".migrator/images"), "store.path"),
        (StoreSettings(path="x/.GIT/images"), "store.path"),
        (StoreSettings(path="~/images"), "store.path"),
        (replace(OSS, bucket=""), "store.bucket"),
        (replace(OSS, prefix="../x"), "store.prefix"),
        (replace(OSS, provider="ali"), "store.provider"),
    ],
)
def test_settings_that_do_not_fit_are_named(settings, names, tmp_path):
    with pytest.raises(ConfigError) as caught:
        open_store(settings, tmp_path)
    assert names in str(caught.value)
    assert caught.value.hint


def test_the_cure_for_a_path_as_the_address_of_a_bucket_is_a_domain(tmp_path):
    with pytest.raises(ConfigError) as caught:
        open_store(replace(OSS, public_url="/images"), tmp_path)
    assert "https://img.example.com" in caught.value.hint
    assert "https://images" not in caught.value.hint


def test_a_prefix_is_shown_with_one_slash():
    assert replace(OSS, prefix="/posts/").label == "s3://blog/posts"


def test_a_link_in_the_site_does_not_lead_out_of_it(tmp_path):
    site, outside = tmp_path / "site", tmp_path / "outside"
    site.mkdir()
    outside.mkdir()
    (site / "images").symlink_to(outside)
    with pytest.raises(ConfigError, match="symbolic link") as caught:
        open_store(StoreSettings(path="images/x"), site)
    assert str(outside / "x") in caught.value.hint
    open_store(StoreSettings(path=str(outside)), site)
    (site / "real").mkdir()
    (site / "inner").symlink_to("real")
    assert open_store(StoreSettings(path="inner"), site).identity == f"local:{site}/real"


def test_a_site_that_is_itself_reached_by_a_link(tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "link").symlink_to("site")
    store = open_store(StoreSettings(path="images"), tmp_path / "link")
    assert store.identity == f"local:{tmp_path}/site/images"


def test_the_command_line_may_name_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert with_store("out", Settings(store=OSS)).store.path == str(tmp_path / "out")
    assert with_store("~/out", Settings(store=OSS)).store.path == str(tmp_path / "home/out")
    found = with_store("out", Settings(store=OSS)).store
    assert (found.type, found.prefix, found.public_url) == ("local", "", "")


@pytest.mark.parametrize(
    ("text", "bucket", "prefix", "public_url"),
    [
        ("s3://blog", "blog", "", "https://img.example.com"),
        ("s3://blog/", "blog", "", "https://img.example.com"),
        ("s3://blog/图/x", "blog", "图/x", "https://img.example.com"),
        ("s3://other/x", "other", "x", ""),
    ],
)
def test_the_command_line_may_name_a_bucket(text, bucket, prefix, public_url):
    found = with_store(text, Settings(store=OSS)).store
    assert found == replace(OSS, bucket=bucket, prefix=prefix, public_url=public_url)


@pytest.mark.parametrize("text", ["", "oss://blog", "https://blog.example.com", "s3://", "s3:///x"])
def test_what_is_no_store_is_refused(text):
    with pytest.raises(UsageError) as caught:
        open_store(with_store(text, Settings(store=OSS)).store, None)
    assert caught.value.hint


def test_a_mirror_may_be_the_store_of_one_run():
    mirrors = (MirrorSettings(path="copies", prefix="x"), MirrorSettings(path="more"))
    settings = Settings(store=replace(OSS, key="{sha256}{ext}"), mirror=mirrors)
    found = with_store("mirror", settings)
    assert (found.store.label, found.store.prefix, found.mirror) == ("copies", "x", ())
    assert found.store.key == "{sha256}{ext}"
    assert with_store("store", settings) == settings
    assert with_store("./mirror", settings).mirror == ()
    assert (
        with_store(
            "s3://img/blog", replace(settings, store=replace(OSS, bucket="img", prefix="blog"))
        ).mirror
        == mirrors
    )


@pytest.mark.parametrize("text", ["mirror", "backup"])
def test_a_store_that_the_configuration_has_not_is_refused(text):
    with pytest.raises(UsageError, match=rf"\b{text} (means|keeps)") as caught:
        with_store(text, Settings(store=OSS))
    assert f"--to ./{text}" in caught.value.hint
