"""Progress, on standard error: live bars on a terminal, a few quiet lines elsewhere.

The only module that knows rich, and it imports rich when there is a terminal to draw on.
"""

import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TextIO

from migrator.events import Event, Listener, PostSkipped, StageEnded, StageStarted, Warned, ignore
from migrator.report.escape import for_terminal, keep_end
from migrator.report.quantities import counted, duration, size
from migrator.report.stage import Clock, Stage, trouble_line

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

_HEARTBEAT = 10.0  # seconds between signs of life where there is no terminal
_HEAD = 20  # columns of a stage's name
_SHORTEST_BAR, _LONGEST_BAR = 20, 50  # columns


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
    if stream.isatty() and os.environ.get("TERM", "") not in ("dumb", "unknown"):
        return terminal_progress(stream, verbose=verbose)
    return plain_progress(stream)


@contextmanager
def plain_progress(
    stream: TextIO, *, stages: bool = True, clock: Clock = time.monotonic
) -> Iterator[Listener]:
    """A line for each stage and for all that went wrong; now and then a sign of life.

    With ``stages`` off, only a line for what went wrong.
    """
    output = _Unbreakable(stream)
    stage: Stage | None = None
    spoke = clock()

    def end() -> None:
        nonlocal stage
        if stage and stages:
            output.line(stage.line())
        stage = None

    def listen(event: Event) -> None:
        nonlocal stage, spoke
        if isinstance(event, StageStarted | StageEnded):
            end()
        if isinstance(event, StageStarted):
            stage, spoke = Stage(event.name, event.total, clock), clock()
            if stages and stage.total:
                output.line(f"{stage.words.doing}: {counted(stage.total, stage.words.noun)}")
        elif stage:
            stage.count(event)
            if stages and clock() - spoke >= _HEARTBEAT:
                output.line(stage.line())
                spoke = clock()
        if said := trouble_line(event):
            output.line(said)

    try:
        yield listen
    finally:
        end()


@contextmanager
def terminal_progress(
    stream: TextIO, *, verbose: bool = False, clock: Clock = time.monotonic
) -> Iterator[Listener]:
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
            display.stages.append(Stage(event.name, event.total, clock))
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
            facts = stage.facts()
            if stage.bytes:
                facts.append(f"{size(stage.rate)}/s")
            if (left := stage.seconds_left) is not None:
                facts.append(f"{duration(left)} left")
            yield Text(", ".join(facts))
            yield Text(keep_end(for_terminal(stage.current), width), style="dim", no_wrap=True)


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
