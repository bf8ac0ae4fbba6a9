"""Where PicGo and PicList keep their configuration, and what of it a first one of ours takes."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from migrator.cli.screen import say
from migrator.errors import UsageError
from migrator.init import Answers
from migrator.picgo import imported
from migrator.report.escape import for_terminal


def answers_from(file: Path | None, given: Answers) -> Answers:
    """The answers that PicGo's configuration gives, but for those ``given`` by options.

    Without ``file``: of the places where PicGo and PicList keep theirs, the one changed last.

    Raises:
        UsageError: there is none, it cannot be read, or it names no store that speaks S3.
    """
    file = file or _newest(places(os.environ, Path.home()))
    config = _json(file)
    if elsewhere := config.get("configPath"):  # where PicGo keeps it instead, if it is told so
        file = file.parent / str(elsewhere)
        config = _json(file)
    try:
        found = imported(config)
    except UsageError as error:
        raise UsageError(f"{file}: {error}", error.hint) from error
    say(f"From {for_terminal(str(file))}: {for_terminal(_named(found.answers))}", err=True)
    for note in found.notes:
        say(f"  {for_terminal(note)}", err=True)
    key, secret = found.keys
    say(
        f"Your keys stay there and are not read. Set AWS_ACCESS_KEY_ID to what it calls {key},"
        f" and AWS_SECRET_ACCESS_KEY to its {secret}.",
        err=True,
    )
    said = {each.name: value for each in fields(given) if (value := getattr(given, each.name))}
    return replace(found.answers, **said)


def places(environ: Mapping[str, str], home: Path) -> Iterator[Path]:
    """Where the two programs keep their configuration, on any system."""
    yield home / ".picgo/config.json"
    yield home / ".piclist/config.json"
    folders = [
        Path(environ.get("XDG_CONFIG_HOME") or home / ".config"),
        home / "Library/Application Support",
        Path(environ.get("APPDATA") or home / "AppData/Roaming"),
    ]
    for folder in folders:
        yield folder / "picgo/data.json"
        yield folder / "piclist/data.json"


def _newest(candidates: Iterator[Path]) -> Path:
    there = [each for each in candidates if each.is_file()]
    if not there:
        raise UsageError(
            "no configuration of PicGo or PicList was found",
            "Name it: --picgo-config FILE (PicGo's settings show where its data.json is).",
        )
    return max(there, key=lambda each: each.stat().st_mtime)


def _json(file: Path) -> dict[str, Any]:
    try:
        config = json.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(
            f"{file} is no JSON: {error}", "Is it the configuration of PicGo or PicList?"
        ) from error
    return config if isinstance(config, dict) else {}


def _named(answers: Answers) -> str:
    names = ("provider", "bucket", "region", "endpoint", "prefix", "public_url")
    return ", ".join(f"{name} {value}" for name in names if (value := getattr(answers, name)))
