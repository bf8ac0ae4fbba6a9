import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from migrator.errors import LedgerError, UsageError
from migrator.ledger import Ledger, Link, Swap, now
from migrator.model import (
    Asset,
    Failed,
    Held,
    Mention,
    PastImage,
    Placement,
    Skipped,
    SkippedPost,
    Stored,
    TransferTask,
)
from migrator.plan import Plan
from migrator.reasons import Reason

H = "https://h.example/"
URL = f"{H}a.png"
B, C = "b" * 64, "c" * 64
ASSET = Asset("1" * 64, 123, "image/png", ".png", 4, 5)
STORED = Stored(URL, ASSET, Placement("local:/x", "11/1.png", ASSET.sha256), URL, final_url=URL)


@pytest.fixture
def ledger(tmp_path):
    with Ledger.open(tmp_path / "ledger.db") as ledger:
        yield ledger


def plan(*urls, skipped=(), left=(), posts=("a.md",)):
    mentions = tuple(Mention(url, post, 1) for url in urls for post in posts)
    return Plan(tuple(TransferTask(url) for url in urls), skipped, (), mentions, left)


def begun(ledger, *urls, **more):
    return ledger.begin("migrate", {"paths": ["posts"]}, plan=plan(*urls, **more))


def test_runs_are_named_by_day_and_number_and_keep_their_arguments(ledger):
    first, second = ledger.begin("migrate", {"paths": ["中"]}), ledger.begin("rewrite", {})
    day = first.started[:10]
    assert (first.name, second.name) == (f"{day}-1", f"{day}-2")
    assert ledger.run(first.name).arguments == {"paths": ["中"]}
    assert ledger.runs() == [first, second]
    assert ledger.newest() == second


def test_a_run_does_not_begin_without_its_plan(ledger):
    """Killed in between, or on a full disk, ``resume`` would find that there is nothing to do."""
    broken = replace(plan(URL), left=[SkippedPost(Path("a.md"), "a.md", object())])
    with pytest.raises(sqlite3.ProgrammingError):
        ledger.begin("migrate", {}, plan=broken)
    assert ledger.newest() is None


def test_no_name_is_given_twice_where_a_rebuilt_ledger_lacks_runs(ledger):
    day = now()[:10]
    ledger.exhume([f"{day}-1", f"{day}-10"], [])
    assert ledger.begin("migrate", {}).name == f"{day}-11"


def test_a_bug_of_ours_is_not_called_a_damaged_file(ledger):
    ledger.exhume(["2024-01-01-1"], [])
    with pytest.raises(sqlite3.IntegrityError):
        ledger.exhume(["2024-01-01-1"], [])
    assert len(ledger.runs()) == 1


def test_an_unknown_run_is_named_with_the_command_that_lists_them(ledger):
    with pytest.raises(UsageError, match="2020-01-01-1") as caught:
        ledger.run("2020-01-01-1")
    assert "migrator runs" in caught.value.hint


def test_what_is_recorded_is_there_after_the_process_dies(tmp_path, ledger):
    run = begun(ledger, URL)
    ledger.record(run, [STORED])
    with Ledger.open(tmp_path / "ledger.db") as again:  # the first connection is never closed
        assert again.outcome(run, URL) == STORED


@pytest.mark.parametrize(
    "outcome",
    [
        STORED,
        replace(STORED, reused=True),
        Held(URL, Reason.SVG, "detail", ASSET),
        Held(URL, Reason.TOO_LARGE, "detail"),
        Failed(URL, Reason.NOT_FOUND, "404"),
    ],
)
def test_every_outcome_comes_back_as_it_was(ledger, outcome):
    run = begun(ledger, URL)
    ledger.record(run, [outcome])
    assert ledger.outcome(run, URL) == outcome


def test_images_of_a_map_are_somewhere_already(ledger):
    run = begun(ledger, URL, skipped=(Skipped("https://h.example/b.png", Reason.NOT_MAPPED),))
    ledger.relinked(run)
    assert [row["state"] for row in ledger.image_rows(run)] == ["reused", "skipped"]


def test_what_a_store_holds_is_known_to_later_runs_for_that_store_alone(ledger):
    ledger.record(begun(ledger, URL), [STORED])
    assert list(ledger.known("local:/x")) == [URL]
    assert ledger.known("local:/x")[URL].placement == STORED.placement
    assert ledger.known("local:/y") == {}


def test_planning_again_keeps_what_is_settled(ledger):
    run = begun(ledger, URL, "https://h.example/b.png")
    ledger.record(run, [STORED])
    ledger.plan(run, plan(URL, "https://h.example/b.png"))
    assert [row["state"] for row in ledger.image_rows(run)] == ["stored", "planned"]
    assert len(list(ledger.mention_rows(run))) == 2


def test_the_past_of_an_image_is_its_newest_state(ledger):
    ledger.record(begun(ledger, URL), [Failed(URL, Reason.TIMEOUT, "3 s")])
    (failed,) = ledger.past_images()
    assert (failed.url, failed.state, failed.reason) == (URL, "failed", Reason.TIMEOUT)
    run = begun(ledger, URL)
    ledger.record(run, [STORED])
    assert list(ledger.past_images()) == [
        PastImage(URL, "stored", None, "", ASSET, STORED.source, STORED.final_url, run.name)
    ]


def test_what_is_held_keeps_the_place_it_came_from_and_what_came(ledger):
    run = begun(ledger, URL)
    ledger.record(run, [replace(STORED, source="https://from.example/x", final_url="https://end")])
    ledger.record(run, [Held(URL, Reason.SAME_BYTES, "why", ASSET)])
    assert list(ledger.past_images()) == [
        PastImage(
            URL, "held", Reason.SAME_BYTES, "why", ASSET, "https://from.example/x",
            "https://end", run.name,
        )
    ]  # fmt: skip


def test_how_an_image_was_fetched_is_kept_for_the_next_run(ledger):
    stored = replace(STORED, final_url="https://end.example/", referer="https://page.example/")
    run = begun(ledger, URL)
    ledger.record(run, [stored])
    assert ledger.outcome(run, URL) == stored
    assert ledger.known("local:/x") == {URL: replace(stored, reused=True)}


def test_only_what_passed_a_judgement_is_judged_until_it_is_fetched_anew(ledger):
    other = replace(STORED, url="https://h.example/b.png")
    run = begun(ledger, URL, other.url)
    ledger.record(run, [STORED])
    ledger.passed(run)
    ledger.record(run, [other])
    known = ledger.known("local:/x").items()
    assert {url: each.judged for url, each in known} == {URL: True, other.url: False}
    assert {each.url: each.judged for each in ledger.stored(run)} == {URL: True, other.url: False}
    ledger.record(run, [ledger.known("local:/x")[URL]])
    assert ledger.known("local:/x")[URL].judged
    ledger.record(run, [STORED])
    assert not ledger.known("local:/x")[URL].judged


def test_what_is_held_is_not_known_until_its_picture_is_accepted(ledger):
    run = begun(ledger, URL)
    ledger.record(run, [STORED])
    ledger.record(run, [Held(URL, Reason.SAME_BYTES, "", ASSET)])
    assert ledger.known("local:/x") == {}
    ledger.accept(["2" * 64, URL])  # the URL alone does not vouch for what came from it then
    assert ledger.known("local:/x") == {}
    ledger.accept([ASSET.sha256])
    assert ledger.known("local:/x") == {URL: replace(STORED, reused=True)}


def test_accepting_a_picture_brings_back_no_image_that_was_not_held_for_it(ledger):
    ledger.record(begun(ledger, URL), [Held(URL, Reason.SAME_BYTES, "", ASSET)])
    ledger.record(begun(ledger, URL), [Failed(URL, Reason.GONE, "")])
    ledger.record(
        begun(ledger, "https://h.example/b"), [replace(STORED, url="https://h.example/b")]
    )
    ledger.accept([ASSET.sha256])
    assert set(ledger.known("local:/x")) == {"https://h.example/b"}


def test_a_run_has_chosen_what_it_did_not_skip(ledger):
    other = "https://h.example/b.png"
    run = begun(ledger, URL, other, skipped=(Skipped("https://h.example/c", Reason.OVER_LIMIT),))
    ledger.record(run, [STORED])
    assert [ledger.chose(run, each) for each in (URL, other)] == [True, True]
    ledger.forgo(run)
    assert [ledger.chose(run, each) for each in (URL, other)] == [True, False]


def test_what_stays_at_the_end_has_the_reason_that_is_known(ledger):
    other, third = "https://h.example/b.png", "https://h.example/c.png"
    run = begun(ledger, URL, other, third)
    ledger.record(run, [STORED])
    staying = (Skipped(f"{other}#x", Reason.UNCOMMITTED), Skipped(URL, Reason.UNCOMMITTED))
    ledger.forgo(run, staying)
    found = {row["url"]: (row["state"], row["reason"]) for row in ledger.image_rows(run)}
    assert found == {
        URL: ("stored", None),
        other: ("skipped", Reason.UNCOMMITTED),
        third: ("skipped", Reason.NOT_MENTIONED),
    }


def test_an_image_that_was_later_only_skipped_still_counts_as_failed(ledger):
    ledger.record(begun(ledger, URL), [Failed(URL, Reason.TIMEOUT, "")])
    run = ledger.begin("migrate", {})
    ledger.plan(run, Plan((), (Skipped(URL, Reason.NOT_SELECTED),), (), ()))
    assert [each.state for each in ledger.past_images()] == ["failed"]


def test_a_swap_is_unsettled_from_its_intent_until_its_result(ledger):
    run = begun(ledger, URL)
    swap = Swap(run, "a.md", B, C, ".a.md.tmp", 2)
    ledger.intend(swap, [(URL, 1, "new/a.png")])
    assert ledger.swaps(state="intended") == [swap]
    assert next(ledger.mention_rows(run))["new_url"] is None
    ledger.rewrote(run, "a.md")
    assert ledger.swaps(state="intended") == []
    assert ledger.swaps(run, state="rewritten") == [swap]
    assert next(ledger.mention_rows(run))["new_url"] == "new/a.png"


@pytest.mark.parametrize(
    "name",
    [".a.md.migrator-{run}-0badcafe", ".a.md.migrator-{run}-", ".a.md.migrator-other-1", ".t"],
)
def test_the_name_of_the_file_beside_a_post_comes_back_as_it_was(ledger, name):
    run = begun(ledger, URL)
    swap = Swap(run, "2024/a.md", B, C, name.format(run=run.name), 1)
    ledger.intend(swap, [])
    assert ledger.swaps(run) == [swap]


def test_links_come_back_as_they_were_written_however_most_of_a_run_are(ledger):
    run = begun(ledger, URL, posts=("a.md", "b/c.md"))
    ledger.record(run, [STORED])
    links = {"a.md": "x/11/1.png", "b/c.md": "../x/11/1.png#top"}
    for name, link in links.items():
        ledger.intend(Swap(run, name, B, C, "t", 1), [(URL, 1, link)])
        ledger.rewrote(run, name)
    assert {each.post: each.new_url for each in ledger.links()} == links
    kept = ledger._rows("SELECT new_url FROM mention WHERE new_url IS NOT NULL")
    assert {row["new_url"] for row in kept} == {"x/\n", "../x/\n#top"}  # the key stands elsewhere
    assert {row["name"]: row["new_url"] for row in ledger.mention_rows(run)} == links
    again = begun(ledger, URL, posts=("a.md",))
    assert [row["new_url"] for row in ledger.mention_rows(again)] == [None]


def test_posts_whose_names_have_the_same_mark_are_told_apart(ledger):
    run = begun(ledger, URL, posts=("a.md", "b.md"))
    ledger._db.execute("UPDATE post SET mark = (SELECT mark FROM post WHERE name = 'a.md')")
    swap = Swap(run, "a.md", B, C, "t", 1)
    ledger.intend(swap, [])
    ledger.rewrote(run, "a.md")
    assert ledger.last_result("a.md") == C
    assert ledger.last_result("b.md") is None


def test_pictures_that_end_alike_are_told_apart(ledger):
    run = begun(ledger, URL, f"{H}b.png")
    ledger.record(run, [STORED, stored_as(f"{H}b.png", "2" * 52 + "1" * 12)])
    digests = {row["url"]: row["sha256"] for row in ledger.image_rows(run)}
    assert digests == {URL: ASSET.sha256, f"{H}b.png": "2" * 52 + "1" * 12}


def test_rolling_back_marks_the_posts_of_the_run_that_is_undone(ledger):
    run = begun(ledger, URL)
    ledger.intend(Swap(run, "a.md", B, C, "t", 1), [])
    ledger.rewrote(run, "a.md")
    assert ledger.last_change() == run
    undoing = ledger.begin("rollback", {}, undoes=run)
    assert ledger.post_names(undoing) == ["a.md"]  # where a killed rollback may have left files
    ledger.intend(Swap(undoing, "a.md", C, B, "t2", 1), [])
    ledger.rewrote(undoing, "a.md")
    assert ledger.last_change() is None
    assert [row["state"] for row in ledger.post_rows(run)] == ["rolled-back"]


def test_a_rollback_is_about_the_posts_of_the_run_that_it_undoes(ledger):
    """Also before it recorded one: what a kill leaves beside them is found by their names."""
    run = begun(ledger, URL)
    ledger.intend(Swap(run, "b.md", B, C, "t", 1), [])
    undoing = ledger.begin("rollback", {}, undoes=run)
    assert ledger.post_names(undoing) == ["b.md"]


def test_posts_left_alone_are_recorded_with_their_reason(ledger):
    left = SkippedPost(Path("x.md"), "x.md", Reason.UTF_16, "why")
    run = begun(ledger, left=(left,))
    assert [tuple(row) for row in ledger.post_rows(run)] == [
        ("x.md", "skipped", 0, "utf-16", "why")
    ]


def test_looking_at_a_site_without_a_ledger_creates_none(tmp_path):
    assert Ledger.look(tmp_path / "ledger.db") is None
    assert not list(tmp_path.iterdir())


def test_a_ledger_whose_making_was_killed_is_made_anew(tmp_path):
    """What stands on the disk then: half of a file, and the journal to take it back."""
    file = tmp_path / "ledger.db"
    script = (
        "import os, sqlite3, sys; db = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "db.execute('PRAGMA cache_size = 1'); db.execute('BEGIN');"
        "db.execute('CREATE TABLE t (x)');"
        "db.executemany('INSERT INTO t VALUES (zeroblob(4000))', [()] * 50); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", script, file], check=True)
    assert file.with_name("ledger.db-journal").stat().st_size
    assert file.stat().st_size
    assert Ledger.look(file) is None
    with Ledger.open(file) as ledger:
        assert ledger.runs() == []
        assert file.stat().st_mode & 0o777 == 0o600
        with Ledger.look(file) as reading:
            assert reading.runs() == []


def test_a_looked_at_ledger_cannot_be_changed(tmp_path, ledger):
    begun(ledger, URL)
    with Ledger.look(tmp_path / "ledger.db") as reading, pytest.raises(LedgerError):
        reading.begin("migrate", {})


def test_a_ledger_of_a_newer_version_is_not_touched(tmp_path, ledger):
    with ledger._change() as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(LedgerError, match="newer version"):
        Ledger.open(tmp_path / "ledger.db")


def test_a_damaged_ledger_is_named_and_the_originals_with_it(tmp_path):
    (tmp_path / "ledger.db").write_bytes(b"not a database at all, but long enough" * 40)
    with pytest.raises(LedgerError, match="ledger") as caught:
        Ledger.open(tmp_path / "ledger.db")
    assert "originals" in caught.value.hint


def test_a_failed_change_leaves_nothing_behind(ledger):
    run = begun(ledger, URL)

    def fail_half_way():
        with ledger._change() as db:
            db.execute("UPDATE run SET finished = 'x'")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert ledger.run(run.name).finished is None


@pytest.fixture
def version_2(tmp_path):
    return made_of("version-2.sql", tmp_path)


def made_of(script, folder):
    file = folder / "ledger.db"
    with closing(sqlite3.connect(file)) as old:
        old.executescript((Path(__file__).parent / script).read_text())
    return file


def test_a_ledger_of_version_2_tells_the_same(version_2):
    before = version_2.read_bytes()
    with Ledger.look(version_2) as ledger:
        seen = told(ledger)
    assert version_2.read_bytes() == before
    with Ledger.open(version_2) as ledger:
        assert told(ledger) == seen
        assert ledger._rows("PRAGMA foreign_key_check") == []
        upgraded = schema(ledger)
        cdn, name = "https://cdn.example/", f"img/11/{'1' * 64}.png"
        assert [(each.url, each.new_url, each.store, each.key) for each in ledger.links()] == [
            (f"{H}a.png", cdn + name, "s3:e/b", name),
            (f"{H}b.png", f"{cdn}img/b.png", "s3:e/b", "img/b.png"),
            (f"{H}~e.png", f"{cdn}{name}#x", "s3:e/b", name),
            (f"{H}c.png", "https://other.example/c.png", "", ""),
        ]
        found = ledger.known("s3:e/b")
        assert {url: each.placement.key for url, each in found.items()} == {
            f"{H}a.png": name,
            f"{H}b.png": "img/b.png",
            f"{H}~e.png": name,
        }
        b = found[f"{H}b.png"]
        sources = (b.source, b.final_url, b.referer, b.judged)
        assert sources == ("s3://old/b.png", "https://end.example/b", "https://page.example/", True)
        assert {each.placement.key for each in ledger.known("local:m").values()} == {name}
        first = ledger.runs()[0]
        states = [(row["url"], row["state"], row["source"]) for row in ledger.image_rows(first)]
        assert states == [
            (f"{H}a.png", "stored", f"{H}a.png"),
            (f"{H}b.png", "stored", "s3://old/b.png"),
            (f"{H}c.png", "failed", None),
            (f"{H}d.svg", "held", None),
            (f"{H}~e.png", "stored", f"{H}~e.png"),
            (f"{H}f.png", "skipped", None),
        ]
        held = ledger.outcome(first, f"{H}d.svg")
        assert held == Held(
            f"{H}d.svg", Reason.SVG, "why", Asset("2" * 64, 6, "image/svg+xml", ".svg")
        )
    with Ledger.open(version_2.with_name("new.db")) as ledger:
        assert schema(ledger) == upgraded


def test_a_ledger_of_version_3_tells_the_same(tmp_path):
    version_3 = made_of("version-3.sql", tmp_path)
    before = version_3.read_bytes()
    with Ledger.look(version_3) as ledger:
        seen = told(ledger)
    assert version_3.read_bytes() == before
    with Ledger.open(version_3) as ledger:
        assert told(ledger) == seen
        assert ledger._rows("PRAGMA foreign_key_check") == []
        run = ledger.run("2026-11-23-1")
        beside = f"migrator-{run.name}"
        a = Swap(run, "posts/a.md", "a" * 64, "b" * 64, f".a.md.{beside}-0badcafe", 2)
        c = Swap(run, "posts/c d.md", "c" * 64, "d" * 64, f".c d.md.{beside}-deadbeef", 2)
        assert ledger.swaps(run) == [a, c]
        assert ledger.swaps(state="intended") == [c]
        assert [each.temporary for each in ledger.swaps(ledger.run("2026-11-22-1"))] == [".t"]
        assert ledger.last_result("posts/a.md") == a.after
        names = [f"img/{digit * 64}.png" for digit in "34"]
        first, second = (f"https://cdn.example/{name}" for name in names)
        assert [each.new_url for each in ledger.links()][-2:] == [first, f"{second}#x"]
        ledger.rewrote(run, "posts/c d.md")
        links = [(each.post, each.url, each.new_url, each.key) for each in ledger.links()]
        assert links[-2:] == [
            ("posts/c d.md", f"{H}g.png", first, names[0]),
            ("posts/c d.md", f"{H}i.png", second, names[1]),
        ]
        upgraded = schema(ledger)
    with Ledger.open(tmp_path / "new.db") as ledger:
        assert schema(ledger) == upgraded


def test_a_ledger_of_version_1_is_read_as_it_is_and_upgraded_when_opened(version_2):
    with closing(sqlite3.connect(version_2)) as old:
        old.executescript("DROP TABLE accepted; DROP TABLE trial; PRAGMA user_version = 1")
        for column in (
            "image DROP source",
            "image DROP final_url",
            "image DROP referer",
            "image DROP judged",
            "run_image DROP key",
            "run DROP pruned",
        ):
            old.execute(f"ALTER TABLE {column}")
    before = version_2.read_bytes()
    with Ledger.look(version_2) as ledger:
        assert ledger.known("s3:e/b")[f"{H}b.png"].placement.key == f"img/11/{'1' * 64}.png"
        assert ledger.accepted() == frozenset()
    assert version_2.read_bytes() == before
    with Ledger.open(version_2) as ledger:
        ledger.accept([URL])
    with Ledger.look(version_2) as ledger:
        assert ledger.accepted() == {URL}
        assert ledger.newest() is not None


def told(ledger):
    """All that reports know of the runs."""
    rows = [
        *(row for run in ledger.runs() for row in ledger.image_rows(run)),
        *(row for run in ledger.runs() for row in ledger.mention_rows(run)),
    ]
    known = ledger.links(), list(ledger.past_images()), ledger.keys(), ledger.swaps()
    return [tuple(row) for row in rows], *known


def schema(ledger):
    rows = ledger._rows("SELECT name, sql FROM sqlite_master")
    words = {row["name"]: re.sub("--[^\n]*", "", row["sql"] or "").replace('"', "") for row in rows}
    return {name: "".join(sql.split()) for name, sql in words.items()}


def test_one_asset_may_have_a_name_for_each_of_its_addresses(ledger):
    other = "https://h.example/b.png"
    run = begun(ledger, URL, other)
    ledger.record(run, [STORED])
    placement = Placement("local:/x", "b.png", ASSET.sha256)
    ledger.record(run, [Stored(other, ASSET, placement, other)])
    for stored in (ledger.known("local:/x").values(), ledger.stored(run)):
        keys = {each.url: each.placement.key for each in stored}
        assert keys == {URL: "11/1.png", other: "b.png"}
    keys = {row["canonical"]: row["key"] for row in ledger.image_rows(run)}
    assert keys == {URL: "11/1.png", other: "b.png"}
    later = begun(ledger, URL)
    ledger.record(later, [Stored(URL, ASSET, Placement("s3:y", "y.png", ASSET.sha256), URL)])
    assert ledger.known("local:/x")[URL].placement.key == "11/1.png"
    assert ledger.known("s3:y")[other].placement.key == "y.png"


def test_what_is_held_now_is_not_known_any_more(ledger):
    ledger.record(begun(ledger, URL), [STORED])
    ledger.record(begun(ledger, URL), [Held(URL, Reason.SVG, "", ASSET)])
    assert ledger.known("local:/x") == {}


def test_what_was_learnt_of_a_store_is_remembered(ledger):
    assert ledger.trials() == {}
    ledger.learn({"s3:h/b if-none-match": False})
    ledger.learn({"s3:h/b if-none-match": True, "s3:h/c head": False})
    assert ledger.trials() == {"s3:h/b if-none-match": True, "s3:h/c head": False}


@pytest.mark.parametrize("read", ["known", "past_images"])
def test_the_work_of_reading_grows_with_the_images_and_not_with_their_square(tmp_path, read):
    def steps(count):
        with Ledger.open(tmp_path / f"{count}.db") as ledger:
            run = ledger.begin("migrate", {})
            for number in range(count):
                digest = f"{number:064x}"
                ledger.record(run, [stored_as(f"https://h.example/{number}.png", digest)])
            done = 0

            def step():
                nonlocal done
                done += 1

            ledger._db.set_progress_handler(step, 10)
            found = {"known": lambda: ledger.known("local:/x"), "past_images": ledger.past_images}
            assert len(list(found[read]())) == count
            return done

    assert steps(160) < 3 * steps(80)


def stored_as(url, digest):
    asset = replace(STORED.asset, sha256=digest)
    place = Placement("local:/x", f"{digest}.png", digest)
    return replace(STORED, url=url, asset=asset, placement=place)


def test_links_are_those_of_posts_as_runs_left_them(ledger):
    run = begun(ledger, URL, posts=("a.md", "b.md", "c.md"))
    ledger.record(run, [STORED])
    for name in ("a.md", "b.md", "c.md"):
        ledger.intend(Swap(run, name, B, C, "t", 1), [(URL, 1, f"new/{name}")])
    assert ledger.links() == []
    for name in ("a.md", "b.md"):
        ledger.rewrote(run, name)
    links = [
        Link(run.name, name, 1, URL, f"new/{name}", "local:/x", "11/1.png", ASSET)
        for name in ("a.md", "b.md")
    ]
    assert ledger.links() == links
    undoing = ledger.begin("rollback", {}, undoes=run)
    ledger.intend(Swap(undoing, "a.md", C, B, "t2", 1), [])
    ledger.rewrote(undoing, "a.md")
    assert ledger.links() == links[1:]
    mapped = begun(ledger, URL, posts=("a.md",))
    ledger.relinked(mapped)
    ledger.intend(Swap(mapped, "a.md", B, "d" * 64, "t3", 1), [(URL, 1, "cdn/a.png")])
    ledger.rewrote(mapped, "a.md")
    assert ledger.links()[1:] == [Link(mapped.name, "a.md", 1, URL, "cdn/a.png", "", "", None)]


def test_the_keys_of_all_that_runs_stored_are_known(ledger):
    run = begun(ledger, URL)
    mirrors = (Placement("s3:m", "p/11/1.png", ASSET.sha256),)
    ledger.record(run, [replace(STORED, mirrors=mirrors)])
    again = replace(STORED.placement, key="other.png")
    ledger.record(begun(ledger, URL), [replace(STORED, placement=again)])
    assert ledger.keys() == {"11/1.png", "p/11/1.png", "other.png"}


def test_images_whose_urls_have_the_same_mark_are_told_apart(ledger):
    other = "https://h.example/z.png"
    run = begun(ledger, URL, other)
    ledger._db.execute("UPDATE image SET mark = (SELECT mark FROM image WHERE url = ?)", (URL,))
    ledger.record(run, [STORED])
    assert ledger.outcome(run, URL) == STORED
    assert list(ledger.known("local:/x")) == [URL]
    assert ledger.outcome(run, other) is None


@pytest.mark.parametrize("write", ["record", "intend"])
def test_the_work_of_writing_grows_with_the_images_and_not_with_their_square(tmp_path, write):
    def steps(count):
        with Ledger.open(tmp_path / f"{count}.db") as ledger:
            urls = [f"https://h.example/{number}.png" for number in range(count)]
            run = begun(ledger, *urls)
            stored = [stored_as(url, f"{number:064x}") for number, url in enumerate(urls)]
            if write == "intend":
                ledger.record(run, stored)
            done = 0

            def step():
                nonlocal done
                done += 1

            ledger._db.set_progress_handler(step, 10)
            if write == "record":
                ledger.record(run, stored)
            else:
                links = [(url, 1, f"https://cdn.example/{url[18:]}") for url in urls]
                ledger.intend(Swap(run, "a.md", B, C, "t", 1), links)
            return done

    assert steps(160) < 3 * steps(80)


@pytest.mark.parametrize(
    "read",
    [
        lambda ledger, run: ledger.outcome(run, URL),
        lambda ledger, run: ledger.chose(run, URL),
        lambda ledger, _: ledger.known("local:/x").get(URL),
        lambda ledger, _: list(ledger.known("local:/x")),
        lambda ledger, run: list(ledger.stored(run)),
        lambda ledger, _: list(ledger.past_images()),
        lambda ledger, run: list(ledger.image_rows(run)),
        lambda ledger, _: ledger.links(),
        lambda ledger, run: ledger.record(run, [STORED]),
        lambda ledger, run: ledger.forgo(run, [Skipped(URL, Reason.NOT_SELECTED)]),
        lambda ledger, run: ledger.intend(Swap(run, "a.md", B, C, "t", 1), [(URL, 1, "x")]),
    ],
)
def test_what_cannot_be_read_is_told_as_the_ledgers_trouble(ledger, read):
    run = begun(ledger, URL)
    ledger._db.execute("PRAGMA legacy_alter_table = ON")
    ledger._db.execute("ALTER TABLE image RENAME TO lost")
    with pytest.raises(LedgerError):
        read(ledger, run)
