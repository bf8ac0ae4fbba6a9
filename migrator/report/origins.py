"""Which images did not come from their own URL, in words. Pure."""

from collections.abc import Iterable

from migrator.redact import redact
from migrator.report.escape import for_terminal
from migrator.report.quantities import counted
from migrator.report.summary import ImageReport
from migrator.urls import identity


def came_from(images: Iterable[ImageReport]) -> list[str]:
    """Lines that name each image that another source served, and that source."""
    moved = [
        (image.url, image.source)
        for image in images
        if image.source and identity(image.source) != identity(image.url)
    ]
    if not moved:
        return []
    lines = ["", f"{counted(len(moved), 'image')} from elsewhere than the post says:"]
    for url, source in moved:
        lines += [f"  {for_terminal(redact(url))}", f"    from {for_terminal(redact(source))}"]
    return lines
