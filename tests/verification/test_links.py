"""Posts as they stand against links that runs wrote."""

from pathlib import Path

import pytest

from migrator.ledger import Link
from migrator.model import Asset, Kind, Post, Reference, SkippedPost, Spelling
from migrator.reasons import Reason
from migrator.snapshots.manifest import Shown
from migrator.verification import Kind as Found
from migrator.verification.links import compare, target_of

ASSET = Asset("1" * 64, 3, "image/png", ".png")


def link(post, new_url, run="1", asset=ASSET):
    return Link(run, post, 1, "https://old.example/a.png", new_url, "local:/x", "a.png", asset)


def post(name, *urls):
    references = tuple(
        Reference(0, 1, Kind.IMAGE, Spelling.MARKDOWN, url, url, line, 1)
        for line, url in enumerate(urls, 1)
    )
    return Post(Path(), name, "0" * 64, "utf-8", references)


@pytest.mark.parametrize(
    ("name", "url", "same"),
    [
        ("a.md", "img/x.png", "img/x.png"),
        ("posts/a.md", "../img/x.png#pic", "img/x.png"),
        ("posts/a.md", "./%E5%9B%BE.png", "posts/图.png"),
        ("posts/a.md", "/img/x.png", "/img/x.png"),
        ("a.md", "https://h.example/a%20b.png#x", "https://h.example/a b.png"),
    ],
)
def test_what_a_link_leads_to_is_the_same_for_all_spellings(name, url, same):
    assert target_of(name, url) == same


def test_a_link_counts_wherever_it_stands_now():
    links = [link("posts/a.md", "../img/x.png")]
    posts = [post("posts/a.md", "u", "../img/x.png", "../img/x.png#f"), post("b.md", "img/x.png")]
    found = compare(links, posts, expected={"posts/a.md"})
    assert [each.places for each in found.standing] == [
        [Shown("posts/a.md", 2), Shown("posts/a.md", 3), Shown("b.md", 1)]
    ]
    assert (found.posts, found.differences) == (2, ())


def test_what_the_newest_run_wrote_and_is_not_there_has_drifted():
    links = [link("a.md", "one.png"), link("a.md", "two.png", "2"), link("a.md", "three.png", "2")]
    found = compare(links, [post("a.md", "three.png")], expected={"a.md"})
    assert [(each.kind, each.url) for each in found.differences] == [(Found.DRIFTED, "two.png")]
    assert [each.link.new_url for each in found.standing] == ["three.png"]


def test_links_that_a_map_said_lead_to_no_object_of_ours():
    links = [link("a.md", "one.png"), link("a.md", "cdn.png", "2", None)]
    found = compare(links, [post("a.md")], expected={"a.md"})
    assert (found.standing, found.differences) == ((), ())


@pytest.mark.parametrize(("reason", "told"), [(Reason.OPT_OUT, []), (Reason.UTF_16, ["unread"])])
def test_a_post_that_cannot_be_read_is_taken_to_have_its_links(reason, told):
    skipped = SkippedPost(Path("a.md"), "a.md", reason)
    found = compare([link("a.md", "one.png")], [skipped], expected={"a.md"})
    assert [each.places for each in found.standing] == [[Shown("a.md", 1)]]
    assert [each.kind for each in found.differences] == told


def test_a_post_that_is_gone_needs_nothing_unless_nobody_asked_for_it():
    links = [link("a.md", "one.png"), link("b.md", "one.png")]
    found = compare(links, [], expected={"a.md"})
    assert [(each.kind, each.name) for each in found.differences] == [(Found.DRIFTED, "a.md")]
    assert found.standing == ()
