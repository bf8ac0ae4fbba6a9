"""Asks a cluster as the program does, in a process of its own: clients of Dask leave sockets open.

``dask_trial.py SCHEDULER FOLDER``: prints what every worker opened, and what is told of work.
"""

import json
import os
import sys
from contextlib import closing
from pathlib import Path

from migrator.config import Settings
from migrator.engines import worker
from migrator.engines.dask import Cluster
from migrator.transfer import Transfer, TransferSpec


def opened(_task):
    return [dict(each.spec.trials) for each in worker._open.values()]


def die(_task):
    os._exit(1)


def fail(_task):
    return 1 / 0


if __name__ == "__main__":
    address, folder = sys.argv[1:]
    spec = TransferSpec(Settings(), Path(folder), Path(folder) / "spool")
    trials = {"a store": True}
    with closing(Transfer(spec)) as transfer, closing(Cluster(address)) as engine:
        engine.check(transfer, trials)
        with engine.hands(transfer, trials) as hands:
            said = {
                "in_flight": hands.in_flight,
                "opened": hands.executor.submit(opened, 1).result(30),
                "failed": type(hands.executor.submit(fail, 1).exception(30)).__name__,
                "died": type(hands.executor.submit(die, 1).exception(60)).__name__,
            }
    print(json.dumps(said))
