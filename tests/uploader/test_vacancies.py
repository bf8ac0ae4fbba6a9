"""Which names of a bucket are free, told by one list of it."""

import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from migrator.model import Asset
from migrator.reasons import Reason
from migrator.uploader.answers import Refusal
from migrator.uploader.base import StoreError
from migrator.uploader.documents import Page
from migrator.uploader.vacancies import Vacancies

ASSET = Asset(hashlib.sha256(b"image").hexdigest(), 5, "image/png", ".png")
KEY = f"blog/ab/{ASSET.sha256}.png"


def vacancies(*pages, prefix="blog/"):
    asked = []

    def listed(below):
        asked.append(below)
        for page in pages:
            if isinstance(page, Exception):
                raise page
            yield page

    return Vacancies(prefix, listed), asked


def test_what_a_short_list_does_not_name_is_free_once():
    free, asked = vacancies(Page([("blog/other.png", 1)], {}, is_whole=True))
    assert free.claim(KEY, ASSET)
    assert not free.claim(KEY, ASSET)
    assert asked == ["blog/"]


def test_what_the_list_names_is_not_free():
    assert not vacancies(Page([(KEY, 5)], {}, is_whole=True))[0].claim(KEY, ASSET)


@pytest.mark.parametrize(
    "answer",
    [
        Page([], {"continuation-token": "more"}),
        Page([], {}),
        Page([("blog%2Fother.png", 1)], {}, is_whole=True),
        Refusal(403, "AccessDenied"),
        StoreError(Reason.STORE_UNAVAILABLE, "no list"),
    ],
    ids=["longer than a page", "perhaps longer", "in another spelling", "refused", "no list"],
)
def test_in_doubt_nothing_is_free_and_nobody_asks_again(answer):
    free, asked = vacancies(answer)
    assert not free.claim(KEY, ASSET)
    assert not free.claim(f"{KEY}2", ASSET)
    assert len(asked) == 1


@pytest.mark.parametrize("key", ["blog/hello.png", f"blog/{ASSET.sha256[:15]}.png", "posts/x.png"])
def test_a_name_that_another_image_may_have_is_not_free(key):
    free, asked = vacancies(Page([], {}, is_whole=True))
    assert not free.claim(key, ASSET)
    assert not asked


def test_a_name_elsewhere_is_not_free():
    assert not vacancies(Page([], {}, is_whole=True))[0].claim(f"posts/{ASSET.sha256}.png", ASSET)


def test_of_many_threads_one_finds_a_name_free():
    free, asked = vacancies(Page([], {}, is_whole=True))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: free.claim(KEY, ASSET), range(64)))
    assert found.count(True) == 1
    assert len(asked) == 1
