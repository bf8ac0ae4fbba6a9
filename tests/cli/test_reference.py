"""Every command explains itself, and the page says what the program says."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from migrator.cli import reference
from migrator.cli.main import app

COMMANDS = get_command(app).commands
PAGE = Path(__file__).parents[2] / "docs/reference/commands.md"


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_an_example_and_every_exit_status(name):
    text = COMMANDS[name].help
    assert re.search(rf"\n    .*migrator {name}", text)
    assert "\n\nExit status: " in text


def test_what_each_command_is_for_can_be_read_whole():
    width = 80 - 2 - 6 - max(map(len, COMMANDS))  # of what typer leaves in a plain terminal
    assert [
        each.name for each in COMMANDS.values() if each.get_short_help_str(width)[-3:] == "..."
    ] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_the_page_has_every_option_of_every_command(name):
    _, _, section = reference.reference().partition(f"## migrator {name}\n")
    section = section.partition("\n## ")[0]
    _, _, common = reference.reference().partition("## Options of every command")
    common = common.partition("\n## ")[0]
    for each in COMMANDS[name].params:
        for option in each.opts if each.param_type_name == "option" else ():
            assert f"`{option}" in section + common
            assert each.help


def test_the_page_is_current():
    assert PAGE.read_text(encoding="utf-8") == reference.reference()
