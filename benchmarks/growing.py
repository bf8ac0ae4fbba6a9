"""Large sites: one that is done already, and how time and memory grow with the number of images."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.chart import Curve, draw
from benchmarks.measuring import Contender, rounds, run
from benchmarks.results import FOLDER, Result
from benchmarks.sites import LOCAL, MIGRATOR, large

_MIGRATE = [MIGRATOR, "migrate", "posts", "--yes", "--trust-config", "--no-progress"]


@dataclass(frozen=True, slots=True)
class Grown:
    """What a site of this size took: seconds, MB."""

    images: int
    posts: int
    wall: float
    cpu: float
    memory: float
    ledger: float

    def row(self) -> str:
        """A line of the table."""
        each = 1000 * self.cpu / self.images
        return (
            f"| {self.images:,} | {self.posts:,} | {self.wall:.1f} | {self.cpu:.1f} | {each:.2f} "
            f"| {self.memory:.0f} | {self.ledger:.1f} |"
        )


def rerun(scratch: Path, number: int) -> Result:
    """A finished migration of 10,000 posts is asked for again."""
    with large(scratch, images=20_000, number=10_000, references=51_374) as (site, servers):
        run(_migration(site))
        again = [Contender("migrator migrate, once more", _MIGRATE, site, LOCAL)]
        scan = ["taskset", "-c", "0", MIGRATOR, "scan", "-q", "--summary", "posts"]
        again += [Contender("migrator scan --summary, on one processor", scan, site)]
        runs = _runs(site)
        taken = rounds(again, number, servers.pids)
        if _runs(site) != runs:
            raise RuntimeError("there was something left to do")
    title = "Nothing to do: 10,000 posts, 20,000 images, migrated before"
    return Result("rerun", title, again[1].name, taken)


def growth(scratch: Path, sizes: Sequence[int]) -> None:
    """Migrate sites of growing size, and draw what that took."""
    grown = [_grown(scratch / f"{size}", size, size) for size in sizes]
    most = max(sizes)
    others = [_grown(scratch / "one-post", most // 10, 1), _grown(scratch / "host", most // 2, 100)]
    head = (
        "| images | posts | wall s | CPU s | CPU ms an image | memory MB | ledger MB |\n"
        "|---|---|---|---|---|---|---|\n"
    )
    table = head + "".join(f"{each.row()}\n" for each in [*grown, *others])
    print(table)
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "growth.md").write_text(table)
    (FOLDER / "growth.json").write_text(json.dumps([asdict(each) for each in [*grown, *others]]))
    numbers = [each.images for each in grown]
    curves = [
        Curve("seconds", numbers, [each.wall for each in grown]),
        Curve("MB of memory", numbers, [each.memory for each in grown]),
        Curve("MB of ledger", numbers, [each.ledger for each in grown]),
    ]
    (FOLDER / "growth.svg").write_text(draw("images, and as many posts", curves))


def _grown(scratch: Path, images: int, number: int) -> Grown:
    with large(scratch, images=images, number=number, references=images) as (site, _):
        taken = run(_migration(site))
        stored = sum(1 for path in (site / "images").rglob("*") if path.is_file())
        ledger = (site / ".migrator/ledger.db").stat().st_size / 1e6
    shutil.rmtree(scratch)
    if stored != images:
        raise RuntimeError(f"{stored} of {images} images were stored")
    return Grown(images, number, taken.wall, taken.cpu, taken.memory, ledger)


def _migration(site: Path) -> Contender:
    return Contender("migrator", _MIGRATE, site, LOCAL)


def _runs(site: Path) -> int:
    listed = subprocess.run([MIGRATOR, "runs", "--json"], cwd=site, check=True, capture_output=True)
    return len(json.loads(listed.stdout))
