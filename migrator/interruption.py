"""Signals that ask a run to end: the first lets it end well, the second ends it at once."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from migrator.errors import Interrupted

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop:
    """Whether a signal has asked the run to end. A run looks at it between two steps.

    What has a limit of ``seconds`` is also to end when they are over, but then not as an error.
    """

    def __init__(self, seconds: float = float("inf")) -> None:
        self.signal: int | None = None
        self._until = time.monotonic() + seconds

    @property
    def came(self) -> bool:
        """Whether it is time to end."""
        return self.signal is not None or time.monotonic() > self._until

    def check(self) -> None:
        """Raise ``Interrupted`` if a signal came."""
        if self.signal is not None:
            raise Interrupted(self.signal)


_listening: list[Stop] = []  # signals belong to the process, and so does who hears them


def raise_on_signals() -> None:
    """Let SIGTERM and SIGHUP raise ``Interrupted``, and SIGINT ``KeyboardInterrupt``.

    For the time in which nothing is being changed: files are closed and locks freed on the way out.
    """

    def handle(number: int, _frame: FrameType | None) -> None:
        raise between_runs(number)

    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            wanted = signal.default_int_handler if number == signal.SIGINT else handle
            signal.signal(number, wanted)


def hear_no_more() -> None:
    """Ignore signals from now on: the end is decided, and one more must not give it another."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def between_runs(number: int) -> Interrupted:
    """What a signal means while nothing is being changed."""
    hint = "Nothing was being changed. What was done before: migrator report"
    return Interrupted(number, hint)


def stopping() -> bool:
    """Whether a signal came to a run that listens, and now finishes what it has in hand."""
    return any(stop.signal is not None for stop in _listening)


@contextmanager
def listening() -> Iterator[Stop]:
    """Catch the first signal for the run to look at; a second one ends the process at once.

    Ending at once is safe: it is what kill -9 does, and recovery settles what was in hand.
    A signal that our parent has us ignore (``nohup``) stays ignored.
    """
    stop = Stop()

    def handle(number: int, _frame: FrameType | None) -> None:
        if stop.signal is not None:
            os._exit(128 + number)
        stop.signal = number

    wanted = [each for each in _SIGNALS if signal.getsignal(each) is not signal.SIG_IGN]
    before = {number: signal.signal(number, handle) for number in wanted}
    _listening.append(stop)
    try:
        yield stop
    finally:
        _listening.remove(stop)
        for number, handler in before.items():
            signal.signal(number, handler)
