"""Where a fetched image is until it is stored: small ones in memory, the others in a file."""

import hashlib

import pytest
from rig.images import content

from migrator.downloader.spool import discard, draft
from migrator.errors import EnvironmentProblem

MOST = 1024**2  # bytes of one that stays in memory


@pytest.fixture
def spool(tmp_path):
    return tmp_path / "a folder" / "spool"


@pytest.mark.parametrize("size", [0, 1, MOST - 1, MOST, MOST + 1, 3 * MOST])
@pytest.mark.parametrize("piece", [MOST // 3, 4 * MOST])
def test_what_is_kept_is_what_was_written(spool, size, piece):
    data = bytes(number % 251 for number in range(1024)) * (size // 1024) + b"x" * (size % 1024)
    with draft(spool) as image:
        for start in range(0, size, piece):
            image.write(data[start : start + piece])
        assert image.part(0, 10) == data[:10]
        assert image.part(size // 2, 100) == data[size // 2 :][:100]
        assert b"".join(image.pieces()) == data
        assert image.size == size
        body = image.keep()
    assert content(body) == content(body) == data
    files = list(spool.rglob("*"))
    if size <= MOST:
        assert files == []
    else:
        assert files == [body]
        assert body.name.startswith(hashlib.sha256(data).hexdigest())
        assert body.stat().st_mode & 0o777 == 0o600
    discard(body)
    assert list(spool.rglob("*")) == []


@pytest.mark.parametrize("before", [10, 2 * MOST])
@pytest.mark.parametrize("after", [b"short", b"long" * MOST])
def test_what_begins_anew_holds_nothing_of_what_was_before(spool, before, after):
    with draft(spool) as image:
        image.write(b"?" * before)
        image.clear()
        assert (image.size, b"".join(image.pieces())) == (0, b"")
        image.write(after)
        assert image.sha256 == hashlib.sha256(after).hexdigest()
        assert b"".join(image.pieces()) == after
        assert content(image.keep()) == after


@pytest.mark.parametrize("size", [10, 2 * MOST])
def test_nothing_is_left_of_a_draft_that_is_not_kept(spool, size):
    with draft(spool) as image:
        image.write(b"?" * size)
    assert list(spool.rglob("*")) == []


def test_a_small_image_needs_no_folder_and_a_large_one_says_what_is_wrong_with_it(tmp_path):
    (tmp_path / "spool").write_text("a file where the folder should be")
    with draft(tmp_path / "spool") as image:
        image.write(b"?" * MOST)
        with pytest.raises(EnvironmentProblem, match="spool"):
            image.write(b"?")
