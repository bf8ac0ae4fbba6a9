from pathlib import Path

import pytest

from migrator.events import (
    ImageDone,
    ObjectRead,
    PostDone,
    PostScanned,
    PostSkipped,
    SizeAsked,
    StageStarted,
    Warned,
)
from migrator.model import Asset, Failed, Held, Placement, Skipped, SkippedPost, Stored
from migrator.reasons import Reason
from migrator.report.stage import Stage, trouble_line

URL = "https://me:pw@a.example/x.png?Signature=abcdefgh"


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def stored(size=1000, *, reused=False):
    asset = Asset("a" * 64, size, "image/png", ".png")
    placement = Placement("s", "k", "a" * 64)
    return ImageDone(Stored(URL, asset, placement, URL, reused=reused))


def test_a_stage_counts_what_became_of_each_image():
    stage = Stage("transfer", 10, Clock())
    for event in (
        stored(),
        stored(500),
        stored(reused=True),
        ImageDone(Failed(URL, Reason.DNS, "")),
        ImageDone(Held(URL, Reason.SVG, "")),
        ImageDone(Skipped(URL, Reason.NOT_SELECTED)),
        Warned("does not count"),
    ):
        stage.count(event)
    assert stage.line() == ("Moving images: 6 of 10 images done, 3 moved, 1 failed, 1 held, 1.5 kB")
    assert stage.progress == " 6/10"


def test_a_stage_counts_posts_and_those_left_alone():
    stage = Stage("scan", None, Clock())
    stage.count(PostScanned("a.md"))
    stage.count(PostSkipped(SkippedPost(Path("b.md"), "b.md", Reason.UTF_16)))
    assert (stage.line(), stage.current) == ("Reading posts: 2 posts done, 1 left alone", "b.md")
    stage = Stage("rewrite", 1, Clock())
    stage.count(PostDone("c.md", 2))
    assert stage.line() == "Updating posts: 1 post done"


def test_sizes_and_unknown_stages_count_too():
    stage = Stage("sizes", 1, Clock())
    stage.count(SizeAsked(URL))
    assert stage.line() == "Asking for sizes: 1 image done"
    assert Stage("dream", 3, Clock()).line() == "Dream: 0 of 3 steps done"
    stage = Stage("verify", 3, Clock())
    stage.count(ObjectRead(1500))
    assert stage.line() == "Reading copies: 1 of 3 objects done, 1.5 kB"


def test_the_rate_is_of_late_and_falls_when_nothing_comes():
    clock = Clock()
    stage = Stage("transfer", 100, clock)
    stage.count(stored(50_000))
    for _ in range(40):
        clock.now += 1
        stage.count(stored(1000))
    assert stage.rate == pytest.approx(1000)
    clock.now += 10
    assert stage.rate == pytest.approx(11_000 / 21)


def test_time_left_is_estimated_only_when_there_is_ground_for_it():
    clock = Clock()
    stage = Stage("transfer", 10, clock)
    stage.count(stored())
    assert stage.seconds_left is None
    clock.now += 5
    assert stage.seconds_left == pytest.approx(45)
    assert Stage("scan", None, clock).seconds_left is None


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (
            ImageDone(Failed(URL, Reason.DAMAGED, "no \x1b end")),
            "failed: https://a.example/x.png?…: the image is damaged (no \\x1b end)",
        ),
        (
            ImageDone(Held(URL, Reason.SVG, "")),
            "held: https://a.example/x.png?…: an SVG can carry scripts",
        ),
        (
            PostSkipped(SkippedPost(Path("b"), "b\x1b.md", Reason.UTF_16)),
            r"left alone: b\x1b.md: the file is in UTF-16 or UTF-32",
        ),
        (
            PostDone("b.md", 0, Reason.READ_ONLY, "folder"),
            "left alone: b.md: the file or its folder is read-only (folder)",
        ),
        (Warned(f"see {URL}"), "note: see https://***@a.example/x.png?Signature=***"),
        (PostSkipped(SkippedPost(Path("b"), "b.md", Reason.OPT_OUT)), ""),
        (stored(), ""),
        (PostDone("b.md", 3), ""),
        (PostScanned("b.md"), ""),
        (StageStarted("scan", None), ""),
        (ImageDone(Skipped(URL, Reason.NOT_SELECTED)), ""),
    ],
)
def test_trouble_is_one_harmless_line(event, line):
    assert trouble_line(event) == line
