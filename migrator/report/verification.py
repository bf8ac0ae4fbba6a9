"""What a comparison found, in words and as JSON. Pure."""

from collections.abc import Iterator
from itertools import groupby

from migrator.redact import redact
from migrator.report.escape import encoded, for_terminal, short_url, wrapped
from migrator.report.quantities import counted, size
from migrator.verification import Difference, Kind, Verified
from migrator.verification.differences import Read

_ROOM = 20  # differences of one kind; --verbose shows all
_INDENT = " " * 12


def verification_text(done: Verified, *, width: int = 80, full: bool = False) -> str:
    """One line for what was compared, a few for each difference, and what helps."""
    lines = wrapped(for_terminal(_compared(done)), width)
    for kind in Kind:
        found = sorted(
            (each for each in done.differences if each.kind is kind),
            key=lambda each: (each.cure, each.store, each.name),
        )
        shown = found if full else found[:_ROOM]
        for cure, same in groupby(shown, lambda each: each.cure):
            lines += [line for each in same for line in _told(each, width)]
            lines += _wrapped(f"What helps: {cure}", width) if cure else ()
        if len(found) > len(shown):
            lines.append(f"  ... and {len(found) - len(shown):,} more (--verbose shows all)")
    if done.status == 0 and done.reading.broke is None:
        lines.append("All is as it was.")
    return "\n".join(lines) + "\n"


def verification_json(done: Verified, *, backup: bool) -> str:
    """The same as one JSON object; see ``docs/reference/json.md``."""
    read = done.reading.read
    return encoded(
        {
            "command": "verify",
            "backup": backup,
            "status": done.status,
            "stores": done.stores,
            "objects": done.objects,
            "size": done.size,
            "posts": done.posts,
            "snapshots": done.snapshots,
            "read": read and {"objects": read.objects, "size": read.size, "whole": _whole(read)},
            "interrupted": done.reading.broke is not None,
            "differences": [_difference(each) for each in done.differences],
        }
    )


def _compared(done: Verified) -> str:
    where = " and ".join(done.stores)
    what = [
        *([counted(done.snapshots, "snapshot")] if done.snapshots else ()),
        f"{counted(done.objects, 'image')} ({size(done.size)})",
        *([counted(done.posts, "post")] if done.posts else ()),
    ]
    *most, last = what
    all_ = f"{', '.join(most)} and {last}" if most else last
    return f"Compared {all_} with {where}{_read(done)}."


def _read(done: Verified) -> str:
    read = done.reading.read
    if read is None:
        return ""
    if _whole(read):
        which = "all" if read.objects == done.objects else f"{read.objects:,} of them"
        return f"; {which} were read in full"
    part = f"{read.objects:,} of {read.of_objects:,} were read in full ({size(read.size)})"
    return f"; {part}, the next time it goes on from there"


def _whole(read: Read) -> bool:
    return read.objects == read.of_objects


def _told(each: Difference, width: int) -> Iterator[str]:
    name = redact(each.name)
    if each.kind is Kind.DRIFTED and each.url:
        name += f": {short_url(each.url, max(20, width - 14 - len(name)))} is not there any more"
    if each.kind is Kind.UNBACKED:
        name = short_url(each.url, max(20, width - 12))
    if each.kind is Kind.ORPHANED:
        name += f" ({size(each.size or 0)})"
    where = f" in {each.store}" if each.store else ""
    yield for_terminal(f"  {each.kind.value:9} {name}{where}")
    if each.detail:
        yield from _wrapped(each.detail, width)
    if each.places:
        first, *rest = each.places
        more = f" and {counted(len(rest), 'more place')}" if rest else ""
        yield for_terminal(f"{_INDENT}{first.path}:{first.line}{more}")


def _wrapped(text: str, width: int) -> list[str]:
    room = max(20, width - len(_INDENT))
    lines = wrapped(for_terminal(redact(text)), room)
    return [_INDENT + line for line in lines]


def _difference(each: Difference) -> dict[str, object]:
    return {
        "kind": each.kind.value,
        "level": each.kind.level.value,
        "name": redact(each.name),
        "store": each.store,
        "url": redact(each.url),
        "size": each.size,
        "detail": redact(each.detail),
        "places": [{"path": place.path, "line": place.line} for place in each.places],
        "cure": redact(each.cure),
    }
