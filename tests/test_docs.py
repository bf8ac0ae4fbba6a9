"""What the documents say exists."""

import re
from pathlib import Path

import pytest
import typer

from migrator.cli.main import app
from migrator.reasons import Reason

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*.md")])
FENCE = re.compile(r"^(```+|~~~+)[^\n]*\n(.*?)^\1", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(<?([^)\s>]+)")
HEADING = re.compile(r"^#+ +(.+?) *#*$", re.MULTILINE)
COMMANDS = typer.main.get_command(app).commands


def each_page():
    return pytest.mark.parametrize(
        "page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix()
    )


def shown_commands(text):
    """The lines of code blocks, and the code in sentences, that call migrator."""
    lines = [line for _, block in FENCE.findall(text) for line in block.splitlines()]
    lines += re.findall(r"`([^`\n]+)`", FENCE.sub("", text))
    for line in lines:
        call = re.match(r"(?:\$ )?migrator ([a-z].*)", line.strip())
        if call:
            yield call[1].partition("#")[0].split()


def anchors(page):
    """The anchors of the headings, as GitHub makes them."""
    text = FENCE.sub("", page.read_text("utf-8"))
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in HEADING.findall(text)
    }


@each_page()
def test_every_command_and_option_that_a_page_shows_exists(page):
    for name, *words in shown_commands(page.read_text("utf-8")):
        assert name in COMMANDS, name
        known = {option for each in COMMANDS[name].params for option in each.opts} | {"--help"}
        assert {word.partition("=")[0] for word in words if word.startswith("--")} <= known


@each_page()
def test_every_link_of_a_page_leads_somewhere(page):
    text = FENCE.sub("", page.read_text("utf-8"))
    for target in LINK.findall(re.sub(r"`[^`\n]*`", "", text)):
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        file = (page.parent / path) if path else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


def test_the_readme_shows_every_command_or_names_the_page_that_does():
    shown = {call[0] for page in PAGES for call in shown_commands(page.read_text("utf-8"))}
    assert sorted(set(COMMANDS) - shown) == []


def test_every_reason_is_documented_in_its_own_words():
    text = (ROOT / "docs/reference/reasons.md").read_text("utf-8")
    rows = {f"| `{reason.value}` | {reason.words} | {reason.outlook} |" for reason in Reason}
    assert rows == {line for line in text.splitlines() if line.startswith("| `")}


def outline(name):
    """What must be the same in every language: levels of headings, code without words, links."""
    text = (ROOT / name).read_text("utf-8")
    code = [re.sub(r"\s*#.*", "", block) for _, block in FENCE.findall(text)]
    prose = FENCE.sub("", text)
    links = [target for target in LINK.findall(prose) if not target.startswith("README")]
    return re.findall(r"^#+", prose, re.MULTILINE), code, links


def test_the_chinese_readme_says_what_the_english_one_says():
    assert outline("README.zh-CN.md") == outline("README.md")
