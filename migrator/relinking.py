"""Links only: posts follow a map from old to new URLs; no image moves, no network."""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Self

from migrator.config import Settings
from migrator.errors import UsageError
from migrator.events import Listener
from migrator.interruption import Stop
from migrator.ledger import Ledger, Run
from migrator.model import Post
from migrator.plan import Plan, Wanted, make_plan
from migrator.posts import PostWriter, obstacle, read_posts
from migrator.reasons import Reason
from migrator.state import Site
from migrator.urls import canonical, fragment, is_external, without_fragment


class LinkMap:
    """Where images are now, by old URL."""

    def __init__(self, new_urls: Mapping[str, str]) -> None:
        self._exact = dict(new_urls)
        self._same = {(canonical(old), fragment(old)): new for old, new in new_urls.items()}

    @classmethod
    def read(cls, file: Path) -> Self:
        """A JSON object from old to new URL, or a CSV file with these two columns.

        Raises:
            UsageError: the file cannot be read, or is neither.
        """
        try:
            text = file.read_text(encoding="utf-8-sig")
        except OSError as error:
            raise UsageError(f"{file}: cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise UsageError(f"{file}: not UTF-8 text", "Save it as UTF-8.") from error
        is_json = text.lstrip()[:1] in ("{", "[")
        pairs = _pairs_of_json(text, file) if is_json else _pairs_of_csv(text, file)
        return cls(_checked(pairs, file))

    def get(self, url: str) -> str | None:
        """The new URL for ``url``: an exact key first, then one that means the same request.

        A fragment that the key lacks is carried over to the new URL.
        """
        mark = fragment(url)
        for new in (self._exact.get(url), self._same.get((canonical(url), mark))):
            if new is not None:
                return new
        bare = self._exact.get(without_fragment(url), self._same.get((canonical(url), "")))
        return None if bare is None else bare if fragment(bare) else bare + mark


@dataclass(frozen=True, slots=True)
class Relinking:
    """One rewrite of the links of a site."""

    site: Site
    settings: Settings
    listener: Listener
    paths: Sequence[Path]
    new_urls: LinkMap

    def plan(self, _ledger: Ledger | None, _run: Run | None) -> Plan:
        """Scan the posts and look every URL up; changes nothing."""
        mapped = Wanted(
            selected=lambda url: self.new_urls.get(url) is not None,
            otherwise=Reason.NOT_MAPPED,
            concerned=lambda url: is_external(url) or self.new_urls.get(url) is not None,
            obstacle=obstacle,
        )
        posts = read_posts(
            self.paths, self.site, self.settings.scan, self.listener, everything=True
        )
        return make_plan(posts, mapped, {})

    def links(self, post: Post, _plan: Plan) -> dict[str, str]:
        """The links that ``post`` gets."""
        return {
            reference.url: new
            for reference in post.references
            if (new := self.new_urls.get(reference.url))
        }

    def carry_out(self, plan: Plan, ledger: Ledger, run: Run, stop: Stop) -> None:
        """Rewrite the posts of ``plan``; safe to repeat after an interruption.

        Raises:
            Interrupted: a signal came.
        """
        ledger.relinked(run)
        PostWriter(self.site, ledger, run, self.listener).rewrite_all(
            plan.posts, lambda post: self.links(post, plan), self.settings.scan, stop
        )


def _checked(pairs: Iterable[tuple[str, str]], file: Path) -> dict[str, str]:
    """The map; it has one new URL for each old one, and following it twice leads no further."""
    new_urls: dict[str, str] = {}
    for old, new in pairs:
        if not new.strip() or not new.isprintable():
            raise UsageError(
                f"{file}: the new URL of {old} is {new!r}",
                "A URL is not empty, and has no line breaks or other invisible characters.",
            )
        if new_urls.setdefault(old, new) != new:
            raise UsageError(f"{file}: {old} has two new URLs, {new_urls[old]} and {new}")
    for old, new in new_urls.items():
        if new_urls.get(new, new) != new:
            raise UsageError(
                f"{file}: {old} becomes {new}, and that becomes {new_urls[new]}",
                "A second run would go on where the first ended; name the last URL for both.",
            )
    return new_urls


def _pairs_of_json(text: str, file: Path) -> list[tuple[str, str]]:
    try:
        pairs = json.loads(text, object_pairs_hook=lambda pairs: pairs)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{file}: not valid JSON: {error}") from error
    if text.lstrip()[0] != "{" or not all(isinstance(new, str) for _, new in pairs):
        raise UsageError(
            f"{file}: expected one JSON object with a URL in quotes for every URL",
            '{"https://old.example/a.png": "https://new.example/a.png"}',
        )
    return list(pairs)


def _pairs_of_csv(text: str, file: Path) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for number, row in enumerate(csv.reader(StringIO(text, newline="")), 1):
        if not row:
            continue
        if len(row) != 2:  # noqa: PLR2004 - old and new
            raise UsageError(
                f"{file}, line {number}: expected two columns, found {len(row)}",
                "The map is a JSON object, or a CSV file: old URL, a comma, new URL.",
            )
        pairs.append((row[0].strip(), row[1].strip()))
    return pairs
