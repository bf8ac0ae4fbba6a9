"""From what the user wants of a timer to what stands in it: absolute, and without secrets."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from migrator.cli.asked import absolute, stored_at
from migrator.cli.options import Common
from migrator.cli.session import Session
from migrator.cli.unattended import checked
from migrator.cli.vaults import vault_place
from migrator.config.loading import find_config, load, user_config
from migrator.errors import UsageError
from migrator.schedule import Timer, github, secret_variables
from migrator.schedule.timer import name_for

# What may be shown, and what the backup does not find by itself where nobody has logged in.
_CARRIED = (
    "AWS_CA_BUNDLE",
    "AWS_CONFIG_FILE",
    "AWS_PROFILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "MIGRATOR_ALLOW_PRIVATE",
    "XDG_CONFIG_HOME",
)
_QUIETLY = ("--quiet", "--no-progress")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A timer as asked for; ``paths`` are absolute, and none means the whole site."""

    session: Session
    paths: tuple[Path, ...]
    hour: int
    minute: int
    to: str
    on_failure: str | None
    common: Common

    def timer(self, *, on_a_mac: bool) -> Timer:
        """The timer for this machine.

        Raises:
            UsageError: something in it cannot be written down, or there is no home folder.
        """
        root = self.session.site.root
        carried = {name: os.environ[name] for name in _CARRIED if os.environ.get(name)}
        if self.on_failure:  # other users see the arguments of a program, not its environment
            carried["MIGRATOR_ON_FAILURE"] = checked(self.on_failure)
        name = name_for(root)
        return Timer(
            root,
            tuple(self._arguments(str, trusting=False)),
            self.hour,
            self.minute,
            python=sys.executable,
            env_file=env_file(name),
            log=_log(name, on_a_mac=on_a_mac),
            environment=carried,
            secrets=secret_variables(
                vault_place(self.to, self.session.settings), self.session.settings.route, os.environ
            ),
        )

    def workflow(self, package: str) -> str:
        """The timer for GitHub, where nothing of this machine exists but the repository.

        Raises:
            UsageError: something that it needs is not in the repository.
        """
        if not package:
            raise UsageError(
                "say what pip shall install on GitHub's machine: --package WHAT",
                "That is where you have Migrator from: git+https://..., or a wheel in your"
                " repository. What is called `migrator` on PyPI is another program.",
            )
        root = self.session.site.root
        top = next((each for each in (root, *root.parents) if (each / ".git").exists()), root)
        config = self._config()
        trusting = config and load(config, user_file=None, overrides={}, environ={}).needs_trust
        arguments = self._arguments(partial(_below, top), trusting=bool(trusting))
        place = vault_place(self.to, self.session.settings)
        if place.type != "s3":
            raise UsageError(
                f"the backup would go to the folder {place.path}, which ends with GitHub's machine",
                "Name a bucket in [backup], or by --to s3://BUCKET/PREFIX.",
            )
        if place.profile:
            raise UsageError(
                f"the keys stand in the profile {place.profile} of this machine",
                "For GitHub name variables instead: access_key_env and secret_key_env.",
            )
        for text in (*arguments, package):
            if not text.isprintable():
                raise UsageError(f"a workflow cannot hold {text!r}", "Rename the file or folder.")
        return github.workflow(
            arguments,
            hour=self.hour,
            minute=self.minute,
            secrets=secret_variables(place, self.session.settings.route, {}),
            package=package,
        )

    def _arguments(self, written: Callable[[Path], str], *, trusting: bool) -> list[str]:
        """The command, with paths as they are ``written`` where it runs."""
        config, common = self._config(), self.common
        arguments = ["backup", *map(written, self.paths or (self.session.site.root,)), *_QUIETLY]
        arguments += ["--config", written(Path(absolute(config)))] if config else []
        arguments += ["--to", stored_at("--to", self.to)] if self.to else []
        arguments += ["--trust-config"] if trusting or common.trust_config else []
        for address in common.allow_private:
            arguments += ["--allow-private", address]
        return arguments

    def _config(self) -> Path | None:
        start = self.paths[0] if self.paths else Path.cwd()
        return self.common.config or find_config(start)


def systemd_folder() -> Path:
    """Where the units of a user lie (systemd.unit(5))."""
    return _own_folder().parent / "systemd" / "user"


def env_file(name: str) -> Path:
    """Where the secrets of the timer ``name`` stand."""
    return _own_folder() / f"{name}.env"


def _own_folder() -> Path:
    file = user_config(os.environ)
    if file is None:
        raise UsageError(
            "there is no home folder, and a timer needs one", "Set the variable HOME to yours."
        )
    return file.parent


def _log(name: str, *, on_a_mac: bool) -> Path:
    state = Path(os.environ.get("XDG_STATE_HOME", ""))
    if on_a_mac:
        return Path.home() / "Library" / "Logs" / f"{name}.log"
    if not state.is_absolute():
        state = Path(os.environ.get("HOME") or Path.home()) / ".local" / "state"
    return state / "migrator" / f"{name}.log"


def _below(top: Path, path: Path) -> str:
    """``path`` as seen from the top of the repository."""
    if not path.is_relative_to(top):
        raise UsageError(
            f"{path} is not in the repository {top}", "GitHub's machine has only what is in there."
        )
    return f"./{path.relative_to(top)}" if path != top else "."
