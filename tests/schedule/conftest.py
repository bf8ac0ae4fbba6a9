"""A timer whose every part holds what formats find hard."""

from pathlib import Path

import pytest

from migrator.schedule import Timer

HARD = '博 客 %h 100% "x" it\'s $HOME `id` \\% \\n ; & * [a] #1 ${{ 1 }}'


@pytest.fixture
def hard(tmp_path):
    """A folder with a hard name."""
    folder = tmp_path / HARD.replace("/", "")
    folder.mkdir()
    return folder


@pytest.fixture
def timer(hard):
    return Timer(
        root=hard,
        arguments=("backup", str(hard / "帖子"), "--quiet", "--to", "s3://b/50%"),
        hour=3,
        minute=30,
        python=str(hard / "python"),
        env_file=Path(hard / "secrets.env"),
        log=Path(hard / "backup.log"),
        environment={"MIGRATOR_ON_FAILURE": HARD, "AWS_PROFILE": "me"},
        secrets=("MY_KEY", "MY_SECRET"),
    )
