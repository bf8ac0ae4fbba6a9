import errno
import pickle
from contextlib import closing
from dataclasses import replace

import pytest
from rig.hosts import Host, answer, status
from rig.images import image, large_png

from migrator.config import RouteSettings, SafetySettings, Settings, StoreSettings
from migrator.errors import ConfigError, EnvironmentProblem, OutOfMemory
from migrator.model import Failed, Glance, Stored, TransferTask
from migrator.reasons import Reason
from migrator.served import Probe
from migrator.transfer import SourceBucket, Transfer, TransferSpec


@pytest.fixture
def host():
    with Host() as host:
        host.on("/a.png", answer(image("PNG")))
        yield host


@pytest.fixture
def spec(tmp_path, host):
    settings = Settings(safety=SafetySettings(allow_private=(host.authority,)))
    return TransferSpec(settings, tmp_path, tmp_path / "spool")


@pytest.fixture
def transfer(spec):
    transfer = Transfer(spec)
    transfer.check()
    yield transfer
    transfer.close()


@pytest.mark.parametrize("data", [image("PNG"), large_png(1_100_000)], ids=["small", "large"])
def test_an_image_ends_in_the_store_and_not_in_the_spool(transfer, spec, host, data):
    host.on("/a.png", answer(data))
    stored = transfer(TransferTask(host.url("/a.png")))
    assert isinstance(stored, Stored)
    assert (spec.root / "migrated-images" / stored.placement.key).read_bytes() == data
    assert list(spec.spool.rglob("*")) == []
    assert not stored.reused


def test_what_the_store_still_has_is_proven_and_not_fetched(transfer, host):
    stored = transfer(TransferTask(host.url("/a.png")))
    again = transfer(TransferTask(host.url("/a.png"), known=stored))
    assert again.reused
    assert again.placement == stored.placement
    assert host.count("/a.png") == 1


def test_what_the_store_lost_is_fetched_again(transfer, spec, host):
    stored = transfer(TransferTask(host.url("/a.png")))
    (spec.root / "migrated-images" / stored.placement.key).unlink()
    assert not transfer(TransferTask(host.url("/a.png"), known=stored)).reused
    assert host.count("/a.png") == 2


def test_what_the_store_spoilt_is_neither_linked_nor_overwritten(transfer, spec, host):
    stored = transfer(TransferTask(host.url("/a.png")))
    kept = spec.root / "migrated-images" / stored.placement.key
    kept.write_bytes(b"spoilt")
    outcome = transfer(TransferTask(host.url("/a.png"), known=stored))
    assert (outcome.url, outcome.reason) == (host.url("/a.png"), Reason.STORE_CONFLICT)
    assert kept.read_bytes() == b"spoilt"


def test_what_goes_wrong_with_an_image_is_a_value(transfer, host):
    host.on("/gone.png", status(410))
    assert transfer(TransferTask(host.url("/gone.png"))) == Failed(
        host.url("/gone.png"), Reason.GONE, "127.0.0.1 answers 410"
    )


@pytest.mark.parametrize(
    ("met", "told"),
    [
        (MemoryError(), OutOfMemory),
        (RuntimeError("can't start new thread"), EnvironmentProblem),
        (OSError(errno.EMFILE, "Too many open files"), EnvironmentProblem),
    ],
)
def test_what_the_machine_lacks_ends_the_run_and_is_no_fault_of_the_image(
    transfer, host, met, told
):
    class Full:
        tried = 0

        def fetch(self, *_args, **_kwargs):
            self.tried += 1
            raise met

        def close(self):
            """Nothing is open."""

    transfer._thread.downloader = full = Full()
    with pytest.raises(told):
        transfer(TransferTask(host.url("/a.png")))
    assert full.tried == 1


def test_a_bug_met_by_a_question_of_our_own_ends_nothing(transfer, host):
    transfer._thread.downloader = object()
    assert transfer.peek(Probe(host.url("/a.png"))) is Reason.INTERNAL
    assert transfer.glance(TransferTask(host.url("/a.png"))) == Glance()


def test_a_worker_elsewhere_gets_the_spec_and_opens_its_own(transfer, host):
    elsewhere = Transfer(pickle.loads(pickle.dumps(replace(transfer.spec, workers=2))))
    assert isinstance(elsewhere(TransferTask(host.url("/a.png"))), Stored)
    elsewhere.close()


def test_a_setting_that_does_not_fit_is_seen_before_anything_moves(tmp_path):
    settings = Settings(
        store=StoreSettings(), safety=SafetySettings(allow_private=("10.0.0.0/99",))
    )
    with pytest.raises(ConfigError, match=r"10\.0\.0\.0/99"):
        Transfer(TransferSpec(settings, tmp_path, tmp_path / "spool")).check()


def test_a_bucket_of_a_route_says_in_plain_words_what_it_cannot_give(
    tmp_path, rclone_site, monkeypatch
):
    rclone_site.plant("a.png", image("PNG"))
    with closing(SourceBucket(rclone_site.settings, tmp_path)) as bucket:
        assert b"".join(bucket.read("a.png")) == image("PNG")
        with pytest.raises(FileNotFoundError):
            list(bucket.read("b.png"))
    monkeypatch.setenv("NOT_IT", "not-the-key")
    strangers = replace(rclone_site.settings, access_key_env="NOT_IT")
    with (
        closing(SourceBucket(strangers, tmp_path)) as bucket,
        pytest.raises(PermissionError, match=r"NOT_IT and .*, which \[route\] names"),
    ):
        list(bucket.read("a.png"))
    nowhere = replace(rclone_site.settings, endpoint="http://127.0.0.1:1")
    with pytest.raises(OSError, match=r"127\.0\.0\.1") as raised:
        list(SourceBucket(nowhere, tmp_path).read("a.png"))
    assert type(raised.value) is OSError
    with pytest.raises(ConfigError, match="route"):
        SourceBucket(replace(rclone_site.settings, provider="kodo", endpoint=""), tmp_path)


@pytest.mark.parametrize(
    ("route", "says"),
    [
        (
            RouteSettings(
                "https://a/", "s3://my-b", provider="aws", region="r", access_key_env="K1"
            ),
            "K1",
        ),
        (RouteSettings("https://a/", "s3://my-b", provider="kodo"), r"route 1\.region is missing"),
        (RouteSettings("https://a/", "file:../b"), r"route 1\.from"),
    ],
)
def test_a_route_that_cannot_work_is_seen_when_it_is_opened(tmp_path, route, says):
    with pytest.raises(ConfigError, match=says):
        Transfer(TransferSpec(Settings(route=(route,)), tmp_path, tmp_path))
