"""Which image of a run may try to take a name that others may want, too."""

import unicodedata
from collections.abc import Iterable


class Claims:
    """The names that images of this run tried to take; safe to ask from any thread.

    Some stores let the last of two writers win, so of different images only the first may try a
    name. Names that differ in case alone are one name on many disks.
    """

    def __init__(self) -> None:
        self._images: dict[str, str] = {}

    def granted(self, keys: Iterable[str], sha256: str) -> bool:
        """Whether the image with this SHA-256 was the first to ask for each of ``keys``."""
        folded = [unicodedata.normalize("NFC", key).casefold() for key in keys]
        # a dict's setdefault is one step for all threads
        return {self._images.setdefault(each, sha256) for each in folded} == {sha256}
