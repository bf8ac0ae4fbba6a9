import os
from dataclasses import replace

import pytest
from rig.hosts import Host, answer
from rig.images import image

from migrator import __version__
from migrator.config import SafetySettings, Settings, StoreSettings
from migrator.engines import worker
from migrator.engines.worker import Job
from migrator.model import Stored, TransferTask
from migrator.transfer import TransferSpec


@pytest.fixture
def host():
    with Host() as host:
        host.on("/a.png", answer(image("PNG")))
        yield host


@pytest.fixture
def spec(tmp_path, host):
    (tmp_path / "spool").mkdir()
    settings = Settings(safety=SafetySettings(allow_private=(host.authority,)))
    return TransferSpec(settings, tmp_path, tmp_path / "spool")


@pytest.fixture(autouse=True)
def _nothing_left():
    yield
    for transfer in worker._open.values():
        transfer.close()
    worker._open.clear()


def test_a_job_opens_what_it_needs_once(spec, host):
    job = Job(spec)
    assert job.check(__version__) == ()
    for _ in range(2):
        assert isinstance(job(TransferTask(host.url("/a.png"))), Stored)
    assert list(worker._open) == [job.name]


def test_elsewhere_it_makes_a_spool_of_its_own_which_ends_with_it(spec, host):
    job = Job(spec, elsewhere=True)
    assert job.check(__version__) == ()
    assert isinstance(job(TransferTask(host.url("/a.png"))), Stored)
    transfer = worker._open.pop(job.name)
    folder = transfer.spec.spool
    assert folder.is_dir()
    assert folder != spec.spool
    transfer.close()
    del transfer
    assert not folder.exists()


def test_a_worker_keeps_the_connections_of_a_few_jobs_only(spec):
    jobs = [Job(spec) for _ in range(20)]
    for job in jobs:
        assert job.check(__version__) == ()
    assert list(worker._open) == [job.name for job in jobs[-8:]]


def test_what_keeps_it_from_the_job_is_told(spec):
    other, cure = Job(spec).check("0.0")
    assert __version__ in other
    assert "same version" in cure
    store = StoreSettings(
        type="s3",
        provider="custom",
        bucket="blog",
        region="us-east-1",
        endpoint="http://127.0.0.1:1",
        access_key_env="NOT_SET_HERE",
        secret_key_env="NOT_SET_HERE",
    )
    elsewhere = replace(spec, settings=replace(spec.settings, store=store))
    assert "NOT_SET_HERE" not in os.environ
    problem, cure = Job(elsewhere).check(__version__)
    assert "NOT_SET_HERE" in problem + cure
