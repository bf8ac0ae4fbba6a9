"""How far a stage is at each host, and which of them keeps it waiting. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from migrator.model import Failed, Held, Outcome, Stored
from migrator.served import NotModified
from migrator.urls import host

_ESTIMATE_AFTER = 3.0  # seconds before which an estimate would be a guess
_WORTH_NAMING = 10.0  # seconds for which a run may wait without anybody asking why
_ALONE = 2  # times as long as any other host: whoever takes that is what all wait for


@dataclass(slots=True)
class HostCount:
    """What came of one host's images so far; ``bytes`` are of those that were fetched."""

    name: str
    total: int
    done: int = 0
    failed: int = 0
    held: int = 0
    bytes: int = 0

    def seconds_left(self, elapsed: float) -> float | None:
        """An estimate after ``elapsed`` seconds; ``None`` where there is no ground for one."""
        if self.done >= self.total:
            return 0.0
        if not self.done or elapsed < _ESTIMATE_AFTER:
            return None
        return elapsed * (self.total - self.done) / self.done


@dataclass(slots=True)
class ByHost:
    """All hosts of a stage."""

    counts: dict[str, HostCount] = field(default_factory=dict)

    @classmethod
    def of(cls, totals: Mapping[str, int]) -> "ByHost":
        """A stage with so many images of each host ahead of it."""
        return cls({name: HostCount(name, total) for name, total in totals.items()})

    def count(self, outcome: Outcome | NotModified) -> None:
        """Take note of what came of an image."""
        of_host = self.counts.get(host(outcome.url) or "")
        if of_host is None:
            return
        of_host.done += 1
        of_host.failed += isinstance(outcome, Failed)
        of_host.held += isinstance(outcome, Held)
        if isinstance(outcome, Stored) and not outcome.reused:
            of_host.bytes += outcome.asset.size

    def asked(self, url: str) -> None:
        """Take note of a question about the image at ``url``."""
        if of_host := self.counts.get(host(url) or ""):
            of_host.done += 1

    def waiting(self, elapsed: float) -> list[HostCount]:
        """The hosts that are not done, the slowest first."""

        def rank(each: HostCount) -> tuple[float, int]:
            left = each.seconds_left(elapsed)
            return (-(float("inf") if left is None else left), each.done - each.total)

        return sorted((each for each in self.counts.values() if each.done < each.total), key=rank)

    def seconds_left(self, elapsed: float) -> float | None:
        """How long the slowest host will take, as far as there is ground to say."""
        known = (each.seconds_left(elapsed) for each in self.counts.values())
        return max(filter(None, known), default=None)

    def slowest(self, elapsed: float) -> HostCount | None:
        """The host that all else will wait for, if there is such a one among several."""
        if len(self.counts) == 1 or elapsed < _ESTIMATE_AFTER:
            return None
        first, second, *_ = [*self.waiting(elapsed), None, None]
        if first is None:
            return None
        left, next_left = (each.seconds_left(elapsed) if each else 0.0 for each in (first, second))
        if left is None:  # nothing came of it at all
            return first if next_left is not None else None
        return first if left >= _WORTH_NAMING and left >= _ALONE * (next_left or 0.0) else None
