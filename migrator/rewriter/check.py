"""The self-check: a rewritten post, read again, must differ in its mapped URLs and nothing else."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, zip_longest

from migrator.config import ScanSettings
from migrator.errors import MigratorError
from migrator.model import Edit, Kind, Reference, Span, Spelling
from migrator.rewriter.edits import apply
from migrator.scanner import dialects, find_references, front_matter
from migrator.scanner.regions import Regions
from migrator.scanner.source import Source, decode
from migrator.scanner.spelling import settled
from migrator.scanner.structure import Part, parts, seen
from migrator.scanner.syntax import Syntax
from migrator.urls import is_external, names_an_image

# These are recognised by their URL too, so one that is relative now need not be found again.
_BY_URL = frozenset({Kind.FRONT_MATTER, Kind.TAG, Kind.EMBED, Kind.TEXT, Kind.LINK})
# A generator takes these out of the text before it reads Markdown.
_NOT_MARKDOWN = frozenset({Kind.FRONT_MATTER, Kind.TAG, Kind.EMBED})


class SelfCheckFailed(MigratorError):
    """The result is not the original with its mapped URLs replaced: a bug of ours."""


def check(
    before: bytes,
    after: bytes,
    syntax: Syntax,
    settings: ScanSettings,
    edits: Sequence[Edit],
    new_url_of: Mapping[str, str],
) -> None:
    """Compare ``after`` with ``before`` as bytes, as references and as a parser sees them.

    Raises:
        SelfCheckFailed: they differ in more than the URLs of ``edits``; the message says where.
    """
    if apply(before, edits) != after:
        raise SelfCheckFailed("bytes outside the links differ")
    if not edits:
        return
    old = find_references(before, syntax, settings, links=True, everything=True)
    new = find_references(after, syntax, settings, links=True, everything=True)
    # Where only links were not ASCII, none of the text is left to be of another kind.
    kept = new.encoding == old.encoding or after.isascii()
    if not kept or (old.opt_out, len(old.notes)) != (new.opt_out, len(new.notes)):
        raise SelfCheckFailed("the file reads as another kind of text")
    replaced = {edit.span: edit for edit in edits}
    mapped = [one for one in old.references if one.span in replaced and one.url in new_url_of]
    if len(mapped) != len(edits):
        raise SelfCheckFailed("a change that is not to a link")
    _same_references(old.references, new.references, edits, new_url_of, old.encoding)
    if syntax is not Syntax.TEXT:
        kinds = {one.span: one.kind for one in mapped}
        sources = decode(before), decode(after)
        start = front_matter.find(sources[0].text, settings).end
        _same_structure(sources, start, syntax, edits, kinds, new_url_of)


def _same_references(
    old: Iterable[Reference],
    new: Iterable[Reference],
    edits: Sequence[Edit],
    new_url_of: Mapping[str, str],
    encoding: str,
) -> None:
    edited = {edit.span for edit in edits}
    shift = _Shift(edits)
    there = {one.span: one for one in new}
    for one in old:
        url, span = one.url, Span(shift.at(one.span.start), shift.at(one.span.end))
        if one.span in edited:
            url = settled(new_url_of[one.url], one.spelling, encoding)
        found = there.pop(span, None)
        if found is None:
            if one.span in edited and one.kind in _BY_URL and not _is_plain(url):
                continue
            raise SelfCheckFailed(f"line {one.line}: the link {one.url} would be lost")
        if (found.url, found.kind, found.spelling) != (url, one.kind, one.spelling):
            raise SelfCheckFailed(f"line {one.line}: the link {one.url} would become {found.url}")
    for one in there.values():
        raise SelfCheckFailed(f"line {one.line}: {one.url} would become a link")


def _is_plain(url: str) -> bool:
    return is_external(url) and names_an_image(url)


def _same_structure(
    sources: tuple[Source, Source],
    start: int,
    syntax: Syntax,
    edits: Sequence[Edit],
    kinds: Mapping[Span, Kind],
    new_url_of: Mapping[str, str],
) -> None:
    old, new = sources
    inside = list(old.edits(edits))
    if apply(old.text, inside) != new.text:
        raise SelfCheckFailed("the file reads as another kind of text")
    not_ours = {one.start for one in dialects.find(old.text, Regions())}
    crossed_out, visible = [], []
    for edit, there in zip(sorted(edits), inside, strict=True):
        if kinds[edit.span] in _NOT_MARKDOWN or there.span.start in not_ours:
            crossed_out.append(Edit(there.span, b"x" * (there.span.end - there.span.start)))
        else:
            visible.append(there)
    shift = _Shift(visible)
    both = (
        parts(apply(old.text, crossed_out), start, syntax),
        parts(apply(old.text, [*crossed_out, *visible]), shift.at(start), syntax),
    )
    urls = {url: settled(new, Spelling.MARKDOWN, old.encoding) for url, new in new_url_of.items()}
    for was, now in zip_longest(*both):
        if was is None or now is None or not _same(was, now, shift, urls):
            line = old.text.count(b"\n", 0, was.start if was else len(old.text)) + 1
            raise SelfCheckFailed(f"line {line}: the text would read differently")


def _same(was: Part, now: Part, shift: "_Shift", settled_url_of: Mapping[str, str]) -> bool:
    if (shift.at(was.start), shift.at(was.end)) != (now.start, now.end):
        return False
    if was.event == now.event:  # nearly all are
        return True
    old, new = seen(was.event), seen(now.event)
    if old.what != new.what:
        return False
    if old.url != new.url and settled_url_of.get(old.url) != new.url:
        return False
    return old.text == new.text or shift.touches(was.start, was.end)


class _Shift:
    """Where the bytes of a text stand after its edits."""

    def __init__(self, edits: Iterable[Edit]) -> None:
        ordered = sorted(edits)
        self.old = [edit.span for edit in ordered]
        self.ends = [span.end for span in self.old]
        growth = (len(edit.replacement) - (edit.span.end - edit.span.start) for edit in ordered)
        self.shifts = [0, *accumulate(growth)]

    def at(self, offset: int) -> int:
        """The new offset of what stood at ``offset``, which is not within an edit."""
        return offset + self.shifts[bisect_right(self.ends, offset)]

    def touches(self, start: int, end: int) -> bool:
        """Whether an edit lies in ``[start, end)``."""
        index = bisect_right(self.ends, start)
        return index < len(self.old) and self.old[index].start < end
