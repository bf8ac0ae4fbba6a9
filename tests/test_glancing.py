import time

import pytest
from rig.hosts import Host, answer
from rig.images import image

from migrator.config import Settings
from migrator.config.settings import DownloadSettings, SafetySettings
from migrator.events import SizeAsked
from migrator.glancing import asked_hosts, glances
from migrator.model import Glance, TransferTask
from migrator.reasons import Reason
from migrator.transfer import Transfer, TransferSpec


@pytest.fixture
def slow():
    with Host("127.0.0.2") as host:
        yield host


@pytest.fixture
def settings(host, slow):
    private = (host.authority, slow.authority)
    return Settings(download=DownloadSettings(rate=0), safety=SafetySettings(allow_private=private))


@pytest.fixture
def host():
    with Host() as host:
        yield host


@pytest.fixture
def look(settings, tmp_path):
    transfer = Transfer(TransferSpec(settings, tmp_path, tmp_path / "spool"))

    def at(urls, seconds=float("inf"), listener=lambda _: None):
        return glances(map(TransferTask, urls), transfer, settings, listener, seconds)

    yield at
    transfer.close()


def test_hosts_say_how_large_images_are_and_which_are_gone(host, look):
    url, heard = host.on("/a.png", answer(image("PNG"))), []
    said = look([url, host.url("/gone.png")], listener=heard.append)
    assert said == {
        url: Glance(len(image("PNG"))),
        host.url("/gone.png"): Glance(reason=Reason.NOT_FOUND),
    }
    assert sum(isinstance(each, SizeAsked) for each in heard) == 2
    assert {asked.method for asked in host.asked} == {"HEAD"}


def test_who_takes_too_long_is_not_waited_for(host, slow, look):
    url = host.on("/a.png", answer(image("PNG")))
    late = slow.on("/b.png", lambda connection: connection.stopped.wait(60))
    began = time.monotonic()
    assert look([late, url], seconds=0.5) == {url: Glance(len(image("PNG")))}
    assert time.monotonic() - began < 20


def test_only_hosts_that_are_asked_count():
    tasks = [
        TransferTask("https://a.example/1.png"),
        TransferTask("https://a.example/2.png"),
        TransferTask("https://b.example/3.png", is_known=True),
        TransferTask("file:posts/4.png"),
    ]
    assert asked_hosts(tasks) == {"a.example": 2}
