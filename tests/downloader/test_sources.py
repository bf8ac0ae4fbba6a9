import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.config import HostSettings, RouteSettings
from migrator.config.loading import load
from migrator.downloader.faults import Unfetched
from migrator.downloader.host_rules import HostRules
from migrator.downloader.sources import Object, Sources, Web
from migrator.errors import ConfigError
from migrator.reasons import Reason

ROOT = Path(__file__).parents[2]
OLD = "https://old.example/img/"
SIGNED = "https://my-b.oss-cn-beijing.aliyuncs.com/a.png!s?OSSAccessKeyId=k&Signature=s&Expires=1"


def sources(tmp_path, *routes, originals=True, hosts=()):
    made = [RouteSettings(*route) if isinstance(route, tuple) else route for route in routes]
    return Sources(made, tmp_path, HostRules(hosts), originals=originals)


def names(found):
    return [[candidate.name for candidate in source.candidates] for source in found]


@pytest.mark.parametrize(
    ("match", "base", "url", "expected"),
    [
        (OLD, "https://m.example/", "https://old.example/img/a.png", "https://m.example/a.png"),
        (OLD, "https://m.example/x", "https://old.example/img/a.png", "https://m.example/x/a.png"),
        (OLD[:-1], "https://m.example/x/", OLD + "a.png", "https://m.example/x/a.png"),
        (OLD, "https://m.example/?u=", OLD + "a.png", "https://m.example/?u=a.png"),
        (OLD, "http://m.example/", OLD + "a.png?w=1", "http://m.example/a.png?w=1"),
        (OLD, "https://m/", "HTTPS://OLD.example:443/img/a.png#x", "https://m/a.png"),
        (OLD, "https://m/", "//old.example/%69mg/a.png", "https://m/a.png"),
        ("https://old.example/图/", "https://m/", "https://old.example/%e5%9b%be/a", "https://m/a"),
        ("https://old.example", "https://m/", "https://old.example/a", "https://m/a"),
        ("https://old.example", "https://m/", "https://old.example.evil/a", None),
        ("https://old.example", "https://m/", "https://old.example@evil/a", None),
        ("https://old.example:80", "https://m/", "https://old.example:8080/a", None),
        (OLD, "https://m/", "http://old.example/img/a.png", None),
        (OLD, "https://m/", "https://old.example/other/a.png", None),
    ],
)
def test_a_route_replaces_a_prefix_in_whatever_spelling(tmp_path, match, base, url, expected):
    assert names(sources(tmp_path, (match, base)).of(url)) == [[expected or url]]


def test_the_longest_prefix_wins(tmp_path):
    found = sources(
        tmp_path,
        (OLD, "https://a/"),
        (OLD + "x/", "https://b/"),
        ("https://old.example/", "https://c/"),
    )
    assert names(found.of(OLD + "x/1")) == [["https://b/1"]]
    assert names(found.of(OLD + "y/1")) == [["https://a/y/1"]]
    assert names(found.of("https://old.example/1")) == [["https://c/1"]]


def test_routes_with_one_prefix_are_tried_in_their_order(tmp_path):
    found = sources(tmp_path, (OLD, "file:dump/"), (OLD, "https://a/"), (OLD, "s3://b/p"))
    assert names(found.of(OLD + "1.png")) == [
        ["file:dump/1.png"],
        ["https://a/1.png"],
        ["s3://b/p/1.png"],
    ]


def test_an_original_goes_before_its_variant_wherever_it_is_sought(tmp_path):
    variant = "http://x.bkt.clouddn.com/a%20b.png?imageView2/0/w/9"
    own = ["http://x.bkt.clouddn.com/a%20b.png", variant]
    assert names(sources(tmp_path).of(variant)) == [own]
    assert names(sources(tmp_path, originals=False).of(variant)) == [[variant]]
    routes = [("http://x.bkt.clouddn.com/", to) for to in ("s3://b", "https://m/", "wayback")]
    assert names(sources(tmp_path, *routes).of(variant, 2017)) == [
        ["s3://b/a b.png"],
        ["https://m/a%20b.png", "https://m/a%20b.png?imageView2/0/w/9"],
        own,
        [f"https://web.archive.org/web/2017id_/{url}" for url in own],
    ]


def test_an_original_beyond_the_prefix_of_a_route_is_not_sought_there(tmp_path):
    route = ("https://wx1.sinaimg.cn/mw690/", "https://m/")
    found = sources(tmp_path, route).of("https://wx1.sinaimg.cn/mw690/a.jpg")
    assert names(found) == [["https://m/a.jpg"]]


def test_a_signed_url_is_asked_for_as_it_stands(tmp_path):
    assert names(sources(tmp_path).of(SIGNED)) == [[SIGNED]]
    host = HostSettings("oss", original=("!s", ""))
    assert names(sources(tmp_path, hosts=[host]).of(SIGNED)) == [[SIGNED]]


def test_what_jsdelivr_does_not_give_is_on_github(tmp_path):
    url = "https://cdn.jsdelivr.net/gh/o/r@main/a.png"
    github = "https://raw.githubusercontent.com/o/r/main/a.png"
    assert names(sources(tmp_path).of(url)) == [[url], [github]]


def test_an_archive_is_asked_after_the_url_itself(tmp_path):
    routes = [(OLD, "file:dump"), (OLD, "wayback"), (OLD, "wayback:http://a.example/w/")]
    found = sources(tmp_path, *routes).of(OLD + "1.png")
    assert [(each.own, each.archive) for each in found] == [
        (False, False),
        (True, False),
        (False, True),
        (False, True),
    ]
    assert names(found)[2:] == [
        [f"https://web.archive.org/web/0id_/{OLD}1.png"],
        [f"http://a.example/w/0id_/{OLD}1.png"],
    ]


def test_a_bucket_is_opened_with_the_keys_of_its_route(tmp_path):
    route = RouteSettings(OLD, "s3://b-1/blog/", "qiniu", "cn-east-1", "", "me", "A", "S")
    (source,) = sources(tmp_path, route).of(OLD + "%E5%9B%BE.png?x=1")
    (found,) = source.candidates
    assert isinstance(found, Object)
    assert found.key == "blog/图.png"
    bucket = found.bucket
    assert (bucket.type, bucket.bucket, bucket.provider) == ("s3", "b-1", "qiniu")
    assert (bucket.region, bucket.profile) == ("cn-east-1", "me")
    assert (bucket.access_key_env, bucket.secret_key_env) == ("A", "S")
    other = replace(route, source="s3://b-2", cname=True, addressing="path")
    first, second = sources(tmp_path, (OLD, "wayback"), route, other, route).buckets.items()
    assert first == (bucket, "route 2")
    assert (second[0].cname, second[0].addressing, second[1]) == (True, "path", "route 3")


def file(tmp_path, url, *route):
    found = sources(tmp_path, *([route] if route else []))
    ((candidate,),) = [source.candidates for source in found.of(url)]
    assert not isinstance(candidate, Web)
    return found.path(candidate)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("a.png", "a.png"),
        ("sub/%E5%9B%BE%20b.png", "sub/图 b.png"),
        ("a.png?x=../../y", "a.png"),
        ("100%25.png", "100%.png"),
        ("./a.png", "a.png"),
        ("a.b/..c.png", "a.b/..c.png"),
        ("sub/a.png", "img/sub/a.png"),
        ("sub/a.png", "old.example/img/sub/a.png"),
        ("sub/20190503-ab12.png", "elsewhere/20190503-ab12.png"),
    ],
)
def test_a_folder_holds_files_by_their_decoded_names(tmp_path, url, name):
    path = tmp_path / "dump" / name
    path.parent.mkdir(parents=True)
    path.touch()
    assert file(tmp_path, OLD + url, OLD, "file:dump") == path.resolve()


@pytest.mark.parametrize(
    ("url", "files"),
    [
        ("b/image.png", ["c/image.png"]),
        ("b/1.png", ["c/1.png"]),
        ("b/20190503-ab12.png", ["c/20190503-ab12.png", "d/20190503-ab12.png"]),
        ("b/20190503-ab12.png", ["c/20190503-AB12.png"]),
        ("b/", ["c/20190503-ab12.png"]),
    ],
)
def test_a_bare_name_that_may_be_another_images_is_not_taken(tmp_path, url, files):
    for name in files:
        path = tmp_path / "dump" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    with pytest.raises(Unfetched, match=r"dump/b"):
        file(tmp_path, OLD + url, OLD, "file:dump")


@pytest.mark.parametrize(
    "rest",
    [
        "../secret.txt",
        "%2e%2e/secret.txt",
        "..%2fsecret.txt",
        "%252e%252e/secret.txt",
        "sub/../../secret.txt",
        "%2Fetc/passwd",
        "/etc/passwd",
        "//etc/passwd",
        "..%5Csecret.txt",
        "C:/secret.txt",
        "a%00.png",
        "link.png",
        "folder-link/passwd",
        "elsewhere/20190503-ab12.txt",
        "",
        "sub",
        "pipe",
    ],
)
def test_nothing_outside_the_site_and_nothing_but_files_can_be_named(tmp_path, rest):
    site = tmp_path / "site"
    dump = site / "dump"
    (dump / "sub").mkdir(parents=True)
    (tmp_path / "secret.txt").touch()
    (site / "secret.txt").touch()
    (dump / "link.png").symlink_to(tmp_path / "secret.txt")
    (dump / "20190503-ab12.txt").symlink_to(tmp_path / "secret.txt")
    (dump / "folder-link").symlink_to("/etc")
    os.mkfifo(dump / "pipe")
    with pytest.raises(Unfetched) as raised:
        file(site, OLD + rest, OLD, "file:dump/")
    assert raised.value.reason in {Reason.BAD_URL, Reason.SOURCE_MISSING}


def test_a_file_of_the_site_is_its_own_source(tmp_path):
    name = "posts/100%25 #1?.png"
    path = tmp_path / name
    path.parent.mkdir()
    path.touch()
    assert file(tmp_path, f"file:{name}") == path.resolve()
    path.unlink()
    path.symlink_to("/etc/passwd")
    for lost in (f"file:{name}", "file:none.png", "file:posts"):
        with pytest.raises(Unfetched):
            file(tmp_path, lost)


@pytest.mark.parametrize(
    "target",
    [
        "file:/etc",
        "file:../x",
        "file:",
        "dump/",
        "s3://",
        "s3://b c/",
        "ftp://h/",
        "file:///etc",
        "wayback:nowhere",
        "waybackk",
    ],
)
def test_a_route_to_nowhere_is_refused_with_an_example(tmp_path, target):
    with pytest.raises(ConfigError, match=r"^route 2\.from = .* no source") as raised:
        sources(tmp_path / "site", (OLD, "wayback"), (OLD, target))
    assert "file:dump/" in raised.value.hint


@given(st.text(max_size=60), st.sampled_from(["", OLD, "//", "http://[", "https://h/?"]))
def test_any_url_has_a_source(text, before):
    routes = [RouteSettings(OLD, to) for to in ("file:dump", "https://m/", "s3://b", "wayback")]
    for found in (
        Sources(routes, ROOT, HostRules(), originals=True),
        Sources((), ROOT, HostRules(), originals=True),
    ):
        assert all(source.candidates for source in found.of(before + text))


def test_what_the_page_shows_can_be_written_into_a_configuration(tmp_path):
    page = (ROOT / "docs/reference/sources.md").read_text("utf-8")
    blocks = re.findall(r"^```toml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 3
    for block in blocks:
        file = tmp_path / "migrator.toml"
        file.write_text(block, encoding="utf-8")
        settings = load(file, user_file=None, overrides={}, environ={}).settings
        hosts = HostRules(settings.host, settings.scan.site_url)
        Sources(settings.route, tmp_path, hosts, originals=True)
