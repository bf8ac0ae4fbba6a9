"""What a timer is: which command, for which site, when, and with what environment. Pure."""

import hashlib
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from migrator.config import RouteSettings, StoreSettings
from migrator.errors import UsageError

_NAME = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class Timer:
    """`migrator backup` of the site at ``root``, every day at ``hour``:``minute``.

    ``arguments`` are those of ``python -m migrator``, with nothing relative in them.
    ``environment`` is what may be shown. ``secrets`` names variables whose values the user puts
    into ``env_file``: lines of NAME='value', which systemd and sh both read.

    Raises:
        UsageError: something in it cannot stand in one line of text.
    """

    root: Path
    arguments: tuple[str, ...]
    hour: int
    minute: int
    python: str
    env_file: Path
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what no format can quote: control characters, and bytes that are not UTF-8."""
        if not self.python:
            raise UsageError(
                "Python does not know its own path, so no timer could start it",
                "Call migrator by its full path.",
            )
        words = (self.root, self.python, *self.arguments, self.env_file, self.log)
        for text in (*map(str, words), *self.environment.values()):
            if not text.isprintable():
                raise UsageError(
                    f"a timer cannot hold a line end or another invisible character: {text!r}",
                    "Rename the file or folder.",
                )

    @property
    def name(self) -> str:
        """The name of the timer: ASCII, and another for each site."""
        return name_for(self.root)

    @property
    def command(self) -> tuple[str, ...]:
        """What to run. No module of a folder that it happens to start in gets loaded (``-P``)."""
        return ("nice", "-n", "10", self.python, "-P", "-m", "migrator", *self.arguments)

    def script(self, search_path: str) -> str:
        """One line for sh, for a program that starts it with next to nothing in its environment."""
        known = {"PATH": search_path, "LANG": "C.UTF-8", **self.environment}
        file = shlex.quote(str(self.env_file))
        return "; ".join(
            [
                "set -a",
                *(f"{name}={shlex.quote(value)}" for name, value in known.items()),
                f"[ ! -e {file} ] || . {file}",
                f"exec {shlex.join(self.command)}",
            ]
        )

    def logging(self) -> "Timer":
        """The same, with a log of its own, where nobody else keeps what it says."""
        return replace(self, arguments=(*self.arguments, "--log", str(self.log)))


def secrets_explained(timer: Timer, where: str) -> list[str]:
    """How to provide what must not stand in ``timer``, in the file ``where``: lines to read."""
    names = ", ".join(timer.secrets)
    return [
        *([f"It needs {names}, unless ~/.aws has the keys."] if names else []),
        f"Secrets stand in {where}, one NAME='value' a line; make it with mode 0600.",
    ]


def name_for(root: Path) -> str:
    """The name of the timer of the site at ``root``."""
    readable = _NAME.sub("-", root.name).strip("-").lower()[:40]
    digest = hashlib.sha256(str(root).encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return "-".join(filter(None, ("migrator-backup", readable, digest)))


def secret_variables(
    place: StoreSettings, routes: Sequence[RouteSettings], environ: Mapping[str, str]
) -> tuple[str, ...]:
    """The names of the environment variables that hold what must not be shown.

    Those are the keys of every bucket that does not take them from a profile, where the backup
    goes to and where images come from; and proxies that are set now, for these may hold a password.
    """
    names = _variables(place) if place.type == "s3" else []
    for route in routes:
        names += _variables(route) if route.source.startswith("s3://") else []
    proxies = [each for each in environ if each.lower().endswith("_proxy") and environ[each]]
    return tuple(dict.fromkeys([*names, *sorted(proxies)]))


def _variables(bucket: StoreSettings | RouteSettings) -> list[str]:
    named = [name for name in (bucket.access_key_env, bucket.secret_key_env) if name]
    return named or ([] if bucket.profile else ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
