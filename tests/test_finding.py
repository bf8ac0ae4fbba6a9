import pytest

from migrator.errors import ConfigError, EnvironmentProblem, MigratorError, StoreRefused
from migrator.finding import Area, exit_status, note, ok, problem, trouble


def test_notes_and_what_is_fine_are_no_reason_to_stop():
    assert exit_status([]) == 0
    assert exit_status([ok(Area.STORE, "fine"), note(Area.CONFIG, "hm")]) == 0


@pytest.mark.parametrize(
    ("areas", "status"),
    [
        ([Area.CONFIG], 2),
        ([Area.STORE], 8),
        ([Area.PUBLIC], 8),
        ([Area.HOSTS], 6),
        ([Area.POSTS], 6),
        ([Area.DISK], 6),
        ([Area.ENVIRONMENT], 6),
        ([Area.CONFIG, Area.STORE], 8),
        ([Area.CONFIG, Area.STORE, Area.DISK], 6),
    ],
)
def test_the_most_severe_problem_decides(areas, status):
    assert exit_status([problem(area, "bad") for area in areas]) == status


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ConfigError("x"), 2),
        (StoreRefused("x"), 8),
        (EnvironmentProblem("x"), 6),
        (MigratorError("x"), 8),
    ],
)
def test_an_error_keeps_its_own_status(error, status):
    found = trouble(Area.STORE, error, "here")
    assert (found.status, found.where, found.what) == (status, "here", "x")


def test_the_hint_of_an_error_is_the_cure():
    assert trouble(Area.STORE, StoreRefused("x", "do this")).cure == "do this"
