"""Text taken out of a post in pieces, that remembers where each piece stands."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple


class Extract(NamedTuple):
    """UTF-8 ``text`` made of pieces of a post; offsets in it lead back to offsets in the post.

    A quoted HTML block without its ``> `` prefixes is one, and so is a whole body. ``words`` is the
    text as characters, where that is known already: what most posts are made of is slow to decode.
    """

    text: bytes
    starts: Sequence[int]  # where each piece begins in the text
    origins: Sequence[int]  # where it stands in the post
    words: str = ""

    @classmethod
    def whole(cls, text: bytes, origin: int = 0) -> "Extract":
        """``text`` as it stands at ``origin`` of the post."""
        return cls(text, (0,), (origin,))

    def part(self, start: int, end: int) -> "Extract":
        """The text of ``[start, end)``, in one piece per piece."""
        return self.joined([(start, end)])

    def joined(self, ranges: Sequence[tuple[int, int]]) -> "Extract":
        """The text of ``ranges`` one after the other."""
        if len(ranges) == 1 and len(self.starts) == 1:
            ((start, end),) = ranges
            return Extract.whole(self.text[start:end], self.origins[0] + start)
        texts: list[bytes] = []
        starts: list[int] = []
        origins: list[int] = []
        length = 0
        for start, end in ranges:
            while start < end:
                piece = bisect_right(self.starts, start) - 1
                following = self.starts[piece + 1] if piece + 1 < len(self.starts) else end
                stop = min(end, following)
                origin = self.origins[piece] + start - self.starts[piece]
                if not texts or origins[-1] + length - starts[-1] != origin:
                    starts.append(length)
                    origins.append(origin)
                texts.append(self.text[start:stop])
                length += stop - start
                start = stop  # noqa: PLW2901 - walks through the range piece by piece
        return Extract(b"".join(texts), starts or (0,), origins or (0,))

    def with_text(self, text: bytes) -> "Extract":
        """Other text of the same length at the same places."""
        return Extract(text, self.starts, self.origins)

    def origin(self, offset: int) -> int:
        """Where in the post the byte at ``offset`` stands."""
        piece = bisect_right(self.starts, offset) - 1
        return self.origins[piece] + offset - self.starts[piece]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where in the post the text ``[start, end)`` stands, from its first to its last byte."""
        if len(self.starts) == 1:
            return start + self.origins[0], end + self.origins[0]
        return self.origin(start), self.origin(end - 1) + 1 if end > start else self.origin(start)
