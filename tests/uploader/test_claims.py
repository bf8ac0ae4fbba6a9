"""Names that different images want, on real stores."""

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import pytest

from migrator.config import MirrorSettings, Settings
from migrator.model import Stored, TransferTask
from migrator.uploader import Stores
from migrator.uploader.claims import Claims

NAMES = ["image", "图片", "IMG_1", "img_1", "1"]
TEMPLATE = "{year}/{stem}{ext}"


@pytest.fixture(params=["local", "rclone", "swift", "ceph"])
def site(request):
    site = request.getfixturevalue(f"{request.param}_site")
    settings = replace(site.settings, key=TEMPLATE, public_url="https://img.example.com")
    return replace(site, settings=settings)


@pytest.fixture
def opened(site):
    """``opened()``: the stores of the site, as one run opens them."""
    opened = []

    def make(**more):
        opened.append(Stores(Settings(store=site.settings), site.root, **more))
        opened[-1].check()
        return opened[-1]

    yield make
    for stores in opened:
        stores.close()


def work(fetched, count, names=NAMES):
    """``count`` different images whose URLs share a few names, each with its task."""
    images = []
    for number in range(count):
        data = random.Random(number).randbytes(1000)
        name = names[number % len(names)]
        images.append((fetched(data), TransferTask(f"https://h/{number}/{name}.png")))
    return images


def placed(stores, images, workers=16):
    with ThreadPoolExecutor(workers) as pool:
        return [pair[0] for pair in pool.map(lambda each: stores.place(*each), images)]


def test_the_first_image_that_asks_for_a_name_may_take_it():
    claims = Claims()
    assert claims.granted(["a/Cafe\u0301.png"], "1")
    assert not claims.granted(["A/caf\u00e9.PNG"], "2")
    assert claims.granted(["a/caf\u00e9.png"], "1")
    assert not claims.granted(["b.png", "a/caf\u00e9.png"], "2")
    assert claims.granted(["c.png", "b.png"], "2")


def test_of_many_images_with_few_names_none_is_lost(site, opened, fetched):
    images = work(fetched, 200)
    placements = placed(opened(), images)
    contents = site.contents()
    assert len(contents) == 200
    for (image, _), placement in zip(images, placements, strict=True):
        assert contents[placement.key] == image.body.read_bytes()
    plain = {placement.key for placement in placements if "-" not in placement.key}
    assert plain == {f"0000/{name}.png" for name in ("image", "图片", "img_1", "1")}


def test_what_is_known_stays_where_it_is(site, opened, fetched):
    images = work(fetched, 10)
    placements = placed(opened(), images)
    before = site.contents()
    again = opened()
    for (image, task), placement in reversed(list(zip(images, placements, strict=True))):
        known = Stored(task.url, image.asset, placement, task.url)
        assert again.confirm(known, ())
        assert again.mirror(known, (), image.body.parent) == ()
    assert site.contents() == before


def test_a_second_run_that_knows_nothing_loses_nothing(site, opened, fetched):
    images = work(fetched, 15)
    placed(opened(), images)
    before = site.contents()
    placements = placed(opened(), images[::-1])
    contents = site.contents()
    assert contents.items() >= before.items()
    for (image, _), placement in zip(images[::-1], placements, strict=True):
        assert contents[placement.key] == image.body.read_bytes()


def test_what_somebody_else_stored_under_a_name_stays(site, opened, fetched):
    site.plant("0000/image.png", b"theirs")
    [(image, task)] = work(fetched, 1)
    (placement,) = opened().place(image, task)
    assert placement.key == f"0000/image-{image.asset.sha256[:16]}.png"
    assert site.contents()["0000/image.png"] == b"theirs"


def test_one_image_under_two_addresses_is_one_object(site, opened, fetched):
    image = fetched()
    stores = opened()
    for folder in "ab":
        stores.place(image, TransferTask(f"https://h/{folder}/image.png"))
    assert site.contents() == {"0000/image.png": image.body.read_bytes()}


def test_workers_of_other_processes_share_names_only_where_one_writer_wins(site, opened, fetched):
    [(image, task)] = work(fetched, 1)
    stores = opened(alone=False)
    (placement,) = stores.place(image, task)
    assert ("-" in placement.key) is not stores.first.exclusive
    assert stores.first.exclusive <= site.atomic


def test_names_that_differ_in_case_alone_do_not_meet(site, fetched):
    with closing(Stores(Settings(store=replace(site.settings, key="{path}")), site.root)) as stores:
        for number, name in enumerate(("A.png", "a.png")):
            stores.place(fetched(bytes([number])), TransferTask(f"https://h/{name}"))
    names = sorted(site.contents(), key=len)
    assert names[0] == "A.png"
    assert names[1].startswith("a-")


def test_a_name_that_is_taken_in_a_mirror_is_taken_everywhere(local_site, fetched):
    (local_site.root / "mirror").mkdir()
    (local_site.root / "mirror/image.png").write_bytes(b"theirs")
    settings = Settings(
        store=replace(local_site.settings, key="{stem}{ext}"),
        mirror=(MirrorSettings(path="mirror"),),
    )
    [(image, task)] = work(fetched, 1)
    first, second = Stores(settings, local_site.root).place(image, task)
    assert first.key == second.key == f"image-{image.asset.sha256[:16]}.png"
    assert (local_site.root / "mirror/image.png").read_bytes() == b"theirs"


def test_images_of_different_posts_do_not_want_one_name(local_site, fetched):
    settings = Settings(store=replace(local_site.settings, key="{stem}{ext}", prefix="图"))
    stores = Stores(settings, local_site.root)
    images = work(fetched, 3, names=["image"])
    homes = [("a",), ("b/c",), ("", "a")]
    for (image, task), folders in zip(images, homes, strict=True):
        (placement,) = stores.place(image, replace(task, homes=folders))
        assert stores.confirm(Stored(task.url, image.asset, placement, task.url), folders)
        distinct = f"图/image-{image.asset.sha256[:16]}.png"
        assert placement.key == (distinct if "" in folders else "图/image.png")
    assert local_site.contents() == {
        "a/图/image.png": images[0][0].body.read_bytes(),
        "b/c/图/image.png": images[1][0].body.read_bytes(),
        distinct: images[2][0].body.read_bytes(),
        f"a/{distinct}": images[2][0].body.read_bytes(),
    }
