"""Reads the configuration: TOML files, environment and flags become one ``Settings``.

Precedence: flag, environment, the site's file, the user's own file, default. A table is merged key
by key; a list is replaced as a whole.
"""

import hashlib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

from migrator.config.checking import Origin, Values, build, checked
from migrator.config.fields import key_of
from migrator.config.settings import Settings
from migrator.config.trust import is_trusted
from migrator.errors import ConfigError

FILE_NAME = "migrator.toml"
_LARGEST = 1024 * 1024  # bytes; a configuration is a page or two
_POSITION = re.compile(r"(.*) \(at (line \d+, column \d+)\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings, and what the user must confirm before they may be used.

    ``needs_trust`` names the keys that only the site's file sets and that it may not set on its
    own word; it is empty once the user trusts the file. ``digest`` is the SHA-256 (hex) of the
    site's file as it was read, which is what ``migrator.config.trust.trust`` remembers.
    """

    settings: Settings
    file: Path | None
    digest: str
    needs_trust: tuple[str, ...]


def find_config(start: Path) -> Path | None:
    """The nearest ``migrator.toml`` in the folder ``start`` (or of it, if a file) or above it."""
    start = Path(os.path.abspath(start))  # noqa: PTH100 - resolve() would leave through a symlink
    folders = (start, *start.parents)
    return next((found for each in folders if (found := each / FILE_NAME).is_file()), None)


def user_config(environ: Mapping[str, str]) -> Path | None:
    """Where the user's own file would be (XDG base directories); ``None`` without a home."""
    folder = Path(environ.get("XDG_CONFIG_HOME", ""))
    if not folder.is_absolute():
        try:
            folder = Path(environ["HOME"] if environ.get("HOME") else Path.home()) / ".config"
        except RuntimeError:
            return None
    return folder / "migrator" / "config.toml"


def load(
    file: Path | None,
    *,
    user_file: Path | None,
    overrides: Mapping[str, Any],
    environ: Mapping[str, str],
) -> Loaded:
    """The settings from the site's ``file``, the ``user_file`` if it exists, and what overrides.

    ``overrides`` has the shape of the TOML: ``{"store": {"path": "images"}}``.

    Raises:
        ConfigError: a file cannot be read, or holds an unknown key or a value that does not fit.
    """
    user = _parse(user_file)[0] if user_file is not None and user_file.exists() else {}
    site, digest = _parse(file) if file is not None else ({}, "")
    stronger = (_environment(environ), checked(Settings, overrides, Origin("command line")))
    settings = build(Settings, _merged(user, site, *stronger))
    needs_trust: tuple[str, ...] = ()
    if file is not None and not is_trusted(file, digest, user_file):
        own = build(Settings, _merged(user, *stronger))
        root = file.absolute().parent.resolve()
        needs_trust = tuple(_sensitive(settings, own, root, ""))
    return Loaded(settings, file, digest, needs_trust)


def _parse(file: Path) -> tuple[Values, str]:
    """The checked values of ``file`` and the digest of its bytes."""
    try:
        with file.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from error
    if len(data) > _LARGEST:
        raise ConfigError(f"{file}: too large for a configuration")
    try:
        table = tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{file}: line {line} is not UTF-8", "Save the file as UTF-8.") from error
    except RecursionError as error:
        raise ConfigError(f"{file}: nested too deeply") from error
    except ValueError as error:  # TOMLDecodeError, or a number or date that Python refuses
        raise _syntax_error(file, str(error)) from error
    return checked(Settings, table, Origin(str(file))), hashlib.sha256(data).hexdigest()


def _syntax_error(file: Path, message: str) -> ConfigError:
    match = _POSITION.fullmatch(message)
    what, where = match.groups() if match else (message, "not valid TOML")
    hint = 'Text needs straight quotes, as in bucket = "my-blog".'
    if "\\" in what or "escape" in what.lower():
        hint = r"Write a path with backslashes in single quotes, as in path = 'C:\images'."
    return ConfigError(f"{file}: {where}: {what}", hint)


def _environment(environ: Mapping[str, str]) -> Values:
    name = "MIGRATOR_ALLOW_PRIVATE"
    if name not in environ:
        return {}
    hosts = [host.strip() for host in environ[name].split(",") if host.strip()]
    return checked(Settings, {"safety": {"allow_private": hosts}}, Origin(name))


def _merged(*layers: Values) -> Values:
    """The layers as one, later ones first in precedence."""
    result: Values = {}
    for layer in layers:
        for name, value in layer.items():
            below = result.get(name)
            both = isinstance(value, dict) and isinstance(below, dict)
            result[name] = _merged(below, value) if both else value  # type: ignore[arg-type]
    return result


def _sensitive(settings: Any, own: Any, root: Path, path: str) -> Iterator[str]:
    """The keys in which ``settings`` differs from the user's ``own`` and must not do so unasked."""
    for field in fields(settings):
        value, before = getattr(settings, field.name), getattr(own, field.name)
        key = path + key_of(field)
        if value == before:
            continue
        if is_dataclass(value):
            yield from _sensitive(value, before, root, f"{key}.")
        elif isinstance(value, tuple) and value and is_dataclass(value[0]):
            for item in value:
                yield from _sensitive(item, type(item)(), root, f"{key}.")
        elif field.metadata.get("trust") or _leaves(root, value, field.metadata.get("folder")):
            yield key


def _leaves(root: Path, value: Any, scheme: str | None) -> bool:
    """Whether ``value`` is a path (after ``scheme``) that ends outside ``root``."""
    if scheme is None or not value.startswith(scheme):
        return False
    try:
        there = Path(os.path.realpath(root / value.removeprefix(scheme)))
        is_loop = any(part.is_symlink() for part in (there, *there.parents))
    except OSError:  # we may not look there, or no path is so long
        return True
    return is_loop or not there.is_relative_to(root)
