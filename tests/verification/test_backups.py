"""A vault that misbehaves, or is pruned, while it is compared."""

import hashlib
from dataclasses import replace

import pytest

from migrator.config import BackupSettings, DownloadSettings, Settings
from migrator.interruption import Stop
from migrator.model import Asset
from migrator.reasons import Reason
from migrator.snapshots import Header, Image, State, Vault
from migrator.snapshots.manifest import Shown, name_of, with_copy
from migrator.snapshots.vault import settings_of
from migrator.state import Site
from migrator.uploader import StoreError, open_store
from migrator.verification import Kind, Limits
from migrator.verification.backups import BackupVerification
from migrator.verification.reading import Reading


def copy_of(data):
    url = f"https://h.example/{data.decode()}.png"
    asset = Asset(hashlib.sha256(data).hexdigest(), len(data), "image/png", ".png")
    shown = (Shown("posts/a.md", 3),)
    return replace(with_copy(Image(url, name_of(url), State.NEW), asset), references=shown)


ONE, TWO, THREE = map(copy_of, (b"one", b"two", b"three"))


@pytest.fixture
def kept(tmp_path):
    """A vault of two snapshots in a folder; of the image ``two`` only the first knows."""
    store = open_store(replace(settings_of(BackupSettings()), path="kept"), tmp_path)
    store.check()
    vault = Vault(store, "", "the backup")
    spool = tmp_path / "spool"
    spool.mkdir()
    for each, data in ((ONE, b"one"), (TWO, b"two"), (THREE, b"three")):
        path = tmp_path / "kept" / each.object
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
    for name, images in (("A", [ONE, TWO]), ("B", [ONE, THREE])):
        head = Header(name, "2026", "2026", ("posts",), None, 2, 3, {"new": 2}, "migrator")
        vault.put(head, images, spool)
    return vault


def verified(vault, tmp_path, limits=None):
    def listener(_event):
        pass

    reading = Reading(limits, DownloadSettings(), listener, Stop(), sleep=lambda _: None)
    site = Site(tmp_path / "site")
    return BackupVerification(site, Settings(), vault, ()).carry_out(reading)


def test_a_vault_that_is_whole(kept, tmp_path):
    done = verified(kept, tmp_path, Limits())
    assert (done.objects, done.size, done.snapshots, done.differences) == (3, 11, 2, [])
    assert not (tmp_path / "site").exists()


def test_a_suspect_is_needed_like_a_copy(kept, tmp_path):
    spool = tmp_path / "spool"
    held = replace(ONE, state=State.HELD, suspect=copy_of(b"suspect").object)
    head = Header("C", "2026", "2026", ("posts",), "B", 1, 3, {"held": 1}, "migrator")
    kept.put(head, [held], spool)
    (gone,) = verified(kept, tmp_path).differences
    assert (gone.kind, gone.name, gone.url) == (Kind.MISSING, held.suspect, ONE.url)
    path = tmp_path / "kept" / held.suspect
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"suspect")
    assert verified(kept, tmp_path, Limits()).differences == []
    path.write_bytes(b"another")
    (damaged,) = verified(kept, tmp_path, Limits()).differences
    assert (damaged.kind, damaged.name) == (Kind.DAMAGED, held.suspect)


def test_what_is_pruned_meanwhile_is_not_missing(kept, tmp_path):
    class Pruned(Vault):
        def objects(self):
            self.drop("A")
            self.store.delete(TWO.object)
            return super().objects()

    assert verified(Pruned(kept.store, "", "the backup"), tmp_path).differences == []


class Failing:
    """A store that cannot read some keys; ``away``: nor list any."""

    def __init__(self, store, *keys, away=False):
        self._store, self._keys, self._away = store, keys, away
        self.asked = []

    def __getattr__(self, name):
        return getattr(self._store, name)

    def read(self, key):
        self.asked.append(key)
        if key in self._keys:
            raise StoreError(Reason.STORE_UNAVAILABLE, "Input/output error")
        yield from self._store.read(key)

    def keys(self, prefix=""):
        if self._away and prefix in self._keys:
            raise StoreError(Reason.STORE_UNAVAILABLE, "no route to host")
        return self._store.keys(prefix)


@pytest.mark.parametrize("ending", [".jsonl", ".sha256"])
def test_a_snapshot_that_cannot_be_read_is_damage_and_the_rest_is_compared(
    kept, tmp_path, monkeypatch, ending
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kept" / ONE.object).unlink()
    store = Failing(kept.store, f"snapshots/A{ending}")
    found = {each.name: each for each in verified(Vault(store, "", "b"), tmp_path).differences}
    assert set(found) == {f"snapshots/A{ending}", ONE.object}
    assert "Input/output error" in found[f"snapshots/A{ending}"].detail
    assert "migrator backup site/posts" in found[f"snapshots/A{ending}"].cure
    assert store.asked.count(f"snapshots/A{ending}") == 6  # with patience


def test_a_vault_that_goes_away_is_no_damage(kept, tmp_path):
    store = Failing(kept.store, "snapshots/A.jsonl", away=True)
    with pytest.raises(StoreError, match="no route"):
        verified(Vault(store, "", "b"), tmp_path)


def test_orphans_are_not_told_where_a_snapshot_cannot_be_read(kept, tmp_path):
    kept.drop("B")
    kinds = [each.kind for each in verified(kept, tmp_path).differences]
    assert kinds == [Kind.MISSING, Kind.ORPHANED]  # latest names B
    (tmp_path / "kept/snapshots/A.jsonl").write_bytes(b"{")
    kinds = [each.kind for each in verified(kept, tmp_path).differences]
    assert Kind.ORPHANED not in kinds
