"""A report and the history as JSON, for scripts: the shape does not change."""

from collections.abc import Iterable, Iterator
from typing import Any

from migrator.finding import Finding
from migrator.redact import redact
from migrator.report.escape import encoded
from migrator.report.summary import ImageReport, PastRun, Report


def report_json(report: Report) -> Iterator[str]:
    """``report`` as one JSON object on one line: what ``migrate`` and ``report --json`` print.

    In pieces, for there may be many images.
    """
    before = {
        "run": report.run,
        "command": report.command,
        "dry_run": report.dry_run,
        "started": report.started,
        "finished": report.finished,
        "counts": report.counts,
    }
    after = {
        "posts": [
            {"path": post.path, "state": post.state, "edits": post.edits} for post in report.posts
        ],
        "warnings": [redact(warning) for warning in report.warnings],
        "notes": list(report.notes),
    }
    yield encoded(before).removesuffix("}") + ', "images": ['
    for number, image in enumerate(report.images):
        yield (", " if number else "") + encoded(_image(image))
    yield "], " + encoded(after).removeprefix("{")


def runs_json(runs: Iterable[PastRun]) -> str:
    """The history as a JSON array on one line: what ``runs --json`` prints."""
    return encoded(
        [
            {
                "run": run.run,
                "command": run.command,
                "state": run.state,
                "started": run.started,
                "finished": run.finished,
                "images": run.images,
                "posts": run.posts,
            }
            for run in runs
        ]
    )


def findings_json(findings: Iterable[Finding], status: int) -> str:
    """``findings`` as one JSON object on one line: what ``doctor --json`` prints."""
    return encoded(
        {
            "status": status,
            "findings": [
                {
                    "area": finding.area.value,
                    "level": finding.level.value,
                    "what": redact(finding.what),
                    "where": redact(finding.where),
                    "cure": redact(finding.cure),
                }
                for finding in findings
            ],
        }
    )


def _image(image: ImageReport) -> dict[str, Any]:
    return {
        "url": redact(image.url),
        "state": image.state,
        "reason": image.reason,
        "sha256": image.sha256,
        "size": image.size,
        "media_type": image.media_type,
        "width": image.width,
        "height": image.height,
        "key": image.key,
        "new_url": image.new_url,
        "references": [
            {"path": mention.path, "line": mention.line, "new_url": mention.new_url}
            for mention in image.references
        ],
        "source": image.source and redact(image.source),
    }
