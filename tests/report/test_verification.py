import json
from dataclasses import replace

from migrator.errors import EnvironmentProblem
from migrator.report.verification import verification_json, verification_text
from migrator.snapshots.manifest import Shown
from migrator.verification import Difference, Kind, Verified
from migrator.verification.differences import Read, Round

NOT_READ = Round(None, None, lambda: None)
SECRET = "https://h.example/a.png?token=0123456789abcdef0123456789abcdef"


def verified(*differences, reading=NOT_READ, **more):
    values = {"stores": ("migrated-images",), "objects": 3, "size": 5000, "posts": 2}
    return Verified(**{**values, "snapshots": 0, **more}, differences=differences, reading=reading)


def gone(number=0, cure="migrator backup posts"):
    places = (Shown("posts/a.md", 5), Shown("posts/b.md", 1))
    return Difference(
        Kind.MISSING, f"ab/{number:03}.png", "s3://blog", SECRET, 5, places=places, cure=cure
    )


def test_all_is_well_in_two_lines():
    assert verification_text(verified()) == (
        "Compared 3 images (5.0 kB) and 2 posts with migrated-images.\nAll is as it was.\n"
    )


def test_what_was_read_and_what_comes_next():
    some = Round(Read(1, 1000, 3, 5000), None, lambda: None)
    assert "1 of 3 were read in full (1.0 kB), the next time it goes on from there." in (
        verification_text(verified(reading=some), width=200)
    )
    whole = Round(Read(3, 5000, 3, 5000), None, lambda: None)
    assert "; all were read in full." in verification_text(verified(reading=whole), width=200)
    text = verification_text(verified(gone(), reading=whole, objects=4), width=200)
    assert "; 3 of them were read in full." in text


def test_each_difference_has_its_place_and_each_cure_is_said_once():
    damaged = Difference(Kind.DAMAGED, "x.png", "s3://blog", detail="it has\x1b other bytes")
    text = verification_text(verified(gone(1), gone(2), damaged, snapshots=7))
    assert text.splitlines()[1:] == [
        "  missing   ab/001.png in s3://blog",
        "            posts/a.md:5 and 1 more place",
        "  missing   ab/002.png in s3://blog",
        "            posts/a.md:5 and 1 more place",
        "            What helps: migrator backup posts",
        "  damaged   x.png in s3://blog",
        "            it has\\x1b other bytes",
    ]
    assert text.startswith("Compared 7 snapshots, 3 images (5.0 kB) and 2 posts with")


def test_notes_do_not_keep_all_from_being_as_it_was():
    orphan = Difference(Kind.ORPHANED, "ab/x.png", "migrated-images", size=1200)
    drifted = Difference(Kind.DRIFTED, "posts/a.md", url="https://img.example/x.png")
    text = verification_text(verified(orphan, drifted))
    assert "orphaned  ab/x.png (1.2 kB) in migrated-images" in text
    assert "drifted   posts/a.md: https://img.example/x.png is not there any more" in text
    assert text.endswith("All is as it was.\n")


def test_many_of_a_kind_are_counted_unless_all_are_wanted():
    many = verified(*map(gone, range(300)))
    assert "... and 280 more (--verbose shows all)" in verification_text(many)
    assert verification_text(many, full=True).count("missing") == 300


def test_the_status_is_that_of_the_worst():
    unbacked = Difference(Kind.UNBACKED, "posts/a.md", url=SECRET)
    note = Difference(Kind.UNPROVEN, "snapshots/x.jsonl")
    assert [verified(*each).status for each in ((), (note,), (note, unbacked))] == [0, 0, 3]
    assert verified(note, unbacked, gone()).status == 5


def test_json_has_everything_but_secrets():
    broke = Round(Read(1, 5, 3, 15), EnvironmentProblem("away"), lambda: None)
    found = json.loads(verification_json(verified(gone(), reading=broke), backup=True))
    assert found == {
        "command": "verify",
        "backup": True,
        "status": 5,
        "stores": ["migrated-images"],
        "objects": 3,
        "size": 5000,
        "posts": 2,
        "snapshots": 0,
        "read": {"objects": 1, "size": 5, "whole": False},
        "interrupted": True,
        "differences": [
            {
                "kind": "missing",
                "level": "damage",
                "name": "ab/000.png",
                "store": "s3://blog",
                "url": "https://h.example/a.png?token=***",
                "size": 5,
                "detail": "",
                "places": [{"path": "posts/a.md", "line": 5}, {"path": "posts/b.md", "line": 1}],
                "cure": "migrator backup posts",
            }
        ],
    }
    assert json.loads(verification_json(verified(), backup=False))["read"] is None
    assert "0123456789abcdef" not in verification_text(replace(verified(gone()), posts=1))
