"""Lines and columns of byte offsets."""

import re
from collections.abc import Iterable, Iterator

_BOM = b"\xef\xbb\xbf"
_LONE_CR = re.compile(rb"\r(?!\n)")


def positions(text: bytes, offsets: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Line and column of each offset in UTF-8 ``text``, from 1, columns in code points.

    CR, LF and CRLF end a line and nothing else does; a byte order mark has no column.
    The offsets must ascend; the work is linear in the text, not in lines times offsets.
    """
    if text.find(b"\r") >= 0:
        text = _LONE_CR.sub(b"\n", text)
    line = 1
    seen = len(_BOM) if text.startswith(_BOM) else 0
    column = 0
    for offset in offsets:
        start = text.rfind(b"\n", seen, offset) + 1
        if start:
            line += text.count(b"\n", seen, start)
            seen, column = start, 0
        column += len(text[seen:offset].decode(errors="replace"))
        seen = max(seen, offset)
        yield line, column + 1
