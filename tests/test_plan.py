from datetime import UTC, datetime
from pathlib import Path
from weakref import WeakSet

import pytest

from migrator.model import (
    Asset,
    Kind,
    Note,
    Placement,
    Post,
    Reference,
    SkippedPost,
    Spelling,
    Stored,
    TransferTask,
)
from migrator.plan import Wanted, make_plan
from migrator.reasons import Reason

ALL = Wanted(selected=lambda _: True)


def post(name, *urls, notes=()):
    references = tuple(
        Reference(n, n, Kind.IMAGE, Spelling.MARKDOWN, url, url, n + 1, 1)
        for n, url in enumerate(urls)
    )
    return Post(Path(), name, "0" * 64, "utf-8", references, notes)


def urls(plan):
    return [task.url for task in plan.tasks]


def test_one_task_an_image_whatever_its_spellings():
    posts = [post("a.md", "https://h/a.png#x", "https://H/a.png"), post("b.md", "//h/a.png")]
    plan = make_plan(posts, ALL, {})
    assert urls(plan) == ["https://h/a.png#x"]
    assert plan.posts == tuple(posts)
    assert [(m.post, m.line) for m in plan.mentions] == [("a.md", 1), ("a.md", 2), ("b.md", 1)]


def test_local_paths_are_no_concern():
    plan = make_plan([post("a.md", "/img/a.png", "data:image/png,")], ALL, {})
    assert (plan.tasks, plan.posts, plan.mentions) == ((), (), ())


def test_posts_without_images_are_not_held_while_others_are_read():
    class Watched(Post):
        __slots__ = ("__weakref__",)

    alive, most = WeakSet(), 0

    def posts():
        nonlocal most
        for number in range(100):
            most = max(most, len(alive))
            read = Watched(Path(), f"{number}.md", "0" * 64, "utf-8", ())
            alive.add(read)
            yield read

    assert make_plan(posts(), ALL, {}).posts == ()
    assert most <= 2  # the one that was planned last, and the one that is read


def test_images_below_the_public_address_of_the_store_are_already_there():
    wanted = Wanted(selected=lambda _: True, store_root="https://img.example.com/blog")
    there, near = "https://IMG.example.com/blog/ab/a.png", "https://img.example.com/blog2/a.png"
    plan = make_plan([post("a.md", there, near)], wanted, {})
    assert urls(plan) == [near]
    assert [(s.url, s.reason) for s in plan.skipped] == [(there, Reason.ALREADY_THERE)]


def test_what_is_not_selected_is_skipped_and_its_post_stays():
    wanted = Wanted(selected=lambda url: "old" in url)
    plan = make_plan([post("a.md", "https://old/a"), post("b.md", "https://new/b")], wanted, {})
    assert [p.name for p in plan.posts] == ["a.md"]
    assert [s.reason for s in plan.skipped] == [Reason.NOT_SELECTED]


def test_only_failed_restricts_to_these_images():
    wanted = Wanted(selected=lambda _: True, only={"https://h/b"}.__contains__)
    plan = make_plan([post("a.md", "https://h/a", "https://h/b")], wanted, {})
    assert urls(plan) == ["https://h/b"]
    assert [s.reason for s in plan.skipped] == [Reason.NOT_FAILED]


def test_a_limit_counts_images_not_mentions():
    wanted = Wanted(selected=lambda _: True, limit=1)
    plan = make_plan([post("a.md", "https://h/a", "https://h/a", "https://h/b")], wanted, {})
    assert urls(plan) == ["https://h/a"]
    assert [s.reason for s in plan.skipped] == [Reason.OVER_LIMIT]


def test_under_a_limit_what_was_tried_before_goes_last_the_longest_ago_first():
    tried = {"https://h/a": 7, "https://h/b": 3}
    shown = post("a.md", "https://h/a", "https://h/b", "https://h/c")
    for limit, taken in enumerate((["c"], ["b", "c"], ["a", "b", "c"]), start=1):
        wanted = Wanted(selected=lambda _: True, limit=limit, tried=tried)
        plan = make_plan([shown], wanted, {})
        assert urls(plan) == [f"https://h/{name}" for name in taken]
        assert {each.reason for each in plan.skipped} <= {Reason.OVER_LIMIT}
        assert len(plan.skipped) == 3 - limit


def test_what_an_earlier_run_stored_goes_along_with_the_task():
    asset = Asset("1" * 64, 3, "image/png", ".png")
    known = Stored("https://h/a", asset, Placement("s", "k", asset.sha256), "https://h/a")
    plan = make_plan([post("a.md", "https://h/a#f")], ALL, {"https://h/a": known})
    assert plan.tasks == (TransferTask("https://h/a#f", is_known=True, post="a.md"),)
    assert plan.ready(plan.tasks[0]).known == known


def test_posts_left_alone_and_notes_are_kept_for_the_report():
    left = SkippedPost(Path("x.md"), "x.md", Reason.UTF_16)
    plan = make_plan([left, post("a.md", notes=(Note(3, "odd"),))], ALL, {})
    assert plan.left == (left,)
    assert plan.warnings == ("a.md:3: odd",)


def test_images_of_a_post_that_cannot_be_replaced_stay_unless_another_post_moves_them():
    def obstacle(post):
        refused = post.name == "a.md"
        return SkippedPost(post.path, post.name, Reason.READ_ONLY) if refused else None

    wanted = Wanted(selected=lambda _: True, obstacle=obstacle)
    posts = [post("a.md", "https://h/a", "https://h/b"), post("b.md", "https://h/b")]
    plan = make_plan(posts, wanted, {})
    assert urls(plan) == ["https://h/b"]
    assert [(s.url, s.reason) for s in plan.skipped] == [("https://h/a", Reason.READ_ONLY)]
    assert [p.name for p in plan.posts] == ["b.md"]
    assert len(plan.mentions) == 3


def test_another_spelling_of_an_image_that_stays_may_move():
    wanted = Wanted(selected=lambda url: url.endswith("#x"))
    plan = make_plan([post("a.md", "https://h/a", "https://h/a#x")], wanted, {})
    assert urls(plan) == ["https://h/a#x"]
    assert plan.skipped == ()


def signed(name, expires):
    return f"https://h/{name}?OSSAccessKeyId=k&Signature=s{expires}&Expires={expires}"


@pytest.mark.parametrize(
    ("spellings", "best"),
    [
        ([signed("a", 1700000000), signed("a", 1800000000), signed("a", 1750000000)], 1),
        (["https://h/a", signed("a", 1700000000)], 1),
        ([signed("a", 1700000000), "https://h/a"], 0),
        ([signed("a", 1500000000), "https://h/a"], 1),
        ([signed("a", 1500000000), signed("a", 1400000000)], 0),
        (["https://h/a#x", "https://h/a#y"], 0),
    ],
)
def test_of_one_image_the_spelling_is_fetched_that_holds_longest(spellings, best):
    wanted = Wanted(selected=lambda _: True, now=datetime.fromtimestamp(1600000000, UTC))
    posts = [post(f"{number}.md", url) for number, url in enumerate(spellings)]
    plan = make_plan(posts, wanted, {})
    assert urls(plan) == [spellings[best]]
    assert plan.tasks[0].post == "0.md"
    assert plan.posts == tuple(posts)


def test_what_expires_soonest_is_fetched_first_and_the_rest_in_order():
    last, first = signed("a", 1800000000), signed("b", 1700000000)
    plan = make_plan([post("a.md", "https://h/z", last, "https://h/y", first)], ALL, {})
    assert urls(plan) == [first, last, "https://h/z", "https://h/y"]
