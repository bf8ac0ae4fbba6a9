"""How politely hosts are asked: not too often, not while they want peace, not in vain.

One object for all threads of a process. What it knows of a host lasts for one run.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from migrator import urls
from migrator.config import Settings
from migrator.downloader.addresses import parse_exemptions
from migrator.downloader.faults import Unfetched
from migrator.reasons import Reason

LONGEST_WAIT = 300.0  # seconds of peace that are waited for
UNSAID_WAIT = 5.0  # seconds of peace for a host that is asked too often and does not say how long
FAILURES = 10  # in a row: then the host is not asked again in this run

_EPSILON = 1e-6  # seconds; clocks are floating point numbers
_NONE = (0, Reason.INTERNAL)
# Faults of a host as a whole. What a healthy host says about one image is none.
_OF_THE_HOST = frozenset(
    {
        Reason.DNS,
        Reason.CONNECT,
        Reason.TLS,
        Reason.TIMEOUT,
        Reason.SERVER_ERROR,
        Reason.RATE_LIMITED,
        Reason.PROTOCOL,
    }
)


@dataclass(slots=True)
class _Pace:
    """When a host may be asked next, on the clock of `Manners`."""

    full: float = 0.0  # the moment at which the host may again be asked for a second's worth
    peace: float = 0.0  # the moment until which it wants peace


class Manners:
    """Lets requests through, or makes them wait.

    ``rate_of`` is how many requests a second a host may get, 0 for any number. A host that was idle
    may get the requests of one second at once. An origin is ``SCHEME://HOST[:PORT]``: those of one
    host are asked at one pace, but fail each for itself.
    """

    def __init__(
        self,
        rate_of: Callable[[str], float] = lambda _: 0.0,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rate_of = rate_of
        self._now = now
        self._sleep = sleep
        self._lock = threading.Lock()
        self._paces: dict[str, _Pace] = {}
        self._failures: dict[str, tuple[int, Reason]] = {}  # how many in a row, and the last

    def wait_turn(self, origin: str, left: Callable[[], float]) -> None:
        """Return when ``origin`` may be asked; ``left()`` says how many seconds remain for it.

        Raises:
            Unfetched: it must not be asked in this run, or not within the time that is left.
        """
        host = urls.host(origin) or ""
        rate = self._rate_of(host)
        while True:
            with self._lock:
                failures, last = self._failures.get(origin, _NONE)
                if failures >= FAILURES:
                    given_up = _paused(f"{origin} failed {failures} times in a row: {last.words}")
                    given_up.cause = last
                    raise given_up
                wait = self._take(host, rate)
            if wait <= 0:
                return
            if wait >= min(left(), LONGEST_WAIT):
                raise _paused(f"{host} may not be asked for another {wait:.0f} seconds")
            self._sleep(wait)

    def _take(self, host: str, rate: float) -> float:
        """Take a turn, or return the seconds until there may be one."""
        pace, now = self._paces.setdefault(host, _Pace()), self._now()
        if pace.peace > now:
            return pace.peace - now
        if rate > 0:
            # A bucket of tokens, told by the moment at which it will be full again.
            full = max(pace.full, now) + 1 / rate
            room = max(1.0, 1 / rate)  # seconds until an empty bucket is full
            if full - now > room + _EPSILON:
                return full - now - room
            pace.full = full
        return 0.0

    def leave_in_peace(self, origin: str, seconds: float | None) -> None:
        """Let nobody ask the host of ``origin`` for so long; ``None`` if it did not say."""
        seconds = UNSAID_WAIT if seconds is None else seconds
        with self._lock:
            pace = self._paces.setdefault(urls.host(origin) or "", _Pace())
            pace.peace = max(pace.peace, self._now() + seconds)

    def answered(self, origin: str) -> None:
        """Note that the host does its work."""
        with self._lock:
            self._failures.pop(origin, None)

    def failed(self, fault: Unfetched) -> None:
        """Note why an image could not be fetched, all attempts included."""
        if not fault.origin or fault.reason is Reason.HOST_PAUSED:
            return
        if fault.reason not in _OF_THE_HOST:
            self.answered(fault.origin)
            return
        with self._lock:
            failures, _ = self._failures.get(fault.origin, _NONE)
            self._failures[fault.origin] = failures + 1, fault.reason


def rates(
    settings: Settings,
    rate_for: Callable[[str], float | None] = lambda _: None,
    *,
    workers: int = 1,
) -> Callable[[str], float]:
    """How many requests a second a host may get, by what the user set.

    ``rate_for`` is what was set for that host alone, ``None`` if nothing was. The user's own hosts
    are asked at any rate: those in the user's network, and the public address of a store. So many
    ``workers`` that do not see each other share it.
    """
    exemptions = parse_exemptions(settings.safety.allow_private)
    stores = {urls.host(store.public_url) for store in (settings.store, *settings.mirror)}

    def rate_of(host: str) -> float:
        rate = rate_for(host)
        if rate is None:
            own = host in stores or any(exemption.names(host) for exemption in exemptions)
            rate = 0.0 if own else settings.download.rate
        return rate / workers

    return rate_of


def _paused(detail: str) -> Unfetched:
    return Unfetched(Reason.HOST_PAUSED, detail, again=False)
