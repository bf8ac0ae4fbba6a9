"""Renders the example configuration and its reference page from the settings' own metadata.

``python -m migrator.config.example --write`` makes the two files of the repository anew, and
``--check`` fails if they are not what it would make.
"""

import json
import sys
from dataclasses import Field, fields
from pathlib import Path
from textwrap import wrap
from typing import Any

from migrator.config.fields import key_of
from migrator.config.settings import tables

_EXAMPLE_HEAD = """\
# Migrator's configuration. Copy it to migrator.toml in the folder of your site.
#
# Every key may be left out. A line such as #workers = 16 shows the default, or an example where
# there is none by default: remove the # to set it. Relative paths start at this file's folder.
# Secrets never stand here: see docs/reference/configuration.md.
"""
_PAGE_HEAD = """\
# Configuration

Migrator reads `migrator.toml`, which it looks for in the folder of the first post it is given and
upwards, or the file named by `--config` or the variable `MIGRATOR_CONFIG`.
The folder of that file is the site root; relative paths start there.
Your own `~/.config/migrator/config.toml` has the same keys and holds for all your sites.
What is stronger comes first: a flag, the environment, the site's file, your own file, the default.
An unknown key is an error.

**Secrets** never stand in these files.
Credentials come from where boto3 takes them: `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, a
profile in `~/.aws/credentials`, or the two variables you name in `access_key_env` and
`secret_key_env`.

**Trust.** A site's file may have come with a repository that someone else wrote.
The keys marked *trust* below, and paths that lead out of the site root, count only after you said
that the file is yours: Migrator asks once on a terminal; elsewhere use `migrator trust` or
`--trust-config`.
It remembers the file's SHA-256 in `~/.config/migrator/trusted.json`, so a changed file is asked
about again.
Your own file, flags and the environment need no trust.

**Environment**: `MIGRATOR_CONFIG`, `MIGRATOR_ALLOW_PRIVATE` (like `allow_private`, separated by
commas), `MIGRATOR_PROXY` (like `proxy`, and may hold a password; empty: no proxy), and, for stores,
what boto3 reads of credentials, certificates (`AWS_CA_BUNDLE`) and proxies (`HTTPS_PROXY`,
written as `http://...`).

This page and `config.example.toml` are made by `make generate` from the settings themselves.
"""


def example() -> str:
    """The text of ``config.example.toml``: every key with its help, all of it commented out."""
    lines = [_EXAMPLE_HEAD]
    for header, table in tables():
        lines += [*_comment(table.__doc__ or ""), header if header[1] != "[" else f"#{header}"]
        if model := _model(table):
            lines += _comment(f"It has the keys of {model}.")
        for field in _own(table):
            lines += _comment(_help(field))
            lines.append(f"#{key_of(field)} = {_toml(_sample(field))}")
        lines.append("")
    return "\n".join(lines)


def reference() -> str:
    """The text of ``docs/reference/configuration.md``."""
    lines = [_PAGE_HEAD]
    for header, table in tables():
        lines += [f"## `{header}`", "", table.__doc__ or "", ""]
        if model := _model(table):
            lines += [f"It has the keys of `{model}`.", ""]
        if own := _own(table):
            lines += ["| key | default | meaning |", "| --- | --- | --- |"]
        for field in own:
            default = "(needed)" if field.metadata.get("required") else _code(field.default)
            notes = [_help(field)]
            if "example" in field.metadata:
                notes.append(f"for example {_code(field.metadata['example'])}")
            if field.metadata.get("trust"):
                notes.append("*trust*")
            lines.append(f"| `{key_of(field)}` | {default} | {'; '.join(notes)} |")
        lines += [""] if own else []
    return "\n".join(lines)


def _own(table: type) -> list[Field[Any]]:
    """The keys of ``table`` that are not, as they are there, those of the table it is like."""
    if not _model(table):
        return list(fields(table))
    inherited = {each.name: (each.metadata, each.default) for each in fields(table.__mro__[1])}
    return [
        each for each in fields(table) if inherited.get(each.name) != (each.metadata, each.default)
    ]


def _model(table: type) -> str | None:
    """The header of the table whose keys ``table`` shares."""
    return next((header for header, each in tables() if each is table.__base__), None)


def _help(field: Field[Any]) -> str:
    return str(field.metadata["help"])


def _sample(field: Field[Any]) -> Any:
    return field.default or field.metadata.get("example", field.default)


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in wrap(text, 98)]


def _toml(value: Any) -> str:
    """``value`` in TOML, which for our text, numbers, booleans and lists is written like JSON."""
    return json.dumps(value, ensure_ascii=False)


def _code(value: Any) -> str:
    """``value`` for a cell of a Markdown table; nothing for an empty one."""
    return f"`{_toml(value)}`".replace("|", "\\|") if value not in ("", ()) else ""


def main(argument: str) -> int:
    """Write the files, or compare them with what they should be (exit status 1 if they differ)."""
    root = Path(__file__).parents[2]
    files = {
        root / "config.example.toml": example(),
        root / "docs/reference/configuration.md": reference(),
    }
    if argument == "--write":
        for file, text in files.items():
            file.write_text(text, encoding="utf-8")
        return 0
    stale = [file for file, text in files.items() if _text(file) != text]
    for file in stale:
        sys.stderr.write(f"{file.relative_to(root)} is not current: run make generate\n")
    return 1 if stale else 0


def _text(file: Path) -> str | None:
    return file.read_text(encoding="utf-8") if file.exists() else None


if __name__ == "__main__":
    if sys.argv[1:] not in (["--write"], ["--check"]):
        sys.exit("usage: python -m migrator.config.example --write | --check")
    sys.exit(main(sys.argv[1]))
