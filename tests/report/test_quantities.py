import pytest

from migrator.report.quantities import counted, duration, size


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_951, "1.0 MB"),
        (83_240_000, "83.2 MB"),
        (5_000_000_000, "5.0 GB"),
        (2_000_000_000_000, "2.0 TB"),
    ],
)
def test_sizes_are_in_powers_of_a_thousand(number, words):
    assert size(number) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "1 s"), (42, "42 s"), (90, "2 min"), (4800, "1 h 20 min")]
)
def test_durations_are_rough(seconds, words):
    assert duration(seconds) == words


def test_only_one_is_singular():
    assert [counted(n, "post") for n in (0, 1, 2000)] == ["0 posts", "1 post", "2,000 posts"]
