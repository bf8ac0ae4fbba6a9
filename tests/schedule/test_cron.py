import shlex
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from rig.timers import NICE, cron_machine, recorded, recorder

from migrator.errors import UsageError
from migrator.schedule.cron import block, with_block, without

OTHERS = b"# mine\nMAILTO=me\n\xff\t* * * * * true\n"


def short(timer):
    """The timer with a command that cron can take, however deep the tests' own folder is."""
    return replace(timer, environment={"AWS_PROFILE": "100% \\% it's"})


def test_sh_finds_nothing_wrong_with_the_command(timer):
    line = block(short(timer)).splitlines()[-2].replace(r"\%", "%")
    command = line.split(" ", 5)[5]
    assert subprocess.run(["sh", "-n", "-c", command], check=False).returncode == 0
    assert shlex.split(command)[-len(timer.arguments) :] == list(timer.arguments)


def test_cron_starts_what_was_meant_with_what_was_meant(timer, tmp_path):
    timer = short(timer)
    recorder(timer.root / "python", tmp_path / "started")
    timer.env_file.write_text("MY_SECRET='s3cret $1 %h \"'\n")
    now = block(timer).replace("\n30 3 * * * ", "\n@reboot ").encode()
    with cron_machine(tmp_path) as machine:
        ended = machine.run("crontab", "-", data=now)
        assert ended.returncode == 0, ended.stderr
        with machine.running("cron", "-f"):
            words, environment = recorded(tmp_path / "started")
    assert words == ["-P", "-m", "migrator", *timer.arguments]
    assert environment.items() >= {**timer.environment, "LANG": "C.UTF-8", "NICE": NICE}.items()
    assert environment["MY_SECRET"] == 's3cret $1 %h "'


def test_the_time_of_the_day_stands_where_cron_looks_for_it(timer):
    assert "\n5 23 * * * set -a; " in block(short(replace(timer, hour=23, minute=5)))


def test_a_command_that_cron_would_cut_off_is_refused(timer):
    with pytest.raises(UsageError, match="bytes"):
        block(replace(timer, arguments=("backup", "文" * 300)))


@pytest.mark.parametrize("others", [b"", OTHERS, OTHERS.rstrip(b"\n")])
def test_lines_of_others_stay_byte_for_byte(timer, others):
    timer = short(timer)
    once = with_block(others, timer)
    assert once.startswith(others)
    assert with_block(once, timer) == once
    assert without(once, timer.root) == (others and others.rstrip(b"\n") + b"\n")


def test_only_the_lines_of_this_site_are_replaced(timer):
    timer = short(timer)
    other = replace(timer, root=Path("/other"))
    both = with_block(with_block(OTHERS, other), timer)
    assert without(both, timer.root) == with_block(OTHERS, other)
    later = replace(timer, hour=5)
    assert with_block(both, later) == with_block(OTHERS, other) + block(later).encode()


def test_lines_whose_marks_are_not_whole_are_left_to_the_user(timer):
    timer = short(timer)
    lines = block(timer).encode().splitlines(keepends=True)
    for crontab in (lines[:-1], lines[1:], [lines[-1], *lines[:-1]]):
        with pytest.raises(UsageError, match="crontab"):
            without(b"".join(crontab), timer.root)
