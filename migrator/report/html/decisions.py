"""What a person must decide on, and what else stayed, and why. Pure."""

import shlex
from collections.abc import Iterable, Sequence
from html import escape
from itertools import islice

from migrator.reasons import Reason
from migrator.report.html.markup import address, command, data_url, shown
from migrator.report.html.records import Pictures
from migrator.report.quantities import counted, size
from migrator.report.stayed import Stayed
from migrator.report.summary import ImageReport, PostReport

_CARDS = 200  # a page of them is no help any more
_FEW = 3
_TOLD = (Reason.ANY_NAME, Reason.SAME_BYTES)  # their detail names the images that the card names
MOST = 50  # images of a group that the page names outside of its list


def decisions(groups: Iterable[Stayed], pictures: Pictures) -> str:
    """A card for each group of held images; empty where nothing is held."""
    held = [group for group in groups if group.kind == "held"]
    if not held:
        return ""
    number = sum(group.count for group in held)
    cards = "".join(_card(group, pictures) for group in held[:_CARDS])
    more = (
        f"<p>and {counted(len(held) - _CARDS, 'more group')}: <code>migrator accept</code></p>"
        if len(held) > _CARDS
        else ""
    )
    were = "was" if number == 1 else "were"
    return (
        '<section id="decide"><h2>For you to decide</h2>'
        f"<p>{counted(number, 'image')} {were} fetched and not linked to. Look at each picture: if"
        " it is what your posts mean, copy its command, and run migrate once more.</p>"
        f'<ul class="cards">{cards}</ul>{more}</section>'
    )


def staying(groups: Iterable[Stayed]) -> str:
    """What else stayed where it was, and why; empty where nothing did."""
    rest = [group for group in groups if group.kind != "held"]
    if not rest:
        return ""
    rows = "".join(map(_row, rest))
    return (
        '<section id="stayed"><h2>What stayed where it was</h2>'
        f'<ul class="reasons">{rows}</ul></section>'
    )


def _card(group: Stayed, pictures: Pictures) -> str:
    first = group.images[0]
    them = "it" if group.count == 1 else "them"
    accept = command(f"migrator accept {shlex.quote(group.name)}")
    shots = _shots(group.images, pictures)
    facts = [counted(group.count, "image")]
    if len({image.sha256 for image in group.images}) == 1 and first.sha256:
        facts += [f"{first.width} × {first.height} pixels"] if first.width else []
        facts += [size(first.size)] if first.size is not None else []
        facts += [first.media_type or ""]
    detail = (
        f'<p class="quiet">{_sentence(first.detail)}</p>'
        if first.detail and group.reason not in _TOLD
        else ""
    )
    return (
        f'<li class="card"><div class="shots">{shots}</div><div>'
        f"<h3>{_sentence(group.words)}</h3>"
        f'<p class="quiet">{shown(", ".join(filter(None, facts)))}</p>{detail}'
        f'<ul class="places">{_places(group.images[:_FEW])}</ul>{_rest(group)}'
        f'<p class="accept">To let {them} through: {accept}</p></div></li>'
    )


def _shots(images: Sequence[ImageReport], pictures: Pictures) -> str:
    """Each different picture of a group, the first few of them."""
    different = {image.sha256 or image.url: image for image in reversed(images)}
    found = [
        f'<img src="{data_url(picture)}" alt="What came for {shown(image.url)}">'
        for image in islice(reversed(different.values()), _FEW)
        if (picture := pictures.of(image))
    ]
    return "".join(found) or '<p class="no-picture">No picture of it is kept: open its address</p>'


def _rest(group: Stayed) -> str:
    named = group.images[_FEW:]
    if not named:
        return ""
    more = group.count - len(group.images)
    beyond = f"<li>and {counted(more, 'more image')}</li>" if more else ""
    return (
        f"<details><summary>{counted(group.count - _FEW, 'more image')}</summary>"
        f'<ul class="places">{_places(named)}{beyond}</ul></details>'
    )


def _places(images: Iterable[ImageReport]) -> str:
    return "".join(
        f'<li>{address(image.url)}<span class="quiet">{_posts(image)}</span></li>'
        for image in images
    )


def _posts(image: ImageReport) -> str:
    named = [f"{shown(place.path)}:{place.line}" for place in image.references[:_FEW]]
    more = len(image.references) - len(named)
    return ", ".join(named) + (f" and {more:,} more" if more else "")


def _row(group: Stayed) -> str:
    noun = "image" if group.images else "post"
    title = f"<strong>{counted(group.count, noun)}</strong> {_sentence(group.words)}"
    outlook = _outlook(group.reason)
    hint = f'<span class="tag">{escape(outlook)}</span>' if outlook else ""
    allow = f"<p>If you trust it: {command(group.options)}</p>" if group.options else ""
    things = _places(group.images[:_FEW]) if group.images else _names(group.posts)
    show = (
        f'<button type="button" data-reason="{escape(group.reason or "")}" hidden>'
        f"Show {counted(group.count, noun)}</button>"
        if group.images
        else ""
    )
    return (
        f'<li class="{group.kind}"><p>{title} {hint} {show}</p>{allow}'
        f'<ul class="places">{things}</ul></li>'
    )


def _names(posts: Sequence[PostReport]) -> str:
    return "".join(
        f'<li><span class="url">{shown(post.path)}</span>'
        f'<span class="quiet">{shown(post.detail)}</span></li>'
        for post in posts
    )


def _outlook(reason: str | None) -> str:
    try:
        return Reason(reason or "").outlook
    except ValueError:
        return ""


def _sentence(words: str) -> str:
    return shown(words[:1].upper() + words[1:])
