"""Links only: posts follow a map from old to new URLs; no image moves, no network."""

import csv
import json
import re
from collections.abc import Callable, Mapping, Sequence
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
from migrator.posts import PostWriter, obstacles
from migrator.reading import read_posts
from migrator.reasons import Reason
from migrator.state import Site
from migrator.story import Story
from migrator.urls import canonical, fragment, is_external, without_fragment

_JSON = 'It looks like {"https://old.example/a.png": "https://new.example/a.png"}'
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


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
        new_urls = cls({old: _checked(old, new, file) for old, new in pairs})
        for old, new in pairs:
            there = new_urls.get(old)
            if there is not None and there != new:
                raise UsageError(f"{file}: {old} has two new URLs, {new} and {there}")
            if after := new_urls.get(new):
                raise UsageError(
                    f"{file}: {old} becomes {new}, and that becomes {after}",
                    "A second run would go on where the first ended; name the last URL for both.",
                )
        return new_urls

    def get(self, url: str) -> str | None:
        """The new URL for ``url``: an exact key first, then one that means the same request.

        A fragment that the key lacks is carried over to the new URL. ``None`` where the map has no
        other URL for it.
        """
        new = self._find(url)
        return None if new == url else new

    def _find(self, url: str) -> str | None:
        mark = fragment(url)
        for new in (self._exact.get(url), self._same.get((canonical(url), mark))):
            if new is not None:
                return new
        bare = self._exact.get(without_fragment(url), self._same.get((canonical(url), "")))
        return None if bare is None else bare if fragment(bare) else bare + mark


@dataclass(frozen=True, slots=True)
class Relinking(Story):
    """One rewrite of the links of a site."""

    site: Site
    settings: Settings
    listener: Listener
    paths: Sequence[Path]
    new_urls: LinkMap

    def plan(self, ledger: Ledger | None, _run: Run | None) -> Plan:
        """Scan the posts and look every URL up; changes nothing."""
        mapped = Wanted(
            selected=lambda url: self.new_urls.get(url) is not None,
            otherwise=Reason.NOT_MAPPED,
            image_at=self._image_at,
            obstacle=obstacles(self.settings.safety, ledger),
        )
        posts = read_posts(
            self.paths, self.site, self.settings.scan, self.listener, everything=True
        )
        return make_plan(posts, mapped, {})

    def links(self, _plan: Plan) -> Callable[[Post], dict[str, str]]:
        """See ``Story``."""
        return self._links

    def _links(self, post: Post) -> dict[str, str]:
        return {
            reference.url: new
            for reference in post.references
            if (new := self.new_urls.get(reference.url))
        }

    def carry_out(self, plan: Plan, ledger: Ledger, run: Run, stop: Stop) -> tuple[str, ...]:
        """Rewrite the posts of ``plan``; safe to repeat after an interruption.

        Raises:
            Interrupted: a signal came.
        """
        ledger.relinked(run)
        PostWriter(self.site, ledger, run, self.listener).rewrite_all(
            plan.posts,
            self.links(plan),
            self._image_at,
            self.settings.scan,
            stop,
        )
        return ()

    def _image_at(self, _post: Post, url: str) -> str | None:
        return url if is_external(url) or self.new_urls.get(url) is not None else None


def _checked(old: str, new: str, file: Path) -> str:
    scheme = _SCHEME.match(new)
    if not new.strip() or not new.isprintable() or (scheme and not is_external(new)):
        raise UsageError(
            f"{file}: the new URL of {old} is {new!r}",
            "It must be an http or https URL or a path, with no line breaks or other invisible"
            " characters, and not empty.",
        )
    return new


def _pairs_of_json(text: str, file: Path) -> list[tuple[str, str]]:
    try:
        pairs = json.loads(text, object_pairs_hook=lambda pairs: pairs)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{file}: not valid JSON: {error}", _JSON) from error
    if text.lstrip()[0] != "{" or not all(isinstance(new, str) for _, new in pairs):
        raise UsageError(
            f"{file}: expected one JSON object with a URL in quotes for every URL",
            _JSON,
        )
    return list(pairs)


def _pairs_of_csv(text: str, file: Path) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    rows = csv.reader(StringIO(text, newline=""), strict=True)
    try:
        numbered = [(rows.line_num, row) for row in rows if row]
    except csv.Error as error:
        raise UsageError(
            f"{file}, line {rows.line_num}: not CSV: {error}",
            "Is a quotation mark left open? One inside a URL is written twice.",
        ) from error
    for number, row in numbered:
        if len(row) != 2:  # noqa: PLR2004 - old and new
            raise UsageError(
                f"{file}, line {number}: expected two columns, found {len(row)}",
                "The map is a JSON object, or a CSV file: old URL, comma (no semicolon), new URL.",
            )
        pairs.append((row[0].strip(), row[1].strip()))
    return pairs
