"""A folder as a store: durable, create-only, never outside itself."""

import errno
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from rig.someone import as_someone

from migrator.errors import EnvironmentProblem
from migrator.reasons import Reason
from migrator.uploader.base import StoreError
from migrator.uploader.local import LocalStore
from migrator.uploader.placing import place

ROOT = Path(__file__).parents[2]
KEY = "ab/cd.png"
SOURCE = "5" * 64
PUT = """
import hashlib, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from migrator.model import Asset
from migrator.uploader.local import LocalStore
image = Path(sys.argv[3])
asset = Asset(hashlib.sha256(image.read_bytes()).hexdigest(), image.stat().st_size, "", "")
LocalStore(Path(sys.argv[2])).put_new("ab/cd.png", image, asset, "")
"""


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "images"


@pytest.fixture
def store(folder):
    store = LocalStore(folder)
    store.check()
    return store


@pytest.fixture
def mounted(tmp_path):
    """``mounted(options...)``: a folder on a file system of its own."""
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("only root may mount")
    folders = []

    def mount(*options):
        folder = tmp_path / f"mount{len(folders)}"
        folder.mkdir()
        done = subprocess.run(
            ["mount", "-t", "tmpfs", *options, "none", folder], capture_output=True, check=False
        )
        if done.returncode:
            pytest.skip(f"cannot mount here: {done.stderr}")
        folders.append(folder)
        return folder

    yield mount
    for folder in folders:
        subprocess.run(["umount", folder], check=True)


def files(folder):
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )


def test_the_identity_is_the_real_folder(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert LocalStore(tmp_path / "link").identity == f"local:{tmp_path / 'real'}"


def test_nothing_is_written_before_check(folder):
    LocalStore(folder / "deep")
    assert not folder.exists()
    LocalStore(folder / "deep").check()
    assert (folder / "deep").is_dir()


def test_a_web_server_may_read_what_the_umask_lets_others_read(store, folder, fetched):
    before = os.umask(0o022)
    try:
        place(store, fetched(), KEY)
    finally:
        os.umask(before)
    assert (folder / KEY).stat().st_mode & 0o777 == 0o644
    assert (folder / "ab").stat().st_mode & 0o777 == 0o755


def test_public_addresses_are_below_the_users_and_escaped(folder):
    store = LocalStore(folder, "https://img.example.com/a/")
    assert store.public_url("图 片/a+b.png") == (
        "https://img.example.com/a/%E5%9B%BE%20%E7%89%87/a%2Bb.png"
    )
    assert LocalStore(folder).public_url(KEY) is None


@pytest.mark.parametrize(
    "key", ["", "/etc/x", "../x", "a/../../x", "a//b", "a/.", "a\\..\\x", "a\0"]
)
def test_no_key_leads_out_of_the_folder(store, fetched, key):
    image = fetched()
    with pytest.raises(ValueError, match="not a key"):
        store.put_new(key, image.body, image.asset, SOURCE)
    with pytest.raises(ValueError, match="not a key"):
        next(store.read(key))


@pytest.mark.parametrize("link", ["ab", KEY])
def test_symbolic_links_below_the_folder_are_refused(store, folder, tmp_path, fetched, link):
    outside = tmp_path / "outside"
    outside.mkdir()
    (folder / link).parent.mkdir(exist_ok=True)
    (folder / link).symlink_to(outside)
    image = fetched()
    with pytest.raises(EnvironmentProblem, match="symbolic link") as caught:
        store.put_new(KEY, image.body, image.asset, SOURCE)
    assert "real folder" in caught.value.hint
    with pytest.raises(EnvironmentProblem):
        next(store.read(KEY))
    assert files(outside) == []


def test_a_file_where_a_folder_must_be_ends_the_run(store, folder, fetched):
    (folder / "ab").touch()
    image = fetched()
    with pytest.raises(EnvironmentProblem, match=r"cannot write .*cd\.png.*ab is a file, not a"):
        store.put_new(KEY, image.body, image.asset, SOURCE)


def test_a_file_in_place_of_the_store_is_called_one_and_no_run_is_spoken_of(tmp_path):
    (tmp_path / "images").touch()
    for folder in ("images", "images/deeper"):
        with pytest.raises(EnvironmentProblem, match="images is a file, not a folder") as caught:
            LocalStore(tmp_path / folder).check()
        assert "run the command again" in caught.value.hint
        assert "resume" not in caught.value.hint


def test_a_folder_that_vanished_is_not_made_anew(store, folder, fetched):
    folder.rmdir()
    image = fetched()
    with pytest.raises(EnvironmentProblem) as caught:
        store.put_new(KEY, image.body, image.asset, SOURCE)
    assert "vanished" in str(caught.value)
    assert not folder.exists()


def test_check_clears_what_killed_runs_left_and_nothing_else(store, folder):
    (folder / "ab").mkdir()
    old, new, other = (folder / "ab" / name for name in (".migrator-1", ".migrator-2", "x.png"))
    for path in (old, new, other):
        path.touch()
    for path in (old, other):
        os.utime(path, (time.time() - 7200,) * 2)
    store.check()
    assert files(folder) == ["ab/.migrator-2", "ab/x.png"]


def test_without_hard_links_files_are_still_created_and_never_replaced(folder, fetched):
    def no_links(*_):
        raise OSError(errno.EPERM, "not on this file system")

    store = LocalStore(folder, link=no_links)
    store.check()
    place(store, fetched(), KEY)
    assert files(folder) == [KEY]
    assert place(store, fetched(), KEY)


def test_without_hard_links_a_writer_that_came_first_wins(folder, fetched):
    def another_is_faster(_temporary, target):
        target.write_bytes(b"theirs")
        raise OSError(errno.EOPNOTSUPP, "not on this file system")

    store = LocalStore(folder, link=another_is_faster)
    store.check()
    image = fetched()
    assert store.put_new(KEY, image.body, image.asset, SOURCE) is False
    assert (folder / KEY).read_bytes() == b"theirs"
    assert files(folder) == [KEY]


def test_without_hard_links_one_of_many_writers_of_other_bytes_wins(folder, fetched):
    writers = threading.Barrier(8)

    def all_come_at_once(*_):
        writers.wait()
        raise OSError(errno.EPERM, "not on this file system")

    store = LocalStore(folder, link=all_come_at_once)
    store.check()
    images = [fetched(bytes([number]) * 1000) for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        put = [pool.submit(store.put_new, KEY, i.body, i.asset, SOURCE) for i in images]
    winners = [i for i, done in zip(images, put, strict=True) if done.result()]
    assert [each.body.read_bytes() for each in winners] == [(folder / KEY).read_bytes()]


def test_a_full_disk_ends_the_run_and_leaves_no_piece(mounted, fetched):
    folder = mounted("-o", "size=64k")
    store = LocalStore(folder)
    store.check()
    image = fetched(b"x" * 100_000)
    with pytest.raises(EnvironmentProblem, match="disk is full") as caught:
        place(store, image, KEY)
    assert "Free some space" in caught.value.hint
    assert files(folder) == []
    place(store, fetched(b"x" * 1000), KEY)


def test_a_read_only_folder_is_found_by_check(mounted, fetched):
    folder = mounted("-o", "ro")
    with pytest.raises(EnvironmentProblem, match="disk is read-only") as caught:
        LocalStore(folder).check()
    assert "writable" in caught.value.hint


def _traced(tmp_path, image, *options):
    log = tmp_path / "trace"
    command = ["strace", "-f", "-y", "-qqq", "-o", log, *options]
    python = [sys.executable, "-B", "-c", PUT]
    done = subprocess.run(
        [*command, *python, ROOT, tmp_path / "images", image], capture_output=True, check=False
    )
    return done.returncode, log.read_text(errors="replace")


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
@pytest.mark.usefixtures("store")
class TestUnderStrace:
    """Order of the writes, and what a kill at each of them leaves."""

    CALLS = ("write", "fsync", "link", "linkat", "mkdir", "unlink")

    def test_a_file_is_durable_before_it_has_its_name(self, tmp_path, fetched):
        status, log = _traced(tmp_path, fetched().body, "-e", "trace=fsync,link,linkat,mkdir")
        assert status == 0, log
        base = str(tmp_path / "images")
        steps = [
            line.split(" ", 1)[1].strip().partition(" = ")[0].replace(base, "")
            for line in log.splitlines()
            if base in line
        ]
        names = [step.partition("(")[0] for step in steps]
        assert names in (
            ["mkdir", "fsync", "fsync", "link", "fsync"],
            ["mkdir", "fsync", "fsync", "linkat", "fsync"],
        )
        assert [".migrator-" in step for step in steps] == [False, False, True, True, False]

    def test_a_kill_anywhere_leaves_the_whole_file_or_none(self, tmp_path, folder, fetched):
        image = fetched().body
        status, log = _traced(tmp_path, image, "-e", f"trace={','.join(self.CALLS)}")
        assert (status, files(folder)) == (0, [KEY])
        calls = [line.split()[1].partition("(")[0] for line in log.splitlines() if "(" in line]
        points = [(call, calls[: i + 1].count(call)) for i, call in enumerate(calls)]
        assert len(points) >= 6
        for call, when in points:
            shutil.rmtree(folder)
            folder.mkdir()
            fault = f"inject={call}:signal=KILL:when={when}"
            status, log = _traced(tmp_path, image, "-e", f"trace={call}", "-e", fault)
            assert status == -9, (fault, log)
            left = [name for name in files(folder) if ".migrator-" not in name]
            assert left in ([], [KEY])
            if left:
                assert (folder / KEY).read_bytes() == image.read_bytes()


def test_a_folder_in_the_place_of_an_object_is_a_conflict(tmp_path):
    store = LocalStore(tmp_path)
    (tmp_path / KEY).mkdir(parents=True)
    with pytest.raises(StoreError) as caught:
        list(store.read(KEY))
    assert caught.value.reason is Reason.STORE_CONFLICT


def test_links_and_unfinished_files_are_no_objects(store, folder, tmp_path):
    (folder / "a").mkdir()
    (folder / "a/b.png").write_bytes(b"x")
    (folder / "a/.migrator-1234-x").write_bytes(b"half")
    (folder / "link.png").symlink_to(folder / "a/b.png")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/c.png").write_bytes(b"x")
    (folder / "folder").symlink_to(tmp_path / "outside")
    assert list(store.keys()) == ["a/b.png"]


def test_what_is_no_folder_has_no_keys(store, folder):
    (folder / "k").write_bytes(b"x")
    assert list(store.keys("k/")) == []
    assert list(store.keys("none/")) == []


def test_a_folder_that_cannot_be_read_is_not_taken_for_an_empty_one():
    with tempfile.TemporaryDirectory() as outside:  # where another user may look
        Path(outside).chmod(0o755)
        closed = Path(outside, "closed")
        closed.mkdir(mode=0o000)
        store = LocalStore(Path(outside))
        said = as_someone(lambda: list(store.keys()))
        closed.chmod(0o700)
    assert "EnvironmentProblem" in said
    assert f"{closed} cannot be read" in said
