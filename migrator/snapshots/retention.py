"""Which snapshots stay when a vault is pruned. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from migrator.snapshots.manifest import Image, State

_TROUBLE = (State.LOST, State.HELD)


@dataclass(frozen=True, slots=True)
class Keep:
    """A snapshot stays for each of so many days, weeks and months, the newest that have one.

    Without any number every snapshot stays.
    """

    daily: int = 0
    weekly: int = 0
    monthly: int = 0

    def __bool__(self) -> bool:
        return bool(self.daily or self.weekly or self.monthly)


class Retention:
    """Says of one snapshot after another, from the newest to the oldest, whether it stays.

    The newest does; so does the newest of each of the days, weeks (from Monday) and months in UTC
    that ``keep`` wants. An image whose source is gone may be in no later snapshot, for no post
    shows it any more: so the last that mentions it as lost or held stays, and the last that has a
    copy of it.
    """

    def __init__(self, keep: Keep) -> None:
        self._spans: list[tuple[int, str, set[str]]] = [
            (keep.daily, "%Y-%m-%d", set()),
            (keep.weekly, "%G-W%V", set()),
            (keep.monthly, "%Y-%m", set()),
        ]
        self._all = not keep
        self._mentioned: set[str] = set()
        self._wanted: set[str] = set()
        self._newest = True

    def stays(self, started: datetime, images: Iterable[Image]) -> bool:
        """Whether the snapshot of ``images`` stays, of a backup that began at ``started`` (UTC)."""
        stays = self._newest or self._all
        self._newest = False
        for number, pattern, seen in self._spans:
            span = started.strftime(pattern)
            if span not in seen and len(seen) < number:
                seen.add(span)
                stays = True
        for image in images:
            if self._is_last(image):
                stays = True
        return stays

    def _is_last(self, image: Image) -> bool:
        """Whether it is the last mention of a lost image, or the last copy."""
        name = image.url_sha256
        if name not in self._mentioned:
            self._mentioned.add(name)
            if image.state in _TROUBLE and image.object is None:
                self._wanted.add(name)
            return image.state in _TROUBLE
        if name in self._wanted and image.object is not None:
            self._wanted.remove(name)
            return True
        return False
