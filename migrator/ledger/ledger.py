"""The ledger's verbs: what every run planned, did and left.

Every method that changes something is one durable transaction, written before anybody is told.
"""

import sqlite3
from collections.abc import Iterable
from typing import Any

from migrator.ledger.database import mark, now
from migrator.ledger.history import History
from migrator.ledger.images import Images
from migrator.ledger.records import Relic, Run, Swap
from migrator.ledger.rows import (
    IMAGE,
    POST,
    insert_image,
    insert_mentions,
    insert_outcome,
    insert_run,
    post_id,
)
from migrator.ledger.rulings import Rulings
from migrator.model import Mention, Outcome
from migrator.plan import Plan
from migrator.reasons import Reason
from migrator.urls import identity


class Ledger(History, Rulings, Images):
    """An open ledger.

    Raises:
        LedgerError: from any method, when the file is damaged, of a newer version, or full.
    """

    # -- runs

    def begin(
        self,
        command: str,
        arguments: dict[str, Any],
        *,
        undoes: Run | None = None,
        plan: Plan | None = None,
    ) -> Run:
        """Record that a run begins, and give it a name: the day and a number.

        Its ``plan`` is recorded in the same breath: ``resume`` goes on with what was planned, and
        a run without a plan would have nothing to go on with.
        """
        with self._change() as db:
            number = insert_run(db, command, arguments, now(), undoes=undoes)
            run = self._run("WHERE id = ?", number)
            if plan:
                _record(db, run, plan)
        return run

    def finish(self, run: Run) -> Run:
        """Record that a run came to its end."""
        with self._change() as db:
            db.execute("UPDATE run SET finished = ? WHERE id = ?", (now(), run.id))
        return self._run("WHERE id = ?", run.id)

    def backed_up(
        self,
        arguments: dict[str, Any],
        started: str,
        outcomes: Iterable[Outcome],
        mentions: Iterable[Mention],
    ) -> Run:
        """Record a backup that came to its end, as a run: what happened to images in it.

        What is known of where images are stored does not change: a backup is no store for links.
        """
        with self._change() as db:
            number = insert_run(db, "backup", arguments, started)
            for outcome in outcomes:
                insert_outcome(db, number, outcome)
            insert_mentions(db, number, mentions)
            db.execute("UPDATE run SET finished = ? WHERE id = ?", (now(), number))
        return self._run("WHERE id = ?", number)

    def pruned(self, run: Run) -> None:
        """Record that what ``run`` kept is let go of, so that it cannot be rolled back."""
        with self._change() as db:
            db.execute("UPDATE run SET pruned = ? WHERE id = ?", (now(), run.id))

    def exhume(self, runs: Iterable[str], relics: Iterable[Relic]) -> None:
        """Record, in an empty ledger, runs of which only the originals of posts are left."""
        with self._change() as db:
            db.executemany(
                "INSERT INTO run (name, command, arguments, started, finished)"
                " VALUES (?, 'unknown', '{}', ?, ?)",
                ((name, f"{name[:10]}T00:00:00.000Z", now()) for name in runs),
            )
            db.executemany(
                "INSERT INTO run_post (run, post, state, edits, before, after, temporary)"
                " VALUES ((SELECT id FROM run WHERE name = ?), ?, ?, ?, ?, ?, '')",
                (
                    (
                        each.run,
                        post_id(db, each.post),
                        "rolled-back" if each.after == each.before else "rewritten",
                        each.edits,
                        bytes.fromhex(each.before),
                        bytes.fromhex(each.after),
                    )
                    for each in relics
                ),
            )

    def plan(self, run: Run, plan: Plan) -> None:
        """Record what a run that goes on is about to do; what it has already recorded stays."""
        with self._change() as db:
            _record(db, run, plan)

    # -- posts

    def intend(self, swap: Swap, links: Iterable[tuple[str, int, str]]) -> None:
        """Record that a post is about to be replaced; from here on recovery looks after it.

        ``links`` are those that the post will have: canonical URL, line, new link.
        """
        with self._change() as db:
            post = post_id(db, swap.name)
            db.execute(
                "INSERT OR REPLACE INTO run_post"
                " (run, post, state, edits, before, after, temporary)"
                " VALUES (?, ?, 'intended', ?, ?, ?, ?)",
                (
                    swap.run.id,
                    post,
                    swap.edits,
                    bytes.fromhex(swap.before),
                    bytes.fromhex(swap.after),
                    swap.temporary,
                ),
            )
            db.executemany(
                "UPDATE mention SET (object, new_url) ="  # noqa: S608 - our own text
                " (SELECT object, coalesce(replace(?, key, char(10)), ?) FROM outcome"
                " WHERE outcome.run = mention.run AND outcome.image = mention.image)"
                f" WHERE run = ? AND image = {IMAGE} AND post = ? AND line = ?",
                (
                    (new, new, swap.run.id, mark(image), image, post, line)
                    for url, line, new in links
                    for image in [identity(url)]
                ),
            )

    def rewrote(self, run: Run, name: str, detail: str = "") -> None:
        """Record that the post was replaced as intended; ``detail`` says what a person may need."""
        with self._change() as db:
            post = post_id(db, name)
            db.execute(
                "UPDATE run_post SET state = 'rewritten', detail = ? WHERE run = ? AND post = ?",
                (detail, run.id, post),
            )
            if run.undoes is not None:
                db.execute(
                    "UPDATE run_post SET state = 'rolled-back' WHERE run = ? AND post = ?",
                    (run.undoes, post),
                )

    def left(self, run: Run, name: str, reason: Reason, detail: str = "") -> None:
        """Record that the post was not replaced, and why."""
        self._leave(run, name, reason.state, reason, detail)

    def not_replaced(self, run: Run, name: str) -> None:
        """Record that what was intended for the post did not happen."""
        self._leave(run, name, "planned", None, "")

    def _leave(self, run: Run, name: str, state: str, reason: Reason | None, detail: str) -> None:
        with self._change() as db:
            db.execute(
                "INSERT INTO run_post (run, post, state, reason, detail) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET state = excluded.state, reason = excluded.reason,"
                " detail = excluded.detail",
                (run.id, post_id(db, name), state, reason, detail),
            )

    def changed_later(self, swap: Swap) -> str | None:
        """The name of the newest run that changed the post after ``swap`` and is not put back."""
        rows = self._rows(
            "SELECT max(run.id), run.name FROM run_post JOIN run ON run.id = run"  # noqa: S608 - our own text
            f" WHERE post = {POST} AND run > ? AND state = 'rewritten' AND undoes IS NULL",
            (mark(swap.name), swap.name, swap.run.id),
        )
        return rows[0]["name"] if rows else None

    def swaps(self, run: Run | None = None, *, state: str | None = None) -> list[Swap]:
        """The posts in ``state``, or all that were to be replaced; of one run or of all.

        Newest first.
        """
        runs = {each.id: each for each in self.runs()}
        rows = self._rows(
            "SELECT run, name, lower(hex(before)) AS before, lower(hex(after)) AS after, temporary,"
            " edits FROM run_post JOIN post ON id = post"
            " WHERE (:state IS NULL OR state = :state) AND (:run IS NULL OR run = :run)"
            " AND before IS NOT NULL ORDER BY run DESC, name",
            {"state": state, "run": run.id if run else None},
        )
        return [Swap(runs[run_id], *rest) for run_id, *rest in rows]

    def post_names(self, run: Run) -> list[str]:
        """The names of all posts that ``run`` looked at or changed, or has to put back."""
        return [
            row["name"]
            for row in self._rows(
                "SELECT name FROM post WHERE id IN (SELECT post FROM mention WHERE run = ?1"
                " UNION SELECT post FROM run_post"
                " WHERE run IN (?1, (SELECT undoes FROM run WHERE id = ?1)))",
                (run.id,),
            )
        ]


def _record(db: sqlite3.Connection, run: Run, plan: Plan) -> None:
    for task in plan.tasks:
        insert_image(db, run, task.url, "planned", None)
    for skipped in plan.skipped:
        insert_image(db, run, skipped.url, "skipped", skipped.reason)
    insert_mentions(db, run.id, plan.mentions)
    db.executemany(
        "INSERT OR IGNORE INTO run_post (run, post, state, reason, detail)"
        " VALUES (?, ?, 'skipped', ?, ?)",
        ((run.id, post_id(db, post.name), post.reason, post.detail) for post in plan.left),
    )
