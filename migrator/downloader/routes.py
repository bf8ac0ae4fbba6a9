"""Where an image is fetched from: its own URL, or what a route of the user's says instead.

Prefixes are compared in canonical spelling: `HTTPS://Host:443/a` is under `https://host/`, and
`https://host.evil` is not under `https://host`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from migrator.config.settings import RouteSettings
from migrator.downloader.faults import Unfetched
from migrator.errors import ConfigError
from migrator.reasons import Reason
from migrator.urls import canonical, is_external, is_local

_UNSAFE = re.compile(r"[\0\\]|^[A-Za-z]:")


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file of the site that a route names; ``name`` is how people see it."""

    path: Path
    name: str


class Routes:
    """The routes of a site whose root is ``root``.

    Raises:
        ConfigError: a route leads to neither an http(s) URL nor a folder of the site.
    """

    def __init__(self, routes: Sequence[RouteSettings], root: Path) -> None:
        self._root = root.resolve()
        prefixes = ((canonical(route.match), route.source) for route in routes)
        self._routes = sorted(prefixes, key=lambda route: len(route[0]), reverse=True)
        for _, source in self._routes:
            if not is_external(source):
                self._folder(source)

    def source(self, url: str) -> str | LocalFile:
        """What to fetch for ``url``, or for a file of the site (``urls.is_local``).

        Raises:
            Unfetched: the site, or the route's folder, does not hold it.
        """
        if is_local(url):
            return self._existing(self._root / url.removeprefix("file:"), url)
        spelling = canonical(url)
        for prefix, source in self._routes:
            if spelling.startswith(prefix):
                rest = spelling[len(prefix) :]
                if is_external(source):
                    return _joined(source, rest, prefix)
                return self._file(source, rest)
        return url

    def _folder(self, source: str) -> Path:
        scheme, _, name = source.partition(":")
        path = (self._root / name).resolve()
        if scheme != "file" or not name or not path.is_relative_to(self._root):
            raise ConfigError(
                f"route: from = {source!r} is neither an http(s) address nor a folder of the site",
                'write for example "https://mirror.example.com/img/" or "file:dump/"',
            )
        return path

    def _file(self, source: str, rest: str) -> LocalFile:
        folder = self._folder(source)
        inner = unquote(urlsplit(rest.lstrip("/")).path)
        name = f"{source.rstrip('/')}/{inner}"
        if _UNSAFE.search(inner) or ".." in PurePosixPath(inner).parts or inner.startswith("/"):
            raise Unfetched(Reason.BAD_URL, f"{name} leads out of the folder")
        return self._existing(folder / inner, name)

    def _existing(self, path: Path, name: str) -> LocalFile:
        path = path.resolve()
        if not path.is_relative_to(self._root):
            raise Unfetched(Reason.BAD_URL, f"{name} leads out of the site")
        if not path.is_file():
            raise Unfetched(Reason.SOURCE_MISSING, f"there is no file {name}")
        return LocalFile(path, name)


def _joined(base: str, rest: str, prefix: str) -> str:
    if "?" not in base:
        # One slash between the two, whichever of the prefixes was written with one.
        base = base.rstrip("/") + "/" * prefix.endswith("/")
    return base + rest
