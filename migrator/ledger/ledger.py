"""The ledger's verbs: what every run planned, did and left.

Every method that changes something is one durable transaction, written before anybody is told.
"""

import json
from collections.abc import Iterable
from typing import Any

from migrator.ledger.database import now
from migrator.ledger.records import Relic, Run, Swap
from migrator.ledger.rows import (
    ASSET,
    KEY,
    asset_of,
    image_id,
    insert_image,
    outcome_of,
    post_id,
    state_of,
)
from migrator.ledger.rulings import Rulings
from migrator.model import Held, Outcome, Placement, Stored
from migrator.plan import Plan
from migrator.reasons import Reason


class Ledger(Rulings):
    """An open ledger.

    Raises:
        LedgerError: from any method, when the file is damaged, of a newer version, or full.
    """

    # -- runs

    def begin(self, command: str, arguments: dict[str, Any], *, undoes: Run | None = None) -> Run:
        """Record that a run begins, and give it a name: the day and a number."""
        started = now()
        with self._change() as db:
            count = db.execute(
                "SELECT count(*) FROM run WHERE name LIKE ?", (started[:10] + "-%",)
            ).fetchone()[0]
            name = f"{started[:10]}-{count + 1}"
            cursor = db.execute(
                "INSERT INTO run (name, command, arguments, started, undoes)"
                " VALUES (?, ?, ?, ?, ?)",
                (name, command, json.dumps(arguments), started, undoes.id if undoes else None),
            )
        assert cursor.lastrowid is not None  # noqa: S101 - an INSERT has one
        return self._run("WHERE id = ?", cursor.lastrowid)

    def finish(self, run: Run) -> Run:
        """Record that a run came to its end."""
        with self._change() as db:
            db.execute("UPDATE run SET finished = ? WHERE id = ?", (now(), run.id))
        return self._run("WHERE id = ?", run.id)

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
                        each.before,
                        each.after,
                    )
                    for each in relics
                ),
            )

    # -- images

    def plan(self, run: Run, plan: Plan) -> None:
        """Record what a run is about to do; what it has already recorded stays."""
        with self._change() as db:
            for task in plan.tasks:
                insert_image(db, run, task.url, "planned", None)
            for skipped in plan.skipped:
                insert_image(db, run, skipped.url, "skipped", skipped.reason)
            db.executemany(
                "INSERT OR IGNORE INTO mention (run, image, post, line) VALUES (?, ?, ?, ?)",
                (
                    (run.id, image_id(db, mention.url), post_id(db, mention.post), mention.line)
                    for mention in plan.mentions
                ),
            )
            db.executemany(
                "INSERT OR IGNORE INTO run_post (run, post, state, reason, detail)"
                " VALUES (?, ?, 'skipped', ?, ?)",
                ((run.id, post_id(db, post.name), post.reason, post.detail) for post in plan.left),
            )

    def record(self, run: Run, outcome: Outcome) -> None:
        """Record the state that an image of ``run`` reached."""
        state, reason, detail = state_of(outcome)
        asset = outcome.asset if isinstance(outcome, Stored | Held) else None
        placement = outcome.placement if isinstance(outcome, Stored) else None
        source = outcome.source if isinstance(outcome, Stored) else None
        sha256 = asset.sha256 if asset else None
        with self._change() as db:
            image = image_id(db, outcome.url)
            if asset:
                db.execute(
                    "INSERT OR IGNORE INTO asset VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        asset.sha256,
                        asset.size,
                        asset.media_type,
                        asset.extension,
                        asset.width,
                        asset.height,
                    ),
                )
            if isinstance(outcome, Stored):
                db.execute(
                    "UPDATE image SET sha256 = ?, source = ?, final_url = ?, referer = ?"
                    " WHERE id = ?",
                    (sha256, outcome.source, outcome.final_url, outcome.referer, image),
                )
                db.executemany(
                    "INSERT OR REPLACE INTO placement VALUES (?, ?, ?)",
                    (
                        (each.store, each.sha256, each.key)
                        for each in (outcome.placement, *outcome.mirrors)
                    ),
                )
            elif isinstance(outcome, Held):  # what it served is not to be trusted any more
                db.execute("UPDATE image SET sha256 = NULL WHERE id = ?", (image,))
            db.execute(
                "INSERT OR REPLACE INTO run_image VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    run.id,
                    image,
                    outcome.url,
                    state,
                    reason,
                    detail,
                    source,
                    sha256,
                    placement.store if placement else None,
                    placement.key if placement else None,
                ),
            )

    def known(self, store: str) -> dict[str, Stored]:
        """What earlier runs put into ``store``, by canonical URL.

        An image that is there under several names has the one that its URL was given.
        """
        rows = self._rows(
            f"SELECT image.url, source, final_url, referer,"  # noqa: S608 - our own text
            f" coalesce(own.key, placement.key) AS key, {ASSET} FROM image"
            " JOIN asset USING (sha256) JOIN placement USING (sha256) LEFT JOIN"
            " (SELECT image, sha256, key, max(run) FROM run_image"
            " WHERE store = ?1 AND key IS NOT NULL GROUP BY image) AS own"
            " ON own.image = image.id AND own.sha256 = asset.sha256 WHERE placement.store = ?1",
            (store,),
        )
        return {
            row["url"]: Stored(
                row["url"],
                asset_of(row),
                Placement(store, row["key"], row["sha256"]),
                row["source"] or row["url"],
                reused=True,
                final_url=row["final_url"] or row["url"],
                referer=row["referer"] or "",
            )
            for row in rows
        }

    def settled(self, run: Run) -> dict[str, Outcome]:
        """The images of ``run`` that reached their state, by canonical URL."""
        rows = self._rows(
            f"SELECT image.url AS canonical, run_image.url, state, reason, detail,"  # noqa: S608 - our own text
            f" run_image.source, final_url, referer, run_image.store, {KEY}, {ASSET}"
            " FROM run_image JOIN image ON image.id = image"
            " LEFT JOIN asset ON asset.sha256 = run_image.sha256"
            " LEFT JOIN placement ON placement.store = run_image.store"
            " AND placement.sha256 = asset.sha256"
            " WHERE run = ? AND state IN ('stored', 'reused', 'held', 'failed')",
            (run.id,),
        )
        return {row["canonical"]: outcome_of(row) for row in rows}

    def chosen(self, run: Run) -> set[str]:
        """Canonical URLs of the images that ``run`` set out to move, or has moved."""
        rows = self._rows(
            "SELECT image.url FROM run_image JOIN image ON image.id = image"
            " WHERE run = ? AND state <> 'skipped'",
            (run.id,),
        )
        return {row["url"] for row in rows}

    def forgo(self, run: Run) -> None:
        """Record that no post shows any more what ``run`` had still planned to move."""
        with self._change() as db:
            db.execute(
                "UPDATE run_image SET state = 'skipped', reason = ?"
                " WHERE run = ? AND state = 'planned'",
                (Reason.NOT_MENTIONED, run.id),
            )

    def relinked(self, run: Run) -> None:
        """Record that every planned image of ``run`` is, as its map says, somewhere already."""
        with self._change() as db:
            db.execute(
                "UPDATE run_image SET state = 'reused' WHERE run = ? AND state = 'planned'",
                (run.id,),
            )

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
                (swap.run.id, post, swap.edits, swap.before, swap.after, swap.temporary),
            )
            db.executemany(
                "UPDATE mention SET new_url = ? WHERE run = ? AND post = ? AND line = ?"
                " AND image = (SELECT id FROM image WHERE url = ?)",
                ((new, swap.run.id, post, line, url) for url, line, new in links),
            )

    def rewrote(self, run: Run, name: str) -> None:
        """Record that the post was replaced as intended."""
        with self._change() as db:
            post = post_id(db, name)
            state = "UPDATE run_post SET state = ? WHERE run = ? AND post = ?"
            db.execute(state, ("rewritten", run.id, post))
            if run.undoes is not None:
                db.execute(state, ("rolled-back", run.undoes, post))

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
            "SELECT max(run.id), run.name FROM run_post JOIN run ON run.id = run"
            " JOIN post ON post.id = post"
            " WHERE post.name = ? AND run > ? AND state = 'rewritten' AND undoes IS NULL",
            (swap.name, swap.run.id),
        )
        return rows[0]["name"] if rows else None

    def swaps(self, run: Run | None = None, *, state: str | None = None) -> list[Swap]:
        """The posts in ``state``, or all that were to be replaced; of one run or of all.

        Newest first.
        """
        runs = {each.id: each for each in self.runs()}
        rows = self._rows(
            "SELECT run, name, before, after, temporary, edits FROM run_post JOIN post ON id = post"
            " WHERE (:state IS NULL OR state = :state) AND (:run IS NULL OR run = :run)"
            " AND before IS NOT NULL ORDER BY run DESC, name",
            {"state": state, "run": run.id if run else None},
        )
        return [Swap(runs[run_id], *rest) for run_id, *rest in rows]

    def post_names(self, run: Run) -> list[str]:
        """The names of all posts that ``run`` looked at or changed."""
        return [
            row["name"]
            for row in self._rows(
                "SELECT name FROM post WHERE id IN (SELECT post FROM mention WHERE run = ?1"
                " UNION SELECT post FROM run_post WHERE run = ?1)",
                (run.id,),
            )
        ]
