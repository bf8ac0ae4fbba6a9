"""What was measured, as a table for people and as JSON."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.measuring import Taken, ratio

FOLDER = Path("build/benchmarks")
_HEAD = (
    "| | wall s (min-max) | ratio | CPU s | servers' CPU s | memory MB |\n|---|---|---|---|---|---|"
)


@dataclass(frozen=True, slots=True)
class Result:
    """The runs of one comparison; ``reference`` is the name of what the others are held against."""

    name: str
    title: str
    reference: str
    taken: dict[str, list[Taken]]
    notes: Sequence[str] = ()

    def table(self) -> str:
        """The medians, with the spread of the wall clock; the quickest first."""
        rows = sorted(
            self.taken, key=lambda name: statistics.median(t.wall for t in self.taken[name])
        )
        number = len(self.taken[self.reference])
        lines = [f"{self.title} ({number} interleaved rounds)", "", _HEAD]
        lines += [self._row(name) for name in rows]
        return "\n".join([*lines, "", *(f"* {note}" for note in self.notes)]).rstrip() + "\n"

    def save(self) -> None:
        """Print the table and keep it, with every single run."""
        FOLDER.mkdir(parents=True, exist_ok=True)
        print(self.table())
        (FOLDER / f"{self.name}.md").write_text(self.table())
        (FOLDER / f"{self.name}.json").write_text(json.dumps(asdict(self), indent=1) + "\n")

    def _row(self, name: str) -> str:
        taken = self.taken[name]
        walls = sorted(one.wall for one in taken)
        cells = [
            f"{_seconds(statistics.median(walls))} ({_seconds(walls[0])}-{_seconds(walls[-1])})",
            f"{ratio(taken, self.taken[self.reference]):.2f}",
            _seconds(statistics.median(one.cpu for one in taken)),
            _seconds(statistics.median(one.servers_cpu for one in taken)),
            f"{statistics.median(one.memory for one in taken):.0f}",
        ]
        return f"| {name} | {' | '.join(cells)} |"


def _seconds(value: float) -> str:
    return f"{value:.2f}" if value == 0 or value >= 1 else f"{value:.3f}"
