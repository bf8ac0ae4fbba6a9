import os
import re
import resource
import struct
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from rig import strace
from rig.someone import SOMEONE, as_someone
from rig.toy_run import RUN, Site

from migrator.durable import sha256
from migrator.errors import EnvironmentProblem
from migrator.reasons import Reason
from migrator.rewriter import swap as rewriter_swap
from migrator.rewriter.exchange import Method
from migrator.rewriter.gate import Refused
from migrator.rewriter.swap import Conflict, Swapped, inspect, prepare, swap

needs_strace = pytest.mark.skipif(bool(strace.MISSING), reason=strace.MISSING)
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount and change users")
OLD, NEW = b"old text\r\n", b"new text\r\n"


@pytest.fixture
def post(tmp_path):
    path = tmp_path / "site" / "post.md"
    path.parent.mkdir()
    path.write_bytes(OLD)
    return path


@pytest.fixture
def state(tmp_path):
    return tmp_path / "state"


def prepared_for(post, state, new=NEW):
    before = sha256(post.read_bytes())
    return prepare(post, before, new, original=state / "originals/post.md", run=RUN)


def replace(post, state, new=NEW):
    return swap(prepared_for(post, state, new), state / "displaced/post.md")


def assert_untouched(post, content=OLD):
    assert post.read_bytes() == content
    assert names(post.parent) == [post.name]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


# The way it should go


def test_inspect_gives_the_bytes_of_an_ordinary_post(post):
    assert inspect(post, sha256(OLD)) == OLD


def test_preparing_makes_the_original_durable_and_leaves_the_post(post, state):
    prepared = prepared_for(post, state)

    assert post.read_bytes() == OLD
    assert prepared.temporary.parent == post.parent
    assert prepared.temporary.name.startswith(f".post.md.migrator-{RUN}-")
    assert prepared.temporary.read_bytes() == NEW
    assert prepared.original.read_bytes() == OLD
    assert (prepared.before_sha256, prepared.after_sha256) == (sha256(OLD), sha256(NEW))


def test_exchanging_keeps_the_very_file_that_was_replaced(post, state):
    inode = post.stat().st_ino

    result = replace(post, state)

    assert result == Swapped(state / "displaced/post.md", Method.EXCHANGE)
    assert result.displaced.stat().st_ino == inode
    assert result.displaced.read_bytes() == OLD
    assert_untouched(post, NEW)


def test_originals_and_displaced_files_of_the_same_name_are_never_replaced(post, state):
    for number, new in enumerate([NEW, b"third", b"fourth"], start=1):
        before = post.read_bytes()
        prepared = prepared_for(post, state, new)
        result = swap(prepared, state / "displaced/post.md")

        name = "post.md" if number == 1 else f"post.md.{number}"
        assert prepared.original == state / "originals" / name
        assert result.displaced == state / "displaced" / name
        assert prepared.original.read_bytes() == result.displaced.read_bytes() == before


def test_an_original_that_is_there_already_is_used(post, state):
    first, second = prepared_for(post, state), prepared_for(post, state)

    assert first.original == second.original
    assert first.temporary != second.temporary
    assert names(state / "originals") == ["post.md"]


def test_going_back_is_the_same_with_the_roles_exchanged(post, state):
    post.chmod(0o604)
    replace(post, state)
    back = prepare(post, sha256(NEW), OLD, original=state / "rollback/post.md", run="rollback")
    swap(back, state / "rollback-displaced/post.md")

    assert_untouched(post, OLD)
    assert post.stat().st_mode & 0o7777 == 0o604
    assert back.original.read_bytes() == NEW


def test_a_name_as_long_as_names_can_be(tmp_path, state):
    post = tmp_path / "site" / ("文" * 84 + ".md")
    post.parent.mkdir()
    post.write_bytes(OLD)

    prepared = prepared_for(post, state)

    assert isinstance(swap(prepared, state / "displaced" / post.name), Swapped)
    assert_untouched(post, NEW)


# Metadata

ACL_OF_USER_1234 = struct.pack("<I", 2) + b"".join(
    struct.pack("<HHI", tag, permissions, who)
    for tag, permissions, who in [
        (0x01, 6, 0xFFFFFFFF),
        (0x02, 4, 1234),
        (0x04, 4, 0xFFFFFFFF),
        (0x10, 6, 0xFFFFFFFF),
        (0x20, 0, 0xFFFFFFFF),
    ]
)  # linux/posix_acl_xattr.h: u::rw- u:1234:r-- g::r-- m::rw- o::---


def metadata(path):
    status = path.stat()
    attributes = {name: os.getxattr(path, name) for name in os.listxattr(path)}
    return status.st_mode, status.st_uid, status.st_gid, attributes


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="attributes are read by Linux calls")
@pytest.mark.parametrize("folder_has_acl", [False, True])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o6755, 0o2664])
def test_owner_permissions_attributes_and_acl_are_kept(post, state, mode, folder_has_acl):
    if os.geteuid() == 0:
        os.chown(post, 4321, 8765)
    os.setxattr(post, "user.mood", b"\x00calm")
    os.setxattr(post, "system.posix_acl_access", ACL_OF_USER_1234)
    post.chmod(mode)
    if folder_has_acl:
        os.setxattr(post.parent, "system.posix_acl_default", ACL_OF_USER_1234)
    before = metadata(post)

    replace(post, state)

    assert post.read_bytes() == NEW
    assert metadata(post) == before


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="attributes are read by Linux calls")
def test_an_acl_that_new_files_inherit_is_not_given_to_a_post_without_one(post, state):
    os.setxattr(post.parent, "system.posix_acl_default", ACL_OF_USER_1234)
    before = metadata(post)

    replace(post, state)

    assert metadata(post) == before
    assert before[3] == {}


def test_the_modification_time_is_new(post, state):
    os.utime(post, (1, 1))
    replace(post, state)
    assert post.stat().st_mtime > 1


@needs_strace
@pytest.mark.parametrize("call", ["fsetxattr", "fchmod"])
def test_metadata_that_the_system_will_not_give_refuses_the_post(tmp_path, call):
    site = Site.build(tmp_path)
    before = (site.posts / "0.md").read_bytes()

    done = strace.run(tmp_path, faults=[f"{call}:error=EPERM"])

    assert done.returncode == 0, done
    assert "refused\t0.md\tmetadata" in site.ledger.read_text()
    assert_untouched(site.posts / "0.md", before)


@needs_strace
def test_metadata_that_the_system_forgets_without_a_word_refuses_the_post(tmp_path):
    site = Site.build(tmp_path)
    before = (site.posts / "0.md").read_bytes()

    strace.run(tmp_path, faults=["fchmod:retval=0"])

    assert "refused\t0.md\tmetadata" in site.ledger.read_text()
    assert_untouched(site.posts / "0.md", before)


# What is refused


def hard_link(post):
    (post.parent / "other.md").hardlink_to(post)


def symlink(post):
    post.rename(post.parent / "elsewhere.md")
    post.symlink_to("elsewhere.md")


def symlink_to_nothing(post):
    post.unlink()
    post.symlink_to("nothing.md")


def fifo(post):
    post.unlink()
    os.mkfifo(post)


def folder(post):
    post.unlink()
    post.mkdir()


def device(post):
    post.unlink()
    post.symlink_to("/dev/zero")


def edited(post):
    post.write_bytes(b"edited")


def truncated(post):
    post.write_bytes(b"")


def gone(post):
    post.unlink()


def folder_renamed(post):
    post.parent.rename(post.parent.with_name("renamed"))


def folder_is_a_file_now(post):
    folder_renamed(post)
    post.parent.write_bytes(b"")


def marked_read_only(post):
    post.chmod(0o444)


CHANGES = [
    (hard_link, Reason.HARD_LINK),
    (symlink, Reason.SYMLINK),
    (symlink_to_nothing, Reason.SYMLINK),
    (device, Reason.SYMLINK),
    (fifo, Reason.NOT_A_FILE),
    (folder, Reason.NOT_A_FILE),
    (edited, Reason.POST_CHANGED),
    (truncated, Reason.POST_CHANGED),
    (gone, Reason.POST_CHANGED),
    (folder_renamed, Reason.POST_CHANGED),
    (folder_is_a_file_now, Reason.POST_CHANGED),
    (marked_read_only, Reason.READ_ONLY),
]


def tree(root):
    return {
        path: path.read_bytes()
        if path.is_file() and not path.is_symlink()
        else path.lstat().st_mode
        for path in root.rglob("*")
    }


@pytest.mark.parametrize(("change", "reason"), CHANGES)
def test_what_is_not_an_ordinary_unchanged_post_is_refused(post, state, change, reason):
    change(post)
    before = tree(post.parent.parent)

    seen = inspect(post, sha256(OLD))
    prepared = prepare(post, sha256(OLD), NEW, original=state / "post.md", run=RUN)

    assert isinstance(seen, Refused)
    assert seen == prepared
    assert seen.reason is reason
    assert tree(post.parent.parent) == before


@pytest.mark.parametrize(("change", "reason"), CHANGES)
def test_what_changes_after_it_was_prepared_is_refused(post, state, change, reason):
    prepared = prepared_for(post, state)
    change(post)

    refused = swap(prepared, state / "displaced/post.md")

    assert isinstance(refused, Refused)
    assert refused.reason is reason
    assert not prepared.temporary.exists()
    if post.is_file() and change is not marked_read_only:
        assert post.read_bytes() != NEW


def test_permissions_that_change_after_it_was_prepared_are_not_lost(post, state):
    prepared = prepared_for(post, state)
    post.chmod(0o600)

    refused = swap(prepared, state / "displaced/post.md")

    assert refused.reason is Reason.POST_CHANGED
    assert_untouched(post)
    assert post.stat().st_mode & 0o777 == 0o600


def test_a_prepared_file_that_another_program_removed(post, state):
    prepared = prepared_for(post, state)
    prepared.temporary.unlink()

    refused = swap(prepared, state / "displaced/post.md")

    assert refused.reason is Reason.POST_CHANGED
    assert "removed" in refused.detail
    assert_untouched(post)


# Users.


@pytest.fixture
def public():
    """A post of someone, in a folder that they can reach (pytest's own are private)."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "site", "post.md")
        path.parent.mkdir()
        path.write_bytes(OLD)
        path.parents[1].chmod(0o755)
        if os.geteuid() == 0:
            os.chown(path.parent, SOMEONE, SOMEONE)
            os.chown(path, SOMEONE, SOMEONE)
        yield path


def test_someone_may_replace_a_post_of_their_own(public, tmp_path):
    state = public.parent / "state"
    assert "Swapped" in as_someone(lambda: replace(public, state))
    assert public.read_bytes() == NEW


@needs_root
@pytest.mark.parametrize("change", ["owner", "group"])
def test_a_post_of_another_owner_or_group_is_refused(public, change):
    os.chown(public, *((0, -1) if change == "owner" else (-1, 0)))
    public.chmod(0o666)

    said = as_someone(lambda: inspect(public, sha256(OLD)))

    assert Reason.OTHER_OWNER in said
    assert_untouched(public)


@pytest.mark.parametrize(
    ("file", "folder", "reason"),
    [(0o444, 0o755, Reason.READ_ONLY), (0o644, 0o555, Reason.READ_ONLY), (0, 0o755, "unreadable")],
)
def test_read_only_files_and_folders_are_refused(public, file, folder, reason):
    public.chmod(file)
    public.parent.chmod(folder)
    try:
        said = as_someone(lambda: inspect(public, sha256(OLD)))
    finally:
        public.parent.chmod(0o755)

    assert "Refused" in said
    assert reason in said


@needs_root
def test_root_gives_a_replaced_post_to_its_owner(public, state):
    replace(public, state)
    assert (public.stat().st_uid, public.stat().st_gid) == (SOMEONE, SOMEONE)


# Conflicts: what another program saves after the last look. The rig acts from within the swap.


def saved_meanwhile(monkeypatch, *saves):
    """Before the N-th swap of two names, another program does the N-th of ``saves``."""
    real, todo = rewriter_swap.exchange, list(saves)

    def exchange(temporary, path):
        if todo and (save := todo.pop(0)):
            save(path)
        return real(temporary, path)

    monkeypatch.setattr(rewriter_swap, "exchange", exchange)


def renamed_over(content):
    def save(path):
        beside = path.with_name("editor.tmp")
        beside.write_bytes(content)
        beside.rename(path)

    return save


def appended(path):
    with path.open("ab") as file:
        file.write(b" and more")


@pytest.mark.parametrize(
    ("save", "theirs"),
    [(renamed_over(b"theirs"), b"theirs"), (appended, OLD + b" and more"), (truncated, b"")],
)
def test_a_save_in_the_last_moment_stays_and_is_a_conflict(post, state, monkeypatch, save, theirs):
    saved_meanwhile(monkeypatch, save)

    result = replace(post, state)

    assert isinstance(result, Conflict)
    assert_untouched(post, theirs)
    assert [path.read_bytes() for path in result.kept] == [theirs, NEW]
    assert (state / "originals/post.md").read_bytes() == OLD


def test_their_own_file_comes_back_not_a_copy(post, state, monkeypatch):
    inode = post.stat().st_ino
    with post.open("ab") as editor:
        saved_meanwhile(monkeypatch, appended)
        assert isinstance(replace(post, state), Conflict)
        editor.write(b", still writing")

    assert post.stat().st_ino == inode
    assert_untouched(post, OLD + b" and more, still writing")


@pytest.mark.parametrize("second", [renamed_over(b"second"), appended])
def test_a_save_over_our_version_stays_and_the_one_before_is_kept(post, state, monkeypatch, second):
    saved_meanwhile(monkeypatch, renamed_over(b"first"), second)

    result = replace(post, state)

    assert isinstance(result, Conflict)
    newest = b"second" if second is not appended else NEW + b" and more"
    assert_untouched(post, newest)
    assert [path.read_bytes() for path in result.kept] == [b"first", newest, b"first"]


def test_a_third_save_is_kept_and_it_ends(post, state, monkeypatch):
    saved_meanwhile(
        monkeypatch, renamed_over(b"first"), renamed_over(b"second"), renamed_over(b"third")
    )

    result = replace(post, state)

    assert_untouched(post, b"second")
    assert [path.read_bytes() for path in result.kept] == [b"first", b"second", b"third"]


def test_a_symlink_put_there_in_the_last_moment_goes_back(post, state, monkeypatch):
    saved_meanwhile(monkeypatch, symlink)

    result = replace(post, state)

    assert isinstance(result, Conflict)
    assert post.is_symlink()
    assert post.read_bytes() == OLD
    assert [path.read_bytes() for path in result.kept] == [NEW]


def test_a_post_deleted_in_the_last_moment_stays_deleted(post, state, monkeypatch):
    saved_meanwhile(monkeypatch, gone)

    refused = replace(post, state)

    assert refused.reason is Reason.POST_CHANGED
    assert list(post.parent.iterdir()) == []


def test_our_version_deleted_before_theirs_is_back_keeps_theirs(post, state, monkeypatch):
    saved_meanwhile(monkeypatch, renamed_over(b"theirs"), gone)

    result = replace(post, state)

    assert isinstance(result, Conflict)
    assert list(post.parent.iterdir()) == []
    assert {path.read_bytes() for path in result.kept} == {b"theirs"}


# Errors of the disk

ERRORS = ["EIO", "ENOSPC", "EDQUOT"]
WORDS = {"EIO": "reports an error", "ENOSPC": "disk is full", "EDQUOT": "quota"}


@pytest.mark.torture
@needs_strace
@pytest.mark.parametrize("error", ERRORS)
def test_every_call_may_fail_and_nothing_is_lost(tmp_path, error, thorough, figure):
    Site.build(tmp_path / "n")
    points = strace.points(tmp_path / "n")
    assert len(points) > 15
    log = tmp_path / "log"
    struck = points if thorough else points[ERRORS.index(error) :: 3]

    for number, point in enumerate(struck):
        root = tmp_path / str(number)
        site = Site.build(root)
        post = site.posts / "0.md"
        before = post.read_bytes()
        after = before.replace(b"old", b"new")

        failed = strace.run(root, faults=[point.format(f"error={error}"), "fsync"], log=log)

        assert failed.returncode == 6, (point, failed)
        assert post.read_bytes() in {before, after}
        if not site.unsettled():
            assert WORDS[error] in failed.stdout or "ledger" in log.read_text(), (point, failed)
            assert names(site.posts) == ["0.md"]
        assert_no_second_fsync(log.read_text())
        site.run()
        assert_untouched(post, after)
        assert (site.originals / "0.md").read_bytes() == before
        assert names(site.originals) == ["0.md"]
    figure(f"{len(struck)} of {len(points)} calls of a post's replacement failed with {error}")


def assert_no_second_fsync(log):
    failed = re.search(r"fsync\(\d+<([^>]*)>\) = -1 .*INJECTED", log)
    if failed:
        assert f"<{failed[1]}>" not in log[failed.end() :]


@needs_strace
@pytest.mark.parametrize("which", [1, 2])
def test_a_disk_that_forgets_bytes_is_found_out_before_the_swap(tmp_path, which):
    site = Site.build(tmp_path)
    before = (site.posts / "0.md").read_bytes()

    done = strace.run(tmp_path, faults=[f"write:retval=7:when={which}"])

    assert done.returncode == 6, done
    assert "reports an error" in done.stdout
    assert_untouched(site.posts / "0.md", before)


def test_a_write_that_is_cut_short_at_any_byte_leaves_the_post(post, state):
    """The kernel writes up to the limit, says how much that was, and refuses the rest.

    First that is the copy of the original, then the new file beside the post.
    """
    new = b"x" * 30
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for limit in range(len(new)):
        needed = len(OLD) if limit < len(OLD) else len(new)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        try:
            with pytest.raises(
                EnvironmentProblem, match=f"limit on the size.* needs {needed} bytes"
            ):
                prepared_for(post, state, new)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert_untouched(post)
        kept = state / "originals/post.md"
        assert (kept.read_bytes() if kept.exists() else OLD) == OLD
        assert names(kept.parent) == ([kept.name] if limit >= len(OLD) else [])
    replace(post, state, new)
    assert_untouched(post, new)


def test_too_many_open_files(post, state):
    prepared = prepared_for(post, state)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.open(os.devnull, os.O_RDONLY)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
    try:
        for step in [
            lambda: inspect(post, sha256(OLD)),
            lambda: prepare(post, sha256(OLD), NEW, original=state / "a", run=RUN),
            lambda: swap(prepared, state / "displaced/post.md"),
        ]:
            with pytest.raises(EnvironmentProblem, match="too many files are open"):
                step()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert post.read_bytes() == OLD


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 KiB."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k,mode=755", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("cannot mount a small disk here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_says_how_much_is_missing_and_goes_on_when_there_is_room(small_disk):
    site = Site.build(small_disk / "site")
    post = site.posts / "0.md"
    before = b"old" + b"." * 24_997
    post.write_bytes(before)
    filler = small_disk / "filler"
    filler.write_bytes(b"." * 8192)

    with pytest.raises(EnvironmentProblem, match=r"needs 25,000 bytes more, [\d,]+ are free"):
        site.run()

    assert_untouched(post, before)
    more_room = ["mount", "-o", "remount,size=256k", str(small_disk)]
    subprocess.run(more_room, check=True)
    site.run()
    assert_untouched(post, before.replace(b"old", b"new"))


def test_a_state_folder_on_another_disk_leaves_the_displaced_file_beside_the_post(
    small_disk, tmp_path
):
    site = Site.build(tmp_path / "site")
    site = Site(site.root, small_disk / "state")
    site.state.mkdir()
    post = site.posts / "0.md"
    before, inode = post.read_bytes(), post.stat().st_ino

    result = site.rewrite("0.md")

    assert b"new" in post.read_bytes()
    assert (site.originals / "0.md").read_bytes() == before
    assert result.displaced.parent == site.posts
    assert result.displaced.stat().st_ino == inode
    assert site.recover() == [result.displaced]
    assert result.displaced.read_bytes() == before


def test_a_post_that_is_a_mount_point_is_refused(small_disk, post, state):
    inner = small_disk / "post.md"
    inner.write_bytes(OLD)
    subprocess.run(["mount", "--bind", str(inner), str(post)], check=True)
    try:
        refused = replace(post, state)
    finally:
        subprocess.run(["umount", str(post)], check=True)

    assert refused.reason is Reason.FILE_SYSTEM
    assert inner.read_bytes() == OLD
    assert_untouched(post)


# A busy editor

EDITOR = Path(__file__).parents[1] / "rig/editor.py"


@pytest.mark.torture
@pytest.mark.parametrize("style", ["rename", "in-place", "append"])
def test_no_save_of_a_busy_editor_is_lost(tmp_path, style, thorough, figure):
    saves = 6000 if thorough else 500
    site = Site.build(tmp_path)
    post = site.posts / "0.md"
    editor = subprocess.Popen([sys.executable, "-I", EDITOR, post, style, str(saves)])
    ends = Counter()
    while editor.poll() is None or not ends[Swapped]:
        content = post.read_bytes()
        new = content.replace(b"old", b"new") if b"old" in content else content + b"old\n"
        number = ends.total()
        prepared = prepare(
            post, sha256(content), new, original=site.originals / "0.md", run=f"{RUN}-{number}"
        )
        if not isinstance(prepared, Refused):
            result = swap(prepared, site.state / str(number) / "0.md")
            ends[type(result)] += 1
    assert editor.returncode == 0

    assert names(site.posts) == ["0.md"]
    kept = [path.read_bytes() for path in site.root.rglob("*") if path.is_file()]
    saved = {int(number) for content in kept for number in re.findall(rb"save (\d+)\n", content)}
    assert saved == set(range(saves))
    if style == "in-place":  # the last save has all lines, and is somewhere whole
        assert any(content.count(b"save") == saves for content in kept)
    figure(f"{saves} saves, 0 lost; {ends[Swapped]} swaps, {ends[Conflict]} conflicts put back")


def test_everything_is_durable_before_the_next_step_relies_on_it(tmp_path):
    if strace.MISSING:
        pytest.skip(strace.MISSING)
    Site.build(tmp_path / "site")
    log = tmp_path / "log"
    strace.run(tmp_path / "site", faults=["fsync,rename,renameat2"], log=log)

    text = re.sub(r"\.0\.md\.migrator-[-\w]+", "TEMPORARY", log.read_text())
    steps = re.findall(r"(fsync|rename\w*)\(.*?site/([^>\"]*)", text)

    run = f".migrator/runs/{RUN}"
    assert steps == [
        ("fsync", ".migrator"),
        ("fsync", ".migrator/runs"),
        ("fsync", run),
        ("fsync", f"{run}/originals/TEMPORARY"),
        ("rename", f"{run}/originals/TEMPORARY"),
        ("fsync", f"{run}/originals"),
        ("fsync", "posts/TEMPORARY"),
        ("fsync", ".migrator/ledger.txt"),  # the intent
        ("renameat2", "posts/TEMPORARY"),
        ("fsync", "posts"),
        ("fsync", run),
        ("rename", "posts/TEMPORARY"),
        ("fsync", ".migrator/ledger.txt"),  # the result
    ]
