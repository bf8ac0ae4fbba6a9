"""Progress, on standard error: live bars on a terminal, a few quiet lines elsewhere.

The only module that knows rich, and it imports rich when there is a terminal to draw on.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TextIO

from migrator.events import Event, Listener, PostSkipped, StageEnded, StageStarted, Warned, ignore
from migrator.interruption import stopping
from migrator.report.by_host import HostCount
from migrator.report.escape import columns, for_terminal, keep_end
from migrator.report.quantities import counted, duration, size
from migrator.report.screen import live
from migrator.report.stage import Clock, Stage, trouble_line

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

_HEARTBEAT = 10.0  # seconds between signs of life where there is no terminal
_GLANCE = 0.5  # seconds between two looks at whether it is time for one
_STOPPING = "Stopping: what is in hand is finished. Again Ctrl-C: at once, and nothing is lost."
_HEAD = 20  # columns of a stage's name
_SHORTEST_BAR, _LONGEST_BAR = 20, 50  # columns
_MOST_HOSTS = 5  # lines
_WIDE = 60  # columns from which there is room for more than how far a host is


def listener_for(
    stream: TextIO, *, quiet: bool = False, verbose: bool = False, no_progress: bool = False
) -> AbstractContextManager[Listener]:
    """Whoever tells the user about a run on ``stream``: to be used as a context manager.

    ``quiet`` says nothing at all. ``no_progress`` says only what went wrong; so does ``verbose``
    in addition to the live display, which otherwise only counts.
    """
    if quiet:
        return nullcontext(ignore)
    if no_progress:
        return plain_progress(stream, stages=False)
    if live(stream):
        return terminal_progress(stream, verbose=verbose)
    return plain_progress(stream)


@contextmanager
def plain_progress(
    stream: TextIO, *, stages: bool = True, clock: Clock = time.monotonic
) -> Iterator[Listener]:
    """A line for each stage and for all that went wrong; now and then a sign of life.

    With ``stages`` off, only a line for what went wrong.
    """
    log = _Log(_Unbreakable(stream), clock, stages=stages)
    over = threading.Event()

    def beat() -> None:
        while not over.wait(_GLANCE):
            log.beat()

    heart = threading.Thread(target=beat, daemon=True)
    heart.start()
    try:
        yield log.listen
    finally:
        over.set()
        heart.join()
        log.end()


class _Log:
    """Writes lines; from two threads, for nothing may happen for minutes."""

    def __init__(self, output: "_Unbreakable", clock: Clock, *, stages: bool) -> None:
        self._output = output
        self._clock = clock
        self._stages = stages
        self._stage: Stage | None = None
        self._spoke = clock()
        self._said_stopping = False
        self._turn = threading.RLock()

    def listen(self, event: Event) -> None:
        """Tell of ``event`` what is to be told."""
        with self._turn:
            if isinstance(event, StageStarted | StageEnded):
                self.end()
            if isinstance(event, StageStarted):
                self._begin(event)
            elif self._stage:
                self._stage.count(event)
                self.beat()
            if said := trouble_line(event):
                self._output.line(said)

    def beat(self) -> None:
        """Give a sign of life, if it is time."""
        with self._turn:
            if stopping() and not self._said_stopping:
                self._said_stopping = True
                self._output.line(_STOPPING)
            if self._stage and self._stages and self._clock() - self._spoke >= _HEARTBEAT:
                self._output.line(self._stage.sign_of_life())
                self._spoke = self._clock()

    def end(self) -> None:
        """The stage is over, if there is one."""
        if self._stage and self._stages:
            self._output.line(self._stage.line())
        self._stage = None

    def _begin(self, event: StageStarted) -> None:
        self._stage = Stage(event.name, event.total, self._clock, event.hosts)
        self._spoke = self._clock()
        if self._stages and event.total:
            words = self._stage.words
            self._output.line(f"{words.doing}: {counted(event.total, words.noun)}")


@contextmanager
def terminal_progress(stream: TextIO, *, verbose: bool = False) -> Iterator[Listener]:
    """A live display while a stage is at work, gone when the stage or the context ends.

    Between stages the terminal is everybody's: for a question, a plan, a summary. Warnings and
    files that are left alone stay above the display; with ``verbose`` all that went wrong does.
    """
    from rich.console import Console  # noqa: PLC0415 - takes 50 ms, so only for a display
    from rich.live import Live  # noqa: PLC0415 - likewise
    from rich.text import Text  # noqa: PLC0415 - likewise

    # rich writes to any text stream; what it needs of one, _Unbreakable has.
    output: Any = _Unbreakable(stream)
    console = Console(file=output, force_terminal=True, highlight=False)
    display = _Display()
    live: Live | None = None

    def end() -> None:
        nonlocal live
        if live:
            live.stop()
        live = None

    def listen(event: Event) -> None:
        nonlocal live
        if isinstance(event, StageStarted):
            end()
            display.stages.append(Stage(event.name, event.total, time.monotonic, event.hosts))
            live = Live(
                display,
                console=console,
                transient=True,
                refresh_per_second=8,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            live.start()
        elif isinstance(event, StageEnded):
            end()
        elif live:
            display.stages[-1].count(event)
        if (verbose or isinstance(event, Warned | PostSkipped)) and (said := trouble_line(event)):
            console.print(Text(said), soft_wrap=True)

    try:
        yield listen
    finally:
        end()


@dataclass
class _Display:
    """Draws all stages for the width there is: the last one at work, those before it done."""

    stages: list[Stage] = field(default_factory=list)

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        from rich.progress_bar import ProgressBar  # noqa: PLC0415 - see terminal_progress
        from rich.text import Text  # noqa: PLC0415

        del console
        width = options.max_width - 1  # a full last column makes some terminals wrap
        stages = tuple(self.stages)  # the run goes on while this is drawn
        for stage in stages:
            at_work = stage is stages[-1]
            head = f"{stage.words.doing:{_HEAD}}{stage.progress}"
            if not at_work:
                yield Text(", ".join([head, *stage.facts()]), no_wrap=True, overflow="ellipsis")
                continue
            beside = width - len(head) - 2
            room = min(beside if beside >= _SHORTEST_BAR else width, _LONGEST_BAR)
            yield Text(head, no_wrap=True, end="  " if beside >= _SHORTEST_BAR else "\n")
            yield ProgressBar(total=stage.total, completed=stage.done, width=room)
            yield Text("")
            yield Text(", ".join(stage.facts() + stage.pace()))
            for line in _host_lines(stage, width):
                yield Text(line, no_wrap=True)
            if stopping():
                yield Text(_STOPPING)
            elif stage.current:
                yield Text(keep_end(for_terminal(stage.current), width), style="dim", no_wrap=True)


def _host_lines(stage: Stage, width: int) -> list[str]:
    """How far each host is, the slowest first; nothing where there is but one."""
    if len(stage.by_host.counts) == 1:
        return []
    elapsed = stage.elapsed
    slowest, waiting = stage.by_host.slowest(elapsed), stage.by_host.waiting(elapsed)
    shown = waiting[:_MOST_HOSTS]
    digits = max((len(f"{each.total:,}") for each in shown), default=0)
    facts = [
        f"{each.done:{digits},}/{each.total:,}"
        + "".join(f", {said}" for said in _facts(each, elapsed, short=width < _WIDE))
        + (", the slowest" if each is slowest and width >= _WIDE else "")
        for each in shown
    ]
    room = max(_SHORTEST_BAR // 2, width - 4 - max(map(len, facts), default=0))
    names = [keep_end(for_terminal(each.name), room) for each in shown]
    room = max(map(columns, names), default=0)
    lines = [
        f"  {name}{' ' * (room - columns(name))}  {said}"
        for name, said in zip(names, facts, strict=True)
    ]
    rest = len(waiting) - len(lines)
    return [*lines, f"  and {counted(rest, 'more host')}"] if rest else lines


def _facts(host: HostCount, elapsed: float, *, short: bool) -> list[str]:
    left = host.seconds_left(elapsed)
    named = (
        (host.failed and not short, f"{host.failed:,} failed"),
        (host.held and not short, f"{host.held:,} held"),
        (host.bytes and not short, f"{size(host.bytes / max(1.0, elapsed))}/s"),
        (left, f"{duration(left or 0)} left"),
    )
    return [text for is_said, text in named if is_said]


class _Unbreakable:
    """A stream whose loss (a closed pipe, a terminal that hung up) does not end the run."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.encoding = stream.encoding

    def line(self, text: str) -> None:
        self.write(text + "\n")
        self.flush()

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError:
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError:
            return

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()
