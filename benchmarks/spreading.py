"""How much more the workers of a cluster move where the network is slow, and what they cost us.

Scheduler and workers are processes of this machine. Each request waits so long that processors have
little to do: what is seen is how work is spread, not how fast this machine is.
"""

from pathlib import Path
from statistics import median

from rig import cluster

from benchmarks.chart import Curve, draw
from benchmarks.measuring import Taken, run
from benchmarks.move import Arena, Conditions, Job, template
from benchmarks.results import FOLDER, Result
from benchmarks.servers import running
from benchmarks.sites import Corpus

_NUMBERS = (1, 2, 4)  # workers
_THREADS = 4  # of each
_DELAY = 0.2  # seconds
_JOB = Job("spread", "400 images into a bucket", 40, 400, 400, "")


def spread(corpus: Corpus, scratch: Path, number: int) -> Result:
    """The same images by one, two and four workers, in turn; ``number`` rounds."""
    where = Conditions("rclone", _DELAY, _THREADS * max(_NUMBERS) * 2)
    taken: dict[str, list[Taken]] = {}
    folder = scratch / "servers"
    with running(folder, corpus.pictures, store=where.store, delay=_DELAY) as servers:
        arena = Arena(
            _JOB, servers, template(_JOB, where, servers, scratch / "template"), scratch / "work"
        )
        keys = servers.store.environment
        for turn in range(number):
            for workers in _NUMBERS:
                home = scratch / f"dask-{turn}-{workers}"
                environment = {"MIGRATOR_ALLOW_PRIVATE": "127.0.0.0/8", **keys}
                with cluster.running(home, environment, workers, threads=_THREADS) as dask:
                    dask.wait()
                    name = f"{workers} worker{'s' if workers > 1 else ''}"
                    contender = arena.migrator(name, executor=f"dask:{dask.address}")
                    contender.prepare()
                    taken.setdefault(name, []).append(run(contender))
                    contender.check()
    one, *_, most = (median(each.wall for each in runs) for runs in taken.values())
    cpu = min(each.cpu for runs in taken.values() for each in runs) * 1000 / _JOB.images
    notes = [
        f"{max(_NUMBERS)} workers move {one / most:.2f} times as much in a second as one.",
        f"Each has {_THREADS} threads; whole commands, from start to end.",
        f"The command itself, which moves no image, takes {cpu:.2f} ms of CPU an image at best.",
    ]
    speeds = [_JOB.images / median(each.wall for each in runs) for runs in taken.values()]
    FOLDER.mkdir(parents=True, exist_ok=True)
    drawn = draw("workers", [Curve("images a second", _NUMBERS, speeds)])
    (FOLDER / "spread.svg").write_text(drawn)
    title = f"{_JOB.title}, over a Dask cluster; {where}"
    return Result("spread", title, "1 worker", taken, notes)
