"""Which names in a bucket nobody has: one list of a small one saves a question for each image."""

import threading
from collections.abc import Callable, Iterator

from migrator.model import Asset
from migrator.uploader.answers import Refusal
from migrator.uploader.base import StoreError
from migrator.uploader.documents import Page
from migrator.uploader.keys import ENOUGH


class Vacancies:
    """What is free below ``prefix``, as ``pages`` told at the first question; safe for threads.

    All names there hold enough of the hash of their image. Where the list takes more than one
    page, is refused, or does not say that it is whole, nothing is known to be free.
    """

    def __init__(self, prefix: str, pages: Callable[[str], Iterator[Page | Refusal]]) -> None:
        self._prefix, self._pages = prefix, pages
        self._lock = threading.Lock()
        self._asked = False
        self._taken: set[str] | None = None

    def claim(self, key: str, asset: Asset) -> bool:
        """Whether nobody has ``key``, which counts as taken from now on; False if in doubt.

        Somebody else may take it after the list was made, but only to store the same image. One
        that was made by another template, in an earlier run, is in doubt.
        """
        if asset.sha256[:ENOUGH] not in key or not key.startswith(self._prefix):
            return False
        with self._lock:
            taken = self._known()
            if taken is None or key in taken:
                return False
            taken.add(key)
            return True

    def are_known(self) -> bool:
        """Whether all that is below the prefix came with the list."""
        with self._lock:
            return self._known() is not None

    def _known(self) -> set[str] | None:
        if not self._asked:
            self._asked, self._taken = True, self._listed()
        return self._taken

    def _listed(self) -> set[str] | None:
        try:
            page = next(self._pages(self._prefix))
        except StoreError:
            return None  # whoever looks for one object hears why
        if isinstance(page, Refusal) or not page.is_whole:
            return None
        keys = {key for key, _ in page.objects}
        return keys if all(key.startswith(self._prefix) for key in keys) else None
