"""When to try again, and how long to wait before."""

import math
import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    wait_random_exponential,
)

from migrator.downloader.faults import Unfetched
from migrator.http_dates import http_date

_Result = TypeVar("_Result")

_backoff = wait_random_exponential(multiplier=0.5, max=8)  # seconds; full jitter
_MAX_DIGITS = 9  # of a Retry-After: more than thirty years


def patiently(
    attempt: Callable[[], _Result],
    *,
    retries: int,
    left: Callable[[], float],
    sleep: Callable[[float], None],
) -> _Result:
    """The result of ``attempt``, tried again where that is worth it and ``left()`` seconds allow.

    A wait that would outlast what is left is not begun.

    Raises:
        Unfetched: the fault of the last attempt.
    """

    def enough(state: RetryCallState) -> bool:
        return state.attempt_number > retries or state.upcoming_sleep >= left()

    retrying = Retrying(
        retry=retry_if_exception(_is_worth_it),
        stop=enough,
        wait=_wait,
        sleep=sleep,
        reraise=True,
    )
    return retrying(attempt)


def _is_worth_it(error: BaseException) -> bool:
    return isinstance(error, Unfetched) and error.again


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, Unfetched) and error.after:
        # Not all workers at the same moment.
        return error.after + random.random()  # noqa: S311 - not a secret
    return _backoff(state)


def retry_after(value: str) -> float | None:
    """Seconds from now that a Retry-After header asks for (RFC 9110, 10.2.3).

    ``None`` if it asks for nothing that can be understood.
    """
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value) if len(value) <= _MAX_DIGITS else math.inf
    moment = http_date(value)
    if moment is None:
        return None
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
