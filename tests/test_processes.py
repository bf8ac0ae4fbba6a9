import fcntl
import os
import pickle
import signal
import stat
import struct
import subprocess
import sys
import threading
import time

import pytest

from migrator.errors import OutOfMemory, StoreRefused
from migrator.executors import WorkLost
from migrator.processes import Processes


def where(_task=None):
    time.sleep(0.02)
    return os.getpid(), threading.get_ident()


def refuse(words):
    raise StoreRefused(words, "the cure")


def exhaust():
    raise OutOfMemory


def badly():
    class Unsendable(Exception):
        pass

    raise Unsendable("what was wrong")


def unsendable():
    return threading.Lock()


def die(number):
    os.kill(os.getpid(), number)
    time.sleep(5)
    return "alive"


def say(data):
    """Say to the parent what is no answer, and end."""
    # all else that we inherited was closed
    (pipe,) = (each for each in range(3, 2**16) if is_socket(each))
    os.write(pipe, data)
    os.kill(os.getpid(), signal.SIGKILL)


def is_socket(descriptor):
    try:
        return stat.S_ISSOCK(os.fstat(descriptor).st_mode)
    except OSError:
        return False


@pytest.fixture
def processes():
    with Processes(2, 3) as executor:
        yield executor


def test_work_is_spread_over_all_threads_of_all_processes(processes):
    seen = {each.result() for each in [processes.submit(where, n) for n in range(60)]}
    assert len({pid for pid, _ in seen}) == 2
    assert len(seen) == 6
    assert os.getpid() not in {pid for pid, _ in seen}


@pytest.mark.parametrize(
    ("work", "arguments", "error", "says"),
    [
        (refuse, ("no",), StoreRefused, "no"),
        (exhaust, (), OutOfMemory, "not enough memory"),
        (badly, (), RuntimeError, "what was wrong"),
        (unsendable, (), TypeError, "pickle"),
    ],
)
def test_what_is_raised_there_is_raised_here(processes, work, arguments, error, says):
    with pytest.raises(error, match=says) as raised:
        processes.submit(work, *arguments).result(20)
    assert getattr(raised.value, "hint", "the cure")
    assert processes.submit(where).result(20)


def test_what_a_process_had_is_lost_with_it_and_another_takes_its_place(processes):
    beside = [processes.submit(time.sleep, 0.5) for _ in range(4)]
    lost = processes.submit(die, signal.SIGKILL)
    with pytest.raises(WorkLost):
        lost.result(20)
    ends = [each.exception(20) for each in beside]
    assert any(isinstance(each, WorkLost) for each in ends)
    assert None in ends
    assert len({processes.submit(where).result(20)[0] for _ in range(20)}) >= 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_to_all_are_for_the_parent_to_hear(processes, number):
    waiting = processes.submit(die, number)
    time.sleep(0.2)
    assert not waiting.done()
    os.kill(processes.submit(where).result(20)[0], number)
    assert processes.submit(where).result(20)


PARENT = """
import os, sys, time, fcntl
from migrator.processes import Processes
lock = open(sys.argv[1], "w")
fcntl.flock(lock, fcntl.LOCK_EX)
executor = Processes(2, 1)
pids = {executor.submit(os.getpid).result() for _ in range(50)}
for _ in range(2):
    executor.submit(time.sleep, 600)
print(*pids, flush=True)
time.sleep(600)
"""


def test_they_end_with_their_parent_however_that_ends_and_hold_no_lock_of_it(tmp_path):
    lock = tmp_path / "lock"
    command = [sys.executable, "-c", PARENT, lock]
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8") as parent:
        pids = [int(each) for each in parent.stdout.readline().split()]
        parent.kill()
    with lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    until = time.monotonic() + 20
    while any(map(is_running, pids)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(map(is_running, pids))


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_after_the_end_nobody_is_left():
    with Processes(2, 1) as executor:
        pids = {executor.submit(where).result(20)[0] for _ in range(10)}
        lost = executor.submit(time.sleep, 600)
    assert isinstance(lost.exception(1), WorkLost)
    assert not [pid for pid in pids if is_running(pid)]


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (struct.pack("!i", 1000) + b"half of an answer", WorkLost),
        (struct.pack("!i", 1000), WorkLost),
        (b"\0", WorkLost),
        (struct.pack("!i", 4) + b"junk", pickle.UnpicklingError),
    ],
)
def test_whoever_waits_hears_of_a_process_that_ends_in_the_middle_of_an_answer(said, error):
    with Processes(1, 1) as executor:
        lost = [executor.submit(say, said), executor.submit(where)]
        assert [type(each.exception(20)) for each in lost] == [error, error]
        assert executor.submit(where).result(20)


def test_a_process_may_end_while_it_is_told_what_to_do():
    with Processes(1, 1) as executor:
        pid = executor.submit(os.getpid).result(20)
        os.kill(pid, signal.SIGSTOP)  # so that it does not hear all of this
        killer = threading.Timer(0.3, os.kill, (pid, signal.SIGKILL))
        killer.start()
        lost = executor.submit(len, bytes(50_000_000))
        killer.join()
        assert isinstance(lost.exception(20), WorkLost)
        assert executor.submit(len, bytes(50_000_000)).result(20) == 50_000_000


REFUSED = """
import os, resource, sys
from migrator.errors import EnvironmentProblem
from migrator.processes import Processes
{limit}
try:
    Processes(60, 1)
except EnvironmentProblem as error:
    print(error, error.hint)
try:
    print(os.waitpid(-1, os.WNOHANG))
except ChildProcessError:
    print("nobody is left")
"""
FILES = "resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))"
# room for the stacks of some threads, and not of sixty
MEMORY = """
size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + 40_000_000, size + 40_000_000))
"""


@pytest.mark.parametrize(("limit", "says"), [(FILES, "too many open files"), (MEMORY, "threads")])
@pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")
def test_where_the_system_refuses_so_many_nobody_is_left_and_the_cure_is_named(limit, says):
    command = [sys.executable, "-c", REFUSED.format(limit=limit)]
    ended = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60, check=True)
    problem, rest = ended.stdout.splitlines()
    assert says in problem
    assert "ulimit -n" in problem
    assert rest == "nobody is left"
