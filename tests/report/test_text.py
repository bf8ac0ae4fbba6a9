import re
from dataclasses import replace

import pytest

from migrator.model import Kind, Note, Reference, Spelling
from migrator.reasons import Reason
from migrator.report.escape import columns
from migrator.report.scanned import scan_post_text, scan_total_text
from migrator.report.summary import ImageReport, PastRun, Place, PostReport, Report, tally
from migrator.report.text import (
    plan_text,
    runs_text,
    summary_text,
)


def image(number, state, reason=None, *, host="old.example", **more):
    post = Place(f"posts/{number}.md", number + 1)
    url = f"https://{host}/img/{number}.png"
    return ImageReport(url, state, reason, references=(post,), **more)


def report(images=(), posts=(), **more):
    values = {
        "run": "2026-11-22-1",
        "command": "migrate",
        "dry_run": False,
        "started": "2026-11-22T10:00:00Z",
        "finished": "2026-11-22T10:01:00Z",
        "counts": tally((image.state for image in images), posts),
        "store": "migrated-images/",
    }
    return Report(**(values | more), images=tuple(images), posts=tuple(posts))


def stored(number, sha256=None):
    return image(number, "stored", sha256=sha256 or str(number), size=1000)


def test_a_run_says_what_moved_what_stayed_and_what_comes_next():
    images = [stored(0), stored(1), image(2, "failed", "not-found"), image(3, "held", "svg")]
    posts = [PostReport("posts/0.md", "rewritten", 2), PostReport("posts/1.md", "rewritten", 1)]
    assert summary_text(report(images, posts), "migrator migrate --only-failed") == (
        "Moved 2 images (2.0 kB) to migrated-images/. Updated 3 links in 2 posts.\n"
        "\n"
        "Stayed as it was:\n"
        "  1  image: the host says the image does not exist (404)\n"
        "       posts/2.md:3  https://old.example/img/2.png\n"
        "  1  image, held for you to decide: an SVG can carry scripts\n"
        "     to let it through: migrator accept svg:old.example\n"
        "       posts/3.md:4  https://old.example/img/3.png\n"
        "\n"
        "Nothing was lost: no image was deleted anywhere, and every changed post is kept\n"
        "as it was (to undo: migrator rollback 2026-11-22-1).\n"
        "\n"
        "Next:  migrator migrate --only-failed\n"
    )


def test_the_same_bytes_under_two_urls_count_once():
    text = summary_text(report([stored(0, "same"), stored(1, "same")]), None)
    assert text.startswith("Moved 2 images (1.0 kB)")


def test_images_that_were_there_are_said_apart():
    images = [image(0, "reused", sha256="a", size=9)]
    text = summary_text(report(images, [PostReport("a.md", "rewritten", 1)]), None)
    assert text.startswith("1 image was in the store already. Updated 1 link in 1 post.\n")


def test_nothing_to_do_is_one_sentence():
    unchanged = [PostReport("a.md", "unchanged")]
    expected = "Nothing to do: no post shows an image that has to move.\n"
    assert summary_text(report(posts=unchanged), None) == expected
    assert plan_text(report(posts=unchanged)) == expected


def test_a_run_in_which_all_failed_says_that_nothing_changed():
    text = summary_text(report([image(0, "failed", "dns")]), None)
    assert text.startswith("No image was moved and no post was changed.\n")
    assert "no image was deleted anywhere, and no post was changed.\n" in text


def test_an_interrupted_run_says_what_is_left():
    images = [stored(0), image(1, "planned"), image(2, "planned")]
    text = summary_text(report(images, finished=None), "migrator resume")
    assert text.startswith(
        "Stopped before the end. Moved 1 image (1.0 kB) to migrated-images/. No post was\n"
        "changed. 2 images still to do.\n"
    )
    assert "Nothing was lost" in text
    assert text.endswith("\nNext:  migrator resume\n")


def test_a_rollback_says_what_was_put_back_and_what_not():
    posts = [
        PostReport("a.md", "rolled-back", 2),
        PostReport("b.md", "conflict", 0, "post-changed"),
    ]
    assert summary_text(report(posts=posts, command="rollback"), None) == (
        "Put back 1 post, byte for byte.\n"
        "\n"
        "Stayed as it was:\n"
        "  1  post: the post was changed meanwhile\n"
        "       b.md\n"
        "\n"
        "Nothing was lost: the images stay in the store.\n"
    )


def test_a_dry_run_says_what_would_happen():
    images = [
        image(0, "planned", size=1500),
        image(1, "planned", size=500),
        image(2, "planned", host="two.example"),
        image(3, "planned", sha256="known", size=5),
        image(4, "failed", "blocked-address"),
    ]
    posts = [PostReport("a.md", "planned", 4)]
    dry = report(images, posts, dry_run=True, run=None, warnings=("b.md: front matter is broken",))
    assert summary_text(dry, "migrator migrate posts") == (
        "Dry run: nothing was changed.\n"
        "\n"
        "Would try to move 3 images, at least 2.0 kB (1 of unknown size)\n"
        "Would update      1 post, 4 links\n"
        "from              old.example (2), two.example (1)\n"
        "to                migrated-images/: at most 3 new files, 1 there already\n"
        "\n"
        "Would stay as it is:\n"
        "  1  image: the address is private or reserved\n"
        "       posts/4.md:5  https://old.example/img/4.png\n"
        "\n"
        "Note: b.md: front matter is broken\n"
        "\n"
        "Next:  migrator migrate posts\n"
    )


def test_a_plan_says_what_is_about_to_happen():
    plan = report([image(0, "planned")], [PostReport("a.md", "planned", 1)], run=None)
    assert plan_text(plan) == (
        "Move          1 image\n"
        "Update        1 post, 1 link\n"
        "from          old.example (1)\n"
        "to            migrated-images/: at most 1 new file\n"
    )


def test_a_rewrite_speaks_of_links_only():
    images = [image(0, "stored"), image(1, "skipped", "not-mapped")]
    done = report(images, [PostReport("a.md", "rewritten", 1)], command="rewrite", store="")
    assert summary_text(done, None).startswith("Updated 1 link in 1 post.\n")
    images = [image(0, "planned")]
    plan = report(images, [PostReport("a.md", "planned", 1)], command="rewrite", store="")
    assert plan_text(plan) == "Update        1 post, 1 link\n"


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("migrate", "no post shows an image that has to move."),
        ("rewrite", "no post has a link that the map names."),
        ("rollback", "the run has no post to put back."),
    ],
)
def test_each_command_says_why_there_is_nothing_to_do(command, why):
    assert plan_text(report(command=command)) == f"Nothing to do: {why}\n"


def test_a_refused_rollback_does_not_claim_a_success():
    posts = [PostReport("b.md", "conflict", 0, "post-changed")]
    assert summary_text(report(posts=posts, command="rollback"), None).startswith(
        "No post was put back.\n"
    )


def everything_goes_wrong():
    images = [stored(n) for n in range(2000)]
    for number, reason in enumerate(list(Reason)[3:18]):
        images += [image(n, "failed", reason, host="h" * 90) for n in range(number + 1)]
    images += [image(n, "held", "svg") for n in range(7)]
    posts = [PostReport(f"文章/{'很长的名字' * 20}{n}.md", "rewritten", 1) for n in range(9)]
    posts += [PostReport("很长" * 80, "conflict", 0, "post-changed")]
    return report(images, posts, warnings=tuple(f"note {n}" for n in range(50)))


def test_a_summary_fits_a_screen_whatever_happened():
    text = summary_text(everything_goes_wrong(), "migrator migrate --only-failed")
    assert len(text.splitlines()) <= 24
    assert max(map(columns, text.splitlines())) <= 80
    assert len(plan_text(everything_goes_wrong()).splitlines()) <= 23
    assert len(plan_text(everything_goes_wrong(), width=40).splitlines()) <= 23


@pytest.mark.parametrize("width", [40, 60, 200])
def test_no_line_is_wider_than_the_terminal(width):
    text = summary_text(everything_goes_wrong(), None, width=width)
    assert max(map(columns, text.splitlines())) <= width


def test_what_people_copy_is_never_broken():
    url = f"https://a.example/{'x' * 90}-{'y' * 90}"
    text = summary_text(report(warnings=(f"see {url} first",)), None, width=40)
    assert url in text


def test_the_full_report_leaves_nothing_out_and_hides_secrets():
    gone = replace(everything_goes_wrong().images[-1], detail="see https://a/?token=abcdefg")
    full = replace(everything_goes_wrong(), images=(*everything_goes_wrong().images, gone))
    text = summary_text(full, None, full=True)
    assert all(reason.words in text for reason in list(Reason)[3:18])
    assert text.count("  posts/") == sum(range(1, 16)) + 7 + 1
    assert text.count("note ") == 50
    assert "other reason" not in text
    assert "see https://a/?token=***" in text
    assert "abcdefg" not in text


def test_text_of_others_cannot_steer_the_terminal():
    nasty = "\x1b[2J\u202e\x9b"
    bad = ImageReport(f"https://a{nasty}/{nasty}.png", "failed", "dns", nasty)
    planned = ImageReport(f"https://{nasty}/x.png", "planned", references=(Place(nasty, 1),))
    posts = [PostReport(nasty, "conflict", 0, "post-changed", nasty)]
    evil = report([bad, planned], posts, store=nasty, warnings=(nasty,))
    run = PastRun(nasty, nasty, nasty, nasty, None, 1, 1)
    reference = Reference(0, 1, Kind.IMAGE, Spelling.MARKDOWN, nasty, nasty, 1, 1)
    texts = [
        summary_text(evil, nasty),
        summary_text(evil, None, full=True),
        plan_text(evil),
        runs_text([run]),
        runs_text([run], width=10),
        scan_post_text(nasty, [reference], [Note(1, nasty)]),
        scan_total_text({nasty: 1}, posts=1),
    ]
    for text in texts:
        assert not set(nasty) - set("[2J") & set(text)


def test_the_history_has_a_line_for_each_run_or_two_where_it_is_narrow():
    run = PastRun("2026-11-22-1", "migrate", "rolled-back", "2026-11-22T10:00:59Z", None, 5, 1)
    wide = "2026-11-22-1  2026-11-22 10:00 UTC  migrate   rolled back  5 images, 1 post\n"
    assert runs_text([run]) == wide
    narrow = "2026-11-22-1  2026-11-22 10:00 UTC  migrate\n  rolled back: 5 images, 1 post\n"
    assert runs_text([run], width=40) == narrow
    assert runs_text([]) == "No run has changed anything here yet.\n"


def same(number):
    detail = f"old.example, also for {number}; if it is right: migrator accept 777777777777"
    return image(number, "held", "same-bytes", sha256="7" * 64, detail=detail)


def test_what_is_held_for_one_picture_is_a_group_with_one_command():
    held = [
        *(same(number) for number in range(50)),
        image(50, "held", "same-bytes", sha256="8" * 64),
    ]
    text = summary_text(report(held), None)
    assert text.count("migrator accept") == 2
    assert (
        "  50  images, held for you to decide: the host gives one picture for different\n"
        "      images\n"
        "      to let them through: migrator accept 777777777777\n"
    ) in text
    assert "to let it through: migrator accept 888888888888\n" in text
    assert len(text.splitlines()) <= 24


def test_in_full_every_image_of_a_group_has_a_line_and_the_detail_stands_once():
    text = summary_text(report([same(number) for number in range(50)]), None, full=True)
    assert text.count("https://old.example/img/") == 50
    assert text.count("also for") == 1


def test_a_blocked_address_comes_with_the_option_that_lets_it_through():
    detail = "10.0.0.7, a private or reserved address; if you trust it: --allow-private {}; also"
    images = [
        image(number, "failed", "blocked-address", detail=detail.format(place))
        for number, place in enumerate(["nas:80", "nas:80", "10.0.0.7:80"])
    ]
    text = summary_text(report(images), None)
    assert "if you trust it: --allow-private nas:80 --allow-private 10.0.0.7:80\n" in text
    assert max(map(len, summary_text(report(images), None, width=50).splitlines())) <= 50


EVERY = [
    image(number, "failed" if number % 2 else "held", reason, host=f"h{number}.example")
    for number, reason in enumerate(list(Reason)[:40])
    for _ in range(40 - number)
]


@pytest.mark.parametrize("width", [40, 60, 80, 200])
@pytest.mark.parametrize("groups", [0, 1, 2, 7, 40])
def test_an_end_fits_a_screen_of_24_lines_whatever_stayed(width, groups):
    reasons = sorted({each.reason for each in EVERY})[:groups]
    images = [stored(number) for number in range(3)] + [e for e in EVERY if e.reason in reasons]
    posts = [PostReport(f"文章/很长的名字的文章{n}.md", "rewritten", 1) for n in range(3)]
    ended = report(images, posts, warnings=("the front matter is broken",) * 2)
    text = summary_text(ended, "migrator migrate posts --only-failed", width=width)
    assert lines_on(width, text) <= 23  # and the prompt
    named = re.findall(r"^ +\d+  images?[:,]", text, re.MULTILINE)
    assert min(groups, 1) <= len(named) <= groups


def lines_on(width, text):
    return sum(max(1, -(-columns(line) // width)) for line in text.splitlines())


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_plan_fits_a_screen_and_names_what_is_expected(width):
    images = [image(number, "planned", size=1000) for number in range(5)]
    images += [
        image(number, "planned", reason) for number, reason in enumerate(list(Reason)[30:36])
    ]
    images += [each for each in EVERY if each.state == "failed"]
    posts = [PostReport("a.md", "planned", 3)]
    text = plan_text(report(images, posts, dry_run=True), width=width)
    assert lines_on(width, text) <= 23
    assert "Move          11 images, 5.0 kB" in text
    assert "Expect        1 image to stay: " in text
    assert "2 more images to stay" in text
