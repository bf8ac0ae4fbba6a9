"""Renders the reference of all commands from what ``--help`` of each says.

``python -m migrator.cli.reference --write`` makes the page of the repository anew, and ``--check``
fails if it is not what it would make.
"""

import sys
from collections.abc import Iterator
from dataclasses import fields
from itertools import groupby
from pathlib import Path
from typing import Any

from typer.main import get_command

from migrator.cli.main import app
from migrator.cli.options import Common

_HEAD = """\
# Commands

{what}

Each command shows the same with `--help`. Results go to standard output, progress and messages to
standard error. What each exit status means for a script is in [exit status](exit-status.md), what
`--json` prints in [JSON](json.md).
This page is made by `make generate` from the program itself.

## Options of every command

{common}
"""


def reference() -> str:
    """The text of ``docs/reference/commands.md``."""
    group: Any = get_command(app)  # typer's own types are not public
    shared = {each.name for each in fields(Common)}
    commands = list(group.commands.values())
    common = [each for each in commands[0].params if each.name in shared]
    version = [each for each in group.params if "--version" in each.opts]
    listed = " · ".join(f"[`{each.name}`](#migrator-{each.name})" for each in commands)
    parts = [_HEAD.format(what=f"{group.help}\n\n{listed}", common=_table([*common, *version]))]
    for command in commands:
        own = [each for each in command.params if each.name not in shared]
        parts.append(f"## migrator {command.name}\n\n```\n{_usage(command, own)}\n```\n")
        parts += [f"{text}\n" for text in _paragraphs(command.help)]
        if own:
            parts.append(f"{_table(own)}\n")
    return "\n".join(parts).rstrip() + "\n"


def _usage(command: Any, params: list[Any]) -> str:
    words = [f"migrator {command.name}"]
    for each in params:
        if each.param_type_name == "argument":
            name = _value(each)
            words.append(
                (name if each.required else f"[{name}]") + ("..." if each.nargs < 0 else "")
            )
    return " ".join([*words, "[OPTIONS]"])


def _value(param: Any) -> str:
    name = str(param.metavar or param.name.upper())
    return name[1:-1] if name.startswith("[") else name


def _paragraphs(text: str) -> Iterator[str]:
    """A help text in Markdown: what is indented is typed at a prompt."""
    blocks = text.split("\n\n")
    for typed, group in groupby(blocks, lambda block: block.startswith("    ")):
        if typed:
            lines = "\n".join(block.strip() for block in group)
            yield f"```sh\n{lines}\n```"
        else:
            for block in group:
                title, colon, rest = block.partition(": ")
                yield f"**{title}**: {rest}" if colon and title == "Exit status" else block


def _table(params: list[Any]) -> str:
    rows = ["| option | meaning |", "| --- | --- |"]
    for each in params:
        if each.param_type_name == "argument":
            names = f"`{_value(each)}`"
        else:
            value = "" if each.is_flag else f" {_value(each)}"
            names = ", ".join(f"`{name}{value}`" for name in each.opts)
        help_text = str(each.help).replace("|", "\\|")
        variable = f" Environment: `{each.envvar}`." if each.envvar else ""
        rows.append(f"| {names} | {help_text}{variable} |")
    return "\n".join(rows)


def main(argument: str) -> int:
    """Write the page, or compare it with what it should be (exit status 1 if it differs)."""
    file = Path(__file__).parents[2] / "docs/reference/commands.md"
    if argument == "--write":
        file.write_text(reference(), encoding="utf-8")
        return 0
    if file.exists() and file.read_text(encoding="utf-8") == reference():
        return 0
    sys.stderr.write(f"{file.name} is not current: run make generate\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
