import os
import shutil
import subprocess
from dataclasses import replace

import pytest
from rig.timers import NICE, recorded, recorder, systemd_machine

from migrator.schedule.systemd import units


def verified(folder, timer):
    """What the real systemd finds wrong with the units."""
    program = shutil.which("systemd-analyze")
    if not program:
        pytest.skip("there is no systemd-analyze")
    folder.mkdir(mode=0o700)
    names = [folder / name for name in units(timer)]
    for name, text in units(timer).items():
        (folder / name).write_text(text, encoding="utf-8")
    ended = subprocess.run(
        [program, "--user", "verify", *names],
        env={**os.environ, "XDG_RUNTIME_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout + ended.stderr


def test_systemd_finds_nothing_wrong_with_the_units(timer, tmp_path):
    assert verified(tmp_path / "units", timer) == (0, "")


def test_systemd_would_find_something_wrong(timer, tmp_path):
    status, said = verified(tmp_path / "units", replace(timer, hour=99))
    assert status
    assert "has a bad unit file setting" in said


def test_a_missed_backup_is_caught_up_at_a_random_moment(timer):
    text = units(timer)[f"{timer.name}.timer"]
    assert "\nOnCalendar=*-*-* 03:30:00\n" in text
    assert "\nPersistent=true\n" in text
    assert "\nRandomizedDelaySec=" in text


def test_no_value_of_a_secret_is_there_only_names(timer, monkeypatch):
    monkeypatch.setenv("MY_SECRET", "CANARY")
    text = "".join(units(timer).values())
    assert "MY_SECRET" in text
    assert "CANARY" not in text


def test_systemd_starts_what_was_meant_with_what_was_meant(timer, tmp_path):
    recorder(timer.root / "python", tmp_path / "started")
    timer.env_file.write_text("MY_SECRET='s3cret $1 %h \"'\n")
    home = tmp_path / "home"
    folder = home / ".config/systemd/user"
    for name, text in units(timer).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    with systemd_machine(tmp_path, HOME=str(home)) as machine:
        ended = machine.run("systemctl", "--user", "start", f"{timer.name}.service")
        assert ended.returncode == 0, ended.stderr
    words, environment = recorded(tmp_path / "started")
    assert words == ["-P", "-m", "migrator", *timer.arguments]
    assert environment.items() >= {**timer.environment, "LANG": "C.UTF-8", "NICE": NICE}.items()
    assert environment["MY_SECRET"] == 's3cret $1 %h "'
