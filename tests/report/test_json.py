import json

from migrator.model import Kind, Reference, Spelling
from migrator.report.json import report_json, runs_json
from migrator.report.scanned import reference_json
from migrator.report.summary import ImageReport, PastRun, Place, PostReport, Report, tally


def reference(url, raw):
    return Reference(10, 20, Kind.IMAGE, Spelling.MARKDOWN, url, raw, 3, 5)


def test_a_reference_is_one_line_with_its_keys_in_the_fixed_order():
    line = reference_json("文章/a.md", reference("https://a/b&c", "https://a/b&amp;c"), "a", None)
    assert line == (
        '{"path": "文章/a.md", "line": 3, "column": 5, "start": 10, "end": 20, "kind": "image", '
        '"url": "https://a/b&c", "raw": "https://a/b&amp;c", "host": "a", "provider": null}'
    )


def test_raw_text_that_is_not_utf_8_is_shown_as_bytes():
    raw = b"https://a/\xd6\xd0.png".decode("utf-8", "surrogateescape")
    line = reference_json("a.md", reference(raw, raw), "a", None)
    assert json.loads(line.encode())["raw"] == r"https://a/\xd6\xd0.png"


def test_a_line_stays_one_line_and_cannot_steer_a_terminal():
    nasty = "https://a/\u2028\x85\x1b[2J\n\u202e\U000e0041.png"
    line = reference_json(nasty, reference(nasty, nasty), None, None)
    assert len(line.splitlines()) == 1
    assert not set(nasty) - set("https://a/[2J.png") & set(line)
    assert json.loads(line)["url"] == nasty


def test_a_report_has_the_fixed_shape():
    images = (
        ImageReport(
            "https://a/b.png",
            "stored",
            sha256="ab",
            size=7,
            media_type="image/png",
            width=1,
            height=2,
            key="ab/ab.png",
            new_url="https://n/ab/ab.png",
            references=(Place("a.md", 3, "https://n/ab/ab.png"),),
            source="https://me:secret@a/b.png",
        ),
        ImageReport("https://a/c.png", "failed", "not-found", "HTTP 404"),
    )
    posts = (PostReport("a.md", "rewritten", 1), PostReport("b.md", "unchanged"))
    report = Report(
        run="2026-11-22-1",
        command="migrate",
        dry_run=False,
        started="T1",
        finished=None,
        counts=tally((image.state for image in images), posts),
        images=images,
        posts=posts,
        warnings=("not in the JSON",),
    )
    text = "".join(report_json(report))
    assert "\n" not in text
    value = json.loads(text)
    assert list(value) == [
        "run",
        "command",
        "dry_run",
        "started",
        "finished",
        "counts",
        "images",
        "posts",
        "warnings",
        "notes",
    ]
    assert value["counts"] == {
        "stored": 1,
        "reused": 0,
        "skipped": 0,
        "held": 0,
        "failed": 1,
        "planned": 0,
        "posts": 2,
        "posts_rewritten": 1,
    }
    assert list(value["images"][0].items()) == [
        ("url", "https://a/b.png"),
        ("state", "stored"),
        ("reason", None),
        ("sha256", "ab"),
        ("size", 7),
        ("media_type", "image/png"),
        ("width", 1),
        ("height", 2),
        ("key", "ab/ab.png"),
        ("new_url", "https://n/ab/ab.png"),
        ("references", [{"path": "a.md", "line": 3, "new_url": "https://n/ab/ab.png"}]),
        ("source", "https://***@a/b.png"),
    ]
    assert value["images"][1]["source"] is None
    assert value["images"][1]["reason"] == "not-found"
    assert value["posts"] == [
        {"path": "a.md", "state": "rewritten", "edits": 1},
        {"path": "b.md", "state": "unchanged", "edits": 0},
    ]


def test_the_history_is_an_array():
    assert json.loads(runs_json([])) == []
    run = PastRun("2026-11-22-1", "migrate", "finished", "T1", "T2", 5, 2)
    assert json.loads(runs_json([run])) == [
        {
            "run": "2026-11-22-1",
            "command": "migrate",
            "state": "finished",
            "started": "T1",
            "finished": "T2",
            "images": 5,
            "posts": 2,
        }
    ]
