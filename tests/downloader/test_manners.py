import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from rig import hosts, images

from migrator.config import (
    DownloadSettings,
    MirrorSettings,
    SafetySettings,
    Settings,
    StoreSettings,
)
from migrator.downloader.faults import Unfetched
from migrator.downloader.manners import FAILURES, LONGEST_WAIT, UNSAID_WAIT, Manners, rates
from migrator.model import Failed, Fetched
from migrator.reasons import Reason

ORIGIN = "https://img.example"
PNG = images.image()


@pytest.fixture
def manners(time):
    return Manners(lambda _: 4.0, now=time, sleep=time.sleep)


def ask(manners, origin=ORIGIN, left=1000.0):
    manners.wait_turn(origin, lambda: left)


def fail(manners, reason, times=1, origin=ORIGIN):
    for _ in range(times):
        fault = Unfetched(reason, "so it goes")
        fault.origin = origin
        manners.failed(fault)


def refusal(manners, origin=ORIGIN, left=1000.0):
    with pytest.raises(Unfetched) as raised:
        ask(manners, origin, left)
    assert raised.value.reason is Reason.HOST_PAUSED
    assert not raised.value.again
    return raised.value.detail


def test_a_host_gets_so_many_requests_a_second_and_the_first_at_once(manners, time):
    started = time.now
    for _ in range(4):
        ask(manners)
    assert time.now == started
    for _ in range(40):
        ask(manners)
    assert time.now - started == pytest.approx(10)
    ask(manners, "https://other.example")
    assert time.now - started == pytest.approx(10)
    time.now += 60  # idle time is not saved up
    for _ in range(12):
        ask(manners)
    assert time.now - started == pytest.approx(72)


def test_a_host_has_one_pace_for_all_its_ports_and_schemes(manners, time):
    started = time.now
    for _ in range(12):
        ask(manners, "https://img.example")
        ask(manners, "http://img.example:8080")
    assert time.now - started == pytest.approx(5)


def test_a_slow_rate_is_kept_from_the_first_request_on(time):
    manners = Manners(lambda _: 0.1, now=time, sleep=time.sleep)
    started = time.now
    for _ in range(4):
        ask(manners)
    assert time.now - started == pytest.approx(30)
    assert "10 seconds" in refusal(manners, left=5)


def test_without_a_rate_nobody_waits(time):
    manners = Manners(now=time, sleep=time.sleep)
    for _ in range(1000):
        ask(manners)
    assert time.slept == []


def test_many_threads_together_keep_the_rate(time):
    lock = threading.Lock()

    def sleep(seconds):
        with lock:
            time.sleep(seconds)

    manners = Manners(lambda _: 10.0, now=time, sleep=sleep)
    started = time.now
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: ask(manners), range(200)))
    # Clocks of threads that sleep at once add up here, so this is a lower bound.
    assert time.now - started >= 19 - 1e-6


def test_the_peace_one_worker_was_asked_for_holds_for_all(manners, time):
    manners.leave_in_peace(ORIGIN, 30)
    ask(manners, "https://other.example")
    assert time.slept == []
    ask(manners)
    assert time.slept == [30]
    manners.leave_in_peace(ORIGIN, None)
    ask(manners)
    assert time.slept[1:] == [UNSAID_WAIT]


def test_peace_that_is_asked_for_meanwhile_is_kept_too(time):
    def sleep(seconds):
        if not time.slept:
            manners.leave_in_peace(ORIGIN, 50)
        time.sleep(seconds)

    manners = Manners(now=time, sleep=sleep)
    manners.leave_in_peace(ORIGIN, 20)
    ask(manners)
    assert time.slept == [20, 30]


@pytest.mark.parametrize(("peace", "left"), [(10, 9), (LONGEST_WAIT, 1000), (float("inf"), 1000)])
def test_a_wait_that_is_too_long_is_not_begun(manners, time, peace, left):
    manners.leave_in_peace(ORIGIN, peace)
    assert "img.example" in refusal(manners, left=left)
    assert time.slept == []


@pytest.mark.parametrize(
    "reason",
    [
        Reason.DNS,
        Reason.CONNECT,
        Reason.TLS,
        Reason.TIMEOUT,
        Reason.SERVER_ERROR,
        Reason.RATE_LIMITED,
        Reason.PROTOCOL,
    ],
)
def test_a_host_that_fails_ten_times_in_a_row_is_not_asked_again(manners, reason):
    fail(manners, reason, FAILURES - 1)
    ask(manners)
    fail(manners, reason)
    assert reason.words in refusal(manners)
    ask(manners, "http://img.example")  # another origin may still work


@pytest.mark.parametrize("reason", [Reason.NOT_FOUND, Reason.FORBIDDEN, Reason.NOT_AN_IMAGE])
def test_what_a_host_says_about_one_image_is_no_failure_of_the_host(manners, reason):
    fail(manners, Reason.TIMEOUT, FAILURES - 1)
    fail(manners, reason)
    fail(manners, Reason.TIMEOUT, FAILURES - 1)
    ask(manners)


def test_an_answer_makes_good_for_the_failures_before(manners):
    fail(manners, Reason.CONNECT, FAILURES - 1)
    manners.answered(ORIGIN)
    fail(manners, Reason.CONNECT, FAILURES - 1)
    ask(manners)


def test_the_users_own_hosts_are_asked_at_any_rate():
    allowed = ("nas.local:8000", "10.0.0.0/8", "[::1]:80")
    settings = Settings(
        download=DownloadSettings(rate=7),
        store=StoreSettings(public_url="https://cdn.example/blog"),
        mirror=(MirrorSettings(),),
        safety=SafetySettings(allow_private=allowed),
    )
    rate = rates(settings)
    assert [rate(host) for host in ("nas.local", "10.1.2.3", "::1", "cdn.example")] == [0] * 4
    assert [rate(host) for host in ("img.example", "11.1.2.3", "::2", "")] == [7, 7, 7, 7]


def test_a_rate_for_one_host_goes_before_all_others():
    settings = Settings(
        download=DownloadSettings(rate=7), safety=SafetySettings(allow_private=("nas.local",))
    )
    rate = rates(settings, {"nas.local": 2.0, "img.example": 0.0}.get)
    assert [rate(host) for host in ("nas.local", "img.example", "other")] == [2, 0, 7]


def test_workers_that_do_not_see_each_other_share_the_rate():
    settings = Settings(download=DownloadSettings(rate=8))
    rate = rates(settings, {"img.example": 2.0}.get, workers=4)
    assert [rate(host) for host in ("img.example", "other")] == [0.5, 2]


def test_workers_share_the_peace_that_a_host_asks_one_of_them_for(host, downloader_for, time):
    manners = Manners(now=time, sleep=time.sleep)
    busy = host.on("/busy.png", hosts.status(503, "Retry-After: 15"))
    good = host.on("/good.png", hosts.answer(PNG))
    first, second = (downloader_for(manners=manners, retries=0) for _ in range(2))
    assert isinstance(first.fetch(busy), Failed)
    assert isinstance(second.fetch(good), Fetched)
    assert time.slept == [15]


def test_in_a_storm_all_workers_wait_as_long_as_one_was_asked_to(host, downloader_for, time):
    """Of 24 images that four workers want, the first is answered: come back in 40 seconds."""
    lock = threading.Lock()
    moments = []

    def sleep(seconds):
        with lock:
            time.sleep(seconds)

    def served(connection):
        with lock:
            moments.append(time.now)
        connection.send(hosts.answer(PNG))

    manners = Manners(now=time, sleep=sleep)
    urls = [host.on(f"/{number}.png", served) for number in range(24)]
    began = time.now
    first = downloader_for(manners=manners, sleep=sleep, retries=0, timeout=120.0)
    busy = host.on("/busy.png", hosts.status(429, "Retry-After: 40"))
    assert first.fetch(busy).reason is Reason.RATE_LIMITED
    workers = threading.local()

    def fetch(url):
        if not hasattr(workers, "downloader"):
            workers.downloader = downloader_for(manners=manners, sleep=sleep, timeout=120.0)
        return workers.downloader.fetch(url)

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(fetch, urls))
    assert all(isinstance(result, Fetched) for result in results)
    assert min(moments) >= began + 40
    assert len(host.asked) == 25


def test_a_date_to_wait_for_is_waited_for(host, downloader_for, time):
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    url = host.on("/a.png", hosts.status(503, f"Retry-After: {later}"), hosts.answer(PNG))
    assert isinstance(downloader_for(timeout=120.0).fetch(url), Fetched)
    assert 30 < sum(time.slept) <= 62


@pytest.mark.parametrize("retry_after", ["99999999999", "3600", "Fri, 31 Dec 2100 23:59:59 GMT"])
def test_an_absurd_wish_for_peace_is_granted_by_going_away(host, downloader_for, time, retry_after):
    manners = Manners(now=time, sleep=time.sleep)
    host.on("/busy.png", hosts.status(429, f"Retry-After: {retry_after}"))
    host.on("/good.png", hosts.answer(PNG))
    reasons = [
        downloader_for(manners=manners).fetch(host.url(path)).reason
        for path in ("/busy.png", "/good.png", "/good.png")
    ]
    assert reasons == [Reason.RATE_LIMITED, Reason.HOST_PAUSED, Reason.HOST_PAUSED]
    assert len(host.asked) == 1
    assert time.slept == []


@pytest.mark.parametrize("retry_after", ["-5", "soon", "0", "Fri, 31 Dec 1999 23:59:59 GMT"])
def test_a_wish_for_peace_that_means_nothing_costs_no_image(host, downloader, retry_after):
    busy = hosts.status(503, f"Retry-After: {retry_after}")
    assert isinstance(downloader.fetch(host.on("/a.png", busy, hosts.answer(PNG))), Fetched)


def test_a_dead_host_is_asked_for_some_images_and_not_for_all(host, downloader_for):
    downloader = downloader_for(retries=1)
    good = host.on("/good.png", hosts.answer(PNG))
    moved = [host.on(f"/{each}", hosts.redirect(f"http://127.0.0.9:1/{each}")) for each in range(9)]
    dead = downloader_for(retries=1, allow=("127.0.0.0/8",))
    urls = [host.on(f"/{number}.png", hosts.status(520)) for number in range(30)]
    reasons = [downloader.fetch(url).reason for url in urls]
    assert reasons == [Reason.SERVER_ERROR] * FAILURES + [Reason.HOST_PAUSED] * 20
    assert len(host.asked) == 2 * FAILURES
    said = downloader.fetch(good)
    assert isinstance(said, Failed)
    assert host.authority in said.detail
    # Where a healthy host redirects to a dead one, only the dead one is given up.
    for url in moved * 2:
        assert isinstance(dead.fetch(url), Failed)
    assert dead.fetch(moved[0]).reason is Reason.HOST_PAUSED
    assert isinstance(dead.fetch(good), Fetched)


def test_sizes_are_asked_for_just_as_politely(host, downloader_for):
    downloader = downloader_for()
    for number in range(30):
        assert downloader.glance(host.on(f"/{number}.png", hosts.status(500))).size is None
    assert len(host.asked) == FAILURES
