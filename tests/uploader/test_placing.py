"""Storing with proof, where a store in memory is enough; real stores are in test_base."""

import hashlib
import pickle
from dataclasses import replace
from itertools import pairwise

import pytest

from migrator.downloader.faults import Unfetched
from migrator.errors import EnvironmentProblem, StoreRefused
from migrator.model import Placement
from migrator.reasons import Reason
from migrator.uploader.base import StoreError
from migrator.uploader.placing import confirm, copied, place

KEY = "k.png"


class Shelf:
    """A store in memory; ``problems`` are raised first, one a call."""

    identity = "shelf:"

    def __init__(self, *problems):
        self.objects = {}
        self.problems = list(problems)
        self.puts = 0

    def put_new(self, key, path, _asset, source):
        self.puts += 1
        self.source = source
        if self.problems:
            raise self.problems.pop(0)
        return self.objects.setdefault(key, path.read_bytes()) is None

    def read(self, key):
        if key not in self.objects:
            raise FileNotFoundError(key)
        yield self.objects[key]

    def public_url(self, key):
        return f"https://img.example.com/{key}"


def unavailable():
    return StoreError(Reason.STORE_UNAVAILABLE, "busy")


def test_a_placement_says_where_the_bytes_are(fetched, naps):
    image = fetched()
    expected = Placement("shelf:", KEY, image.asset.sha256)
    assert place(Shelf(), image, KEY, sleep=naps.append) == expected
    assert naps == []


def test_the_store_is_told_which_image_it_is_but_not_its_address(fetched, naps):
    image, shelf = fetched(), Shelf()
    place(shelf, image, KEY, url="HTTPS://h.example:443/%61.png?token=s3cret#pic")
    known = hashlib.sha256(b"https://h.example/a.png?token=s3cret").hexdigest()
    assert shelf.source == known
    place(shelf, image, KEY)
    assert shelf.source == hashlib.sha256(image.source.encode()).hexdigest()


def test_pauses_grow_and_differ(fetched, naps):
    shelf = Shelf(*(unavailable() for _ in range(5)))
    place(shelf, fetched(), KEY, sleep=naps.append)
    assert len(naps) == 5
    assert all(later > earlier for earlier, later in pairwise(naps))
    others = []
    place(Shelf(*(unavailable() for _ in range(5))), fetched(), KEY, sleep=others.append)
    assert others != naps


def test_patience_ends(fetched, naps):
    shelf = Shelf(*(unavailable() for _ in range(99)))
    with pytest.raises(StoreError, match="busy"):
        place(shelf, fetched(), KEY, sleep=naps.append)
    assert shelf.puts == 6


@pytest.mark.parametrize(
    "problem",
    [
        StoreError(Reason.STORE_REJECTED, "too large"),
        StoreError(Reason.STORE_CONFLICT, "taken"),
        StoreRefused("wrong key"),
        EnvironmentProblem("disk full"),
    ],
)
def test_what_does_not_pass_is_not_tried_again(fetched, naps, problem):
    shelf = Shelf(problem)
    with pytest.raises(type(problem)) as caught:
        place(shelf, fetched(), KEY, sleep=naps.append)
    assert caught.value is problem
    assert (shelf.puts, naps) == (1, [])


def test_a_downloaded_copy_that_changed_never_takes_the_key(fetched):
    image, shelf = fetched(), Shelf()
    image.body.write_bytes(image.body.read_bytes()[:-1] + b"?")
    with pytest.raises(EnvironmentProblem, match="its bytes changed"):
        place(shelf, image, KEY)
    assert shelf.objects == {}


def test_a_downloaded_copy_that_vanished_is_not_the_stores_fault(fetched):
    image, shelf = fetched(), Shelf()
    image.body.unlink()
    with pytest.raises(EnvironmentProblem, match="No such file"):
        place(shelf, image, KEY)


def test_an_object_larger_than_the_image_is_not_read_to_its_end(fetched):
    image, shelf = fetched(), Shelf()

    def endless(_key):
        while True:
            yield b"x" * 10_000

    shelf.read = endless
    assert not confirm(shelf, image.asset, KEY)


def test_the_size_must_be_right_too(fetched):
    image, shelf = fetched(), Shelf()
    place(shelf, image, KEY)
    assert confirm(shelf, image.asset, KEY)
    assert not confirm(shelf, replace(image.asset, size=image.asset.size + 1), KEY)


def test_an_object_that_never_shows_is_no_placement(fetched, naps):
    image, shelf = fetched(), Shelf()
    shelf.objects = {KEY: None}

    def missing(key):
        raise FileNotFoundError(key)
        yield b""

    shelf.read = missing
    with pytest.raises(StoreError, match="does not have it") as caught:
        place(shelf, image, KEY, sleep=naps.append)
    assert caught.value.reason is Reason.STORE_MISMATCH
    assert sum(naps) > 20


@pytest.mark.parametrize(
    "error", [StoreError(Reason.STORE_CONFLICT, "k is taken"), Unfetched(Reason.TLS, "h", after=3)]
)
def test_errors_come_whole_out_of_a_worker_process(error):
    back = pickle.loads(pickle.dumps(error))
    assert (type(back), vars(back), str(back)) == (type(error), vars(error), error.detail)


def test_a_copy_is_read_patiently_and_whole(tmp_path, fetched, naps):
    class Breaks(Shelf):
        def read(self, key):
            yield self.objects[key][:100]
            if self.problems:
                raise self.problems.pop(0)
            yield self.objects[key][100:]

    image = fetched()
    shelf = Breaks(StoreError(Reason.STORE_UNAVAILABLE, "503"))
    shelf.objects[KEY] = image.body.read_bytes()
    with copied(shelf, image.asset, KEY, tmp_path, sleep=naps.append) as path:
        assert path.read_bytes() == image.body.read_bytes()
    assert len(naps) == 1
    assert not path.exists()
