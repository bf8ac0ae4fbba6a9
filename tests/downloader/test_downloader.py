import gzip
import hashlib
import subprocess
import sys
import time as real_time

import pytest
from rig import hosts, images
from rig.cutter import Cutter

from migrator.config import RouteSettings
from migrator.errors import ConfigError, EnvironmentProblem
from migrator.model import Failed, Fetched, Glance, Held
from migrator.reasons import Reason
from migrator.served import PublicAnswer

PNG = images.image()
LARGE = images.large_png(1_100_000)  # too large for memory
SHA256 = hashlib.sha256(PNG).hexdigest()
CUT_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "AVIF")


def spooled(tmp_path):
    return sorted(path.name for path in (tmp_path / "spool").glob("*"))


@pytest.mark.parametrize("framing", hosts.FRAMINGS)
@pytest.mark.parametrize("kind", images.FORMATS)
def test_a_whole_image_arrives_byte_for_byte(host, downloader, kind, framing):
    data = images.image(kind)
    url = host.on("/picture.bin", hosts.framed(data, framing))
    fetched = downloader.fetch(url)
    assert isinstance(fetched, Fetched)
    assert images.content(fetched.body) == data
    assert fetched.asset.sha256 == hashlib.sha256(data).hexdigest()
    assert (fetched.asset.size, fetched.asset.width, fetched.asset.height) == (len(data), 24, 16)
    assert fetched.source == fetched.final_url == url


@pytest.mark.parametrize("framing", hosts.FRAMINGS)
@pytest.mark.parametrize("kind", CUT_FORMATS)
def test_an_image_that_is_cut_is_never_accepted(host, downloader_for, tmp_path, kind, framing):
    data = images.image(kind)
    downloader = downloader_for(retries=0)
    for twentieth in range(20):
        cut = hosts.framed(data, framing, keep=len(data) * twentieth // 20)
        result = downloader.fetch(host.on(f"/{twentieth}", cut))
        assert isinstance(result, Failed), twentieth
        assert result.reason in {Reason.TRUNCATED, Reason.NOT_AN_IMAGE}, twentieth
        if twentieth > 1:
            assert result.reason is Reason.TRUNCATED, twentieth
    assert spooled(tmp_path) == []


def test_a_truncated_image_is_asked_for_again(host, downloader, time):
    whole, part = hosts.answer(PNG), hosts.framed(PNG, "length", 500)
    url = host.on("/a.png", part, part, whole)
    assert isinstance(downloader.fetch(url), Fetched)
    assert host.count("/a.png") == 3
    assert len(time.slept) == 2


def test_a_length_that_lies_does_not_spoil_the_next_image(host, downloader):
    cut = host.on("/cut.png", hosts.answer(PNG, length=300))
    other = images.image("GIF")
    good = host.on("/good.gif", hosts.answer(other))
    result = downloader.fetch(cut)
    assert isinstance(result, Failed)
    assert result.reason is Reason.TRUNCATED
    fetched = downloader.fetch(good)
    assert isinstance(fetched, Fetched)
    assert images.content(fetched.body) == other


def test_an_uninvited_second_answer_is_not_taken_for_the_next_image(host, downloader):
    url = host.on("/a.png", hosts.answer(PNG) + hosts.answer(images.image("PNG", 1)))
    other = images.image("PNG", 2)
    assert isinstance(downloader.fetch(url), Fetched)
    fetched = downloader.fetch(host.on("/b.png", hosts.answer(other)))
    assert isinstance(fetched, Fetched)
    assert images.content(fetched.body) == other


def test_connections_are_kept_for_the_next_image(host, downloader):
    for number in range(20):
        url = host.on(f"/{number}.png", hosts.answer(images.image("PNG", number)))
        assert isinstance(downloader.fetch(url), Fetched)
    assert host.connections == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<!doctype html><title>404 Not Found</title>", "“404 Not Found”"),
        (b"", "0 bytes"),
        (b'{"code": 1}', "JSON"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
    ],
)
def test_what_is_not_an_image_is_refused_whatever_its_type_says(host, downloader, body, said):
    result = downloader.fetch(host.on("/a.png", hosts.answer(body, "Content-Type: image/png")))
    assert isinstance(result, Failed)
    assert result.reason is Reason.NOT_AN_IMAGE
    assert said in result.detail
    referers = [asked.headers.get("referer") for asked in host.asked]
    assert referers == [None, host.url("/")]  # each asked for once


def test_a_damaged_image_is_refused(host, downloader, tmp_path):
    result = downloader.fetch(host.on("/a.png", hosts.answer(PNG[:60] + b"?" + PNG[61:])))
    assert isinstance(result, Failed)
    assert result.reason is Reason.DAMAGED
    assert spooled(tmp_path) == []


def test_an_svg_is_held_until_it_is_allowed(host, downloader_for, tmp_path):
    url = host.on("/a.svg", hosts.answer(images.SVG))
    held = downloader_for().fetch(url)
    assert isinstance(held, Held)
    assert held.reason is Reason.SVG
    assert held.asset
    assert held.asset.media_type == "image/svg+xml"
    assert spooled(tmp_path) == []
    assert isinstance(downloader_for(svg="allow").fetch(url), Fetched)


def test_an_image_that_does_not_mark_its_end_needs_a_framing_that_does(host, downloader):
    fetch = downloader.fetch
    data = images.JXL_CODESTREAM
    assert isinstance(fetch(host.on("/1", hosts.framed(data, "length"))), Fetched)
    assert isinstance(fetch(host.on("/2", hosts.framed(data, "chunked"))), Fetched)
    assert isinstance(fetch(host.on("/3", hosts.framed(data, "close"))), Failed)


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_over_the_limit_is_held_without_reading_it_all(
    host, downloader_for, tmp_path, declared
):
    data = images.large_png(3_000_000)
    body = hosts.answer(data) if declared else hosts.framed(data, "close")
    held = downloader_for(max_bytes=100_000).fetch(host.on("/a.png", body))
    assert isinstance(held, Held)
    assert held.reason is Reason.TOO_LARGE
    assert "100000" in held.detail
    assert spooled(tmp_path) == []


def test_a_declared_length_over_the_limit_is_enough(host, downloader_for):
    def promises(connection):
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n")
        hosts.silence(connection)

    held = downloader_for(timeout=3.0).fetch(host.on("/a.png", promises))
    assert isinstance(held, Held)
    assert held.reason is Reason.TOO_LARGE


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n",
    ],
)
def test_an_endless_body_ends_at_the_limit(host, downloader, head):
    piece = bytes(65536)
    if b"chunked" in head:
        piece = b"10000\r\n" + piece + b"\r\n"
    held = downloader.fetch(host.on("/a.png", hosts.endless(head, piece)))
    assert isinstance(held, Held)
    assert held.reason is Reason.TOO_LARGE


@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip", "br", "zstd", "x-nonsense", "deflate"])
def test_a_compressed_answer_is_refused_unread(host, downloader, encoding):
    bomb = hosts.endless(
        f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\n\r\n".encode(), b"\x1f\x8b" * 30000
    )
    result = downloader.fetch(host.on("/a.png", bomb))
    assert isinstance(result, Failed)
    assert result.reason is Reason.ENCODING
    assert host.asked[0].headers["accept-encoding"] == "identity"


SLOW = {
    "headers": hosts.drip(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 4000, 0.05),
    "body": hosts.drip(hosts.answer(PNG), 0.05),
    "chunks": hosts.drip(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 999, 0.05
    ),
    "nothing": hosts.silence,
}


@pytest.mark.parametrize("part", SLOW)
def test_no_drip_outlasts_the_time_for_an_image(host, downloader_for, part):
    url = host.on("/a.png", SLOW[part])
    started = real_time.monotonic()
    result = downloader_for(timeout=1.0).fetch(url)
    assert isinstance(result, Failed)
    assert result.reason is Reason.TIMEOUT
    # The drip alone would take minutes; the wide margin is for a busy machine.
    assert real_time.monotonic() - started < 15


def test_a_reset_in_the_middle_is_a_truncated_image_and_tried_again(host, downloader):
    part = hosts.resets(hosts.answer(PNG)[:300])
    url = host.on("/a.png", part, hosts.answer(PNG))
    assert isinstance(downloader.fetch(url), Fetched)
    result = downloader.fetch(host.on("/b.png", part))
    assert isinstance(result, Failed)
    assert result.reason is Reason.TRUNCATED


@pytest.mark.parametrize("rst", [False, True])
def test_a_wire_that_breaks_anywhere_costs_no_image(host, downloader_for, rst):
    whole = hosts.answer(PNG)
    host.on("/a.png", whole)
    for cut in range(0, len(whole), len(whole) // 20):
        with Cutter(host.port, [cut], rst=rst) as cutter:
            result = downloader_for(allow=("127.0.0.1",)).fetch(cutter.url("/a.png"))
        assert isinstance(result, Fetched), (cut, result)
        assert images.content(result.body) == PNG


def test_no_bit_flipped_on_the_wire_gets_into_a_png(host, downloader_for):
    whole = hosts.answer(PNG)
    host.on("/a.png", whole)
    head = len(whole) - len(PNG)
    for at in range(head, len(whole), len(PNG) // 20):
        with Cutter(host.port, flips=frozenset({at})) as cutter:
            result = downloader_for(allow=("127.0.0.1",)).fetch(cutter.url("/a.png"))
        if isinstance(result, Fetched):  # it was asked for again, with another Referer
            assert images.content(result.body) == PNG, at


def test_a_full_or_forbidden_spool_stops_the_run(host, downloader_for, tmp_path):
    url = host.on("/a.png", hosts.answer(LARGE))
    (tmp_path / "spool").write_text("a file where the folder should be")
    with pytest.raises(EnvironmentProblem, match="spool"):
        downloader_for().fetch(url)


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from migrator.config import DownloadSettings, SafetySettings
from migrator.downloader.downloader import Downloader
from migrator.downloader.host_rules import HostRules
from migrator.downloader.sources import Sources
from migrator.errors import EnvironmentProblem
url, authority, spool = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
downloader = Downloader(DownloadSettings(), SafetySettings(allow_private=(authority,)),
                        Sources((), Path(spool), HostRules(), originals=True), spool=Path(spool))
try:
    print(downloader.fetch(url))
except EnvironmentProblem as problem:
    print("stopped:", problem, problem.hint, list(Path(spool).iterdir()))
"""


def test_a_write_that_fails_half_way_leaves_nothing_behind(host, tmp_path):
    url = host.on("/a.png", hosts.answer(LARGE))
    script = [sys.executable, "-c", FULL_DISK, url, host.authority, str(tmp_path)]
    said = subprocess.run(script, capture_output=True, text=True, check=True).stdout
    assert said.startswith("stopped:")
    assert "a limit on the size of files was reached" in said
    assert "ulimit -f" in said
    assert said.rstrip().endswith("[]")
    assert host.count("/a.png") == 1


def test_the_same_bytes_from_two_addresses_are_two_files(host, downloader, tmp_path):
    first = downloader.fetch(host.on("/a.png", hosts.answer(LARGE)))
    second = downloader.fetch(host.on("/b.png", hosts.answer(LARGE)))
    assert isinstance(first, Fetched)
    assert isinstance(second, Fetched)
    first.body.unlink()
    assert images.content(second.body) == LARGE
    assert len(spooled(tmp_path)) == 1


def test_spaces_around_an_address_and_its_fragment_do_not_matter(host, downloader):
    url = host.on("/a.png", hosts.answer(PNG)) + "#pic_center"
    assert isinstance(downloader.fetch(f" {url}"), Fetched)
    assert host.asked[0].path == "/a.png"


def test_size_asks_for_no_body(host, downloader, tmp_path):
    url = host.on("/a.png", hosts.answer(PNG))
    moved = host.on("/b.png", hosts.redirect("/a.png"))
    assert downloader.glance(url).size == downloader.glance(moved).size == len(PNG)
    assert downloader.glance(host.url("/none.png")).size is None
    assert downloader.glance("http://127.0.0.1:1/a.png").size is None
    assert {asked.method for asked in host.asked} == {"HEAD"}
    assert spooled(tmp_path) == []
    assert isinstance(downloader.fetch(url), Fetched)


def test_asking_for_sizes_keeps_the_connection(host, downloader):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"  # more than is read in vain
    for number in range(3):
        assert downloader.glance(host.on(f"/{number}.png", head)).size == 1_000_000
    assert host.connections == 1


def test_what_a_host_says_beforehand_foretells_what_surely_stays(host, downloader, downloader_for):
    def expected(url, downloader=downloader):
        return downloader.glance(url).reason

    assert expected(host.url("/none.png")) is Reason.NOT_FOUND
    assert expected(host.on("/gone.png", hosts.status(410))) is Reason.GONE
    assert expected("http://127.0.0.1:1/a.png") is Reason.BLOCKED_ADDRESS
    for code in (403, 405, 429, 500, 501, 503):  # may be owed to the HEAD
        assert expected(host.on(f"/{code}.png", hosts.status(code))) is None
    large = host.on("/large.png", hosts.answer(PNG))
    assert expected(large) is None
    small = downloader_for(max_bytes=len(PNG) - 1)
    assert small.glance(large) == Glance(len(PNG), Reason.TOO_LARGE)


def test_a_head_answered_with_a_body_does_not_spoil_what_follows(host, downloader):
    def careless(connection):
        connection.send(hosts.answer(PNG))

    assert downloader.glance(host.on("/a.png", careless)).size == len(PNG)
    other = images.image("GIF")
    fetched = downloader.fetch(host.on("/b.gif", hosts.answer(other)))
    assert isinstance(fetched, Fetched)
    assert images.content(fetched.body) == other


def test_the_public_answer_is_read_without_vetting_the_address(host, downloader_for):
    downloader = downloader_for(allow=())
    url = host.on(
        "/a.png",
        hosts.answer(PNG, "Content-Type: image/png", "Content-Disposition: attachment; x=1"),
    )
    assert downloader.public_answer(url) == PublicAnswer(
        200, SHA256, len(PNG), "image/png", "attachment; x=1"
    )
    blocked = downloader.fetch(url)
    assert isinstance(blocked, Failed)
    assert blocked.reason is Reason.BLOCKED_ADDRESS


def test_a_public_answer_other_than_200_is_reported_as_it_is(host, downloader):
    assert downloader.public_answer(host.on("/a", hosts.redirect("/b"))).status == 302
    assert downloader.public_answer(host.on("/c", hosts.status(403))).status == 403
    dead = downloader.public_answer("http://127.0.0.1:1/a.png")
    assert dead.status == 0
    assert "cannot be reached" in dead.error
    compressed = host.on("/d", hosts.answer(PNG, "Content-Encoding: gzip"))
    assert "compress" in downloader.public_answer(compressed).error


def test_a_route_to_another_host_is_vetted_like_any_source(host, downloader_for):
    host.on("/mirror/a.png", hosts.answer(PNG))
    route = RouteSettings("https://dead.example/img/", host.url("/mirror/"))
    fetched = downloader_for(route).fetch("https://dead.example/img/a.png")
    assert isinstance(fetched, Fetched)
    assert fetched.source == host.url("/mirror/a.png")
    blocked = downloader_for(route, allow=()).fetch("https://dead.example/img/a.png")
    assert isinstance(blocked, Failed)
    assert blocked.reason is Reason.BLOCKED_ADDRESS


def test_a_route_to_a_folder_needs_no_network(downloader_for, tmp_path):
    folder = tmp_path / "dump"
    folder.mkdir()
    (folder / "图 1.png").write_bytes(PNG)
    (folder / "cut.png").write_bytes(PNG[:-3])
    downloader = downloader_for(RouteSettings("https://dead.example/", "file:dump/"))
    fetched = downloader.fetch("https://dead.example/%E5%9B%BE%201.png?x=1")
    assert isinstance(fetched, Fetched)
    assert images.content(fetched.body) == PNG
    assert fetched.source == "file:dump/图 1.png"
    assert downloader.glance("https://dead.example/图 1.png").size == len(PNG)
    cut = downloader.fetch("https://dead.example/cut.png")
    assert isinstance(cut, Failed)
    assert cut.reason is Reason.TRUNCATED
    missing = downloader.fetch("https://dead.example/none.png")
    assert isinstance(missing, Failed)
    assert missing.reason is Reason.SOURCE_MISSING


def test_bad_settings_are_refused_at_once(downloader_for):
    with pytest.raises(ConfigError, match="allow_private"):
        downloader_for(allow=("not a host",))
    with pytest.raises(ConfigError, match="route"):
        downloader_for(RouteSettings("https://a/", "file:../elsewhere/"))


MEMORY = """
import sys
from pathlib import Path
from migrator.config import DownloadSettings, SafetySettings
from migrator.downloader.downloader import Downloader
from migrator.downloader.host_rules import HostRules
from migrator.downloader.sources import Sources
authority, spool, url = sys.argv[1:]
downloader = Downloader(DownloadSettings(), SafetySettings(allow_private=(authority,)),
                        Sources((), Path(spool), HostRules(), originals=True), spool=Path(spool))
print(type(downloader.fetch(url)).__name__)
print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""


# Not ru_maxrss: that one begins with what the parent process had.
@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory from /proc")
def test_memory_does_not_grow_with_the_image(host, tmp_path):
    def peak(url, result):
        script = [sys.executable, "-c", MEMORY, host.authority, str(tmp_path), url]
        said = subprocess.run(script, capture_output=True, text=True, check=True).stdout.split()
        assert said[0] == result
        return int(said[1])

    large = images.large_png(32 * 1024 * 1024 - 100)
    bomb = gzip.compress(gzip.compress(bytes(64 * 1024 * 1024), 1))
    base = peak(host.on("/small", hosts.answer(images.large_png(32 * 1024))), "Fetched")
    assert 10_000 < base < 200_000
    for url, result in (
        (host.on("/large", hosts.answer(large)), "Fetched"),
        (host.on("/chunks", hosts.framed(large, "chunked")), "Fetched"),
        (host.on("/endless", hosts.endless(b"HTTP/1.1 200 OK\r\n\r\n")), "Held"),
        (host.on("/bomb", hosts.answer(bomb, "Content-Encoding: gzip, gzip")), "Failed"),
    ):
        assert peak(url, result) - base <= 8 * 1024, url


RESOURCES = """
import sys, threading
from pathlib import Path
from migrator.config import DownloadSettings, SafetySettings
from migrator.downloader.downloader import Downloader
from migrator.downloader.host_rules import HostRules
from migrator.downloader.sources import Sources
authority, spool, *urls = sys.argv[1:]
downloader = Downloader(DownloadSettings(), SafetySettings(allow_private=(authority,)),
                        Sources((), Path(spool), HostRules(), originals=True),
                        spool=Path(spool), sleep=lambda seconds: None)
for times in (2, 30):
    for url in urls * times:
        downloader.fetch(url)
    print(len(list(Path("/proc/self/fd").iterdir())), threading.active_count())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts descriptors in /proc")
def test_descriptors_and_threads_do_not_add_up(host, tmp_path):
    urls = [
        host.on("/a.png", hosts.answer(PNG)),
        host.on("/b.png", hosts.framed(PNG, "length", 40)),
        host.on("/c.png", hosts.status(404)),
        host.on("/d.png", hosts.redirect("/a.png")),
        host.on("/e.png", hosts.framed(PNG, "chunked")),
        "http://127.0.0.1:1/blocked.png",
    ]
    script = [sys.executable, "-c", RESOURCES, host.authority, str(tmp_path), *urls]
    said = subprocess.run(script, capture_output=True, text=True, check=True).stdout.split()
    descriptors, threads, descriptors_later, threads_later = map(int, said)
    assert descriptors_later <= descriptors + 1
    assert threads_later == threads == 1
