"""Lines and columns of byte offsets."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator

_BOM = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n?|\n")  # nothing else ends a line in an editor or in CommonMark


def positions(text: bytes, offsets: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Line and column of each offset in UTF-8 ``text``, from 1, columns in code points.

    A byte order mark has no column, as in an editor. The offsets must ascend; the work is linear
    in the text, not in lines times offsets.
    """
    first = len(_BOM) if text.startswith(_BOM) else 0
    starts = [first, *(end.end() for end in _LINE_END.finditer(text))]
    seen = column = 0
    for offset in offsets:
        line = max(1, bisect_right(starts, offset))
        if seen < starts[line - 1]:
            seen, column = starts[line - 1], 0
        column += len(text[seen:offset].decode(errors="replace"))
        seen = offset
        yield line, column + 1
