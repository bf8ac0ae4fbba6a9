"""What is held, and what the user let through: as text and as JSON. Pure."""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from migrator.held import name_of, wide_name
from migrator.model import PastImage
from migrator.reasons import Reason
from migrator.redact import redact
from migrator.report.escape import encoded, for_terminal, short_url
from migrator.report.quantities import counted, size

_SHOWN = 3  # images of a group
_REDIRECTED = (Reason.SAME_TARGET, Reason.STAND_IN)


def held_text(held: Sequence[PastImage], *, width: int = 80, full: bool = False) -> str:
    """All that is held, by group, each with the command that lets it through."""
    if not held:
        return "Nothing is held.\n"
    groups = _groups(held)
    lines = [f"{counted(len(held), 'image')} held, for you to decide:"]
    for name, images in groups:
        lines += ["", *_group(images, width, None if full else _SHOWN)]
        them = "it" if len(images) == 1 else "them"
        lines.append(f"  To let {them} through:  migrator accept {for_terminal(name)}")
    wide = Counter(wide_name(images[0]) for _, images in groups)
    for name in sorted(name for name, number in wide.items() if number > 1):
        lines += ["", f"All {wide[name]} groups at once:  migrator accept {for_terminal(name)}"]
    return "\n".join(lines) + "\n"


def accepted_text(images: Sequence[PastImage], next_command: str, *, width: int = 80) -> str:
    """What was let through just now, and how to move it."""
    lines = []
    for _, group in _groups(images):
        lines += [*_group(group, width, _SHOWN), ""]
    noun = counted(len(images), "image")
    return "\n".join([f"Let through: {noun}.", "", *lines, f"Next:  {next_command}"]) + "\n"


def held_json(held: Sequence[PastImage]) -> str:
    """All that is held, as ``migrator accept --json`` prints it."""
    return encoded({"held": [_image(each) for each in held]})


def accepted_json(images: Sequence[PastImage], accepted: Sequence[str], next_command: str) -> str:
    """What was let through, as ``migrator accept WHAT --json`` prints it."""
    return encoded(
        {
            "accepted": [redact(each) for each in accepted],
            "images": [_image(each) for each in images],
            "next": next_command,
        }
    )


def _groups(images: Sequence[PastImage]) -> list[tuple[str, list[PastImage]]]:
    """The images of each group, the largest group first."""
    ordered = sorted(images, key=lambda each: (name_of(each), each.url))
    groups = [(name, list(group)) for name, group in groupby(ordered, name_of)]
    return sorted(groups, key=lambda group: (-len(group[1]), group[0]))


def _group(images: Sequence[PastImage], width: int, limit: int | None) -> list[str]:
    first = images[0]
    words = first.reason.words if first.reason else ""
    asset, alike = first.asset, len({each.asset for each in images}) == 1
    picture = ""
    if asset and alike:
        pixels = f"{asset.width}x{asset.height} pixels, " if asset.width else ""
        picture = f" ({pixels}{size(asset.size)}, {asset.media_type})"
    lines = [f"{counted(len(images), 'image')}: {words}{picture}"]
    short = [short_url(each.url, width - 2) for each in images[:limit]]
    for image, line in zip(images[:limit], short, strict=True):
        distinct = short.count(line) == 1
        lines.append(f"  {line if distinct else for_terminal(redact(image.url))}")
        if image.reason in _REDIRECTED and image.final_url not in ("", image.url):
            lines.append(f"    redirected to {for_terminal(redact(image.final_url))}")
    if limit is not None and len(images) > limit:
        lines.append(f"  and {counted(len(images) - limit, 'more image')}")
    return lines


def _image(image: PastImage) -> dict[str, Any]:
    asset = image.asset
    return {
        "url": redact(image.url),
        "reason": image.reason,
        "sha256": asset.sha256 if asset else None,
        "size": asset.size if asset else None,
        "media_type": asset.media_type if asset else None,
        "width": asset.width if asset else None,
        "height": asset.height if asset else None,
        "group": name_of(image),
        "run": image.run,
    }
