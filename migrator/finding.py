"""What an examination finds: values that say what, where, how bad, and the cure. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from migrator.errors import ConfigError, EnvironmentProblem, MigratorError, StoreRefused


class Area(StrEnum):
    """What a finding is about; the value is what ``doctor --json`` prints."""

    CONFIG = "config"
    STORE = "store"
    PUBLIC = "public"  # the store's public address
    HOSTS = "hosts"  # the image hosts that posts refer to
    POSTS = "posts"
    DISK = "disk"  # and the state folder on it
    ENVIRONMENT = "environment"


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


# Which exit status a problem means, and the most severe first.
_STATUS = {
    Area.CONFIG: ConfigError.exit_code,
    Area.STORE: StoreRefused.exit_code,
    Area.PUBLIC: StoreRefused.exit_code,
}
_SEVERE = (EnvironmentProblem.exit_code, StoreRefused.exit_code, ConfigError.exit_code)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found. ``status`` is the exit status it means: 0 unless a problem."""

    area: Area
    level: Level
    what: str
    where: str = ""
    cure: str = ""
    status: int = 0


def ok(area: Area, what: str, where: str = "") -> Finding:
    """Something is as it should be."""
    return Finding(area, Level.OK, what, where)


def note(area: Area, what: str, where: str = "", cure: str = "") -> Finding:
    """Something a person should know, though a run will do."""
    return Finding(area, Level.NOTE, what, where, cure)


def problem(area: Area, what: str, where: str = "", cure: str = "") -> Finding:
    """Something that keeps a run from doing what was asked."""
    status = _STATUS.get(area, EnvironmentProblem.exit_code)
    return Finding(area, Level.PROBLEM, what, where, cure, status)


def trouble(area: Area, error: MigratorError, where: str = "") -> Finding:
    """The problem that ``error`` tells of."""
    found = problem(area, str(error), where, error.hint)
    known = error.exit_code in _SEVERE
    status = error.exit_code if known else found.status
    return Finding(area, Level.PROBLEM, found.what, where, found.cure, status)


def exit_status(findings: Iterable[Finding]) -> int:
    """0 if nothing is a problem, else the most severe status of all."""
    statuses = {finding.status for finding in findings}
    return next((status for status in _SEVERE if status in statuses), 0)
