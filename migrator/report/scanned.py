"""What ``scan`` prints, for people and as JSON. Pure."""

from collections.abc import Iterable, Mapping

from migrator.model import Note, Reference
from migrator.redact import redact
from migrator.report.escape import encoded, for_terminal
from migrator.report.quantities import counted


def scan_post_text(
    display_path: str, references: Iterable[Reference], notes: Iterable[Note] = ()
) -> str:
    """The references of one post as ``scan`` prints them: its name, then a line for each."""
    places = [(f"{ref.line}:{ref.column}", ref.kind.value, ref.url) for ref in references]
    place_width = max((len(place) for place, _, _ in places), default=0)
    kind_width = max((len(kind) for _, kind, _ in places), default=0)
    lines = [for_terminal(display_path)]
    lines += [
        f"  {place:{place_width}}  {kind:{kind_width}}  {for_terminal(redact(url))}"
        for place, kind, url in places
    ]
    lines += [f"  line {note.line}: {for_terminal(note.text)}" for note in notes]
    return "\n".join(lines) + "\n"


def scan_total_text(hosts: Mapping[str | None, int], *, posts: int) -> str:
    """The end of ``scan``: how many references on which host, in how many ``posts`` read.

    The host ``None`` stands for references without one.
    """
    total = sum(hosts.values())
    if not total:
        return f"No images on other hosts in {counted(posts, 'post')}.\n"
    lines = [f"{counted(total, 'reference')} in {counted(posts, 'post')}:"]
    digits = len(f"{max(hosts.values()):,}")
    lines += [
        f"  {number:{digits},}  {for_terminal(host or '(no host)')}"
        for host, number in sorted(hosts.items(), key=lambda item: (-item[1], item[0] or ""))
    ]
    return "\n".join(lines) + "\n"


def reference_json(
    display_path: str, reference: Reference, host: str | None, provider: str | None
) -> str:
    """One line of ``scan --json``, without its line end."""
    return encoded(
        {
            "path": display_path,
            "line": reference.line,
            "column": reference.column,
            "start": reference.start,
            "end": reference.end,
            "kind": reference.kind.value,
            "url": reference.url,
            "raw": reference.raw,
            "host": host,
            "provider": provider,
        }
    )
