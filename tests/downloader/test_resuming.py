import pytest
from rig import hosts, images

from migrator.downloader import transport
from migrator.downloader.resuming import WORTH_IT
from migrator.model import Failed, Fetched
from migrator.reasons import Reason

DATA = images.large_png(WORTH_IT * 4)
TOTAL = len(DATA)
OTHER = images.large_png(WORTH_IT * 4 + 1000)
ETAG = 'ETag: "v1"'
DATED = (
    "Last-Modified: Sun, 01 Nov 2020 10:00:00 GMT",
    "Date: Sun, 01 Nov 2020 12:00:00 GMT",
    "Accept-Ranges: bytes",
)


def cut(*headers, at=WORTH_IT + 5):
    return hosts.raw(hosts.answer(DATA[:at], *headers, length=TOTAL))


def part(*headers, data=DATA, to=None, said=None):
    """What a host answers that serves ranges."""

    def play(connection):
        if "range" not in connection.asked.headers:  # an RST may take more along than its end
            connection.send(hosts.answer(data, *headers))
            return
        start = int(connection.asked.headers["range"].removeprefix("bytes=").removesuffix("-"))
        said_range = said or f"bytes {start}-{len(data) - 1}/{len(data)}"
        body = data[start:to]
        lengths = {} if to is None else {"length": len(data) - start}
        connection.send(
            hosts.answer(body, f"Content-Range: {said_range}", *headers, code=206, **lengths)
        )
        if to is not None:
            connection.close()

    return play


def ranges(host):
    return [asked.headers.get("range") for asked in host.asked]


def fetched(downloader, url, data=DATA):
    result = downloader.fetch(url)
    assert isinstance(result, Fetched), result
    assert images.content(result.body) == data
    return result


@pytest.mark.parametrize(
    ("headers", "validator"), [((ETAG,), '"v1"'), (DATED, "Sun, 01 Nov 2020 10:00:00 GMT")]
)
def test_a_large_body_that_breaks_off_is_gone_on_with(host, downloader, headers, validator):
    fetched(downloader, host.on("/a.png", cut(*headers), part(*headers)))
    first, second = host.asked
    assert "range" not in first.headers
    assert second.headers["range"].startswith("bytes=")
    assert second.headers["if-range"] == validator
    fetched(downloader, host.on("/b.png", hosts.answer(DATA)))
    assert "range" not in host.asked[-1].headers


@pytest.mark.parametrize("at", [1, WORTH_IT // 2, WORTH_IT + 5, WORTH_IT * 3])
def test_a_connection_that_is_reset_costs_no_image(host, downloader, at):
    reset = hosts.resets(hosts.answer(DATA[:at], ETAG, length=TOTAL))
    fetched(downloader, host.on("/a.png", reset, part(ETAG)))
    assert len(host.asked) == 2


def test_it_may_break_off_again_and_again(host, downloader):
    scenarios = (cut(ETAG), part(ETAG, to=WORTH_IT * 2), hosts.status(503), part(ETAG))
    fetched(downloader, host.on("/a.png", *scenarios))
    expected = [None, WORTH_IT + 5, WORTH_IT * 2, WORTH_IT * 2]
    assert ranges(host) == [start and f"bytes={start}-" for start in expected]


def test_a_body_that_stalls_is_gone_on_with(host, downloader, monkeypatch):
    def stalls(connection):
        connection.send(hosts.answer(DATA[: WORTH_IT + 5], ETAG, length=TOTAL))
        connection.stopped.wait(60)

    monkeypatch.setattr(transport, "_STEP", 0.3)
    fetched(downloader, host.on("/a.png", stalls, part(ETAG)))
    assert len(host.asked) == 2


@pytest.mark.parametrize(
    "headers",
    [
        (),
        ('ETag: W/"v1"',),
        ("ETag: v1",),
        DATED[:2],
        DATED[1:],
        (DATED[0], DATED[2]),
        (DATED[0], "Date: Sun, 01 Nov 2020 10:00:30 GMT", DATED[2]),
        ("Last-Modified: yesterday", *DATED[1:]),
        (*DATED[:2], "Accept-Ranges: none"),
    ],
)
def test_what_cannot_be_recognized_is_fetched_anew(host, downloader, headers):
    fetched(downloader, host.on("/a.png", cut(*headers), hosts.answer(DATA)))
    assert ranges(host) == [None, None]


def test_a_small_part_is_fetched_anew(host, downloader):
    fetched(downloader, host.on("/a.png", cut(ETAG, at=WORTH_IT - 1), hosts.answer(DATA, ETAG)))
    assert ranges(host) == [None, None]


def test_a_host_that_gives_the_whole_again_is_taken_at_its_word(host, downloader):
    fetched(downloader, host.on("/a.png", cut(ETAG), hosts.answer(DATA, ETAG)))
    changed = host.on("/b.png", cut(ETAG), hosts.answer(OTHER, 'ETag: "v2"'))
    fetched(downloader, changed, OTHER)
    small = images.image()
    shrunk = host.on("/c.png", cut(ETAG), hosts.answer(small, 'ETag: "v2"'))
    fetched(downloader, shrunk, small)


@pytest.mark.parametrize(
    "odd",
    [
        part('ETag: "v2"'),
        part(),
        part('ETag: W/"v1"'),
        part(ETAG, data=OTHER),
        part(ETAG, said=f"bytes 0-{TOTAL - 1}/{TOTAL}"),
        part(ETAG, said=f"bytes {WORTH_IT + 5}-{TOTAL - 1}/*"),
        part(ETAG, said=f"bytes {WORTH_IT + 4}-{TOTAL - 1}/{TOTAL}"),
        part(ETAG, said=f"bytes {WORTH_IT + 5}-{TOTAL - 2}/{TOTAL}"),
        part(ETAG, said="nonsense"),
        hosts.answer(DATA[WORTH_IT + 5 :], ETAG, code=206),
        hosts.answer(DATA[WORTH_IT + 6 :], ETAG, code=206),
        hosts.status(416, f"Content-Range: bytes */{TOTAL}"),
    ],
)
def test_anything_but_the_very_rest_means_to_start_over(host, downloader, odd):
    fetched(downloader, host.on("/a.png", cut(ETAG), odd, hosts.answer(DATA)))
    assert ranges(host) == [None, f"bytes={WORTH_IT + 5}-", None]


def test_a_part_from_another_place_than_before_is_not_trusted(host, downloader):
    host.on("/1", cut(ETAG))
    host.on("/2", part(ETAG), hosts.answer(DATA))
    start = host.on("/a.png", hosts.redirect("/1"), hosts.redirect("/2"))
    fetched(downloader, start)
    assert host.count("/2") == 2


def test_a_compressed_rest_is_refused(host, downloader):
    result = downloader.fetch(host.on("/a.png", cut(ETAG), part(ETAG, "Content-Encoding: gzip")))
    assert isinstance(result, Failed)
    assert result.reason is Reason.ENCODING


def test_a_part_nobody_asked_for_is_no_image(host, downloader):
    result = downloader.fetch(host.on("/a.png", hosts.answer(DATA, ETAG, code=206)))
    assert isinstance(result, Failed)
    assert result.reason is Reason.HTTP_STATUS


def test_the_limit_is_for_all_parts_together(host, downloader_for):
    data = DATA + bytes(1000)
    claims = hosts.raw(hosts.answer(data[: WORTH_IT + 5], ETAG, length=len(data)))
    url = host.on("/a.png", claims, part(ETAG, data=data))
    result = downloader_for(max_bytes=TOTAL).fetch(url)
    assert result.reason is Reason.TOO_LARGE
    assert len(host.asked) == 1


def test_a_whole_that_does_not_fit_together_is_found(host, downloader):
    """Same ETag, same length, other bytes: the checksums inside the image say so."""
    wrong = bytearray(DATA)
    wrong[-200] ^= 1
    result = downloader.fetch(host.on("/a.png", cut(ETAG), part(ETAG, data=bytes(wrong))))
    assert isinstance(result, Failed)
    assert result.reason is Reason.DAMAGED


def test_nothing_of_a_part_that_never_became_whole_is_left(host, downloader, tmp_path):
    result = downloader.fetch(host.on("/a.png", cut(ETAG), hosts.status(404)))
    assert isinstance(result, Failed)
    assert result.reason is Reason.NOT_FOUND
    assert list(tmp_path.glob("spool/*")) == []
