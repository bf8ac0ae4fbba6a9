"""The images and posts of a report as the page's script reads them. Pure."""

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

from migrator import urls
from migrator.held import group_name
from migrator.report.html.markup import data_block, data_url, visible
from migrator.report.quantities import size
from migrator.report.stayed import words_of
from migrator.report.summary import ImageReport, PostReport

Value = TypeVar("Value")
Picture = Callable[[str, bool], bytes | None]

_TOGETHER = 200  # in one block, which a browser reads at a time
_MOST_PICTURES = 20_000  # with more of them few browsers open the page

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Pictures:
    """Which pictures the page shows, numbered as its records come to need them.

    ``find`` gives the picture of an asset by SHA-256, larger where the image is held.
    """

    def __init__(self, find: Picture) -> None:
        self._find = find
        self._numbers: dict[tuple[str, bool], int] = {}

    def number(self, image: ImageReport) -> int | None:
        """The number of the picture of ``image``; it may turn out that there is none."""
        if image.sha256 is None:
            return None
        key = image.sha256, image.state == "held"
        if key not in self._numbers and len(self._numbers) >= _MOST_PICTURES:
            return None
        return self._numbers.setdefault(key, len(self._numbers))

    def of(self, image: ImageReport) -> bytes | None:
        """The picture of ``image`` itself."""
        return self._find(image.sha256, image.state == "held") if image.sha256 else None

    def blocks(self) -> Iterator[str]:
        """All that have a number, in its order; an empty text where there is none after all."""
        found = (self._find(*key) for key in self._numbers)
        yield from blocks(((data_url(each) if each else "") for each in found), "pictures")


def blocks(values: Iterable[Any], name: str) -> Iterator[str]:
    """``values`` in arrays of ``_TOGETHER``, each an element of the class ``name``."""
    rest = iter(values)
    while some := list(islice(rest, _TOGETHER)):
        yield data_block(_encode(some), name)


def image_record(image: ImageReport, pictures: Pictures) -> dict[str, Any]:
    """One image; what is not known is left out. All text is ready to be shown."""
    pixels = f"{image.width} × {image.height}" if image.width and image.height else ""
    values = {
        "url": visible(image.url),
        "state": image.state,
        "reason": image.reason,
        "why": words_of(image.reason) if image.reason else "",
        "detail": visible(image.detail),
        "host": visible(urls.host(image.url) or "this site"),
        "group": visible(group_name(image.reason, image.url, image.sha256))
        if image.state == "held"
        else "",
        "new": visible(image.new_url or _first_link(image)),
        "sha256": image.sha256,
        "bytes": image.size,
        "size": size(image.size) if image.size is not None else "",
        "pixels": pixels,
        "type": visible(image.media_type or ""),
        "key": visible(image.key or ""),
        "source": visible(image.source or "") if image.source != image.url else "",
        "picture": pictures.number(image),
        "at": [
            [visible(place.path), place.line, visible(place.new_url or "")]
            for place in image.references
        ],
    }
    return {name: value for name, value in values.items() if value not in (None, "", [])}


def _first_link(image: ImageReport) -> str:
    """The link that the first post got, where no one address holds for all of them."""
    return next((place.new_url for place in image.references if place.new_url), "")


def post_record(post: PostReport) -> dict[str, Any]:
    """One post, likewise."""
    return {
        "path": visible(post.path),
        "state": post.state,
        "edits": post.edits,
        "why": words_of(post.reason) if post.reason else "",
        "detail": visible(post.detail),
    }


def diff_record(name: str, diff: str) -> list[str]:
    """The diff of the post of this name; its lines are escaped already."""
    return [visible(name), diff]
