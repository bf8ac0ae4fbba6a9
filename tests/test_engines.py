import pytest

from migrator.config import MirrorSettings, RouteSettings, Settings, StoreSettings
from migrator.engines import InProcesses, Threads, engine_named, must_reach
from migrator.engines.dask import Cluster
from migrator.errors import UsageError
from migrator.parallel import processors

BUCKET = StoreSettings(type="s3", bucket="blog")


@pytest.mark.parametrize(
    ("name", "engine"),
    [
        ("", Threads()),
        ("threads", Threads()),
        ("processes", InProcesses(min(4, processors()))),
        ("processes:3", InProcesses(3)),
    ],
)
def test_an_engine_has_a_name(name, engine):
    assert engine_named(name) == engine
    assert not engine.elsewhere


def test_a_cluster_has_an_address():
    engine = engine_named("dask:tcp://127.0.0.1:8786")
    assert isinstance(engine, Cluster)
    assert engine.elsewhere


@pytest.mark.parametrize(
    "name",
    [
        "thread",
        "threads:2",
        "processes:0",
        "processes:x",
        "processes:65",
        "processes:-1",
        "dask",
        "dask:127.0.0.1:8786",
        "dask:http://127.0.0.1",
        "tcp://127.0.0.1:8786",
        "²",
    ],
)
def test_any_other_name_is_refused_with_those_that_there_are(name):
    with pytest.raises(UsageError) as refused:
        engine_named(name)
    assert name in str(refused.value)
    assert "processes:N" in refused.value.hint


@pytest.mark.parametrize(
    ("settings", "local", "names"),
    [
        (Settings(), False, "[store]"),
        (
            Settings(store=BUCKET, mirror=(MirrorSettings(type="local", path="x"),)),
            False,
            "[[mirror]]",
        ),
        (Settings(store=BUCKET), True, "--local"),
        (
            Settings(store=BUCKET, route=(RouteSettings("https://a/", "file:dump/"),)),
            False,
            "file:dump/",
        ),
    ],
)
def test_folders_of_this_machine_are_not_there_elsewhere(settings, local, names):
    with pytest.raises(UsageError, match="folders of this machine") as refused:
        must_reach(settings, local=local)
    assert names in str(refused.value)


def test_buckets_and_hosts_are_there_for_all():
    route = RouteSettings("https://a/", "s3://bucket/x")
    must_reach(
        Settings(store=BUCKET, route=(route, RouteSettings("https://b/", "https://c/"))),
        local=False,
    )
