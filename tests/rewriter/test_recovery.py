import os
import shutil
from itertools import product

import pytest
from rig import strace
from rig.toy_run import RUN, Site

from migrator.durable import sha256
from migrator.rewriter import recovery
from migrator.rewriter.recovery import Action, NotSwapped, decide, look_again, settle
from migrator.rewriter.swap import Conflict, Swapped, prepare

needs_strace = pytest.mark.skipif(bool(strace.MISSING), reason=strace.MISSING)


@pytest.mark.parametrize(
    ("at_path", "at_temporary", "action"),
    [
        ("before", "after", Action.START_OVER),
        ("before", None, Action.START_OVER),
        ("before", "before", Action.START_OVER),
        ("before", "other", Action.START_OVER),
        ("after", "before", Action.FINISH),
        ("after", None, Action.FINISH),
        ("after", "other", Action.PUT_BACK),
        ("after", "after", Action.PUT_BACK),
        *product(["other", None], ["before", "after", "other", None], [Action.LEAVE]),
    ],
)
def test_the_table(at_path, at_temporary, action):
    assert decide("before", "after", at_path, at_temporary) is action


BEFORE, AFTER, OTHER = b"old", b"new", b"written by another program"


@pytest.fixture
def intent(tmp_path):
    """An intent of which the rest was not done yet."""
    post = tmp_path / "post.md"
    post.write_bytes(BEFORE)
    original = tmp_path / "state/originals/post.md"
    return prepare(post, sha256(BEFORE), AFTER, original=original, run=RUN)


@pytest.fixture
def displaced(tmp_path):
    return tmp_path / "state/displaced/post.md"


def put(path, content):
    path.unlink(missing_ok=True)
    if content is not None:
        path.write_bytes(content)


def everything(folder):
    return {path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("at_temporary", [BEFORE, AFTER, OTHER, AFTER[:1], None])
@pytest.mark.parametrize("at_path", [BEFORE, AFTER, OTHER, None])
def test_settling_loses_nothing_and_ends_at_once(
    tmp_path, intent, displaced, at_path, at_temporary
):
    put(intent.path, at_path)
    put(intent.temporary, at_temporary)
    there_before = everything(tmp_path)

    result = settle(intent, displaced)
    again = settle(intent, displaced)

    assert everything(tmp_path) == there_before
    assert not intent.temporary.exists()
    live = intent.path.read_bytes() if intent.path.exists() else None
    match at_path, at_temporary:
        case (b"old", _):
            assert (live, result, again) == (BEFORE, NotSwapped(), NotSwapped())
        case (b"new", b"old"):
            assert (live, result, again) == (AFTER, Swapped(displaced, None), result)
        case (b"new", None):
            assert (live, result, again) == (AFTER, Swapped(None, None), result)
        case (b"new", b"new"):
            assert isinstance(result, Conflict)
            assert live == AFTER
        case (b"new", _):
            assert isinstance(result, Conflict)
            assert isinstance(again, Conflict)
            assert live == at_temporary
        case _:
            assert isinstance(result, Conflict)
            assert isinstance(again, Conflict)
            assert live == at_path


def test_settling_finds_what_an_earlier_attempt_displaced(intent, displaced):
    intent.path.unlink()
    intent.temporary.rename(intent.path)
    put_displaced = displaced.with_name("post.md.2")
    displaced.parent.mkdir(parents=True)
    displaced.write_bytes(OTHER)
    put_displaced.write_bytes(BEFORE)

    assert settle(intent, displaced) == Swapped(put_displaced, None)


def test_settling_after_the_folder_was_renamed_is_a_conflict(tmp_path, displaced):
    folder = tmp_path / "posts"
    folder.mkdir()
    post = folder / "post.md"
    post.write_bytes(BEFORE)
    original = tmp_path / "state/originals/post.md"
    intent = prepare(post, sha256(BEFORE), AFTER, original=original, run=RUN)
    folder.rename(tmp_path / "renamed")

    assert isinstance(settle(intent, displaced), Conflict)
    assert (tmp_path / "renamed/post.md").read_bytes() == BEFORE


def test_sweep_moves_what_known_runs_left_and_leaves_the_rest(tmp_path):
    posts, aside = tmp_path / "posts", tmp_path / "aside"
    posts.mkdir()
    ours = posts / f".post.md.migrator-{RUN}-0123abcd"
    foreign = posts / ".post.md.migrator-2020-01-01-1-0123abcd"
    others = [posts / "post.md", posts / ".post.md.migrator", posts / f"migrator-{RUN}-0123abcd"]
    for path in [ours, foreign, *others]:
        path.write_bytes(path.name.encode())

    left = recovery.sweep([posts, tmp_path / "missing"], {RUN: aside})

    assert left == [foreign]
    assert sorted(posts.iterdir()) == sorted([foreign, *others])
    assert (aside / ours.name).read_bytes() == ours.name.encode()


def test_look_again_finds_what_was_saved_into_a_displaced_file(tmp_path):
    site = Site.build(tmp_path)
    post = site.posts / "0.md"
    before = post.read_bytes()
    with post.open("ab") as editor:
        site.run()
        displaced = site.displaced / "0.md"
        assert look_again([(displaced, sha256(before))]) == []
        editor.write(b"late")

    assert look_again([(displaced, sha256(before)), (tmp_path / "pruned", "0")]) == [displaced]
    assert displaced.read_bytes() == before + b"late"


# The oracle: it believes the disk alone.


def assert_posts_are_whole(site, befores):
    for name, before in befores.items():
        path = site.posts / name
        assert path.read_bytes() in {before, before.replace(b"old", b"new")}
        assert path.stat().st_mode & 0o7777 == 0o640
        assert os.getxattr(path, "user.mood") == b"calm"


def assert_done_and_clean(site, befores):
    assert_posts_are_whole(site, befores)
    for name, before in befores.items():
        assert (site.posts / name).read_bytes() == before.replace(b"old", b"new")
        assert (site.originals / name).read_bytes() == before
        assert (site.displaced / name).read_bytes() == before
        assert (site.displaced / name).stat().st_nlink == 1
    assert sorted(path.name for path in site.posts.iterdir()) == sorted(befores)
    assert sorted(path.name for path in site.originals.iterdir()) == sorted(befores)
    assert site.unsettled() == []


EXCHANGE = (strace.MUTATING, [])
REPLACE = (strace.MUTATING.replace("renameat2,", ""), ["renameat2:error=EINVAL"])
both_ways = pytest.mark.parametrize(
    ("calls", "faults"), [EXCHANGE, REPLACE], ids=["exchange", "replace"]
)
KILL = "signal=KILL"


@pytest.mark.torture
@needs_strace
@both_ways
def test_killed_at_every_call_and_run_again_ends_where_an_unkilled_run_ends(
    tmp_path, calls, faults, thorough, figure
):
    posts = 3 if thorough else 1 if faults else 2
    Site.build(tmp_path / "n", posts)
    points = strace.points(tmp_path / "n", calls=calls, faults=faults)
    assert len(points) > 10 * posts

    for number, point in enumerate(points):
        root = tmp_path / str(number)
        site = Site.build(root, posts)
        befores = {name: (site.posts / name).read_bytes() for name in site.names()}

        killed = strace.run(root, faults=[*faults, point.format(KILL)])

        assert killed.returncode == -9, (point, killed)
        assert_posts_are_whole(site, befores)
        site.run()
        assert_done_and_clean(site, befores)
    figure(f"killed at each of {len(points)} calls of {posts} posts' replacement")


@pytest.mark.torture
@needs_strace
@both_ways
def test_killed_in_the_middle_of_recovery_it_recovers_the_next_time(
    tmp_path, calls, faults, thorough, figure
):
    kills = 0
    Site.build(tmp_path / "n")
    swap = "link" if faults else "renameat2"
    points = strace.points(tmp_path / "n", calls=calls, faults=faults)
    first = next(n for n, point in enumerate(points) if point.startswith(swap))
    for number, point in enumerate(points if thorough else points[first::6]):
        root = tmp_path / str(number)
        befores = {"0.md": (Site.build(root).posts / "0.md").read_bytes()}
        strace.run(root, faults=[*faults, point.format(KILL)])
        unkilled = shutil.copytree(root, tmp_path / f"{number}-n")
        for again in strace.points(unkilled, calls=calls, faults=faults):
            copy = Site(shutil.copytree(root, tmp_path / f"{number}-{again}"))

            killed = strace.run(copy.root, faults=[*faults, again.format(KILL)])

            assert killed.returncode == -9, (point, again, killed)
            assert_posts_are_whole(copy, befores)
            copy.run()
            assert_done_and_clean(copy, befores)
            kills += 1
    figure(f"{kills} kills in a recovery from a kill")


@needs_strace
def test_killed_while_putting_back_the_save_of_another_program(tmp_path):
    """From the moment that a foreign save came out of the post's place."""
    theirs = b"saved by an editor"

    def came_out(root):
        site = Site.build(root)
        post = site.posts / "0.md"
        prepared = prepare(
            post, sha256(post.read_bytes()), b"ours", original=site.originals / "0.md", run=RUN
        )
        site.intend(prepared)
        post.unlink()
        prepared.temporary.rename(post)
        prepared.temporary.write_bytes(theirs)
        return site

    points = strace.points(came_out(tmp_path / "n").root)
    assert len(points) > 5
    for number, point in enumerate(points):
        site = came_out(tmp_path / str(number))
        post = site.posts / "0.md"

        killed = strace.run(site.root, faults=[point.format(KILL)])

        assert killed.returncode == -9, (point, killed)
        assert post.read_bytes() in {b"ours", theirs}
        site.recover()
        assert post.read_bytes() == theirs
        assert list(site.posts.iterdir()) == [post]
        assert {b"ours", theirs} < everything(site.root)
