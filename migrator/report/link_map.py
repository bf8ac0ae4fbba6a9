"""Where images went, as a map from old to new URL that ``rewrite --map`` reads. Pure."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from urllib.parse import quote

from migrator.redact import redact
from migrator.report.escape import for_terminal
from migrator.report.quantities import counted
from migrator.report.summary import ImageReport, Report
from migrator.urls import is_external, without_fragment

_DROPPED = dict.fromkeys(map(ord, "\t\r\n"))  # as whoever reads a URL does
_RELATIVE = "linked by a path that differs from post to post"
_SECRET = "whose URL holds a signature or a password"  # noqa: S105 - no password
_FILE = "that is a file of the site, and has no URL"


def map_csv(report: Report) -> Iterator[str]:
    """A line of CSV for each image that has one new address, whichever post shows it.

    There is no heading. What is not visible in a URL is percent-encoded, which means the same.
    """
    for image in report.images:
        if isinstance(pair := _pair(image), tuple):
            line = io.StringIO()
            csv.writer(line, lineterminator="\n").writerow(map(_visible, pair))
            yield line.getvalue()


def left_out(report: Report) -> Mapping[str, int]:
    """How many images that have new links are not in the map, by the reason in words."""
    return Counter(why for image in report.images if isinstance(why := _pair(image), str))


def left_out_text(left: Mapping[str, int]) -> str:
    """What to say about those."""
    lines = [f"Not in the map: {counted(number, 'image')} {why}." for why, number in left.items()]
    if _RELATIVE in left:
        lines.append(
            "A map has one new URL for each old one. Links are the same in every post if the"
            " configuration has a public_url; to change other copies of these posts, run"
            " migrator migrate there."
        )
    return "\n".join(lines)


def _pair(image: ImageReport) -> tuple[str, str] | str | None:
    """Old and new URL; why there is no such pair; ``None`` if no link to the image changed."""
    new_urls = {without_fragment(each.new_url) for each in image.references if each.new_url}
    if not new_urls:
        return None
    old, new = without_fragment(image.url.strip()), min(new_urls)
    if not is_external(old):
        return _FILE
    if len(new_urls) > 1 or not (is_external(new) or new.startswith("/")):
        return _RELATIVE
    return (old, new) if redact(old) == old and redact(new) == new else _SECRET


def _visible(url: str) -> str:
    """``url`` in characters that stand for themselves everywhere; it means the same request."""
    shown = url.translate(_DROPPED)
    return "".join(
        quote(each, safe="", errors="surrogatepass")
        if each.isspace() or each != for_terminal(each)
        else each
        for each in shown
    )
