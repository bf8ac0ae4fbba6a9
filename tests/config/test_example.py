"""The example shows every key, says true defaults, and loads."""

import re
import tomllib
from dataclasses import fields

import pytest

from migrator.config import Settings, example
from migrator.config.loading import load
from migrator.config.settings import tables
from migrator.config.store_settings import StoreSettings


@pytest.fixture
def settings(tmp_path):
    """What a text means as a site's file."""

    def settings(text):
        file = tmp_path / "migrator.toml"
        file.write_text(text, encoding="utf-8")
        return load(file, user_file=None, overrides={}, environ={}).settings

    return settings


def uncommented():
    return re.sub(r"^#(?=\S)(?! )", "", example.example(), flags=re.MULTILINE)


def test_the_example_as_it_stands_changes_nothing(settings):
    assert settings(example.example()) == Settings()


def test_every_line_of_the_example_can_be_used(settings):
    loaded = settings(uncommented())
    assert loaded.route[0].source.startswith("https://")
    assert loaded.store.bucket == "my-blog"


def test_every_key_stands_in_the_example_and_on_the_page():
    shown = tomllib.loads(uncommented())
    page = example.reference()
    for header, table in tables():
        name = header.strip("[]")
        if name == "mirror":  # has the keys of [store], and says so
            continue
        keys = shown[name][0] if isinstance(shown[name], list) else shown[name]
        if name == "backup":  # has them and a few of its own
            assert {*keys} - {each.name for each in fields(StoreSettings)} == {
                each.name for each in fields(table)
            } - {each.name for each in fields(StoreSettings)}
            continue
        assert len(keys) == len(fields(table))
        for key in keys:
            assert f"| `{key}` |" in page


def test_the_files_of_the_repository_are_current():
    assert example.main("--check") == 0
