"""What the ledger can tell of past runs; changes nothing."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from migrator.errors import UsageError
from migrator.ledger.database import Database, Read, mark
from migrator.ledger.records import Link, Run
from migrator.ledger.rows import ASSET, POST, asset_of, past_image_of
from migrator.model import PastImage


class History(Database):
    """The runs of a site, and what each did with its images and posts."""

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
            near = get_close_matches(name, [each.name for each in self.runs()], 1)
            meant = f"Did you mean {near[0]}? " if near else ""
            raise UsageError(f"there is no run {name!r}", f"{meant}See the list: migrator runs")
        return found[0]

    def newest(self) -> Run | None:
        """The newest run."""
        found = self._runs("ORDER BY id DESC LIMIT 1")
        return found[0] if found else None

    def interrupted(self) -> Run | None:
        """The newest run that never came to its end."""
        found = self._runs("WHERE finished IS NULL ORDER BY id DESC LIMIT 1")
        return found[0] if found else None

    def last_change(self) -> Run | None:
        """The newest run that changed posts which are not all put back."""
        found = self._runs(
            "WHERE undoes IS NULL AND pruned IS NULL AND EXISTS (SELECT 1 FROM run_post"
            " WHERE run = run.id AND state = 'rewritten') ORDER BY id DESC LIMIT 1"
        )
        return found[0] if found else None

    def last_result(self, post: str) -> str | None:
        """The SHA-256 that the newest run which replaced the post of this name gave it."""
        rows = self._rows(
            f"SELECT lower(hex(after)), max(run) FROM run_post WHERE post = {POST}"  # noqa: S608 - our own text
            " AND state IN ('rewritten', 'rolled-back') AND after IS NOT NULL GROUP BY post",
            (mark(post), post),
        )
        return rows[0][0] if rows else None

    def _run(self, where: str, *values: Any) -> Run:
        return self._runs(where, *values)[0]

    def _runs(self, where: str, *values: Any) -> list[Run]:
        rows = self._rows(
            "SELECT id, name, command, arguments, started, finished, undoes, pruned"  # noqa: S608 - our own text
            f" FROM run {where}",
            values,
        )
        return [Run(i, n, c, json.loads(a), s, f, u, p) for i, n, c, a, s, f, u, p in rows]

    def tallies(self, run: Run) -> tuple[Counter[str], Counter[str]]:
        """How many images and posts of ``run`` are in each state."""
        images = "SELECT state, count(*) FROM run_image WHERE run = ? GROUP BY state"
        posts = "SELECT state, count(*) FROM run_post WHERE run = ? GROUP BY state"
        return (
            Counter(dict(map(tuple, self._rows(images, (run.id,))))),
            Counter(dict(map(tuple, self._rows(posts, (run.id,))))),
        )

    def past_images(self) -> Read[PastImage]:
        """Every image that a run fetched, or tried to, in its newest state."""
        sql = (
            "SELECT outcome.*, run.name, max(run) FROM outcome JOIN run ON run.id = run"
            " WHERE state IN ('stored', 'reused', 'held', 'failed') GROUP BY image ORDER BY image"
        )
        return Read(lambda: self._each_row(sql), past_image_of)

    def tried(self) -> dict[str, int]:
        """The images that failed or were held, by the number of the run in which they did last."""
        number = {run.name: run.id for run in self.runs()}
        past = self.past_images()
        return {each.url: number[each.run] for each in past if each.state in ("failed", "held")}

    def image_rows(self, run: Run) -> Iterator[sqlite3.Row]:
        """Every image of ``run`` in the order of the plan: what ``run_image`` says, and its asset.

        ``canonical`` is its canonical URL, ``url`` the first spelling in a post.
        """
        return self._each_row(
            "SELECT canonical, url, state, reason, detail, key, source, sha256, size, media_type,"
            " extension, width, height FROM outcome WHERE run = ? ORDER BY image",
            (run.id,),
        )

    def mention_rows(self, run: Run) -> Iterator[sqlite3.Row]:
        """The ``url`` (canonical), post ``name``, ``line`` and ``new_url`` of every mention.

        ``new_url`` is the link that the run wrote there, if it did. The images are in the order of
        ``image_rows``.
        """
        return self._each_row(
            "SELECT url, name, line, iif(state = 'rewritten', new_url, NULL) AS new_url"
            " FROM link JOIN image ON image.id = link.image JOIN post ON post.id = link.post"
            " LEFT JOIN run_post ON run_post.run = link.run AND run_post.post = link.post"
            " WHERE link.run = ? ORDER BY link.image, name, line",
            (run.id,),
        )

    def links(self) -> list[Link]:
        """Every link that a run wrote, unless its post was put back; oldest run first."""
        rows = self._rows(
            f"SELECT run.name AS run, post.name AS post, line, image.url, new_url,"  # noqa: S608 - our own text
            f" store, key, {ASSET} FROM link"
            # CROSS, or SQLite goes through all mentions of a run for each post.
            " CROSS JOIN run_post ON run_post.run = link.run AND run_post.post = link.post"
            " JOIN run ON run.id = run_post.run JOIN post ON post.id = run_post.post"
            " JOIN image ON image.id = link.image"
            " LEFT JOIN asset ON asset.id = link.asset"
            " LEFT JOIN format ON format.id = asset.format"
            " WHERE run_post.state = 'rewritten' AND new_url IS NOT NULL"
            " ORDER BY run.id, post.name, line"
        )
        return [
            Link(
                row["run"],
                row["post"],
                row["line"],
                row["url"],
                row["new_url"],
                row["store"] or "",
                row["key"] or "",
                asset_of(row) if row["sha256"] else None,
            )
            for row in rows
        ]

    def keys(self) -> set[str]:
        """The key of every object that a run put into any store."""
        return {row["key"] for row in self._rows("SELECT key FROM placement")}

    def kept(self, store: str) -> dict[str, str]:
        """The key of every asset that a run put into ``store``, by SHA-256."""
        rows = self._each_row(
            "SELECT lower(hex(sha256)) AS sha256, key FROM placement"
            " JOIN asset ON asset.id = placement.asset WHERE store = ?",
            (store,),
        )
        return {row["sha256"]: row["key"] for row in rows}

    def post_rows(self, run: Run) -> list[sqlite3.Row]:
        """What ``run`` did with every post that it wanted to change."""
        return self._rows(
            "SELECT name, state, edits, reason, detail FROM run_post JOIN post ON post.id = post"
            " WHERE run = ? ORDER BY name",
            (run.id,),
        )
