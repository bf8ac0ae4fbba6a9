"""A Dask cluster on loopback: a scheduler and workers, each a process that can be killed."""

import os
import subprocess
import sys
from contextlib import contextmanager

from distributed import Client
from rig.ports import end, free_port, wait_until_open

_QUIET = {"DASK_LOGGING__DISTRIBUTED": "critical"}


class Cluster:
    """A scheduler at ``address``, and its workers."""

    def __init__(self, folder, environment):
        self.port = free_port()
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.workers = []
        self._folder = folder
        self._environment = {**os.environ, **_QUIET, **environment}
        self._scheduler = None

    def start(self, workers, *, threads=8):
        """Start the scheduler, unless it runs, and so many workers."""
        if self._scheduler is None:
            self._scheduler = self._started("scheduler", "--port", str(self.port), "--no-show")
            wait_until_open(self.port, self._scheduler)
        options = ["--nthreads", str(threads), "--no-nanny", "--no-dashboard"]
        options += ["--local-directory", str(self._folder), "--death-timeout", "60"]
        for _ in range(workers):
            self.workers.append(self._started("worker", self.address, *options))

    def wait(self):
        """Return when every worker is known to the scheduler."""
        with Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(len(self.workers), timeout=60)

    def kill_worker(self):
        """Kill the oldest worker."""
        end(self.workers.pop(0))

    def stop(self):
        """Kill them all."""
        for each in (*self.workers, self._scheduler):
            if each:
                end(each)
        self.workers, self._scheduler = [], None

    def _started(self, kind, *arguments):
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *arguments]
        with (self._folder / f"{kind}.log").open("ab") as log:
            return subprocess.Popen(
                [*command, "--host", "127.0.0.1"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env=self._environment,
                start_new_session=True,
            )


@contextmanager
def running(folder, environment, workers, **options):
    """A cluster with its logs in ``folder``; workers have ``environment`` beside ours."""
    folder.mkdir()
    cluster = Cluster(folder, environment)
    try:
        cluster.start(workers, **options)
        yield cluster
    finally:
        cluster.stop()
