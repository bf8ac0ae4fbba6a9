"""When a post was written: for names of images that begin with its year and month."""

import re
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from frontmatter.default_handlers import BaseHandler, JSONHandler, YAMLHandler
from yaml import YAMLError

_HEAD = 8192  # bytes of a post; a hostile front matter of that size takes no time worth naming
_IN_NAME = re.compile(r"(\d{4})-(\d{2})-(\d{2})-")  # Jekyll, and Hexo's new_post_name
_IN_TEXT = re.compile(r"\s*(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")


class _TOMLHandler(BaseHandler):
    """Front matter between ``+++``, read by the standard library."""

    FM_BOUNDARY = re.compile(r"^\+{3,}\s*$", re.MULTILINE)

    def load(self, fm: str) -> dict[str, Any]:
        return tomllib.loads(fm)


_HANDLERS = (YAMLHandler(), JSONHandler(), _TOMLHandler())


def date_of(post: Path) -> date | None:
    """The day in the front matter (``date``), else in the file's name, else of its last change.

    What cannot be read says nothing; of a post that is gone, only the name tells.
    """
    return stated_date_of(post) or _changed(post)


def stated_date_of(post: Path) -> date | None:
    """The day in the front matter, else in the file's name; ``None`` if there is none."""
    return _in_front_matter(post) or _day(_IN_NAME.match(post.name))


def _in_front_matter(post: Path) -> date | None:
    try:
        with post.open("rb") as file:
            head = file.read(_HEAD).decode("utf-8-sig", "replace").replace("\r\n", "\n")
        for handler in _HANDLERS:
            if handler.detect(head):
                front, _ = handler.split(head)
                value = None if "<<" in front else handler.load(front).get("date")
                if isinstance(value, date):  # a datetime is one, too
                    return date(value.year, value.month, value.day)
                return _day(_IN_TEXT.match(value)) if isinstance(value, str) else None
    except (ValueError, AttributeError, YAMLError, RecursionError, OSError):
        return None  # it is not what its fences say, or no mapping; or gone since it was scanned
    return None


def _day(match: re.Match[str] | None) -> date | None:
    try:
        return date(*map(int, match.groups())) if match else None
    except ValueError:  # the 31st of June
        return None


def _changed(post: Path) -> date | None:
    try:
        return datetime.fromtimestamp(post.stat().st_mtime, UTC).date()
    except OSError:
        return None
