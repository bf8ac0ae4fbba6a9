"""A command of our own, since what matters is how it ends."""

import json
import os
import subprocess
import sys

import pytest

TOY = """
import signal, sys
from typing import Annotated
from migrator.cli.main import app, main
from migrator.cli.unattended import Log, OnFailure, unattended
from migrator.errors import AlreadyRunning, Interrupted, StoreRefused

@app.command()
def toy(how: str, on_failure: OnFailure = None, log: Log = None) -> int:
    with unattended("toy", "/start", on_failure=on_failure, log=log) as told:
        print("said")
        told.site = "/site"
        if how == "bug":
            raise ValueError("see https://u:CANARY@h/")
        if how == "refused":
            raise StoreRefused("the store says no", "Try another.")
        if how == "running":
            raise AlreadyRunning("another run is working on /site")
        if how == "SIGTERM":
            raise Interrupted(signal.SIGTERM)
        if how == "Ctrl-C":
            raise KeyboardInterrupt
        told.ended(int(how), "one image was lost")
        return int(how)

sys.argv = ["migrator", "toy", *sys.argv[1:]]
main()
"""


@pytest.fixture
def toy(tmp_path):
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def run(*arguments, **environment):
        return subprocess.run(
            [sys.executable, "-c", TOY, *map(str, arguments)],
            env={**kept, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture
def notices(tmp_path):
    """A command that keeps what it is told, and the function that reads it."""
    file = tmp_path / "notices"

    def read():
        return file.read_text().split("|")[:-1] if file.exists() else []

    read.command = (
        f'printf "%s: %s, %s: %s|" "$MIGRATOR_STATUS" "$MIGRATOR_SUMMARY" "$MIGRATOR_SITE"'
        f' "$MIGRATOR_TEXT" >> {file}'
    )
    return read


@pytest.mark.parametrize(
    ("how", "status", "says"),
    [
        ("3", 3, "3: migrator toy: an image was lost or held (exit status 3), /site: one image"),
        ("refused", 8, "8: migrator toy: the store refused (exit status 8), /site: the store says"),
        ("running", 7, "7: migrator toy: another run is at work (exit status 7), /site: another"),
        ("bug", 1, "1: migrator toy: a bug of ours (exit status 1), /site: this is a bug of ours"),
        (
            "SIGTERM",
            143,
            "143: migrator toy: ended by a signal (exit status 143), /site: stopped by",
        ),
    ],
)
def test_every_bad_end_is_told_once_and_stays_what_it_is(toy, notices, how, status, says):
    ended = toy(how, "--on-failure", notices.command)
    assert ended.returncode == status
    (notice,) = notices()
    assert notice.startswith(says)
    assert "CANARY" not in notice + ended.stderr
    assert ended.stdout == "said\n"


@pytest.mark.parametrize(("how", "status"), [("0", 0), ("Ctrl-C", 130)])
def test_a_good_end_and_one_by_hand_are_not_told(toy, notices, how, status):
    assert toy(how, "--on-failure", notices.command).returncode == status
    assert notices() == []


def test_the_environment_may_name_whom_to_tell(toy, notices):
    assert toy("3", MIGRATOR_ON_FAILURE=notices.command).returncode == 3
    assert len(notices()) == 1
    assert toy("3", MIGRATOR_ON_FAILURE="").returncode == 3


@pytest.mark.parametrize(("how", "status"), [("3", 3), ("refused", 8)])
def test_a_notice_that_fails_is_told_and_changes_nothing_about_the_end(toy, how, status):
    ended = toy(how, "--on-failure", "exit 0; echo CANARY >&2 ")
    assert (ended.returncode, "notice" in ended.stderr) == (status, False)
    ended = toy(how, "--on-failure", "exit 9")
    assert ended.returncode == status
    assert "the notice of this failure was not given: the command ended with 9" in ended.stderr


def test_all_that_is_said_goes_to_the_log_in_its_order(toy, tmp_path):
    log = tmp_path / "new folder" / "a.log"
    for _ in range(2):
        ended = toy("refused", "--log", log, "--on-failure", "echo notice")
        assert (ended.returncode, ended.stdout, ended.stderr) == (8, "", "")
    lines = log.read_text().splitlines()
    assert lines[0].startswith("--- 2")
    assert lines[0].endswith(" migrator toy")
    assert lines[1:5] == ["said", "notice", "migrator: the store says no", "Try another."]
    assert lines[6:] == lines[1:5]
    assert log.stat().st_mode & 0o777 == 0o600


def test_a_log_has_a_largest_size_and_one_predecessor(toy, tmp_path):
    log = tmp_path / "a.log"
    log.write_text("x" * 1024 * 1024)
    for _ in range(2):
        toy("0", "--log", log)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.log", "a.log.1"]
    assert (tmp_path / "a.log.1").stat().st_size == 1024 * 1024
    assert log.read_text().count("said") == 2


def test_a_log_that_cannot_be_written_is_an_end_that_is_told(toy, notices):
    ended = toy("0", "--log", "/proc/no/such.log", "--on-failure", notices.command)
    assert ended.returncode == 6
    assert len(notices()) == 1
    assert json.dumps(ended.stdout) == '""'
