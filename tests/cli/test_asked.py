"""Stores as the user names them, for use from any folder."""

import pytest

from migrator.cli.asked import stored_at
from migrator.errors import UsageError


@pytest.mark.parametrize(
    ("text", "store"),
    [
        ("out", "{here}/out"),
        ("~/out", "{home}/out"),  # no shell replaces it in --to=~/out
        ("~nobody-of-this-name/out", "{here}/~nobody-of-this-name/out"),
        ("./mirror", "{here}/mirror"),
        ("mirror", "mirror"),
        ("s3://bucket/x", "s3://bucket/x"),
        (None, ""),
    ],
)
def test_a_folder_is_absolute_and_everything_else_stays(text, store, tmp_path, monkeypatch):
    here, home = tmp_path / "here", tmp_path / "home"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("HOME", str(home))
    assert stored_at("--to", text) == store.format(here=here, home=home)


def test_a_variable_that_is_not_set_names_no_store():
    with pytest.raises(UsageError, match="--to names no store"):
        stored_at("--to", " ")
