import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from rig import hosts, images

from migrator.downloader.faults import Unfetched
from migrator.downloader.patience import patiently, retry_after
from migrator.model import Failed, Fetched
from migrator.reasons import Reason

PNG = images.image()


def attempts(*faults):
    """Something that fails with each of ``faults`` in turn and then succeeds."""
    left = list(faults)

    def attempt():
        if left:
            raise left.pop(0)
        return "done"

    return attempt


def tried(attempt, time, *, retries=3, seconds=120.0):
    end = time.now + seconds
    return patiently(attempt, retries=retries, left=lambda: end - time.now, sleep=time.sleep)


def passing(after=None):
    return Unfetched(Reason.SERVER_ERROR, "503", after=after)


def test_what_may_pass_is_tried_again_with_growing_random_waits(time):
    assert tried(attempts(*[passing() for _ in range(8)]), time, retries=8) == "done"
    for wait, most in zip(time.slept, (0.5, 1, 2, 4, 8, 8, 8, 8), strict=True):
        assert 0 <= wait <= most
    assert len(set(time.slept)) > 1


def test_the_last_fault_is_what_remains(time):
    with pytest.raises(Unfetched, match="third"):
        tried(attempts(passing(), passing(), Unfetched(Reason.TIMEOUT, "third")), time, retries=2)
    assert len(time.slept) == 2


@pytest.mark.parametrize(
    "fault",
    [
        Unfetched(Reason.NOT_FOUND, "404"),
        Unfetched(Reason.BLOCKED_ADDRESS, "127.0.0.1"),
        Unfetched(Reason.TLS, "expired"),
        Unfetched(Reason.NOT_AN_IMAGE, "HTML"),
        Unfetched(Reason.DNS, "no such name", again=False),
        MemoryError(),
        OSError(28, "No space left on device"),
        RecursionError(),
        KeyboardInterrupt(),
    ],
)
def test_what_will_not_pass_is_not_tried_again(time, fault):
    with pytest.raises(type(fault)) as raised:
        tried(attempts(fault), time)
    assert raised.value is fault
    assert time.slept == []


def test_the_wait_a_host_asks_for_is_kept(time):
    assert tried(attempts(passing(after=30)), time) == "done"
    assert 30 <= time.slept[0] <= 31


@pytest.mark.parametrize("after", [120.0, 3600.0, math.inf])
def test_a_wait_that_would_outlast_the_time_left_is_not_begun(time, after):
    with pytest.raises(Unfetched):
        tried(attempts(passing(), passing(after=after)), time)
    assert sum(time.slept) < 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        (" 7 ", 7),
        ("99999999999999999999", math.inf),
        ("9" * 5000, math.inf),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("٣", None),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0),
        ("Fri, 99 Foo 1999 23:59:59 GMT", None),
    ],
)
def test_retry_after_is_read_as_the_standard_says(header, seconds):
    assert retry_after(header) == seconds


def test_a_date_to_wait_for_becomes_seconds():
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    seconds = retry_after(later)
    assert seconds is not None
    assert 60 < seconds <= 90


@pytest.mark.parametrize("code", [429, 503])
def test_a_host_that_asks_to_wait_is_asked_again_later(host, downloader_for, time, code):
    busy = hosts.status(code, "Retry-After: 7")
    url = host.on("/a.png", busy, busy, hosts.answer(PNG))
    assert isinstance(downloader_for(timeout=120.0).fetch(url), Fetched)
    assert [int(wait) for wait in time.slept] == [7, 7]


def test_a_host_that_asks_for_too_long_is_left_in_peace(host, downloader, time):
    result = downloader.fetch(host.on("/a.png", hosts.status(429, "Retry-After: 3600")))
    assert isinstance(result, Failed)
    assert result.reason is Reason.RATE_LIMITED
    assert "3600" in result.detail
    assert host.count("/a.png") == 1
    assert time.slept == []


@pytest.mark.parametrize(("code", "times"), [(404, 1), (403, 2), (410, 1), (500, 4), (429, 4)])
def test_only_what_may_pass_is_asked_for_again_and_again(host, downloader, code, times):
    downloader.fetch(host.on("/a.png", hosts.status(code)))
    assert host.count("/a.png") == times
