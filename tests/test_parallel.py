import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rig.children import children

from migrator import parallel
from migrator.errors import ConfigError, EnvironmentProblem
from migrator.parallel import mapped

SITE_OF_MANY = 2500


@pytest.fixture(autouse=True)
def two_processors(monkeypatch):
    monkeypatch.setattr(parallel, "processors", lambda: 2)


def square(number):
    return number * number, os.getpid()


def fail(number):
    if number == 20:
        raise ConfigError("what is wrong", "and its cure")
    return number


def kill_itself(number):
    if number == 20:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def slow_at_first(number):
    time.sleep(0.2 if number == 0 else 0)
    return number


def test_few_tasks_are_done_here():
    assert list(mapped(square, range(9), few=10)) == [(n * n, os.getpid()) for n in range(9)]


def test_many_are_done_elsewhere_and_come_back_in_their_order():
    results = list(mapped(square, range(50), few=10))
    assert [value for value, _ in results] == [n * n for n in range(50)]
    assert os.getpid() not in {pid for _, pid in results}


def test_a_slow_task_changes_no_order():
    assert list(mapped(slow_at_first, range(60), few=2)) == list(range(60))


def test_no_more_tasks_are_taken_than_can_be_done_soon():
    taken = []
    results = mapped(slow_at_first, map(taken.append, range(1000)), few=2)
    next(results)
    assert len(taken) < 20
    results.close()


def test_what_a_task_raises_comes_back_as_it_was():
    with pytest.raises(ConfigError, match="what is wrong") as raised:
        list(mapped(fail, range(50), few=10))
    assert raised.value.hint == "and its cure"


def test_a_process_that_the_system_ends_is_no_bug_of_ours():
    with pytest.raises(EnvironmentProblem, match="ended a process"):
        list(mapped(kill_itself, range(50), few=10))


@pytest.fixture
def large_site(tmp_path):
    for number in range(SITE_OF_MANY):
        post = tmp_path / f"{number:04}.md"
        post.write_text(f"![](https://img.example.com/{number}.png)\n" * 30)
    return tmp_path


def scan(*arguments, **options):
    command = [sys.executable, "-m", "migrator", "scan", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < deadline:
        time.sleep(0.005)
    return found


needs_two = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2,
    reason="a scan uses processes where there are two processors",
)


def test_a_large_site_is_listed_in_order_whatever_reads_it(large_site):
    out, _ = scan(large_site, "--json").communicate()
    one = subprocess.run(
        [sys.executable, "-c", _ON_ONE_PROCESSOR, "scan", large_site, "--json"],
        capture_output=True,
        check=True,
    )
    assert out.count(b"\n") == SITE_OF_MANY * 30
    assert out == one.stdout


_ON_ONE_PROCESSOR = """
from migrator import parallel
parallel.processors = lambda: 1
from migrator.cli.main import main
main()
"""


@needs_two
@pytest.mark.parametrize("whom", ["the command", "the terminal's group"])
def test_an_interrupted_scan_says_so_once_and_leaves_nobody_behind(large_site, whom):
    process = scan(large_site, "--json", start_new_session=True)
    until(lambda: len(children(process.pid)) == 2)
    workers = children(process.pid)
    (os.killpg if "group" in whom else os.kill)(process.pid, signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130
    assert b"Traceback" not in said
    assert said.count(b"SIGINT") == 1
    assert len(workers) == 2
    assert until(lambda: not any(map(alive, workers)))


@needs_two
def test_a_killed_scan_leaves_nobody_behind(large_site):
    process = scan(large_site, "--json")
    until(lambda: len(children(process.pid)) == 2)
    workers = children(process.pid)
    process.kill()
    process.communicate()
    assert len(workers) == 2
    assert until(lambda: not any(map(alive, workers)))


@needs_two
def test_a_reader_that_has_seen_enough_ends_it(large_site):
    process = scan(large_site)
    assert process.stdout.readline() == b"0000.md\n"
    process.stdout.close()
    with process.stderr:
        said = process.stderr.read()
    assert process.wait(20) == 141
    assert b"Traceback" not in said
