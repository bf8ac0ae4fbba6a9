"""A vault in every kind of store: a folder, rclone, Ceph, Swift, a model of OSS."""

import hashlib
from dataclasses import replace

import pytest
from rig.faulty_store import Truncates

from migrator.config import BackupSettings
from migrator.errors import BackupDamaged
from migrator.model import Asset
from migrator.snapshots import Header, Image, State, Vault
from migrator.snapshots.manifest import name_of, with_copy
from migrator.snapshots.vault import settings_of
from migrator.uploader import open_store

SHA = hashlib.sha256(b"one").hexdigest()
URL = "https://i.example.com/图.png"
IMAGE = with_copy(Image(URL, name_of(URL), State.NEW), Asset(SHA, 3, "image/png", ".png"))
LOST = Image("https://i.example.com/b", name_of("b"), State.LOST, reason="dns", since="2026")


def header(name, *, images=2, previous=None):
    return Header(name, "2026", "2026", ("posts",), previous, images, 3, {"new": 1}, "migrator")


@pytest.fixture(params=["", "kept/for me"])
def vault(store_site, request):
    settings = replace(settings_of(store_site.settings), prefix=request.param)
    store = open_store(settings, store_site.root)
    store.check()
    yield Vault(store, request.param, "the backup")
    store.close()


@pytest.fixture
def spool(tmp_path):
    folder = tmp_path / "spool"
    folder.mkdir()
    return folder


def test_an_empty_place_has_no_snapshots_and_no_objects(vault):
    assert vault.names() == []
    assert vault.objects() == {}
    assert (vault.checksummed(), vault.latest()) == ([], "")


def test_a_snapshot_is_there_whole_and_stays_when_the_next_comes(vault, spool, store_site):
    vault.describe()
    vault.put(header("2026-01-01T000000Z"), [IMAGE, LOST], spool)
    first = store_site.contents()
    vault.put(header("2026-01-02T000000Z", images=1), [IMAGE], spool)
    both = store_site.contents()
    assert list(spool.iterdir()) == []
    assert vault.names() == ["2026-01-01T000000Z", "2026-01-02T000000Z"]
    assert list(vault.images("2026-01-01T000000Z")) == [IMAGE, LOST]
    assert vault.header("2026-01-02T000000Z") == header("2026-01-02T000000Z", images=1)
    assert {name: data for name, data in both.items() if name in first} == {
        **first,
        vault.key("latest"): b"2026-01-02T000000Z\n",
    }
    names = [name.removeprefix(vault.key("")) for name in first]
    assert sorted(names) == [
        "README.txt",
        "latest",
        "snapshots/2026-01-01T000000Z.jsonl",
        "snapshots/2026-01-01T000000Z.sha256",
    ]


def test_the_checksums_are_of_all_copies_and_the_manifest(vault, spool, store_site):
    vault.put(header("A", images=3), [IMAGE, replace(IMAGE, url="again"), LOST], spool)
    found = store_site.contents()
    manifest = hashlib.sha256(found[vault.key("snapshots/A.jsonl")]).hexdigest()
    assert found[vault.key("snapshots/A.sha256")].decode().splitlines() == [
        f"{manifest}  snapshots/A.jsonl",
        f"{SHA}  {IMAGE.object}",
    ]
    assert vault.checksums("A") == {"snapshots/A.jsonl": manifest, IMAGE.object: SHA}
    seen = hashlib.sha256()
    assert len(list(vault.images("A", seen))) == 3
    assert seen.hexdigest() == manifest
    assert (vault.checksummed(), vault.latest()) == (["A"], "A")


@pytest.mark.parametrize("twist", [lambda d: d[:-1], lambda d: d[9:], lambda d: d + b"x\n"])
def test_checksums_that_are_cut_are_damage(vault, spool, store_site, twist):
    vault.put(header("A", images=1), [IMAGE], spool)
    sums = store_site.contents()[vault.key("snapshots/A.sha256")]
    store_site.plant(vault.key("snapshots/A.sha256"), twist(sums))
    with pytest.raises(BackupDamaged, match=r"A\.sha256 in the backup"):
        vault.checksums("A")


def test_objects_are_named_as_manifests_name_them(vault, store_site):
    store_site.plant(vault.key(IMAGE.object), b"one")
    store_site.plant(vault.key("objects-of-others"), b"two")
    assert vault.objects() == {IMAGE.object: 3}


def test_a_dropped_snapshot_is_gone_and_its_images_stay(vault, spool, store_site):
    store_site.plant(vault.key(IMAGE.object), b"one")
    vault.put(header("A"), [IMAGE, LOST], spool)
    vault.put(header("B"), [IMAGE, LOST], spool)
    vault.drop("A")
    assert vault.names() == ["B"]
    assert vault.objects() == {IMAGE.object: 3}
    assert not [name for name in store_site.contents() if "/A." in name]


@pytest.mark.parametrize("where", ["first", "middle", "last line", "last byte"])
def test_a_manifest_that_is_cut_is_damage_that_is_named(tmp_path, where):
    spool = tmp_path / "spool"
    spool.mkdir()
    vault = _local(tmp_path)
    vault.put(header("A"), [IMAGE, LOST], spool)
    path = tmp_path / "kept/snapshots/A.jsonl"
    data = path.read_bytes()
    ends = {
        "first": 10,
        "middle": len(data) // 2,
        "last line": data[:-1].rindex(b"\n") + 1,
        "last byte": len(data) - 1,
    }
    path.write_bytes(data[: ends[where]])
    with pytest.raises(BackupDamaged, match="A in the backup"):
        list(vault.images("A"))


def test_a_snapshot_that_is_not_there_is_said_to_be_missing(tmp_path):
    with pytest.raises(BackupDamaged, match="no snapshot NOPE"):
        _local(tmp_path).header("NOPE")


def test_a_manifest_that_the_store_does_not_give_back_is_no_snapshot(tmp_path, monkeypatch):
    spool = tmp_path / "spool"
    spool.mkdir()
    whole = _local(tmp_path)
    vault = Vault(Truncates(whole.store), "", "the backup")
    monkeypatch.setattr("migrator.uploader.placing._ATTEMPTS", 1)
    with pytest.raises(Exception, match="other bytes"):
        vault.put(header("A"), [IMAGE], spool)
    assert not (tmp_path / "kept/latest").exists()


def _local(tmp_path):
    settings = replace(settings_of(BackupSettings()), path="kept")
    store = open_store(settings, tmp_path)
    store.check()
    return Vault(store, "", "the backup")
