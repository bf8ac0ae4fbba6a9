import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from rig import cluster, dask_trial

from migrator.config import Settings
from migrator.engines.dask import Cluster
from migrator.errors import EnvironmentProblem
from migrator.transfer import Transfer, TransferSpec


def test_workers_know_what_was_found_out_and_what_one_had_is_lost_with_it(tmp_path):
    here = {"PYTHONPATH": str(Path(dask_trial.__file__).parents[1])}
    with cluster.running(tmp_path / "dask", here, 6, threads=2) as dask:
        dask.wait()  # who comes after the check has opened nothing yet
        command = [sys.executable, dask_trial.__file__, dask.address, tmp_path]
        done = subprocess.run(command, capture_output=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr.decode()
    said = json.loads(done.stdout)
    assert said["in_flight"] == 6 * 4
    assert said["opened"] == [{"a store": True}]
    assert (said["failed"], said["died"]) == ("ZeroDivisionError", "WorkLost")


def test_nobody_there_is_told(tmp_path):
    spec = TransferSpec(Settings(), tmp_path, tmp_path / "spool")
    engine = Cluster("tcp://127.0.0.1:1")
    with (
        closing(Transfer(spec)) as transfer,
        closing(engine),
        pytest.raises(EnvironmentProblem, match=r"tcp://127\.0\.0\.1:1"),
    ):
        engine.check(transfer, {})
