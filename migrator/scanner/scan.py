"""Posts on disk to values: read each file, find its references."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from migrator.config import ScanSettings
from migrator.model import Post, SkippedPost
from migrator.reasons import Reason
from migrator.scanner import find_references
from migrator.scanner.files import File, read, walk
from migrator.scanner.syntax import syntax_of


def scan(
    paths: Sequence[Path],
    root: Path,
    settings: ScanSettings,
    *,
    everything: bool = False,
) -> Iterator[Post | SkippedPost]:
    """Read the posts at ``paths``, one at a time and in a stable order; see ``files.walk``.

    With ``everything`` also local paths and ``data:`` URLs.

    Raises:
        UsageError: at once, if one of ``paths`` does not exist.
    """
    found = walk(paths, settings, root, text=settings.text)
    return (
        file
        if isinstance(file, SkippedPost)
        else scan_file(file, root, settings, everything=everything)
        for file in found
    )


def scan_file(
    file: File,
    root: Path,
    settings: ScanSettings,
    *,
    everything: bool = False,
) -> Post | SkippedPost:
    """Read one post of the site at ``root``."""
    data = read(file)
    if isinstance(data, SkippedPost):
        return data
    findings = find_references(data, syntax_of(file.path), settings, everything=everything)
    if findings.opt_out:
        return SkippedPost(Path(file.path), file.name, Reason.OPT_OUT)
    return Post(
        root,
        file.name,
        hashlib.sha256(data).hexdigest(),
        findings.encoding,
        findings.references,
        findings.notes,
    )
