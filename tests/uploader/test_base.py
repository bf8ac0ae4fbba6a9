"""What every store must do, on real ones: a folder, rclone, Ceph, Swift, and a model of OSS."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from rig.faulty_store import FailsOnce, FlipsABit, ShowsLate, Truncates

from migrator.body import InMemory
from migrator.reasons import Reason
from migrator.uploader.base import StoreError
from migrator.uploader.placing import confirm, patiently, place

KEY = "ab/abcdef0123456789.png"
SOURCE = "5" * 64


@pytest.fixture
def store(store_site, opened):
    store = opened(store_site)
    store.check()
    return store


@pytest.fixture
def contents(store_site):
    return store_site.contents


def test_a_placed_image_is_there_byte_for_byte(store, contents, fetched):
    image = fetched()
    placement = place(store, image, KEY)
    assert (placement.store, placement.key) == (store.identity, KEY)
    assert placement.sha256 == image.asset.sha256
    assert contents() == {KEY: image.body.read_bytes()}


def test_an_image_in_memory_is_placed_as_one_in_a_file(store, contents, fetched):
    image = fetched()
    data = image.body.read_bytes()
    place(store, replace(image, body=InMemory(data)), KEY)
    assert contents() == {KEY: data}
    assert place(store, image, KEY).key == KEY


def test_an_image_of_no_bytes_and_one_of_several_chunks(store, fetched):
    for data in (b"", b"\xff" * 3_000_001):
        image = fetched(data)
        place(store, image, f"x/{image.asset.sha256}")
        assert b"".join(store.read(f"x/{image.asset.sha256}")) == data


def test_placing_again_is_no_change_and_no_error(store, contents, fetched):
    assert place(store, fetched(), KEY) == place(store, fetched(), KEY)
    assert list(contents()) == [KEY]


def test_putting_over_an_object_says_so_and_leaves_it(store, store_site, fetched):
    store_site.plant(KEY, b"somebody else's")
    image = fetched()
    assert store.put_new(KEY, image.body, image.asset, SOURCE) is False
    assert store_site.contents() == {KEY: b"somebody else's"}


def test_other_bytes_under_our_key_are_a_conflict_and_stay(store, store_site, fetched, naps):
    store_site.plant(KEY, b"somebody else's")
    with pytest.raises(StoreError) as caught:
        place(store, fetched(), KEY, sleep=naps.append)
    assert caught.value.reason is Reason.STORE_CONFLICT
    assert KEY in caught.value.detail
    assert naps == []
    assert store_site.contents() == {KEY: b"somebody else's"}


def test_the_one_name_that_moves_on_is_replaced_as_a_whole(store, contents):
    for content in (b"first\n", b"second, and longer\n", b""):
        store.replace("backup/latest", content)
        assert contents() == {"backup/latest": content}
        assert b"".join(store.read("backup/latest")) == content


def test_a_missing_object_is_a_missing_file(store):
    with pytest.raises(FileNotFoundError):
        next(store.read(KEY))


def test_confirm_reads_the_object(store, store_site, fetched):
    image = fetched()
    assert not confirm(store, image.asset, KEY)
    place(store, image, KEY)
    assert confirm(store, image.asset, KEY)
    store_site.plant(KEY, image.body.read_bytes()[:-1] + b"?")
    assert not confirm(store, image.asset, KEY)


@pytest.mark.parametrize("prefix", ["图片", "my images", "a+b", "blog/2026/é&=;,~'()!"])
def test_prefixes_people_choose(store_site, opened, fetched, prefix):
    settings = replace(store_site.settings, prefix=prefix)
    store = opened(store_site, settings)
    store.check()
    image = fetched()
    key = f"{prefix}/{KEY}"
    place(store, image, key)
    assert store_site.contents() == {key: image.body.read_bytes()}


def test_racing_writers_of_one_key_leave_one_whole_object(store, store_site, fetched, naps):
    image = fetched()

    def put(key):  # some services answer 500 to a race
        return patiently(lambda: store.put_new(key, image.body, image.asset, SOURCE), naps.append)

    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(put, [KEY] * 16))
    assert any(made)
    if store_site.atomic:
        assert made.count(True) == 1
    assert store_site.contents() == {KEY: image.body.read_bytes()}


def test_racing_writers_all_end_with_the_same_placement(store, fetched):
    image = fetched()
    with ThreadPoolExecutor(16) as pool:
        placements = list(pool.map(lambda _: place(store, image, KEY), range(16)))
    assert set(placements) == {placements[0]}


def test_racing_writers_of_different_images_leave_a_whole_one(store, store_site, fetched, naps):
    images = [fetched(b"%d" % number * 5000) for number in range(16)]

    def attempt(image):
        try:
            place(store, image, KEY, sleep=naps.append)
        except StoreError as error:
            return error.reason
        return image

    with ThreadPoolExecutor(16) as pool:
        ended = list(pool.map(attempt, images))
    winners = [each for each in ended if not isinstance(each, Reason)]
    (left,) = store_site.contents().values()
    assert left in {image.body.read_bytes() for image in images}
    if store_site.atomic:
        assert [left] == [winner.body.read_bytes() for winner in winners]
        assert ended.count(Reason.STORE_CONFLICT) == 15


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_failure_before_or_after_the_effect_ends_in_one_object(
    store, store_site, fetched, naps, after
):
    image = fetched()
    place(FailsOnce(store, after=after), image, KEY, sleep=naps.append)
    assert len(naps) == 1
    assert store_site.contents() == {KEY: image.body.read_bytes()}


@pytest.mark.parametrize("rot", [FlipsABit, Truncates])
def test_our_bytes_read_back_wrong_are_no_placement(store, fetched, naps, rot):
    with pytest.raises(StoreError) as caught:
        place(rot(store), fetched(), KEY, sleep=naps.append)
    assert caught.value.reason is Reason.STORE_MISMATCH
    assert naps


def test_an_object_that_shows_late_is_waited_for(store, fetched, naps):
    place(ShowsLate(store), fetched(), KEY, sleep=naps.append)
    assert len(naps) == 2
    assert naps == sorted(naps)


def test_a_reader_may_stop_early(store, fetched):
    image = fetched(b"x" * 2_000_000)
    place(store, image, KEY)
    for _ in range(3):
        chunks = store.read(KEY)
        next(chunks)
        chunks.close()
    assert confirm(store, image.asset, KEY)


def test_a_deleted_object_is_gone_and_deleting_again_is_fine(store, store_site):
    store_site.plant(KEY, b"x")
    store_site.plant("ab/other", b"y")
    for _ in range(2):
        store.delete(KEY)
        assert store_site.contents() == {"ab/other": b"y"}
    store.delete("no/such/folder/k")
    store.delete("ab/other/k")


def test_keys_are_those_below_the_prefix(store_site, opened):
    planted = {"blog/a", "blog/b/c", "blogger/d", "e"}
    for key in (*planted, "blog/.migrator-x"):
        store_site.plant(key, b"x")
    store = opened(store_site)
    below = opened(store_site, replace(store_site.settings, prefix="/blog/"))
    assert sorted(store.keys()) == sorted(planted)
    assert sorted(store.keys("blog")) == ["blog/a", "blog/b/c", "blogger/d"]
    assert sorted(store.keys("blog/b/")) == ["blog/b/c"]
    assert sorted(below.keys()) == ["blog/a", "blog/b/c"]
    assert list(store.keys("none/such/")) == []
    store_site.plant("blog/b/c", b"three")
    assert sorted(below.sizes()) == [("blog/a", 1), ("blog/b/c", 5)]


ODD = [
    "图片/中文.png",
    "a b.png",
    " lead and trail .png ",
    "a+b.png",
    "100%.png",
    "%41.png",
    "%2F.png",
    "q?x=1&y=2.png",
    "h#frag.png",
    "é-nfc.png",
    "e\u0301-nfd.png",
    "👍🏽.png",
    "👨‍👩‍👧‍👦/z",
    "quote'\"`.png",
    "(a)[b]{c}.png",
    "a,b;c=d$e@f!g*.png",
    "a:b|c^d~e.png",
    "<tag>&amp;.png",
    ".hidden",
    "a.b.c..d",
    "UPPER/lower",
    "a/b/c/d/e/f/g/h",
    "k" * 200 + ".png",
    "字" * 80,
    "\u3000全角\u00a0.png",
]


def test_odd_keys_are_stored_listed_read_and_deleted(store, store_site, fetched):
    image = fetched(b"x")
    for key in ODD:
        place(store, image, f"odd/{key}")
    expected = sorted(f"odd/{key}" for key in ODD)
    assert sorted(store_site.contents()) == expected
    assert sorted(store.keys("odd/")) == expected
    for key in expected:
        assert b"".join(store.read(key)) == b"x"
        store.delete(key)
    assert store_site.contents() == {}
    assert list(store.keys("odd/")) == []
