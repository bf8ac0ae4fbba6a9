"""What one source is asked for, and how; what comes of it is in test_downloader.py."""

import ssl

import pytest
from rig import hosts, images

from migrator.config import DownloadSettings, SafetySettings
from migrator.downloader.addresses import parse_exemptions
from migrator.downloader.deadline import Deadline
from migrator.downloader.decoding import Decoders
from migrator.downloader.faults import Unfetched
from migrator.downloader.inspection import Inspector
from migrator.downloader.manners import Manners
from migrator.downloader.receiving import Receiver
from migrator.reasons import Reason

PNG = images.image()
URL = "https://img.example/a.png"
REFERER = "https://blog.example/"


@pytest.fixture
def receiver(tmp_path, time):
    deadline = Deadline()
    deadline.start(60)
    receiver = Receiver(
        DownloadSettings(),
        parse_exemptions(["127.0.0.0/8"]),
        Inspector(SafetySettings(), Decoders()),
        spool=tmp_path,
        deadline=deadline,
        manners=Manners(now=time, sleep=time.sleep),
        tls=ssl.create_default_context(),
        sleep=time.sleep,
    )
    yield receiver
    receiver.close()


def test_a_referer_and_a_user_agent_are_for_one_call(host, receiver):
    source = host.on("/a.png", hosts.answer(PNG))
    fetched = receiver.fetch(URL, source, referer=REFERER, user_agent="curl/8")
    assert (fetched.source, fetched.referer) == (source, REFERER)
    receiver.size(source, referer=REFERER, user_agent="curl/8")
    assert receiver.fetch(URL, source).referer == ""
    first, size, second = host.asked
    assert (first.headers["referer"], first.headers["user-agent"]) == (REFERER, "curl/8")
    assert (size.headers["referer"], size.headers["user-agent"]) == (REFERER, "curl/8")
    assert "referer" not in second.headers
    assert second.headers["user-agent"].startswith("Mozilla/")


def test_a_referer_follows_redirects_within_its_origin_only(host, receiver):
    with hosts.Host("127.0.0.2") as other:
        host.on("/c.png", hosts.answer(PNG))
        other.on("/b.png", hosts.redirect(host.url("/c.png")))
        host.on("/b.png", hosts.redirect(other.url("/b.png")))
        receiver.fetch(URL, host.on("/a.png", hosts.redirect("/b.png")), referer=REFERER)
        assert [asked.headers.get("referer") for asked in host.asked] == [REFERER, REFERER, REFERER]
        assert "referer" not in other.asked[0].headers


def test_what_is_not_to_be_had_is_said(host, receiver):
    with pytest.raises(Unfetched) as raised:
        receiver.fetch(URL, host.on("/a.png", hosts.status(404)))
    assert raised.value.reason is Reason.NOT_FOUND


@pytest.mark.parametrize("code", [429, 503])
def test_a_public_address_that_is_busy_is_asked_again(host, receiver, time, code):
    busy = hosts.status(code, "Retry-After: 9")
    answer = receiver.public_answer(host.on("/a.png", busy, hosts.answer(PNG)))
    assert (answer.status, answer.size) == (200, len(PNG))
    assert int(sum(time.slept)) == 9
    last = receiver.public_answer(host.on("/b.png", busy))
    assert last.status == code
    assert host.count("/b.png") == 4
    dead = hosts.resets(b"")
    assert receiver.public_answer(host.on("/c.png", busy, dead)).status == 0


def test_a_public_address_that_refuses_is_asked_once(host, receiver):
    answer = receiver.public_answer(host.on("/a.png", hosts.status(403, body=b"NoSuchBucket")))
    assert (answer.status, answer.refusal) == (403, "NoSuchBucket")
    assert host.count("/a.png") == 1
