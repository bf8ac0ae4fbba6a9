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

    Where the list takes more than one page, or is refused, nothing is known to be free.
    """

    def __init__(self, prefix: str, pages: Callable[[str], Iterator[Page | Refusal]]) -> None:
        self._prefix, self._pages = prefix, pages
        self._lock = threading.Lock()
        self._asked = False
        self._taken: set[str] | None = None

    def claim(self, key: str, asset: Asset) -> bool:
        """Whether nobody has ``key``, which counts as taken from now on; False if in doubt.

        Somebody else may take it after the list was made. So the key must hold enough of the hash
        of ``asset``: whoever writes it then writes the same image.
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
        if isinstance(page, Refusal) or page.onward:
            return None
        return {key for key, _ in page.objects}
