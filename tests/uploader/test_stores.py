"""Several stores at once: a folder, a bucket on a real server, another folder."""

import hashlib
import random
import tracemalloc
from dataclasses import fields, replace

import pytest
from rig.ports import free_port

from migrator.config import MirrorSettings, Settings, StoreSettings
from migrator.errors import ConfigError, EnvironmentProblem, StoreRefused
from migrator.model import Stored, TransferTask
from migrator.reasons import Reason
from migrator.uploader import StoreError, Stores
from migrator.uploader.keys import key_for

TASK = TransferTask("https://img.example.com/a.png", post="posts/a.md")


def mirror_of(settings, **changes):
    values = {each.name: getattr(settings, each.name) for each in fields(StoreSettings)}
    return MirrorSettings(**{**values, **changes})


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "site"
    root.mkdir()
    return root


@pytest.fixture
def opened(root):
    opened = []

    def make(*mirrors, store=StoreSettings(path="images")):  # noqa: B008 - frozen
        opened.append(Stores(Settings(store=store, mirror=mirrors), root))
        return opened[-1]

    yield make
    for stores in opened:
        stores.close()


@pytest.fixture
def three(opened, rclone_site, root):
    """A folder, a bucket, another folder with a prefix; and what each holds."""
    stores = opened(
        mirror_of(rclone_site.settings, prefix="blog"), MirrorSettings(path="copies", prefix="/c/")
    )
    stores.check()
    return stores, (
        lambda: held(root / "images"),
        rclone_site.contents,
        lambda: held(root / "copies"),
    )


def held(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def stored(stores, fetched):
    placement, *mirrors = stores.place(fetched, TASK)
    return Stored(TASK.url, fetched.asset, placement, TASK.url, mirrors=tuple(mirrors))


def test_every_store_gets_the_image_under_one_name(three, fetched):
    stores, contents = three
    image = fetched()
    placements = stores.place(image, TASK)
    name = key_for(StoreSettings().key, "", image.asset, TASK)
    assert [each.key for each in placements] == [name, f"blog/{name}", f"c/{name}"]
    assert [list(each()) for each in contents] == [[name], [f"blog/{name}"], [f"c/{name}"]]
    assert {data for each in contents for data in each().values()} == {image.body.read_bytes()}
    assert placements[0].store == stores.first.identity
    assert len({each.store for each in placements}) == 3


def test_every_bucket_keeps_by_what_address_posts_know_the_image(
    opened, ceph_site, ceph_server, fetched, tmp_path
):
    before, image = opened(), fetched()
    before.check()
    stores = opened(mirror_of(ceph_site.settings))
    placement, *_ = stores.place(replace(image, source="https://route.example/b.png"), TASK)
    known_by = hashlib.sha256(TASK.url.encode()).hexdigest()

    def kept():
        where = {"Bucket": ceph_site.settings.bucket, "Key": placement.key}
        return ceph_server.client.head_object(**where)["Metadata"]["source-sha256"]

    assert kept() == known_by
    ceph_server.client.delete_object(Bucket=ceph_site.settings.bucket, Key=placement.key)
    stores.mirror(
        Stored(TASK.url, image.asset, placement, "https://route.example/b.png"), (), tmp_path
    )
    assert kept() == known_by


def test_what_every_store_has_is_left_alone(three, fetched, tmp_path):
    stores, contents = three
    known = stored(stores, fetched())
    before = [each() for each in contents]
    assert stores.confirm(known, ())
    assert stores.mirror(known, (), tmp_path) == known.mirrors
    assert [each() for each in contents] == before


def test_a_mirror_that_was_added_later_gets_the_copy_of_the_first_store(
    opened, three, fetched, tmp_path, root, rclone_site
):
    before = opened()
    before.check()
    known = stored(before, fetched())
    stores, contents = three
    mirrors = stores.mirror(known, (), tmp_path)
    assert [data for each in contents for data in each().values()] == [
        fetched().body.read_bytes()
    ] * 3
    assert [each.key for each in mirrors] == [
        f"blog/{known.placement.key}",
        f"c/{known.placement.key}",
    ]
    assert [path for path in tmp_path.iterdir() if path.is_file()] == []


def test_a_mirror_that_lost_an_image_gets_it_again(three, fetched, tmp_path, root):
    stores, contents = three
    known = stored(stores, fetched())
    (root / "copies" / known.mirrors[1].key).unlink()
    stores.mirror(known, (), tmp_path)
    assert list(contents[2]()) == [known.mirrors[1].key]


@pytest.mark.parametrize("known_before", [False, True])
def test_other_bytes_in_a_mirror_stay_and_are_told_with_its_name(
    three, opened, fetched, tmp_path, root, known_before
):
    stores, contents = three
    image = fetched()
    first = opened()
    first.check()
    key = f"c/{key_for(StoreSettings().key, '', image.asset, TASK)}"
    (root / "copies" / key).parent.mkdir(parents=True)
    (root / "copies" / key).write_bytes(b"other")
    known = stored(first, image)
    work = (
        (lambda: stores.mirror(known, (), tmp_path))
        if known_before
        else (lambda: stores.place(image, TASK))
    )
    with pytest.raises(StoreError, match="the mirror copies: ") as caught:
        work()
    assert caught.value.reason is Reason.STORE_CONFLICT
    assert contents[2]() == {key: b"other"}


def test_a_mirror_that_cannot_be_reached_is_named_before_anything_is_made(
    opened, rclone_site, root
):
    endpoint = f"http://127.0.0.1:{free_port()}"
    stores = opened(mirror_of(rclone_site.settings, endpoint=endpoint, prefix="blog"))
    with pytest.raises(StoreRefused, match=r"the mirror s3://.*/blog: ") as caught:
        stores.check()
    assert "[mirror]" in caught.value.hint
    assert list(root.iterdir()) == []


def test_a_mirror_that_cannot_be_written_is_named(opened, root):
    (root / "copies").write_bytes(b"a file")
    with pytest.raises(EnvironmentProblem, match="the mirror copies: "):
        opened(MirrorSettings(path="copies")).check()


def test_a_bad_setting_of_a_mirror_is_named(opened):
    with pytest.raises(ConfigError, match=r"mirror\.bucket is missing"):
        opened(MirrorSettings(type="s3", provider="oss"))
    with pytest.raises(ConfigError, match=r"mirror\.path is empty"):
        opened(MirrorSettings(path=""))


def test_a_mirror_cannot_name_objects_its_own_way(opened):
    with pytest.raises(ConfigError, match=r"mirror\.key"):
        opened(MirrorSettings(path="copies", key="{sha256}{ext}"))


@pytest.mark.parametrize("prefix", ["", "other"])
def test_a_mirror_is_another_place_than_the_store(opened, prefix):
    with pytest.raises(ConfigError, match=r"mirror \./images: it is the place of"):
        opened(MirrorSettings(path="./images", prefix=prefix))


def test_a_mirror_needs_no_public_address(opened, rclone_site):
    settings = mirror_of(rclone_site.settings, provider="r2", region="auto", public_url="")
    assert opened(settings).first.public_url("") is None


def test_a_large_image_is_copied_in_pieces(opened, fetched, tmp_path):
    first = opened()
    first.check()
    size = 48 * 1024 * 1024
    known = stored(first, fetched(random.Random(1).randbytes(size)))
    stores = opened(MirrorSettings(path="copies"))
    stores.check()
    tracemalloc.start()
    try:
        stores.mirror(known, (), tmp_path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < size // 4


def test_images_that_live_with_their_posts_have_mirrored_homes(opened, fetched, tmp_path, root):
    stores = opened(MirrorSettings(path="copies"), store=StoreSettings(path="."))
    stores.check()
    image = fetched()
    task = TransferTask(TASK.url, homes=("posts/a", "posts/b"))
    placement, *mirrors = stores.place(image, task)
    known = Stored(TASK.url, image.asset, placement, TASK.url, mirrors=tuple(mirrors))
    name = placement.key
    assert sorted(held(root / "copies")) == ([f"posts/a/{name}", f"posts/b/{name}"])
    (root / "posts/b" / name).unlink()
    assert not stores.confirm(known, task.homes)
    assert stores.confirm(known, ("posts/a",))
    (root / "copies/posts/a" / name).unlink()
    assert stores.mirror(known, ("posts/a",), tmp_path) == known.mirrors
    assert (root / "copies/posts/a" / name).read_bytes() == image.body.read_bytes()


def test_a_small_image_below_a_prefix_is_copied_too(opened, fetched, tmp_path, root):
    stores = opened(
        MirrorSettings(path="copies"), store=StoreSettings(path="images", prefix="/blog/")
    )
    stores.check()
    known = stored(stores, fetched(b"a small image"))
    assert known.placement.key == f"blog/{known.mirrors[0].key}"
    before = held(root / "copies")
    (root / "copies" / known.mirrors[0].key).unlink()
    assert stores.confirm(known, ())
    assert stores.mirror(known, (), tmp_path) == known.mirrors
    assert held(root / "copies") == before


def test_what_fails_at_the_first_store_is_not_told_of_the_mirror(three, fetched, tmp_path, root):
    stores, _ = three
    known = stored(stores, fetched())
    (root / "copies" / known.mirrors[1].key).unlink()
    (root / "images" / known.placement.key).unlink()
    with pytest.raises(StoreError, match=r"^the store had ") as caught:
        stores.mirror(known, (), tmp_path)
    assert caught.value.reason is Reason.STORE_MISMATCH


def test_a_spool_that_cannot_be_written_is_told_as_such(three, fetched, tmp_path, root):
    stores, _ = three
    known = stored(stores, fetched())
    (root / "copies" / known.mirrors[1].key).unlink()
    with pytest.raises(EnvironmentProblem, match=r"^cannot write .*gone: its folder vanished"):
        stores.mirror(known, (), tmp_path / "gone")
