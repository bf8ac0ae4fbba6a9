"""When to try again, and how long to wait before."""

import math
import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from migrator.downloader.faults import Unfetched
from migrator.http_dates import http_date

if TYPE_CHECKING:
    from tenacity import RetryCallState

_Result = TypeVar("_Result")

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
    try:
        return attempt()
    except Unfetched as fault:
        if not _is_worth_it(fault):
            raise
        failed = [fault]

    from tenacity import (  # noqa: PLC0415 - brings asyncio, and most images come at once
        Retrying,
        retry_if_exception,
        wait_random_exponential,
    )

    backoff = wait_random_exponential(multiplier=0.5, max=8)  # seconds; full jitter

    def enough(state: "RetryCallState") -> bool:
        return state.attempt_number > retries or state.upcoming_sleep >= left()

    def wait(state: "RetryCallState") -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, Unfetched) and error.after:
            # Not all workers at the same moment.
            return error.after + random.random()  # noqa: S311 - not a secret
        return backoff(state)

    def attempts() -> _Result:
        if failed:
            raise failed.pop()
        return attempt()

    return Retrying(
        retry=retry_if_exception(_is_worth_it),
        stop=enough,
        wait=wait,
        sleep=sleep,
        reraise=True,
    )(attempts)


def _is_worth_it(error: BaseException) -> bool:
    return isinstance(error, Unfetched) and error.again


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
