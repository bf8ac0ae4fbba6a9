"""What a run left where it was, grouped by reason. Pure."""

import re
from dataclasses import dataclass, field

from migrator.held import group_name
from migrator.reasons import UNMET, Reason
from migrator.report.summary import ImageReport, PostReport, Report

_ORDER = ("failed", "held", "post", "unasked")
_ALLOWING = re.compile(r"--allow-private [^\s;,]+")  # in the detail of a blocked address
_MOST = 4  # options at once
_CALM_REASONS = (Reason.ALREADY_THERE, Reason.NOT_SELECTED, Reason.NOT_MAPPED, Reason.OPT_OUT)


@dataclass(slots=True)
class Stayed:
    """Images, or posts, that stayed for one reason.

    ``kind`` is failed or held (images), post, or unasked (nobody asked for them to change).
    ``name`` is for ``migrator accept``, which lets held images through together. ``images`` and
    ``posts`` are the first of them, and ``options`` those of blocked addresses: see `stayed`.
    """

    kind: str
    reason: str | None
    name: str = ""
    count: int = 0
    images: list[ImageReport] = field(default_factory=list)
    posts: list[PostReport] = field(default_factory=list)
    allowing: dict[str, None] = field(default_factory=dict)  # in the order in which they came

    @property
    def words(self) -> str:
        """The reason, for people."""
        return words_of(self.reason)

    @property
    def options(self) -> str:
        """The options with which another run would ask hosts at private addresses, if they do."""
        options = list(self.allowing)
        return " ".join(options[:_MOST]) + (" ..." if len(options) > _MOST else "")


def words_of(reason: str | None) -> str:
    """The reason, for people; a reason of a later version stands for itself."""
    try:
        return Reason(reason or "").words
    except ValueError:
        return reason or "the reason is not known"


def stayed(report: Report, most: int | None = None) -> list[Stayed]:
    """Trouble first, then what was not asked to change; the most frequent reason first.

    Each group has at most so many images and so many posts, for the rest is only counted.
    """
    groups: dict[tuple[str, str | None, str], Stayed] = {}

    def group(kind: str, reason: str | None, name: str = "") -> Stayed:
        kind = "unasked" if reason in _CALM_REASONS else kind
        key = kind, reason, name
        return groups.get(key) or groups.setdefault(key, Stayed(*key))

    for image in report.unmoved:
        if image.state in ("failed", "held", "skipped"):
            asked = image.state != "skipped" or image.reason in UNMET
            kind = "held" if image.state == "held" else "failed" if asked else "unasked"
            name = group_name(image.reason, image.url, image.sha256) if kind == "held" else ""
            found = group(kind, image.reason, name)
            found.count += 1
            found.images += [image] if most is None or len(found.images) < most else []
            if image.reason == Reason.BLOCKED_ADDRESS and (said := _ALLOWING.search(image.detail)):
                found.allowing[said[0]] = None
    for post in report.posts:
        if post.reason is not None:
            found = group("post", post.reason)
            found.count += 1
            found.posts += [post] if most is None or len(found.posts) < most else []
    return sorted(groups.values(), key=lambda each: (_ORDER.index(each.kind), -each.count))
