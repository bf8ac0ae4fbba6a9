import pytest

from migrator.model import Asset, Failed, Held, Placement, Stored
from migrator.reasons import Reason
from migrator.report.by_host import ByHost


def stored(host, number=0, *, reused=False):
    url = f"https://{host}/{number}.png"
    asset = Asset("a" * 64, 1000, "image/png", ".png")
    return Stored(url, asset, Placement("s", "k", "a" * 64), url, reused=reused)


def after(totals, **done):
    """A stage in which so many images of each host are done."""
    hosts = ByHost.of(totals)
    for name, number in done.items():
        for _ in range(number):
            hosts.count(stored(name))
    return hosts


def test_each_host_has_its_own_count():
    hosts = ByHost.of({"a": 4, "b": 1})
    hosts.count(stored("a"))
    hosts.count(stored("a", reused=True))
    hosts.count(Failed("https://a/x.png", Reason.DNS, ""))
    hosts.count(Held("https://A/y.png", Reason.TOO_LARGE, ""))
    hosts.count(stored("elsewhere"))
    hosts.asked("https://b/z.png")
    a, b = hosts.counts.values()
    assert (a.done, a.failed, a.held, a.bytes) == (4, 1, 1, 1000)
    assert (b.done, b.bytes) == (1, 0)


def test_the_slowest_comes_first_and_who_is_done_is_gone():
    hosts = after({"a": 10, "b": 10, "c": 10, "d": 10}, a=5, b=1, c=10)
    assert [each.name for each in hosts.waiting(10.0)] == ["d", "b", "a"]
    assert hosts.seconds_left(10.0) == 90.0


@pytest.mark.parametrize(
    ("done", "elapsed", "name"),
    [
        ({"a": 90, "b": 9}, 60.0, None),  # as fast as the other
        ({"a": 100, "b": 5}, 60.0, "b"),  # the last one
        ({"a": 50, "b": 1}, 60.0, "b"),
        ({"a": 50, "b": 0}, 60.0, "b"),  # gave nothing yet
        ({"a": 0, "b": 0}, 60.0, None),
        ({"a": 100, "b": 5}, 2.0, None),  # too early to tell
        ({"a": 100, "b": 9}, 60.0, None),  # as good as done
        ({"a": 100, "b": 10}, 60.0, None),
    ],
)
def test_a_host_is_named_if_all_wait_for_it(done, elapsed, name):
    slowest = after({"a": 100, "b": 10}, **done).slowest(elapsed)
    assert (slowest and slowest.name) == name


def test_the_only_host_is_not_the_slowest():
    assert after({"a": 10}, a=1).slowest(60.0) is None
    assert after({}).slowest(60.0) is None
