import threading
import time

import pytest
from rig import strace
from rig.toy_run import Site

from migrator.rewriter import exchange as module
from migrator.rewriter.exchange import Method, NoSafeWay, exchange

needs_strace = pytest.mark.skipif(bool(strace.MISSING), reason=strace.MISSING)


@pytest.fixture
def pair(tmp_path):
    temporary, post = tmp_path / ".post.md.new", tmp_path / "post.md"
    temporary.write_bytes(b"new")
    post.write_bytes(b"old")
    return temporary, post


@pytest.mark.parametrize("way", [exchange, module._replace])
def test_swap_brings_out_the_very_file_that_stood_there(pair, way):
    temporary, post = pair
    inode = post.stat().st_ino

    way(temporary, post)

    assert post.read_bytes() == b"new"
    assert temporary.read_bytes() == b"old"
    assert temporary.stat().st_ino == inode
    assert sorted(post.parent.iterdir()) == sorted(pair)


def test_swap_says_that_it_used_the_exchange_of_the_system(pair):
    assert exchange(*pair) is Method.EXCHANGE


@pytest.mark.parametrize("way", [exchange, module._replace])
@pytest.mark.parametrize("missing", [0, 1])
def test_swap_with_a_missing_file_changes_nothing(pair, way, missing):
    pair[missing].unlink()

    with pytest.raises(FileNotFoundError):
        way(*pair)

    assert list(pair[0].parent.iterdir()) == [pair[1 - missing]]


@pytest.mark.parametrize("way", [exchange, module._replace])
def test_no_instant_without_a_whole_post(pair, way):
    temporary, post = pair
    seen, done = set(), threading.Event()

    def watch():
        while not done.is_set():
            try:
                seen.add(post.read_bytes())
            except FileNotFoundError:
                seen.add(None)

    watcher = threading.Thread(target=watch)
    watcher.start()
    # A busy machine may let 2,000 swaps pass before the watcher has its turn.
    patience = time.monotonic() + 60
    rounds = 0
    while rounds < 2000 or (len(seen) < 2 and time.monotonic() < patience):
        way(temporary, post)
        rounds += 1
    done.set()
    watcher.join()

    assert seen == {b"old", b"new"}


@needs_strace
@pytest.mark.parametrize("error", ["EINVAL", "ENOSYS"])
def test_without_an_exchange_a_second_name_and_a_rename_do(tmp_path, error):
    site = Site.build(tmp_path)
    post = site.posts / "0.md"
    inode = post.stat().st_ino

    done = strace.run(tmp_path, faults=[f"renameat2:error={error}"])

    assert done.returncode == 0, done
    assert b"new" in post.read_bytes()
    assert (site.displaced / "0.md").stat().st_ino == inode
    assert list(site.posts.iterdir()) == [post]


@needs_strace
def test_a_file_system_without_exchange_and_without_links_is_refused(tmp_path):
    site = Site.build(tmp_path)
    post = site.posts / "0.md"
    before = post.read_bytes()

    done = strace.run(tmp_path, faults=["renameat2:error=EINVAL", "link,linkat:error=EPERM"])

    assert done.returncode == 0, done
    assert "result\t0.md\tfile-system" in site.ledger.read_text()
    assert post.read_bytes() == before
    assert list(site.posts.iterdir()) == [post]


def test_no_safe_way_is_an_error_of_the_system():
    assert issubclass(NoSafeWay, OSError)
