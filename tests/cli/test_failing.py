"""What an exception means for whoever typed the command."""

import errno

import pytest

from migrator.cli.failing import explained


@pytest.mark.parametrize(
    "error",
    [RuntimeError("can't start new thread"), OSError(errno.EMFILE, "Too many open files")],
)
def test_what_the_system_does_not_allow_has_a_cure(error):
    words, status = explained(error)
    assert (status, "ulimit -n" in words, "bug" in words) == (6, True, False)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BlockingIOError(errno.EAGAIN, "write could not complete without blocking"), 6),
        (RuntimeError("something else"), 1),
    ],
)
def test_a_full_pipe_or_a_bug_has_not_that_cure(error, status):
    with pytest.raises(type(error)) as raised:  # a bug has a place
        raise error
    words, found = explained(raised.value)
    assert (found, "ulimit" in words) == (status, False)
