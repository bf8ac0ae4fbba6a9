"""Runs a check so that neither a failure nor a silence of it ends the examination."""

import threading
from collections.abc import Callable, Generator, Iterator

from migrator.errors import MigratorError
from migrator.finding import Area, Finding, problem, trouble
from migrator.redact import redact
from migrator.uploader import StoreError

Check = Callable[[], Iterator[Finding]]

_TO_CLEAN_UP = 10.0  # seconds that a check gets to take its traces away once it is asked to end
_LEFT = {Area.STORE: " A tiny image of ours may be left there, below your prefix."}


def guarded(area: Area, name: str, check: Check, seconds: float) -> list[Finding]:
    """What ``check`` finds within ``seconds``; that it failed or took longer is a finding, too.

    A check that is cut off, by time or by Ctrl-C, is closed where it stands, so its ``finally``
    takes away what it made.
    """
    found: list[Finding] = []
    over, stopped = threading.Event(), threading.Event()

    def run() -> None:
        findings = check()
        try:
            for finding in findings:
                found.append(finding)
                if stopped.is_set():
                    return
        except Exception as error:  # noqa: BLE001 - a check that fails is a finding
            found.append(failed(area, name, error))
        finally:
            if isinstance(findings, Generator):
                findings.close()
            over.set()

    thread = threading.Thread(target=run, name=f"doctor-{area}", daemon=True)
    thread.start()
    in_time = False
    try:
        in_time = over.wait(seconds)
    finally:
        if not in_time:
            stopped.set()
            thread.join(_TO_CLEAN_UP)
    results = list(found)
    if not in_time:
        left = "" if not thread.is_alive() else _LEFT.get(area, "")
        cure = f"Look at your connection and at the address, then run migrator doctor again.{left}"
        results.append(problem(area, f"no end after {seconds:.0f} seconds", name, cure))
    return results


def failed(area: Area, name: str, error: Exception) -> Finding:
    """What the failure of a check means to a person."""
    if isinstance(error, MigratorError):
        return trouble(area, error, name)
    if isinstance(error, StoreError):
        return problem(area, redact(error.detail), name, "Look at your connection; try again.")
    if isinstance(error, OSError):
        words = error.strerror or str(error)
        return problem(area, f"{error.filename or name}: {words}", name)
    said = redact(f"{type(error).__name__}: {error}")
    return problem(area, f"this check itself failed ({said})", name, "This is a bug of ours.")
