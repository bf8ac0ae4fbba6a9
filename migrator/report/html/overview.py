"""The head of the page: a run in a sentence; its images by state, host and type. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from html import escape

from migrator import urls
from migrator.report.html.markup import bar, command, shown
from migrator.report.quantities import counted, duration, size
from migrator.report.summary import IMAGE_STATES, ImageReport, Report
from migrator.report.text import achievement, intentions, promise

_HOSTS = 8
_MEANINGS = {
    "stored": "moved in this run, read back and compared",
    "reused": "in the store already, proven again",
    "planned": "to be moved",
    "held": "waiting for your word",
    "failed": "could not be moved",
    "skipped": "not asked to move",
}


@dataclass(slots=True)
class _Share:
    """What one host, or one type of image, has of all."""

    images: int = 0
    stayed: int = 0
    bytes: int = 0


@dataclass(slots=True)
class Shares:
    """How the images of a run divide; bytes count once for each asset."""

    hosts: dict[str, _Share] = field(default_factory=lambda: defaultdict(_Share))
    types: dict[str, _Share] = field(default_factory=lambda: defaultdict(_Share))

    @classmethod
    def of(cls, images: Iterable[ImageReport]) -> "Shares":
        """The shares of ``images``."""
        shares = cls()
        seen: set[int] = set()  # hashes, for they are small
        for image in images:
            fresh = (mark := hash(image.sha256 or image.url)) not in seen
            seen.add(mark)
            host = shares.hosts[urls.host(image.url) or "files of this site"]
            kinds = [host, shares.types[image.media_type]] if image.media_type else [host]
            for each in kinds:
                each.images += 1
                each.stayed += image.state in ("held", "failed")
                each.bytes += (image.size or 0) if fresh else 0
        return shares


def masthead(report: Report, next_command: str | None) -> str:
    """What happened, in words, and the command that goes on."""
    name = report.command.capitalize()
    title = f"{name}, a dry run" if report.dry_run else f"{name} {shown(report.run or '')}".strip()
    if report.dry_run:
        would = [" ".join(line.split()) + "." for line in intentions(report, 10_000, "Would ")]
        lead = [" ".join(["Nothing was changed.", *(line for line in would if line[0].isupper())])]
        more = [line[0].upper() + line[1:] for line in would if line[0].islower()]
    else:
        lead, more = [achievement(report)], [promise(report)]
    lines = [f'<p class="kicker">Migrator report</p><h1>{title}</h1>']
    lines += [f'<p class="lead">{shown(line)}</p>' for line in lead]
    lines += [f'<p class="promise">{shown(line)}</p>' for line in more if line]
    lines.append(_facts(report))
    if next_command:
        lines.append(f'<p class="next"><span>Next</span> {command(next_command)}</p>')
    return "\n".join(lines)


def charts(report: Report, shares: Shares) -> str:
    """Images by state, by host and by type."""
    total = sum(report.counts[state] for state in IMAGE_STATES)
    if not total:
        return ""
    cards = [_states(report, total), _hosts(shares.hosts)]
    cards += [_types(shares.types)] if shares.types else []
    return f'<section class="charts" aria-label="Overview">{"".join(cards)}</section>'


def _facts(report: Report) -> str:
    facts = [("Began", _time(report.started))]
    if report.finished and not report.dry_run:
        took = datetime.fromisoformat(report.finished) - datetime.fromisoformat(report.started)
        facts.append(("Took", duration(took.total_seconds())))
    if not report.dry_run and not report.finished:
        facts.append(("Ended", "it was interrupted"))
    facts += [("Store", report.store)] if report.store else []
    facts += [("From", report.origin)] if report.origin else []
    rows = "".join(f"<div><dt>{name}</dt><dd>{shown(value)}</dd></div>" for name, value in facts)
    return f'<dl class="facts">{rows}</dl>'


def _time(iso: str) -> str:
    return f"{iso[:16].replace('T', ' ')} UTC"


def _states(report: Report, total: int) -> str:
    there = [state for state in _MEANINGS if report.counts[state]]
    rows = "".join(
        f'<li><button type="button" data-state="{state}" disabled>'
        f'<span class="dot {state}"></span><strong>{report.counts[state]:,}</strong>'
        f" <b>{state}</b> <span>{_MEANINGS[state]}</span></button></li>"
        for state in there
    )
    shares = [(state, report.counts[state] / total) for state in there]
    return (
        f'<div class="card states"><h2>{counted(total, "image")}</h2>{bar(shares)}'
        f'<ul class="legend">{rows}</ul></div>'
    )


def _hosts(hosts: dict[str, _Share]) -> str:
    ordered = sorted(hosts.items(), key=lambda each: (-each[1].images, each[0]))
    largest = ordered[0][1].images
    rows = "".join(
        _row(
            name,
            [
                ("moved", (share.images - share.stayed) / largest),
                ("stayed", share.stayed / largest),
            ],
            counted(share.images, "image")
            + (f", {share.stayed:,} stayed" if share.stayed else "")
            + (f", {size(share.bytes)}" if share.bytes else ""),
        )
        for name, share in ordered[:_HOSTS]
    )
    rest = ordered[_HOSTS:]
    more = sum(share.images for _, share in rest)
    note = (
        f'<p class="quiet">and {counted(more, "image")} of {counted(len(rest), "more host")}</p>'
        if rest
        else ""
    )
    title = counted(len(ordered), "host")
    return f'<div class="card"><h2>{title}</h2><ul class="rows">{rows}</ul>{note}</div>'


def _types(types: dict[str, _Share]) -> str:
    ordered = sorted(types.items(), key=lambda each: (-each[1].bytes, each[0]))
    largest = max(1, ordered[0][1].bytes)
    rows = "".join(
        _row(
            name.removeprefix("image/").partition("+")[0].removeprefix("x-").upper(),
            [("moved", share.bytes / largest)],
            f"{size(share.bytes)}, {counted(share.images, 'image')}",
        )
        for name, share in ordered
    )
    total = size(sum(share.bytes for _, share in ordered))
    return f'<div class="card"><h2>{total}</h2><ul class="rows">{rows}</ul></div>'


def _row(name: str, parts: list[tuple[str, float]], text: str) -> str:
    return (
        f'<li><span class="name">{shown(name)}</span>{bar(parts)}'
        f'<span class="quiet">{escape(text)}</span></li>'
    )
