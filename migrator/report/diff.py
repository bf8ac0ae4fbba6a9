r"""A unified diff of a post, for people: hunks are built around changed lines only.

Bytes are shown as they are: what is not text in the post's encoding, and control characters other
than tabs, are written out (``\x1b``). Carriage returns are shown unless every line ends in CRLF.
"""

from collections.abc import Iterator
from difflib import SequenceMatcher
from io import BytesIO

from migrator.report.escape import for_terminal

_CONTEXT = 3
_LONGEST = 1000  # characters of a line that are shown
_LINES_TO_MATCH = 1000  # beyond that, finding inserted lines takes too long
_BOLD, _CYAN, _RED, _GREEN, _PLAIN = "\x1b[1m", "\x1b[36m", "\x1b[31m", "\x1b[32m", "\x1b[0m"

_Change = tuple[int, int, int, int]  # lines [i1, i2) of the old become [j1, j2) of the new


def unified(
    name: str, before: bytes, after: bytes, *, color: bool = False, encoding: str = "utf-8"
) -> str:
    """The diff from ``before`` to ``after``; empty if they are equal.

    ``encoding`` is the post's (see ``model.Post``). Of a very long line, the part around what
    changed is shown, and how much is left out.
    """
    old, new = BytesIO(before).readlines(), BytesIO(after).readlines()
    hunks = list(_hunks(_changes(old, new)))
    if not hunks:
        return ""
    show = _Shower(encoding, hide_cr=all(map(_ends_in_crlf, old + new)))
    lines = [(_BOLD, f"--- a/{for_terminal(name)}"), (_BOLD, f"+++ b/{for_terminal(name)}")]
    for hunk in hunks:
        lines += _hunk_lines(hunk, old, new, show)
    if color:
        return "".join(f"{code}{text}{_PLAIN}\n" if code else f"{text}\n" for code, text in lines)
    return "".join(f"{text}\n" for _, text in lines)


def _changes(old: list[bytes], new: list[bytes]) -> Iterator[_Change]:
    """Where the files differ, in order.

    The lines of a rewritten post pair up, so no search is needed; after an author's edit the part
    between the first and the last difference is searched, unless it is too large.
    """
    shorter = min(len(old), len(new))
    head = next((at for at in range(shorter) if old[at] != new[at]), shorter)
    most = shorter - head
    tail = next((at for at in range(most) if old[-1 - at] != new[-1 - at]), most)
    end, new_end = len(old) - tail, len(new) - tail
    size = max(end, new_end) - head
    paired = len(old) == len(new)
    pairs = [at for at in range(head, end) if old[at] != new[at]] if paired else []
    if paired and (2 * len(pairs) <= size or size > _LINES_TO_MATCH):
        yield from ((at, at + 1, at, at + 1) for at in pairs)
    elif size > _LINES_TO_MATCH:
        yield head, end, head, new_end
    else:
        matcher = SequenceMatcher(None, old[head:end], new[head:new_end], autojunk=False)
        for kind, i1, i2, j1, j2 in matcher.get_opcodes():
            if kind != "equal":
                yield head + i1, head + i2, head + j1, head + j2


def _hunks(changes: Iterator[_Change]) -> Iterator[list[_Change]]:
    """Changes whose context touches, together; changes of neighbouring lines made one."""
    hunk: list[_Change] = []
    for change in changes:
        if hunk and change[0] - hunk[-1][1] > 2 * _CONTEXT:
            yield hunk
            hunk = []
        if hunk and change[0] == hunk[-1][1]:
            i1, _, j1, _ = hunk.pop()
            hunk.append((i1, change[1], j1, change[3]))
        else:
            hunk.append(change)
    if hunk:
        yield hunk


def _hunk_lines(
    hunk: list[_Change], old: list[bytes], new: list[bytes], show: "_Shower"
) -> Iterator[tuple[str, str]]:
    (first, _, new_first, _), (_, last, _, new_last) = hunk[0], hunk[-1]
    start, end = max(0, first - _CONTEXT), min(len(old), last + _CONTEXT)
    new_start, new_end = start + new_first - first, end + new_last - last
    yield _CYAN, f"@@ -{_range(start, end)} +{_range(new_start, new_end)} @@"
    at = start
    for i1, i2, j1, j2 in hunk:
        yield from show.lines(" ", "", old[at:i1])
        yield from show.lines("-", _RED, old[i1:i2], new[j1:j2])
        yield from show.lines("+", _GREEN, new[j1:j2], old[i1:i2])
        at = i2
    yield from show.lines(" ", "", old[at:end])


class _Shower:
    """Turns lines of one post into lines of a diff, each with its colour."""

    def __init__(self, encoding: str, *, hide_cr: bool) -> None:
        self._encoding = encoding if encoding == "gb18030" else "utf-8"
        self._end = "\r\n" if hide_cr else "\n"

    def lines(
        self, mark: str, color: str, lines: list[bytes], others: list[bytes] | None = None
    ) -> Iterator[tuple[str, str]]:
        """``others`` are the lines that these are compared to."""
        for at, line in enumerate(lines):
            text = self._text(line)
            other = self._text(others[at]) if others and at < len(others) else ""
            yield color, mark + _window(text, other)
            if not line.endswith(b"\n"):
                yield "", r"\ No newline at end of file"

    def _text(self, line: bytes) -> str:
        return line.decode(self._encoding, "surrogateescape").removesuffix(self._end)


def _window(text: str, other: str) -> str:
    """``text``, escaped; if it is very long, from a little before it differs from ``other``."""
    if len(text) <= _LONGEST:
        return _escaped(text)
    start = max(0, min(_same(text, other) - _LONGEST // 4, len(text) - _LONGEST))
    rest = len(text) - start - _LONGEST
    head = f"[{start:,} characters …] " if start else ""
    tail = f" [… {rest:,} characters]" if rest else ""
    return head + _escaped(text[start : start + _LONGEST]) + tail


def _same(text: str, other: str) -> int:
    """How many characters both begin with: by halving, as the lines are long."""
    low, high = 0, min(len(text), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if text[:middle] == other[:middle] else (low, middle - 1)
    return low


def _escaped(text: str) -> str:
    return "\t".join(map(for_terminal, text.split("\t")))


def _ends_in_crlf(line: bytes) -> bool:
    return line.endswith(b"\r\n") or not line.endswith(b"\n")


def _range(start: int, end: int) -> str:
    """A range of lines as diffs write it: an empty one names the line before it."""
    return f"{start + 1 if end > start else start},{end - start}"
