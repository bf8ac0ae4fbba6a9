"""Asked again for what has changed: what a host says of its versions, and what is believed."""

import hashlib

import pytest
from rig import hosts, images

from migrator.config import RouteSettings
from migrator.model import Failed, Fetched
from migrator.served import NO_VERSION, Earlier, NotModified, Version

PNG, OTHER = images.image(), images.image(seed=1)
SHA256 = hashlib.sha256(PNG).hexdigest()
DATE = "Sat, 01 Aug 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    "version", [Version('"1"', DATE), Version('W/"1"'), Version("", DATE), NO_VERSION]
)
def test_the_version_of_an_image_is_told_with_it(host, downloader, version):
    url = host.on("/a.png", hosts.versioned(PNG, version.etag, version.last_modified))
    fetched = downloader.fetch(url)
    assert isinstance(fetched, Fetched)
    assert fetched.version == version
    again = downloader.fetch(url, earlier=Earlier(url, SHA256, fetched.version))
    if version == NO_VERSION:
        assert isinstance(again, Fetched)
    else:
        assert again == NotModified(url)
    assert host.count("/a.png") == 2


def test_an_image_that_changed_comes_with_its_new_version(host, downloader):
    url = host.on("/a.png", hosts.versioned(OTHER, '"2"', DATE))
    fetched = downloader.fetch(url, earlier=Earlier(url, SHA256, Version('"1"', DATE)))
    assert isinstance(fetched, Fetched)
    assert fetched.asset.sha256 == hashlib.sha256(OTHER).hexdigest()
    assert fetched.version.etag == '"2"'


def test_what_did_not_change_costs_neither_the_connection_nor_a_file(host, downloader, tmp_path):
    """The length that some hosts name there is of a body that does not come."""
    for number, said in enumerate((b"", b"Content-Length: 100000000\r\n")):
        url = host.on(f"/{number}.png", b"HTTP/1.1 304 X\r\n" + said + b"\r\n")
        earlier = Earlier(url, SHA256, Version('"1"'))
        assert downloader.fetch(url, earlier=earlier) == NotModified(url)
    large = images.large_png(1_100_000)
    assert isinstance(downloader.fetch(host.on("/a.png", hosts.answer(large))), Fetched)
    assert host.connections == 1
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_not_modified_counts_only_where_it_was_asked_for(host, downloader):
    url = host.on("/a.png", hosts.status(304))
    assert isinstance(downloader.fetch(url), Failed)
    elsewhere = Earlier(host.url("/b.png"), SHA256, Version('"1"'))
    assert isinstance(downloader.fetch(url, earlier=elsewhere), Failed)


def test_the_place_where_it_was_seen_is_asked_first(host, downloader_for):
    """So that an image which comes from its second source costs one request, too."""
    first, second = (
        RouteSettings(match=host.url("/old/"), source=host.url(f"/{name}/"))
        for name in ("first", "second")
    )
    downloader, url = downloader_for(first, second, retries=0), host.url("/old/a.png")
    earlier = Earlier(host.on("/second/a.png", hosts.versioned(PNG, '"1"')), SHA256, Version('"1"'))
    assert downloader.fetch(url, earlier=earlier) == NotModified(url)
    assert host.count("/first/a.png") == 0
    host.on("/second/a.png", hosts.status(410))
    source = host.on("/first/a.png", hosts.answer(PNG))
    moved = downloader.fetch(url, earlier=earlier)
    assert isinstance(moved, Fetched)
    assert moved.source == source


def test_a_version_too_long_to_keep_is_none(host, downloader):
    url = host.on("/a.png", hosts.versioned(PNG, f'"{"x" * 2000}"', DATE))
    fetched = downloader.fetch(url)
    assert isinstance(fetched, Fetched)
    assert fetched.version == Version("", DATE)
