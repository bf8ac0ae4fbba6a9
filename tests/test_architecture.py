"""The house rules that a machine can see; layers and homes are checked by import-linter."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "migrator"
TESTS = ROOT / "tests"
LONGEST = 320  # lines; a longer file has a second job in it
SAY_NOTHING = {"util", "utils", "helper", "helpers", "common", "misc"}
ABOUT_A_WHOLE = {
    "test_architecture",
    "test_commonmark",
    "test_docs",
    "test_expressions",
    "test_hostile",
    "test_nginx",
    "test_oracle",
    "test_start",
    "test_versions",
}


def modules():
    return sorted(PACKAGE.rglob("*.py"))


def name(file):
    return file.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("file", modules(), ids=name)
def test_a_module_is_short_named_for_something_and_says_what_it_is_for(file):
    text = file.read_text(encoding="utf-8")
    lines = text.count("\n")
    assert lines <= LONGEST
    assert not SAY_NOTHING & set(file.with_suffix("").relative_to(ROOT).parts)
    assert ast.get_docstring(ast.parse(text)), "no docstring"


def test_every_folder_of_the_package_is_a_package():
    folders = {file.parent for file in modules()}
    assert [name(each) for each in folders if not (each / "__init__.py").exists()] == []


def test_tests_lie_where_the_module_they_test_lies():
    astray = []
    for file in TESTS.rglob("test_*.py"):
        tested = PACKAGE / file.parent.relative_to(TESTS) / file.stem.removeprefix("test_")
        mirrors = tested.parent.is_dir() and file.stem not in ABOUT_A_WHOLE
        if mirrors and not (tested.is_dir() or tested.with_suffix(".py").exists()):
            astray.append(name(file))
    assert astray == []
