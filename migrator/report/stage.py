"""What a stage of a run has done so far, and what to say of it. Pure."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from migrator.events import (
    Event,
    Examining,
    HostChecked,
    ImageDone,
    ObjectRead,
    PostDone,
    PostScanned,
    PostSkipped,
    SizeAsked,
    ThumbnailDone,
    Warned,
)
from migrator.model import Failed, Held, Stored
from migrator.reasons import Reason
from migrator.redact import redact
from migrator.report.by_host import ByHost, HostCount
from migrator.report.escape import for_terminal, short_url
from migrator.report.quantities import counted, duration, size

Clock = Callable[[], float]

_RATE_WINDOW = 10.0  # seconds over which the rate is taken
_ESTIMATE_AFTER = 3.0  # seconds before which an estimate would be a guess
_URL_WIDTH = 120


@dataclass(frozen=True, slots=True)
class _Words:
    """How a stage is called, and what it counts."""

    doing: str
    noun: str
    did: str = "moved"


_WORDS = {
    "scan": _Words("Reading posts", "post"),
    "sizes": _Words("Asking for sizes", "image"),
    "transfer": _Words("Moving images", "image"),
    "backup": _Words("Looking at images", "image", "copied"),
    "check": _Words("Checking hosts", "request"),
    "rewrite": _Words("Updating posts", "post"),
    "doctor": _Words("Examining", "part"),
    "verify": _Words("Reading copies", "object"),
    "thumbnails": _Words("Making thumbnails", "image"),
    "rollback": _Words("Putting posts back", "post"),
}


class Stage:
    """What one stage has done so far. One thread counts, another may draw."""

    def __init__(
        self,
        name: str,
        total: int | None,
        clock: Clock,
        hosts: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self.words = _WORDS.get(name, _Words(name.capitalize(), "step"))
        self.total = total
        self.by_host = ByHost.of(hosts)
        self.current = ""
        self.done = self.stored = self.held = self.failed = self.left = self.bytes = 0
        self._clock = clock
        self._start = clock()
        self._recent = deque([(self._start, 0)])

    def count(self, event: Event) -> None:
        """Take note of ``event``."""
        match event:
            case PostScanned(name):
                self.current = name
            case PostSkipped(post):
                self.current = post.name
                self.left += 1
            case PostDone(name, _, reason):
                self.current = name
                self.left += reason is not None
            case Examining(what):
                self.current = what
            case ImageDone(outcome):
                self.by_host.count(outcome)
                self.stored += isinstance(outcome, Stored)
                self.held += isinstance(outcome, Held)
                self.failed += isinstance(outcome, Failed)
                if isinstance(outcome, Stored) and not outcome.reused:
                    self._add(outcome.asset.size)
            case ObjectRead(size=number):
                self._add(number)
            case SizeAsked(url):
                self.by_host.asked(url)
            case HostChecked() | ThumbnailDone():
                pass
            case _:
                return
        self.done += 1

    def _add(self, number: int) -> None:
        self.bytes += number
        now = self._clock()
        self._recent.append((now, self.bytes))
        while len(self._recent) > 1 and now - self._recent[1][0] > _RATE_WINDOW:
            self._recent.popleft()

    @property
    def elapsed(self) -> float:
        """Seconds since the stage began."""
        return self._clock() - self._start

    @property
    def rate(self) -> float:
        """Bytes per second of late."""
        since, then = self._recent[0]
        return (self.bytes - then) / max(1.0, self._clock() - since)

    @property
    def seconds_left(self) -> float | None:
        """An estimate, where there is ground for one."""
        elapsed = self.elapsed
        if not self.total or not self.done or elapsed < _ESTIMATE_AFTER:
            return None
        together = elapsed * (self.total - self.done) / self.done
        return max(together, self.by_host.seconds_left(elapsed) or 0.0)

    @property
    def progress(self) -> str:
        """The count, and of how many."""
        if not self.total:
            return f"{self.done:,}"
        total = f"{self.total:,}"
        return f"{self.done:{len(total)},}/{total}"

    def facts(self) -> list[str]:
        """What happened besides the count, the most telling first."""
        named = (
            (self.stored and self.done != self.stored, f"{self.stored:,} {self.words.did}"),
            (self.failed, f"{self.failed:,} failed"),
            (self.held, f"{self.held:,} held"),
            (self.left, f"{self.left:,} left alone"),
            (self.bytes, size(self.bytes)),
        )
        return [text for number, text in named if number]

    def pace(self) -> list[str]:
        """How fast it goes of late, and how long it will take."""
        left = self.seconds_left
        named = (
            (self.bytes, f"{size(self.rate)}/s"),
            (left, f"{duration(left or 0)} left"),
        )
        return [text for number, text in named if number]

    def line(self) -> str:
        """All that was done, in one line."""
        total = f" of {self.total:,}" if self.total and self.done != self.total else ""
        noun = counted(self.total or self.done, self.words.noun).rpartition(" ")[2]
        return ", ".join([f"{self.words.doing}: {self.done:,}{total} {noun} done", *self.facts()])

    def sign_of_life(self) -> str:
        """The same while it goes on, with its pace and the host that all wait for."""
        line = ", ".join([self.line(), *self.pace()])
        slowest = self.by_host.slowest(self.elapsed)
        return line + (f"; waiting for {_progress(slowest)}" if slowest else "")


def _progress(host: HostCount) -> str:
    return f"{for_terminal(host.name)} ({host.done:,} of {host.total:,})"


def trouble_line(event: Event) -> str:
    """One line about what a person should know at once, ready for a terminal, or nothing."""
    match event:
        case ImageDone(Failed(url, reason, detail)):
            return f"failed: {short_url(url, _URL_WIDTH)}: {_why(reason.words, detail)}"
        case ImageDone(Held(url, reason, detail)):
            return f"held: {short_url(url, _URL_WIDTH)}: {_why(reason.words, detail)}"
        case PostSkipped(post) if post.reason is not Reason.OPT_OUT:
            return f"left alone: {for_terminal(post.name)}: {_why(post.reason.words, post.detail)}"
        case PostDone(name, _, reason, detail) if reason is not None:
            return f"left alone: {for_terminal(name)}: {_why(reason.words, detail)}"
        case Warned(text):
            return f"note: {for_terminal(redact(text))}"
        case _:
            return ""


def _why(words: str, detail: str) -> str:
    return f"{words} ({for_terminal(redact(detail))})" if detail else words
