"""What a prune lets go of in a backup, and when, in words and as JSON. Pure."""

from collections.abc import Mapping

from migrator.report.escape import for_terminal
from migrator.report.quantities import counted, size
from migrator.snapshots.clearing import Clearance


def cleared_text(found: Clearance, place: str, *, done: bool) -> str:
    """The snapshots that are, or were (``done``), to be deleted, and the images with them."""
    where = f"the backup in {for_terminal(place)}"
    number = len(found.staying)
    stay = f"{counted(number, 'snapshot')} {'stays' if number == 1 else 'stay'}"
    if found.dropped:
        said = "Deleted" if done else "To be deleted:"
        lines = [f"{said} {counted(len(found.dropped), 'snapshot')} of {where}; {stay}:"]
        lines += [f"  {name}" for name in found.dropped]
    elif not found.staying:
        lines = [f"There is no backup in {for_terminal(place)} yet."]
    else:
        lines = [f"Every snapshot of {where} stays."]
    if found.due:
        said = "were deleted" if done else "will be deleted"
        lines.append(f"{_images(found.due)} that no snapshot names {said}.")
    later = {**found.waiting, **found.leaving}
    if later:
        lines.append(
            f"{_images(later)} that no other snapshot names can go a day later: "
            f"run migrator prune again after {found.ready:%Y-%m-%d %H:%M} UTC."
        )
    return "\n".join(lines) + "\n"


def cleared_values(found: Clearance, place: str) -> dict[str, object]:
    """The same for JSON, see ``docs/reference/json.md``."""
    later = {**found.waiting, **found.leaving}
    return {
        "store": place,
        "snapshots": found.dropped,
        "staying": found.staying,
        "now": _totals(found.due),
        "later": {**_totals(later), "after": f"{found.ready:%Y-%m-%dT%H:%M:%SZ}"}
        if later
        else None,
    }


def _images(files: Mapping[str, int]) -> str:
    return f"{counted(len(files), 'image')} ({size(sum(files.values()))})"


def _totals(files: Mapping[str, int]) -> dict[str, int]:
    return {"objects": len(files), "size": sum(files.values())}
