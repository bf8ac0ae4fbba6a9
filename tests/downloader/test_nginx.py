"""A real server as image host, set up as image hosts are."""

import gzip
import http.client
import time as real_time
from contextlib import closing

import pytest
from rig import images, nginx
from rig.cutter import Cutter

from migrator.config import HostSettings
from migrator.downloader.host_rules import HostRules
from migrator.downloader.manners import Manners
from migrator.downloader.resuming import WORTH_IT
from migrator.model import Failed, Fetched, Held
from migrator.reasons import Reason

PNG = images.image()
LARGE = images.large_png(WORTH_IT * 4)
AN_HOUR_AGO = real_time.time() - 3600

pytestmark = pytest.mark.skipif(bool(nginx.why_not()), reason=nginx.why_not())


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with nginx.running(tmp_path_factory.mktemp("nginx")) as server:
        for name, data in {
            "a.png": PNG,
            "large.png": LARGE,
            "a.svg": images.SVG,
            "packed.png.gz": gzip.compress(PNG),
            "placeholder.png": images.image("PNG", 9),
        }.items():
            (server.files / name).write_bytes(data)
        yield server


@pytest.fixture
def downloader(downloader_for, server):
    return downloader_for(allow=("127.0.0.1",))


def fetched(downloader, url, data):
    result = downloader.fetch(url)
    assert isinstance(result, Fetched), result
    assert images.content(result.body) == data
    return result


def status_of(server, path):
    with closing(http.client.HTTPConnection(server.authority)) as connection:
        connection.request("GET", path)
        return connection.getresponse().status


def test_an_image_is_served(server, downloader):
    fetched(downloader, server.url("/a.png"), PNG)
    assert downloader.glance(server.url("/a.png")).size == len(PNG)


def test_a_host_that_wants_a_referer_says_403(server, downloader):
    result = downloader.fetch(server.url("/guarded/a.png"))
    assert isinstance(result, Failed)
    assert result.reason is Reason.FORBIDDEN


def test_with_the_referer_it_wants_the_host_serves_it(server, downloader_for):
    wanted = HostSettings("127.0.0.1", referer=("https://www.blog.example/post/",))
    downloader = downloader_for(allow=("127.0.0.1",), hosts=HostRules((wanted,)))
    fetched(downloader, server.url("/guarded/a.png"), PNG)


@pytest.mark.parametrize("code", [429, 503])
def test_a_host_that_limits_requests_gives_all_images_in_the_end(
    server, downloader_for, time, code
):
    def sleep(seconds):
        time.sleep(seconds)
        real_time.sleep(min(seconds, 0.3))  # the server's clock goes on, too

    manners = Manners(now=time, sleep=sleep)
    downloader = downloader_for(allow=("127.0.0.1",), manners=manners, sleep=sleep, retries=9)
    while status_of(server, f"/few{code}/a.png") != code:
        pass  # now the server has had enough of us
    for number in range(3):
        fetched(downloader, server.url(f"/few{code}/a.png?{number}"), PNG)


def test_a_listing_of_a_folder_is_no_image(server, downloader):
    result = downloader.fetch(server.url("/list/"))
    assert isinstance(result, Failed)
    assert result.reason is Reason.NOT_AN_IMAGE
    assert "Index of /list/" in result.detail


def test_compression_for_those_who_ask_for_it_does_not_matter(server, downloader_for):
    fetched(downloader_for(allow=("127.0.0.1",), svg="allow"), server.url("/a.svg"), images.SVG)


def test_compression_that_nobody_asked_for_is_refused(server, downloader):
    result = downloader.fetch(server.url("/packed/packed.png"))
    assert isinstance(result, Failed)
    assert result.reason is Reason.ENCODING


@pytest.mark.parametrize("rst", [False, True])
def test_an_image_that_breaks_off_is_gone_on_with(server, downloader, rst):
    with Cutter(server.port, [WORTH_IT * 2, WORTH_IT * 2], rst=rst) as cutter:
        fetched(downloader, cutter.url("/large.png"), LARGE)
    codes = [line.split('"')[2].split()[0] for line in server.log()[-3:]]
    if not rst:  # which may take along what had arrived
        assert codes == ["200", "206", "206"]


def test_an_image_that_changes_meanwhile_is_fetched_anew(server, downloader_for):
    changed = images.large_png(WORTH_IT * 4 + 77)

    def change(_):
        (server.files / "changing.png").write_bytes(changed)

    (server.files / "changing.png").write_bytes(LARGE)
    downloader = downloader_for(allow=("127.0.0.1",), sleep=change)
    with Cutter(server.port, [WORTH_IT * 2]) as cutter:
        fetched(downloader, cutter.url("/changing.png"), changed)


def test_a_flipped_bit_is_found_where_the_format_has_checksums(server, downloader):
    with Cutter(server.port, flips=frozenset({WORTH_IT})) as cutter:
        result = downloader.fetch(cutter.url("/large.png"))
    assert isinstance(result, Failed | Held)
    assert result.reason is Reason.DAMAGED


def test_a_stand_in_with_200_looks_like_an_image_to_a_single_download(server, downloader):
    """Only the look at all images of a run tells: see tests/e2e/test_image_hosts.py."""
    stand_in = images.image("PNG", 9)
    first = fetched(downloader, server.url("/stand-in/1.png"), stand_in)
    second = fetched(downloader, server.url("/stand-in/2.png"), stand_in)
    assert first.asset.sha256 == second.asset.sha256


def test_a_missing_image_is_a_404_and_a_redirect_of_the_server_is_followed(server, downloader):
    result = downloader.fetch(server.url("/none.png"))
    assert isinstance(result, Failed)
    assert result.reason is Reason.NOT_FOUND
    assert "/list/" in downloader.fetch(server.url("/list")).detail
