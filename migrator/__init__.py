"""Move the images of Markdown posts from one image host to another, safely.

For programs: ``from migrator import scan, migrate`` (``docs/reference/python.md``).
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from migrator.api import migrate, scan
    from migrator.errors import MigratorError
    from migrator.model import Post, Reference, SkippedPost
    from migrator.report.summary import ImageReport, PostReport, Report

__all__ = [
    "ImageReport",
    "MigratorError",
    "Post",
    "PostReport",
    "Reference",
    "Report",
    "SkippedPost",
    "migrate",
    "scan",
]
__version__ = "0.1.0"

_HOMES = {
    "migrate": "api",
    "scan": "api",
    "MigratorError": "errors",
    "Post": "model",
    "Reference": "model",
    "SkippedPost": "model",
    "ImageReport": "report.summary",
    "PostReport": "report.summary",
    "Report": "report.summary",
}


def __getattr__(name: str) -> Any:
    """What programs may import, found when they do: commands start without it."""
    if name not in _HOMES:
        raise AttributeError(f"module 'migrator' has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - likewise

    return getattr(import_module(f"migrator.{_HOMES[name]}"), name)
