from migrator.reasons import Reason
from migrator.report.stayed import stayed
from migrator.report.summary import ImageReport, PostReport, Report, tally


def report(images=(), posts=()):
    return Report(
        run=None,
        command="migrate",
        dry_run=False,
        started="T1",
        finished="T2",
        counts=tally((image.state for image in images), posts),
        images=tuple(images),
        posts=tuple(posts),
    )


def test_trouble_comes_first_and_the_most_frequent_reason_first():
    images = [
        ImageReport("u1", "skipped", "not-selected"),
        ImageReport("u2", "held", "svg"),
        ImageReport("u3", "failed", "dns"),
        ImageReport("u4", "failed", "not-found"),
        ImageReport("u5", "failed", "not-found"),
        ImageReport("u6", "stored"),
    ]
    posts = [
        PostReport("a", "skipped", reason="opt-out"),
        PostReport("b", "conflict", reason="post-changed"),
        PostReport("c", "rewritten", 2),
    ]
    groups = stayed(report(images, posts))
    assert [(group.kind, group.reason, group.count) for group in groups] == [
        ("failed", "not-found", 2),
        ("failed", "dns", 1),
        ("held", "svg", 1),
        ("post", "post-changed", 1),
        ("unasked", "not-selected", 1),
        ("unasked", "opt-out", 1),
    ]


def test_images_and_posts_with_the_same_reason_are_told_apart():
    groups = stayed(
        report(
            [ImageReport("u", "failed", "internal")], [PostReport("a", "skipped", 0, "internal")]
        )
    )
    assert [(len(group.images), len(group.posts)) for group in groups] == [(1, 0), (0, 1)]


def test_every_reason_has_words_and_an_unknown_one_stands_for_itself():
    for reason in Reason:
        (group,) = stayed(report([ImageReport("u", "failed", reason.value)]))
        assert group.words == reason.words
    (group,) = stayed(report([ImageReport("u", "failed", "from-the-future")]))
    assert group.words == "from-the-future"
    (group,) = stayed(report([ImageReport("u", "failed")]))
    assert group.words == "the reason is not known"


def test_held_images_are_grouped_by_what_lets_them_through():
    images = [
        ImageReport("https://a.example/1", "held", "same-bytes", sha256="1" * 64),
        ImageReport("https://b.example/2", "held", "same-bytes", sha256="1" * 64),
        ImageReport("https://a.example/3", "held", "same-bytes", sha256="3" * 64),
        ImageReport("https://A.example:443/4", "held", "by-referer", sha256="4" * 64),
        ImageReport("https://a.example/5", "held", "by-referer", sha256="5" * 64),
        ImageReport("https://a.example/6", "held", "too-large"),
        ImageReport("https://a.example/7", "failed", "dns"),
    ]
    assert {(group.name, group.count) for group in stayed(report(images))} == {
        ("1" * 12, 2),
        ("3" * 12, 1),
        ("by-referer:a.example", 2),
        ("too-large:a.example", 1),
        ("", 1),
    }


def test_what_only_failed_leaves_is_trouble():
    for reason in ("still-held", "still-gone"):
        (group,) = stayed(report([ImageReport("u", "skipped", reason)]))
        assert (group.kind, group.name) == ("failed", "")
