import os

import pytest

from migrator.config.settings import RouteSettings
from migrator.downloader.faults import Unfetched
from migrator.downloader.routes import LocalFile, Routes
from migrator.errors import ConfigError
from migrator.reasons import Reason

OLD = "https://old.example/img/"


def source(tmp_path, url, *routes):
    return Routes([RouteSettings(*route) for route in routes], tmp_path).source(url)


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
    assert source(tmp_path, url, (match, base)) == (expected or url)


def test_the_longest_prefix_wins(tmp_path):
    routes = [
        (OLD, "https://a/"),
        (OLD + "x/", "https://b/"),
        ("https://old.example/", "https://c/"),
    ]
    assert source(tmp_path, OLD + "x/1", *routes) == "https://b/1"
    assert source(tmp_path, OLD + "y/1", *routes) == "https://a/y/1"
    assert source(tmp_path, "https://old.example/1", *routes) == "https://c/1"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("a.png", "a.png"),
        ("sub/%E5%9B%BE%20b.png", "sub/图 b.png"),
        ("a.png?x=../../y", "a.png"),
        ("100%25.png", "100%.png"),
        ("./a.png", "a.png"),
        ("a.b/..c.png", "a.b/..c.png"),
    ],
)
def test_a_folder_holds_files_by_their_decoded_names(tmp_path, url, name):
    path = tmp_path / "dump" / name
    path.parent.mkdir(parents=True)
    path.touch()
    found = source(tmp_path, OLD + url, (OLD, "file:dump"))
    assert isinstance(found, LocalFile)
    assert found.path == path.resolve()


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
    (dump / "folder-link").symlink_to("/etc")
    os.mkfifo(dump / "pipe")
    with pytest.raises(Unfetched) as raised:
        source(site, OLD + rest, (OLD, "file:dump/"))
    assert raised.value.reason in {Reason.BAD_URL, Reason.SOURCE_MISSING}


@pytest.mark.parametrize(
    "target",
    ["file:/etc", "file:../x", "file:", "dump/", "s3://bucket/", "ftp://h/", "file:///etc"],
)
def test_a_route_to_nowhere_is_refused_with_an_example(tmp_path, target):
    with pytest.raises(ConfigError, match="neither") as raised:
        Routes([RouteSettings(OLD, target)], tmp_path / "site")
    assert "file:dump/" in raised.value.hint
