import os
import stat

import pytest

from migrator.reasons import Reason
from migrator.rewriter.gate import refusal


@pytest.fixture
def post(tmp_path):
    path = tmp_path / "post.md"
    path.write_text("text")
    return path


def test_an_ordinary_file_may_be_replaced(post):
    assert refusal(post) is None


def _link(post):
    post.rename(post.with_name("other"))
    post.symlink_to("other")


def _fifo(post):
    post.unlink()
    os.mkfifo(post)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda post: post.chmod(stat.S_IRUSR), Reason.READ_ONLY),
        (lambda post: os.link(post, post.with_name("second")), Reason.HARD_LINK),
        (_link, Reason.SYMLINK),
        (_fifo, Reason.NOT_A_FILE),
        (lambda post: post.unlink(), Reason.POST_CHANGED),
    ],
)
def test_what_cannot_be_replaced_says_why(post, change, reason):
    change(post)
    assert refusal(post).reason is reason
