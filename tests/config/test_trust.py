"""What the user trusts is remembered privately, and damage is never taken for trust."""

import json

import pytest

from migrator.config.trust import is_trusted, trust
from migrator.errors import ConfigError, EnvironmentProblem


@pytest.fixture
def user(tmp_path):
    return tmp_path / "home" / "migrator" / "config.toml"


def test_only_the_same_file_with_the_same_bytes_is_trusted(tmp_path, user):
    file = tmp_path / "migrator.toml"
    assert not is_trusted(file, "aa", user)
    trust(file, "aa", user)
    trust(tmp_path / "other.toml", "bb", user)
    assert is_trusted(file, "aa", user)
    assert not is_trusted(file, "bb", user)
    assert not is_trusted(tmp_path / "third.toml", "aa", user)
    assert not is_trusted(file, "aa", None)


def test_the_memory_is_private(tmp_path, user):
    trust(tmp_path / "migrator.toml", "aa", user)
    memory = user.parent / "trusted.json"
    assert memory.stat().st_mode & 0o777 == 0o600
    assert user.parent.stat().st_mode & 0o777 == 0o700
    assert list(user.parent.iterdir()) == [memory]


@pytest.mark.parametrize("damage", [b"{", b"[]", b"\xff", b"[" * 100_000])
def test_a_damaged_memory_is_an_error_and_is_not_overwritten(tmp_path, user, damage):
    user.parent.mkdir(parents=True)
    memory = user.parent / "trusted.json"
    memory.write_bytes(damage)
    for attempt in (is_trusted, trust):
        with pytest.raises(ConfigError, match="cannot be read"):
            attempt(tmp_path / "migrator.toml", "aa", user)
    assert memory.read_bytes() == damage


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path, user):
    user.parent.parent.write_text("a file where the folder should be")
    with pytest.raises((ConfigError, EnvironmentProblem), match=str(user.parent)):
        trust(tmp_path / "migrator.toml", "aa", user)


def test_a_crash_leaves_the_old_memory(tmp_path, user):
    trust(tmp_path / "migrator.toml", "aa", user)
    memory = user.parent / "trusted.json"
    before = memory.stat().st_ino
    trust(tmp_path / "migrator.toml", "bb", user)
    assert memory.stat().st_ino != before  # replaced as a whole, never written in place
    assert list(json.loads(memory.read_text()).values()) == ["bb"]


def test_without_a_home_there_is_another_way(tmp_path):
    with pytest.raises(EnvironmentProblem) as caught:
        trust(tmp_path / "migrator.toml", "aa", None)
    assert "--trust-config" in caught.value.hint
