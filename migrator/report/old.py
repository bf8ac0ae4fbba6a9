"""What old runs keep, and what was let go of, in words and as JSON. Pure."""

from collections.abc import Sequence

from migrator.pruning import Old
from migrator.report.escape import encoded, for_terminal
from migrator.report.quantities import counted, size


def old_text(found: Sequence[Old], *, done: bool) -> str:
    """The originals that are, or were (``done``), to be deleted, by run."""
    if not any(each.files for each in found):
        return "Nothing to delete: no run that is old enough keeps anything.\n"
    total = sum(each.size for each in found)
    files = counted(sum(len(each.files) for each in found), "file")
    said = "Deleted" if done else "To be deleted:"
    lines = [f"{said} {files} ({size(total)}) that old runs kept:"]
    for each in found:
        lines.append(f"  {each.run.name}  {counted(len(each.files), 'file')}, {size(each.size)}")
        lines += [
            f"    stays, for it holds what another program saved: {for_terminal(str(path))}"
            for path in each.staying
        ]
    return "\n".join(lines) + "\n"


def old_json(found: Sequence[Old], backup: dict[str, object] | None, *, done: bool) -> str:
    """The same as one JSON object, with what is let go of in a ``backup``.

    ``{"deleted", "runs": [{"run", "files", "size", "staying"}], "backup"}``; ``deleted`` is
    whether it was done, sizes are bytes.
    """
    runs = [
        {
            "run": each.run.name,
            "files": len(each.files),
            "size": each.size,
            "staying": [str(path) for path in each.staying],
        }
        for each in found
    ]
    return encoded({"deleted": done, "runs": runs, "backup": backup})
