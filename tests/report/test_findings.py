import json

from migrator.finding import Area, note, ok, problem
from migrator.report.findings import findings_text
from migrator.report.json import findings_json

FINDINGS = [
    ok(Area.CONFIG, "migrator.toml can be read"),
    note(Area.POSTS, "2 posts stay", "a.md, b.md", "Nothing to do."),
    problem(Area.STORE, "the secret key is wrong", "s3://blog", "Copy it again."),
    ok(Area.POSTS, "3 posts"),
    ok(Area.POSTS, "all of them text"),
]


def test_problems_come_first_then_notes_then_what_is_fine():
    text = findings_text(FINDINGS, "migrator doctor")
    assert text.splitlines() == [
        "1 problem, and 1 note.",
        "",
        "Problems",
        "  store      the secret key is wrong (s3://blog)",
        "             -> Copy it again.",
        "",
        "Notes",
        "  posts      2 posts stay (a.md, b.md)",
        "             -> Nothing to do.",
        "",
        "Fine",
        "  config     migrator.toml can be read",
        "  posts      3 posts; all of them text",
        "",
        "Next:  migrator doctor",
    ]


def test_without_problems_that_is_the_first_line():
    assert findings_text([], None).splitlines() == ["No problem was found."]


def test_notes_are_cut_to_a_screen_unless_all_are_wanted():
    notes = [note(Area.POSTS, f"note {number}", cure="Do it.") for number in range(30)]
    findings = [*FINDINGS, *notes]
    short = findings_text(findings, "migrator doctor")
    full = findings_text(findings, "migrator doctor", full=True)
    assert len(short.splitlines()) <= 24
    assert "note 2" in short
    assert "more notes: migrator doctor -v" in short
    assert "note 29" in full
    assert "more note" not in full


def test_problems_are_never_cut():
    problems = [problem(Area.POSTS, f"problem {number}") for number in range(40)]
    assert "problem 39" in findings_text(problems, None)


def test_long_lines_are_wrapped_and_nothing_reaches_the_terminal_raw():
    text = findings_text([problem(Area.STORE, "word " * 40, "\x1b[31m", "cure " * 40)], None)
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text


def test_secrets_in_addresses_are_not_shown():
    bad = [problem(Area.PUBLIC, "denied", "https://u:pw@h/a.png?Signature=abcdefgh")]
    for text in (findings_text(bad, None), findings_json(bad, 8)):
        assert "pw" not in text
        assert "abcdefgh" not in text


def test_json_has_the_status_and_every_finding():
    report = json.loads(findings_json(FINDINGS, 8))
    assert report["status"] == 8
    assert [each["level"] for each in report["findings"]] == ["ok", "note", "problem", "ok", "ok"]
    assert report["findings"][2] == {
        "area": "store",
        "level": "problem",
        "what": "the secret key is wrong",
        "where": "s3://blog",
        "cure": "Copy it again.",
    }
