"""Remembers which sites' files the user trusts: path and SHA-256, in the user's own folder."""

import json
import os
import tempfile
from pathlib import Path

from migrator.errors import ConfigError, EnvironmentProblem

_FILE_NAME = "trusted.json"  # beside the user's own config.toml


def is_trusted(file: Path, digest: str, user_file: Path | None) -> bool:
    """Whether the user trusted ``file`` when its bytes had this SHA-256."""
    return user_file is not None and _read(user_file.parent).get(str(file.resolve())) == digest


def trust(file: Path, digest: str, user_file: Path | None) -> None:
    """Trust ``file`` as long as its SHA-256 is ``digest`` (``Loaded.digest``: what was shown).

    Raises:
        ConfigError: what was remembered so far cannot be read.
        EnvironmentProblem: there is no user's folder, or it cannot be written.
    """
    if user_file is None:
        raise EnvironmentProblem("there is no home folder to remember it in", "Use --trust-config.")
    folder = user_file.parent
    trusted = {**_read(folder), str(file.resolve()): digest}
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, prefix=_FILE_NAME)  # mode 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                json.dump(trusted, stream, indent=2)
            Path(name).replace(folder / _FILE_NAME)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise EnvironmentProblem(f"{folder}: cannot be written: {error.strerror}") from error


def _read(folder: Path) -> dict[str, str]:
    file = folder / _FILE_NAME
    try:
        trusted = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(file) from error
    if not isinstance(trusted, dict):
        raise _unreadable(file)
    return trusted


def _unreadable(file: Path) -> ConfigError:
    return ConfigError(f"{file}: cannot be read", "Delete it, and trust your sites again.")
