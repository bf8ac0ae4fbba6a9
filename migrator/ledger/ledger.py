"""The ledger's verbs: what every run planned, did and left.

Every method that changes something is one durable transaction, written before anybody is told.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from migrator.errors import UsageError
from migrator.ledger.database import Database
from migrator.ledger.records import Run, Swap
from migrator.ledger.rows import (
    ASSET,
    asset_of,
    image_id,
    insert_image,
    outcome_of,
    post_id,
    state_of,
)
from migrator.model import Held, Outcome, Placement, Stored
from migrator.plan import Plan
from migrator.reasons import Reason


class Ledger(Database):
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

    def runs(self) -> list[Run]:
        """All runs, oldest first."""
        return self._runs("ORDER BY id")

    def run(self, name: str) -> Run:
        """The run with this name.

        Raises:
            UsageError: there is none.
        """
        found = self._runs("WHERE name = ?", name)
        if not found:
            raise UsageError(f"there is no run {name!r}", "See the list: migrator runs")
        return found[0]

    def newest(self) -> Run | None:
        """The newest run."""
        found = self._runs("ORDER BY id DESC LIMIT 1")
        return found[0] if found else None

    def last_change(self) -> Run | None:
        """The newest run that changed posts which are not all put back."""
        found = self._runs(
            "WHERE undoes IS NULL AND EXISTS (SELECT 1 FROM run_post"
            " WHERE run = run.id AND state = 'rewritten') ORDER BY id DESC LIMIT 1"
        )
        return found[0] if found else None

    def _run(self, where: str, *values: Any) -> Run:
        return self._runs(where, *values)[0]

    def _runs(self, where: str, *values: Any) -> list[Run]:
        rows = self._rows(
            f"SELECT id, name, command, arguments, started, finished, undoes FROM run {where}",  # noqa: S608 - our own text
            values,
        )
        return [Run(i, n, c, json.loads(a), s, f, u) for i, n, c, a, s, f, u in rows]

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
            if placement:
                db.execute("UPDATE image SET sha256 = ? WHERE id = ?", (sha256, image))
                db.execute(
                    "INSERT OR REPLACE INTO placement VALUES (?, ?, ?, ?, ?)",
                    (placement.store, sha256, placement.key, placement.public_url, now()),
                )
            db.execute(
                "INSERT OR REPLACE INTO run_image VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
                ),
            )

    def known(self, store: str) -> dict[str, Stored]:
        """What earlier runs put into ``store``, by canonical URL."""
        rows = self._rows(
            f"SELECT image.url, key, public_url, {ASSET} FROM image JOIN asset USING (sha256)"  # noqa: S608 - our own text
            " JOIN placement USING (sha256) WHERE store = ?",
            (store,),
        )
        return {
            row["url"]: Stored(
                row["url"],
                asset_of(row),
                Placement(store, row["key"], row["public_url"], row["sha256"]),
                row["url"],
                reused=True,
            )
            for row in rows
        }

    def settled(self, run: Run) -> dict[str, Outcome]:
        """The images of ``run`` that reached their state, by canonical URL."""
        rows = self._rows(
            f"SELECT image.url AS canonical, run_image.url, state, reason, detail, source,"  # noqa: S608 - our own text
            f" run_image.store, key, public_url, {ASSET}"
            " FROM run_image JOIN image ON image.id = image"
            " LEFT JOIN asset ON asset.sha256 = run_image.sha256"
            " LEFT JOIN placement ON placement.store = run_image.store"
            " AND placement.sha256 = asset.sha256 WHERE run = ? AND state <> 'planned'",
            (run.id,),
        )
        return {row["canonical"]: outcome_of(row) for row in rows}

    def failed_before(self) -> set[str]:
        """Canonical URLs whose newest state is failed or held."""
        rows = self._rows(
            "SELECT image.url, state, max(run) FROM run_image JOIN image ON image.id = image"
            " WHERE state IN ('stored', 'reused', 'held', 'failed') GROUP BY image"
        )
        return {url for url, state, _ in rows if state in ("held", "failed")}

    # -- posts

    def intend(self, swap: Swap, new_urls: Mapping[str, str]) -> None:
        """Record that a post is about to be replaced; from here on recovery looks after it.

        ``new_urls`` maps canonical URLs to the links that the post will have.
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
                "UPDATE mention SET new_url = ? WHERE run = ? AND post = ? AND image ="
                " (SELECT id FROM image WHERE url = ?)",
                ((new, swap.run.id, post, url) for url, new in new_urls.items()),
            )

    def rewrote(self, run: Run, name: str) -> None:
        """Record that the post was replaced as intended."""
        with self._change() as db:
            post = post_id(db, name)
            state = "UPDATE run_post SET state = ? WHERE run = ? AND post = ?"
            db.execute(state, ("rewritten", run.id, post))
            if run.undoes is not None:
                db.execute(state, ("rolled-back", run.undoes, post))

    def left(
        self, run: Run, name: str, state: str, reason: Reason | None, detail: str = ""
    ) -> None:
        """Record that the post was not replaced: ``state`` is unchanged, skipped or conflict."""
        with self._change() as db:
            post = post_id(db, name)
            db.execute(
                "INSERT INTO run_post (run, post, state, reason, detail) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET state = excluded.state, reason = excluded.reason,"
                " detail = excluded.detail",
                (run.id, post, state, reason, detail),
            )

    def swaps(self, run: Run | None = None, *, state: str) -> list[Swap]:
        """The posts in ``state``, of one run or of all, newest first."""
        runs = {each.id: each for each in self.runs()}
        rows = self._rows(
            "SELECT run, name, before, after, temporary, edits FROM run_post JOIN post ON id = post"
            " WHERE state = :state AND (:run IS NULL OR run = :run) ORDER BY run DESC, name",
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

    # -- reports

    def tallies(self, run: Run) -> tuple[Counter[str], Counter[str]]:
        """How many images and posts of ``run`` are in each state."""
        images = "SELECT state, count(*) FROM run_image WHERE run = ? GROUP BY state"
        posts = "SELECT state, count(*) FROM run_post WHERE run = ? GROUP BY state"
        return (
            Counter(dict(map(tuple, self._rows(images, (run.id,))))),
            Counter(dict(map(tuple, self._rows(posts, (run.id,))))),
        )

    def image_rows(self, run: Run) -> list[sqlite3.Row]:
        """Every image of ``run`` in the order of the plan: what ``run_image`` says, and its asset.

        ``canonical`` is its canonical URL, ``url`` the first spelling in a post.
        """
        return self._rows(
            f"SELECT image.url AS canonical, run_image.url, state, reason, detail, key, public_url,"  # noqa: S608 - our own text
            f" {ASSET} FROM run_image JOIN image ON image.id = image"
            " LEFT JOIN asset ON asset.sha256 = run_image.sha256"
            " LEFT JOIN placement ON placement.store = run_image.store"
            " AND placement.sha256 = asset.sha256 WHERE run = ? ORDER BY image",
            (run.id,),
        )

    def mention_rows(self, run: Run) -> list[sqlite3.Row]:
        """The ``url`` (canonical), post ``name``, ``line`` and ``new_url`` of every mention.

        ``new_url`` is the link that the run wrote there, if it did.
        """
        return self._rows(
            "SELECT url, name, line, iif(state = 'rewritten', new_url, NULL) AS new_url"
            " FROM mention JOIN image ON image.id = image JOIN post ON post.id = mention.post"
            " LEFT JOIN run_post ON run_post.run = mention.run AND run_post.post = mention.post"
            " WHERE mention.run = ? ORDER BY name, line",
            (run.id,),
        )

    def post_rows(self, run: Run) -> list[sqlite3.Row]:
        """What ``run`` did with every post that it wanted to change."""
        return self._rows(
            "SELECT name, state, edits, reason, detail FROM run_post JOIN post ON post.id = post"
            " WHERE run = ? ORDER BY name",
            (run.id,),
        )


def now() -> str:
    """The time in UTC, ISO 8601, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
