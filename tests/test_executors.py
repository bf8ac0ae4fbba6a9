import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.errors import EnvironmentProblem, Interrupted, StoreRefused
from migrator.executors import Hands, WorkLost, run_bounded
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
            Hands(executor, work, in_flight),
            tasks,
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
            Hands(executor, lambda _: together.wait(10), 4),
            range(8),
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


def test_what_ends_within_a_moment_comes_together_and_work_goes_on():
    with ThreadPoolExecutor(2) as executor:
        hands = Hands(executor, lambda task: time.sleep(0.01) or task, 4)
        told = list(run_bounded(hands, range(60), host_of=lambda _: "", per_host=1, stop=Stop()))
    assert sorted(result for ended in told for _, result in ended) == list(range(60))
    assert max(map(len, told)) > 4  # more than are ever under way at once


def test_what_ended_is_told_before_what_kept_another_from_beginning():
    def ready(task):
        if task == 3:
            raise KeyError(task)
        return task

    told = []

    def tell(executor):
        for ended in run_bounded(
            Hands(executor, str, 1),
            range(5),
            host_of=lambda _: "",
            per_host=1,
            stop=Stop(),
            ready=ready,
        ):
            told.extend(task for task, _ in ended)

    with ThreadPoolExecutor(1) as executor, pytest.raises(KeyError):
        tell(executor)
    assert told == [0, 1, 2]


def test_what_ended_does_not_wait_for_what_takes_long():
    begun, long = time.monotonic(), threading.Event()

    def work(task):
        if task:
            long.wait(10)

    with ThreadPoolExecutor(2) as executor:
        done = run_bounded(
            Hands(executor, work, 2), range(2), host_of=lambda _: "", per_host=1, stop=Stop()
        )
        assert next(done) == [(0, None)]
        took = time.monotonic() - begun
        long.set()
    assert took < 5  # but for ever without a limit


def test_work_goes_on_while_what_ended_is_written_down():
    begun = threading.Semaphore(0)

    def work(task):
        begun.release()
        return task

    with ThreadPoolExecutor(2) as executor:
        done = run_bounded(
            Hands(executor, work, 4), range(10_000), host_of=lambda _: "", per_host=1, stop=Stop()
        )
        first = next(done)
        for _ in range(4 + len(first)):  # others were begun before what ended was told
            assert begun.acquire(timeout=5)


class Chaos(ThreadPoolExecutor):
    """Loses work before or after it was done, does it twice, and is late with it."""

    def __init__(self, seed, losses):
        super().__init__(4)
        self.chance, self.losses = random.Random(seed), losses

    def submit(self, work, task):
        fate = self.chance.choice(["done", "twice", "late", "lost", "lost after"])
        if fate.startswith("lost") and self.losses[task] >= 2:
            fate = "done"
        self.losses[task] += fate.startswith("lost")

        def run():
            if fate == "lost":
                raise WorkLost
            result = work(task)
            if fate == "lost after":
                raise WorkLost
            if fate == "late":
                time.sleep(0.002)
            return work(task) if fate == "twice" else result

        return super().submit(run)


@settings(max_examples=30, deadline=None)
@given(st.integers(), st.lists(st.sampled_from("abcdef"), max_size=20))
def test_whatever_is_lost_or_done_twice_every_task_has_one_result(seed, hosts):
    tasks = [f"{host}{number}" for number, host in enumerate(hosts)]
    with Chaos(seed, Counter()) as executor:
        hands = Hands(executor, str.upper, 4)
        ended = run_bounded(hands, tasks, host_of=lambda t: t[0], per_host=2, stop=Stop())
        done = [each for some in ended for each in some]
    assert sorted(done) == sorted((task, task.upper()) for task in tasks)


def lose(_task):
    raise WorkLost


def test_what_is_lost_three_times_is_given_up_and_costs_no_other():
    tried = Counter()

    def work(task):
        tried[task] += 1
        return lose(task) if task == "a1" else task

    with ThreadPoolExecutor(2) as executor:
        ended = run_bounded(
            Hands(executor, work, 2),
            ["a1", "a2", "a3"],
            host_of=lambda t: t[0],
            per_host=1,
            stop=Stop(),
            lost=lambda task: f"{task} is lost",
        )
        done = dict(each for some in ended for each in some)
    assert done == {"a1": "a1 is lost", "a2": "a2", "a3": "a3"}
    assert tried == {"a1": 3, "a2": 1, "a3": 1}


def test_what_is_lost_for_good_is_given_up_at_once():
    tried = Counter()

    def work(task):
        tried[task] += 1
        raise WorkLost(again=False)

    with ThreadPoolExecutor(1) as executor:
        ended = run_bounded(
            Hands(executor, work, 1),
            ["a1"],
            host_of=lambda t: t[0],
            per_host=1,
            stop=Stop(),
            lost=lambda task: f"{task} is lost",
        )
        assert list(ended) == [[("a1", "a1 is lost")]]
    assert tried == {"a1": 1}


def test_nothing_lost_is_begun_again_after_a_signal():
    stop, tried = Stop(), Counter()

    def work(task):
        tried[task] += 1
        stop.signal = 2
        lose(task)

    with pytest.raises(Interrupted):
        list(run(work, ["a1"], stop=stop))
    assert tried["a1"] == 1


class Gone(ThreadPoolExecutor):
    """Takes one task, and then there is nobody left."""

    def submit(self, work, task):
        if task != "a1":
            raise EnvironmentProblem("nobody is there")
        return super().submit(work, task)


def test_what_ended_before_nobody_was_left_is_not_lost():
    with Gone(1) as executor:
        ended = run_bounded(
            Hands(executor, str.upper, 1),
            ["a1", "a2"],
            host_of=lambda t: t[0],
            per_host=1,
            stop=Stop(),
        )
        assert next(ended) == [("a1", "A1")]
        with pytest.raises(EnvironmentProblem):
            next(ended)


class Refused(ThreadPoolExecutor):
    """No thread can be started."""

    def submit(self, *_):
        raise RuntimeError("can't start new thread")


def test_where_no_thread_can_be_started_the_cure_is_told():
    hands = Hands(Refused(1), str.upper, 1)
    tasks = run_bounded(hands, ["a1"], host_of=lambda t: t[0], per_host=1, stop=Stop())
    with pytest.raises(EnvironmentProblem, match="no more threads") as raised:
        next(tasks)
    assert "ulimit" in raised.value.hint
