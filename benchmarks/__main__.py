"""``make bench``: measures and writes tables to ``build/benchmarks``. See ``README.md``."""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import growing, looking, move, nightly, servers, spreading
from benchmarks.move import Conditions
from benchmarks.sites import Corpus

_MEMORY = Path("/dev/shm")
_LATENCY = 0.03  # seconds


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("what", nargs="*", help=f"of {', '.join(_ALL)}; by default all")
    parser.add_argument("--rounds", type=int, default=5, help="how often each command runs")
    parser.add_argument("--scratch", type=Path, help="a folder to work in; by default in memory")
    parser.add_argument("--store", choices=("rclone", "ceph"), action="append")
    parser.add_argument("--delay", type=int, action="append", help="ms added to each request")
    parser.add_argument(
        "--checks",
        action="store_true",
        help="move, end-to-end: also with every image decoded, with every public address checked",
    )
    parser.add_argument("--workers", type=int, help="how many Migrator is configured with")
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000], help="growth: of sites"
    )
    asked = parser.parse_args()
    unknown = set(asked.what) - set(_ALL)
    if unknown:
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(_ALL)}")
    home = asked.scratch or (_MEMORY if _MEMORY.is_dir() else Path(tempfile.gettempdir()))
    corpus = Corpus(home / "migrator-benchmark-corpus")
    corpus.make()
    for name in asked.what or _ALL:
        scratch = Path(tempfile.mkdtemp(prefix="migrator-benchmark-", dir=home))
        try:
            _ALL[name](asked, corpus, scratch)
        finally:
            shutil.rmtree(scratch)


def _moving(job: move.Job) -> Callable[[argparse.Namespace, Corpus, Path], None]:
    def run(asked: argparse.Namespace, corpus: Corpus, scratch: Path) -> None:
        for store in asked.store or ("rclone", "ceph"):
            for milliseconds in (0, 30) if asked.delay is None else asked.delay:
                delay = milliseconds / 1000
                if reason := servers.why_not(store, delay):
                    sys.exit(reason)
                workers = asked.workers or (64 if delay else 32)  # 32, as the peers have
                where = Conditions(store, delay, workers)
                folder = scratch / f"{store}-{milliseconds}"
                folder.mkdir()
                checks = asked.checks
                move.compare(job, where, corpus, folder, asked.rounds, checks=checks).save()
                shutil.rmtree(folder)

    return run


_ALL: dict[str, Callable[[argparse.Namespace, Corpus, Path], None]] = {
    "start": lambda asked, _, scratch: looking.start(scratch, asked.rounds).save(),
    "scan": lambda asked, corpus, scratch: looking.scan(corpus, scratch, asked.rounds).save(),
    "rerun": lambda asked, _, scratch: growing.rerun(scratch, asked.rounds).save(),
    "nightly": lambda asked, _, scratch: nightly.nightly(scratch, asked.rounds).save(),
    "move": _moving(move.MOVE),
    "end-to-end": _moving(move.END_TO_END),
    "spread": lambda asked, corpus, scratch: spreading.spread(corpus, scratch, asked.rounds).save(),
    "growth": lambda asked, _, scratch: growing.growth(scratch, asked.sizes),
}


if __name__ == "__main__":
    main()
