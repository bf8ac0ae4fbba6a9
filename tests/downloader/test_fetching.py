"""What is asked of which source, and in which order, until an image is had."""

import threading
import time

import pytest
from rig import hosts, images

from migrator.config import HostSettings, RouteSettings
from migrator.downloader.host_rules import HostRules
from migrator.model import Failed, Fetched, Held
from migrator.reasons import Reason

PNG, JPEG = images.image(), images.image("JPEG")
DEAD = "http://127.0.0.1:1/"
SITE = "https://blog.example/"


def referer(connection):
    return connection.asked.headers.get("referer", "")


REFUSED = hosts.status(403)


def wanting(*referers, otherwise=REFUSED, body=PNG):
    """An anti-leech host: gives ``body`` to these Referers, else ``otherwise``."""

    def play(connection):
        answer = hosts.answer(body) if referer(connection) in referers else otherwise
        connection.send(answer)

    return play


def asked(host):
    return [(each.path, each.headers.get("referer", "")) for each in host.asked]


PAGE = hosts.answer(b"<html><title>no hotlinking</title></html>")


@pytest.mark.parametrize("refusal", [hosts.status(403), hosts.status(401), PAGE])
def test_one_referer_after_the_other_is_tried_while_the_host_refuses(host, downloader_for, refusal):
    url = host.on("/a.png", wanting(SITE, otherwise=refusal))
    downloader = downloader_for(hosts=HostRules((), SITE))
    fetched = downloader.fetch(url)
    assert isinstance(fetched, Fetched)
    assert fetched.referer == SITE
    assert asked(host) == [("/a.png", ""), ("/a.png", host.url("/")), ("/a.png", SITE)]


def test_the_referer_that_worked_is_the_first_for_the_next_image_of_the_host(host, downloader_for):
    shared = HostRules((), SITE)
    first = downloader_for(hosts=shared).fetch(host.on("/a.png", wanting(SITE)))
    second = downloader_for(hosts=shared).fetch(host.on("/b.png", wanting(SITE)))
    assert (first.referer, second.referer) == (SITE, SITE)
    assert host.count("/a.png") == 3
    assert asked(host)[3:] == [("/b.png", SITE)]


def test_a_user_says_what_a_host_wants(host, downloader_for):
    said = HostSettings("127.0.0.1", referer=("https://a.example/", ""), user_agent="curl/8")
    url = host.on("/a.png", wanting(""))
    fetched = downloader_for(hosts=HostRules([said])).fetch(url)
    assert fetched.referer == ""
    assert asked(host) == [("/a.png", "https://a.example/"), ("/a.png", "")]
    assert host.asked[0].headers["user-agent"] == "curl/8"


def test_a_host_that_refuses_everybody_is_reported_as_it_was_first(host, downloader_for):
    url = host.on("/a.png", hosts.status(403), PAGE)
    failed = downloader_for(hosts=HostRules((), SITE)).fetch(url)
    assert (failed.reason, failed.detail) == (Reason.FORBIDDEN, "127.0.0.1 answers 403")
    assert host.count("/a.png") == 3


def test_what_is_missing_is_not_asked_for_again_with_another_referer(host, downloader_for):
    url = host.on("/a.png", hosts.status(403), hosts.status(404))
    failed = downloader_for(hosts=HostRules((), SITE)).fetch(url)
    assert failed.reason is Reason.NOT_FOUND
    assert host.count("/a.png") == 2


def test_the_original_is_fetched_where_a_post_shows_a_variant(host, downloader_for):
    host.on("/a.png", hosts.answer(PNG))
    url = host.on("/a.png?imageView2/0/w/9", hosts.answer(JPEG))
    fetched = downloader_for().fetch(url)
    assert images.content(fetched.body) == PNG
    assert fetched.source == host.url("/a.png")
    kept = downloader_for(originals=False).fetch(url)
    assert images.content(kept.body) == JPEG
    assert kept.source == url


@pytest.mark.parametrize(
    "original",
    [
        hosts.status(401),
        hosts.status(403),
        hosts.status(404),
        hosts.status(410),
        hosts.status(500),
        PAGE,
        hosts.answer(b"8BPS\0\1" + bytes(200)),
        hosts.answer(images.image("TIFF")),
        hosts.answer(images.HEIC),
        hosts.answer(images.SVG),
        hosts.answer(images.large_png(500_000)),
    ],
)
def test_the_variant_is_taken_where_the_original_is_not_to_be_had(
    host, downloader_for, tmp_path, original
):
    host.on("/a.png", original)
    url = host.on("/a.png!small", hosts.answer(JPEG))
    fetched = downloader_for(max_bytes=400_000).fetch(url)
    assert isinstance(fetched, Fetched)
    assert fetched.source == url
    assert images.content(fetched.body) == JPEG
    assert list(tmp_path.glob("spool/*")) == []


@pytest.mark.parametrize("trouble", [hosts.status(429), hosts.framed(PNG, "length", 100)])
def test_a_host_in_trouble_is_no_reason_to_make_do_with_a_variant(host, downloader_for, trouble):
    host.on("/a.png", trouble)
    url = host.on("/a.png!small", hosts.answer(JPEG))
    failed = downloader_for(retries=0).fetch(url)
    assert isinstance(failed, Failed)
    assert failed.reason.retry
    assert host.count("/a.png!small") == 0


def test_a_tiff_that_is_all_there_is_is_taken(host, downloader):
    fetched = downloader.fetch(host.on("/a.tif", hosts.answer(images.image("TIFF"))))
    assert isinstance(fetched, Fetched)


def test_what_is_said_is_what_the_url_itself_said_and_what_else_was_tried(host, downloader):
    host.on("/a.png", hosts.status(404))
    failed = downloader.fetch(host.on("/a.png!small", hosts.status(410)))
    assert failed.reason is Reason.GONE
    assert failed.detail.startswith("127.0.0.1 answers 410; also tried: ")
    assert host.url("/a.png") in failed.detail
    host.on("/b.png", hosts.status(404))
    held = downloader.fetch(host.on("/b.png!small", hosts.answer(images.SVG)))
    assert isinstance(held, Held)
    assert held.asset


def test_a_signed_url_is_sent_as_it_stands(host, downloader):
    path = (
        "/a.png!s?x-oss-process=image/resize,w_9&Expires=1&OSSAccessKeyId=k%2B&Signature=a%2Fb%3D"
    )
    assert isinstance(downloader.fetch(host.on(path, hosts.answer(PNG))), Fetched)
    assert asked(host) == [(path, "")]


def test_routes_are_tried_in_turn(host, downloader_for, tmp_path):
    host.on("/m/b.png", hosts.answer(PNG))
    host.on("/m/c.png", hosts.status(404))
    (tmp_path / "dump").mkdir()
    (tmp_path / "dump/a.png").write_bytes(JPEG)
    (tmp_path / "dump/c.png").write_bytes(JPEG)
    match = "https://dead.example/"
    downloader = downloader_for(
        RouteSettings(match, "file:dump"), RouteSettings(match, host.url("/m/"))
    )
    assert downloader.fetch(match + "a.png").source == "file:dump/a.png"
    assert downloader.fetch(match + "b.png").source == host.url("/m/b.png")
    failed = downloader.fetch(match + "d.png")
    assert failed.reason is Reason.SOURCE_MISSING
    assert host.url("/m/d.png") in failed.detail


@pytest.fixture
def archive(host):
    """A host in a role of its own."""
    with hosts.Host() as archive:
        yield archive


def archived(archive, url, *answers, year=0):
    """Keep ``answers`` for ``url``, found as the Wayback Machine does: by a redirect."""
    moment = archive.on(f"/web/20150102030405id_/{url}", *answers)
    archive.on(f"/web/{year}id_/{url}", hosts.redirect(moment))
    return moment


def wayback(match, archive):
    return RouteSettings(match, f"wayback:{archive.url('/web/')}")


@pytest.mark.parametrize(
    "dead", [hosts.status(404), hosts.status(410), hosts.status(403), hosts.status(402), PAGE]
)
def test_an_archive_has_what_is_dead(host, downloader_for, archive, dead):
    url = host.on("/a.png", dead)
    moment = archived(archive, url, hosts.answer(PNG), year=2016)
    downloader = downloader_for(wayback(host.url("/"), archive), allow=("127.0.0.1",))
    fetched = downloader.fetch(url, year=2016)
    assert fetched.source == archive.url(f"/web/2016id_/{url}")
    assert fetched.final_url == moment


def test_an_archive_has_what_is_on_a_host_that_is_gone(downloader_for, archive):
    for url in (f"{DEAD}a.png",):
        archived(archive, url, hosts.answer(PNG))
        downloader = downloader_for(wayback(url[:-5], archive), allow=("127.0.0.1",))
        assert isinstance(downloader.fetch(url), Fetched), url


def test_an_archive_has_the_images_of_a_host_that_was_given_up(downloader_for, archive):
    downloader = downloader_for(wayback(DEAD, archive), allow=("127.0.0.1",), retries=0)
    for number in range(15):
        url = f"{DEAD}{number}.png"
        archived(archive, url, hosts.answer(PNG))
        assert isinstance(downloader.fetch(url), Fetched), number


def test_an_archive_is_not_asked_for_a_host_that_was_given_up_in_trouble(
    host, downloader_for, archive
):
    downloader = downloader_for(wayback(host.url("/"), archive), allow=("127.0.0.1",), retries=0)
    for number in range(15):
        downloader.fetch(host.on(f"/{number}.png", hosts.status(503)))
    assert archive.asked == []


@pytest.mark.parametrize("trouble", [hosts.status(503), hosts.status(429)])
def test_an_archive_is_not_asked_for_what_may_come_back(host, downloader_for, archive, trouble):
    url = host.on("/a.png", trouble)
    failed = downloader_for(wayback(host.url("/"), archive), allow=("127.0.0.1",)).fetch(url)
    assert failed.reason.retry
    assert archive.asked == []


def test_an_archive_that_sends_us_elsewhere_is_not_followed_into_the_store(
    host, downloader_for, archive, tmp_path
):
    url = host.on("/a.png", hosts.status(404))
    live = host.on("/parked.png", hosts.answer(PNG))
    archive.on(f"/web/0id_/{url}", hosts.redirect(live))
    failed = downloader_for(wayback(host.url("/"), archive), allow=("127.0.0.1",)).fetch(url)
    assert failed.reason is Reason.NOT_FOUND
    assert "redirect" in failed.detail
    assert list((tmp_path / "spool").glob("*")) == []


def test_an_archive_is_vetted_like_any_host(host, downloader_for, archive):
    url = host.on("/a.png", hosts.status(404))
    archived(archive, url, hosts.answer(PNG))
    failed = downloader_for(wayback(host.url("/"), archive)).fetch(url)
    assert failed.reason is Reason.NOT_FOUND
    assert archive.asked == []


def test_a_host_that_never_answers_leaves_time_for_an_archive(host, downloader_for, archive):
    url = host.on("/a.png", hosts.silence)
    archived(archive, url, hosts.answer(PNG))
    route = wayback(host.url("/"), archive)
    downloader = downloader_for(route, allow=("127.0.0.1",), timeout=3.0)
    assert isinstance(downloader.fetch(url), Fetched)


class Bucket:
    """Objects by key; a value that is an exception is raised."""

    def __init__(self, objects):
        self.objects = objects
        self.asked = []

    def read(self, key):
        self.asked.append(key)
        found = self.objects.get(key, FileNotFoundError(key))
        if isinstance(found, Exception):
            raise found
        yield from (found[:50], found[50:])


@pytest.fixture
def from_bucket(downloader_for):
    def make(objects, **options):
        bucket = Bucket(objects)
        route = RouteSettings("http://x.bkt.clouddn.com/", "s3://b/blog")
        return downloader_for(route, open_bucket=lambda _: bucket, **options), bucket

    return make


def test_a_bucket_gives_the_original_by_its_key(from_bucket):
    downloader, bucket = from_bucket({"blog/图 1.png": PNG})
    fetched = downloader.fetch("http://x.bkt.clouddn.com/%E5%9B%BE%201.png-small?imageslim")
    assert (fetched.source, fetched.final_url) == ("s3://b/blog/图 1.png",) * 2
    assert images.content(fetched.body) == PNG
    assert bucket.asked == ["blog/图 1.png"]


@pytest.mark.parametrize(
    ("found", "reason", "times"),
    [
        (FileNotFoundError("x"), Reason.SOURCE_MISSING, 1),
        (PermissionError("wrong key"), Reason.BUCKET_REFUSED, 1),
        (OSError("no way there"), Reason.CONNECT, 4),
        (b"not an image", Reason.NOT_AN_IMAGE, 1),
        (images.large_png(200_000), Reason.TOO_LARGE, 1),
    ],
)
def test_what_a_bucket_does_not_give_is_said(from_bucket, tmp_path, found, reason, times):
    downloader, bucket = from_bucket({"blog/a.png": found}, max_bytes=100_000)
    result = downloader.fetch("http://x.bkt.clouddn.com/a.png")
    assert result.reason is reason
    assert len(bucket.asked) == times
    assert list((tmp_path / "spool").glob("*")) == []


@pytest.mark.parametrize("path", ["", "?x=1", "x" * 1025])
def test_no_object_has_an_empty_name_or_one_that_is_too_long(downloader_for, path):
    bucket = Bucket({})
    route = RouteSettings("http://x.bkt.clouddn.com/", "s3://b")
    downloader = downloader_for(route, open_bucket=lambda _: bucket)
    assert downloader.fetch(f"http://x.bkt.clouddn.com/{path}").reason is Reason.SOURCE_MISSING
    assert bucket.asked == []


def test_a_bucket_that_drips_does_not_outlast_the_time_for_an_image(downloader_for):
    class Dripping(Bucket):
        def read(self, key):
            self.asked.append(key)
            while True:
                time.sleep(0.02)
                yield b"x"

    route = RouteSettings("http://x.bkt.clouddn.com/", "s3://b")
    downloader = downloader_for(route, open_bucket=lambda _: Dripping({}), timeout=0.3)
    assert downloader.fetch("http://x.bkt.clouddn.com/a.png").reason is Reason.TIMEOUT


def test_sizes_come_from_the_first_source_that_knows(host, downloader_for, tmp_path):
    host.on("/a.png", hosts.status(404))
    url = host.on("/a.png!s", hosts.answer(PNG))
    assert downloader_for().glance(url).size == len(PNG)
    (tmp_path / "b.png").write_bytes(JPEG)
    assert downloader_for().glance("file:b.png").size == len(JPEG)
    route = RouteSettings(host.url("/"), "wayback")
    assert downloader_for(route).glance(host.url("/none.png")).size is None


def test_the_host_of_an_image_is_that_of_its_first_source(downloader_for):
    routes = [
        RouteSettings("https://a.example/", "https://b.example/"),
        RouteSettings("https://c.example/", "s3://b"),
    ]
    downloader = downloader_for(*routes)
    assert downloader.host("https://a.example/x") == "b.example"
    assert downloader.host("https://c.example/x") == ""
    assert downloader.host("https://d.example/x") == "d.example"
    assert downloader.host("file:a.png") == ""


def test_a_peek_asks_once_for_exactly_this_and_keeps_nothing(host, downloader_for, tmp_path):
    said = HostSettings("127.0.0.1", user_agent="curl/8")
    downloader = downloader_for(
        RouteSettings(host.url("/"), "https://elsewhere.example/"), hosts=HostRules([said])
    )
    asset = downloader.peek(host.on("/a.png!s", hosts.answer(PNG)), referer=SITE)
    assert asset.size == len(PNG)
    assert asked(host) == [("/a.png!s", SITE)]
    assert host.asked[0].headers["user-agent"] == "curl/8"
    assert downloader.peek(host.on("/b.png", hosts.status(503))) is Reason.SERVER_ERROR
    assert host.count("/b.png") == 1
    assert list((tmp_path / "spool").glob("*")) == []


def test_threads_share_what_worked(host, downloader_for):
    shared = HostRules((), SITE)
    url = host.on("/a.png", wanting(SITE))
    downloaders = [downloader_for(hosts=shared) for _ in range(8)]
    downloaders[0].fetch(url)
    threads = [threading.Thread(target=each.fetch, args=(url,)) for each in downloaders[1:]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {sent for _, sent in asked(host)[3:]} == {SITE}
