"""Ranges of a text, merged, to ask what lies in them."""

from bisect import bisect_right
from collections.abc import Iterable
from functools import cached_property

Range = tuple[int, int]


class Regions:
    """The union of half-open ``ranges``, put together when the first question comes."""

    def __init__(self, ranges: Iterable[Range] = ()) -> None:
        self._ranges = ranges

    def __contains__(self, offset: int) -> bool:
        starts, ends = self._edges
        before = bisect_right(starts, offset)
        return before > 0 and offset < ends[before - 1]

    @cached_property
    def _edges(self) -> tuple[list[int], list[int]]:
        starts: list[int] = []
        ends: list[int] = []
        for start, end in sorted(self._ranges):
            if ends and start <= ends[-1]:
                ends[-1] = max(ends[-1], end)
            else:
                starts.append(start)
                ends.append(end)
        return starts, ends
