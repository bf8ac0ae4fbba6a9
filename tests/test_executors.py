import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.errors import Interrupted, StoreRefused
from migrator.executors import run_bounded
from migrator.interruption import Stop


class Watched:
    """Work that counts how much of it is under way, in all and for each host."""

    def __init__(self, seconds=0.001):
        self.seconds, self.lock = seconds, threading.Lock()
        self.now, self.most = Counter(), Counter()

    def __call__(self, task):
        host = task[0]
        with self.lock:
            for name in (host, "all"):
                self.now[name] += 1
                self.most[name] = max(self.most[name], self.now[name])
        time.sleep(self.seconds)
        with self.lock:
            self.now.subtract([host, "all"])
        return task * 2


def run(work, tasks, *, in_flight=4, per_host=2, stop=None):
    with ThreadPoolExecutor(in_flight) as executor:
        for ended in run_bounded(
            executor,
            work,
            tasks,
            in_flight=in_flight,
            host_of=lambda task: task[0],
            per_host=per_host,
            stop=stop or Stop(),
        ):
            yield from ended


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.sampled_from(["a1", "a2", "b1", "c1", "c2", "c3"]), max_size=25),
    st.integers(1, 5),
    st.integers(1, 3),
)
def test_every_task_is_done_once_within_the_bounds(tasks, in_flight, per_host):
    work = Watched()
    done = list(run(work, tasks, in_flight=in_flight, per_host=per_host))
    assert sorted(done) == sorted((task, task * 2) for task in tasks)
    assert work.most["all"] <= in_flight
    assert all(work.most[host] <= per_host for host in "abc")


def test_a_host_with_many_images_does_not_hold_up_the_others():
    tasks = [f"a{n}" for n in range(50)] + ["b1"]
    order = [task for task, _ in run(Watched(), tasks, in_flight=2, per_host=1)]
    assert order.index("b1") < 5


def test_what_asks_no_host_is_bound_by_what_may_be_in_flight_alone():
    together = threading.Barrier(4)
    with ThreadPoolExecutor(4) as executor:
        done = run_bounded(
            executor,
            lambda _: together.wait(10),
            range(8),
            in_flight=4,
            host_of=lambda _: "",
            per_host=1,
            stop=Stop(),
        )
        assert sorted(task for ended in done for task, _ in ended) == list(range(8))


def test_after_a_signal_nothing_new_starts_and_what_ended_is_yielded():
    stop, started, done = Stop(), [], []

    def work(task):
        started.append(task)
        stop.signal = 2
        return task

    with pytest.raises(Interrupted):
        done.extend(run(work, ["a1", "b1", "c1"], in_flight=1, stop=stop))
    assert started == ["a1"]
    assert done == [("a1", "a1")]


def test_when_its_time_is_over_nothing_new_starts_and_it_is_no_error():
    started = []

    def work(task):
        started.append(task)
        time.sleep(0.3)
        return task

    done = list(run(work, ["a1", "b1", "c1"], in_flight=1, stop=Stop(seconds=0.1)))
    assert started == ["a1"]
    assert done == [("a1", "a1")]


def test_what_ended_beside_a_fatal_error_is_not_lost():
    ready = threading.Event()

    def work(task):
        if task == "a1":
            ready.wait(5)
            raise StoreRefused("no")
        ready.set()
        time.sleep(0.1)
        return task

    done = []
    with pytest.raises(StoreRefused):
        done.extend(run(work, ["a1", "b1", "c1"], in_flight=2))
    assert done == [("b1", "b1")]


def test_what_stops_the_whole_run_gets_out():
    def refuse(_task):
        raise StoreRefused("no")

    with pytest.raises(StoreRefused):
        list(run(refuse, ["a1", "a2"]))


def test_what_ends_while_others_are_written_down_comes_together_and_work_goes_on():
    many = threading.Semaphore(0)

    def work(task):
        many.release()
        return task

    with ThreadPoolExecutor(2) as executor:
        done = run_bounded(
            executor,
            work,
            range(8),
            in_flight=4,
            host_of=lambda _: "",
            per_host=1,
            stop=Stop(),
        )
        first = next(done)
        for _ in range(4 + len(first)):  # more than ever were under way at once
            assert many.acquire(timeout=5)
        time.sleep(0.1)
        assert len(next(done)) > 1
