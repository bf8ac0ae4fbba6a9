"""Where an image is fetched from: its own URL, or what the user's routes say, in order.

Prefixes of routes are compared in canonical spelling: `HTTPS://Host:443/a` is under `https://host/`,
and `https://host.evil` is not under `https://host`.
"""

import os
import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from migrator.config import RouteSettings, StoreSettings
from migrator.downloader.faults import Unfetched
from migrator.downloader.host_rules import ARCHIVE, HostRules
from migrator.downloader.originals import elsewhere
from migrator.errors import ConfigError
from migrator.reasons import Reason
from migrator.urls import absolute, canonical, host, is_external, is_local, without_fragment

_UNSAFE = re.compile(r"[\0\\]|^[A-Za-z]:")
_BUCKET = re.compile(r"s3://([A-Za-z0-9_.-]+)(?:/(.*))?")
_ARCHIVE_ADDRESS = f"https://{ARCHIVE}/web/"
# The name of a file says which image it is only if it was made not to be like another's.
_TELLING = re.compile(r"(?=.*\d)[^.].{7,}\.\w+")
# Why an archive is asked: nobody will get the image from its host any more.
DEAD = frozenset(
    {
        Reason.NOT_FOUND,
        Reason.GONE,
        Reason.FORBIDDEN,
        Reason.HTTP_STATUS,
        Reason.REDIRECT,
        Reason.NOT_AN_IMAGE,
        Reason.DNS,
        Reason.CONNECT,
        Reason.TLS,
        Reason.TIMEOUT,
        Reason.BLOCKED_ADDRESS,
    }
)


@dataclass(frozen=True, slots=True)
class Web:
    """To be asked over HTTP."""

    url: str

    @property
    def name(self) -> str:
        """How people see it."""
        return self.url


@dataclass(frozen=True, slots=True)
class File:
    """A file of the site, at the first of ``paths`` (from the site root) that is there.

    ``bare`` is the name that it may have anywhere in ``folder``, if no other file there has it.
    """

    name: str
    paths: tuple[str, ...]
    folder: str = ""
    bare: str = ""


@dataclass(frozen=True, slots=True)
class Object:
    """An object in a bucket."""

    bucket: StoreSettings
    key: str

    @property
    def name(self) -> str:
        """How people see it."""
        return f"s3://{self.bucket.bucket}/{self.key}"


Candidate = Web | File | Object


@dataclass(frozen=True, slots=True)
class Source:
    """One place: an original and a variant of it, or the one there is.

    ``own`` is the image's own URL; ``archive`` what is asked only when that is dead.
    """

    candidates: tuple[Candidate, ...]
    own: bool = False
    archive: bool = False


@dataclass(frozen=True, slots=True)
class _Route:
    prefix: str  # canonical
    settings: RouteSettings

    def rest(self, url: str) -> str | None:
        spelling = canonical(url)
        return spelling[len(self.prefix) :] if spelling.startswith(self.prefix) else None

    @property
    def archive(self) -> str:
        """The address of the archive that this is, if it is one."""
        scheme, _, address = self.settings.source.partition(":")
        return (address or _ARCHIVE_ADDRESS) if scheme == "wayback" else ""


class Sources:
    """The sources of images of a site whose root is ``root``; one object for all threads.

    ``originals`` says whether an original is wanted where a post shows a variant.

    Raises:
        ConfigError: a route leads to none of the places that it can.
    """

    def __init__(
        self, routes: Sequence[RouteSettings], root: Path, hosts: HostRules, *, originals: bool
    ) -> None:
        self._root = root.resolve()
        self._hosts = hosts
        self._originals = originals
        self._routes = [_Route(canonical(each.match), each) for each in routes]
        self._names: dict[str, dict[str, str]] = {}
        self._naming = threading.Lock()
        for number, route in enumerate(self._routes, start=1):
            self._check(route, f"route {number}")

    @property
    def buckets(self) -> dict[StoreSettings, str]:
        """The buckets that routes lead to, with how messages call the first such route."""
        found: dict[StoreSettings, str] = {}
        for number, route in enumerate(self._routes, start=1):
            if bucket := _BUCKET.fullmatch(route.settings.source):
                found.setdefault(_bucket(route.settings, bucket[1]), f"route {number}")
        return found

    def of(self, url: str, year: int = 0) -> list[Source]:
        """The sources of ``url``, in the order in which they are to be tried.

        ``year`` is that of the post, for archives; with 0 they give the earliest that they have.
        """
        if is_local(url):
            path = url.removeprefix("file:")
            return [Source((File(url, (path,)),), own=True)]
        url = absolute(without_fragment(url.strip()))
        guess = self._hosts.original(url) if self._originals else None
        spellings = [guess, url] if guess else [url]
        sources: list[Source] = []
        for route in self._matching(url):
            if route.archive and not any(source.own for source in sources):
                sources += _own(spellings)
            found = dict.fromkeys(
                each for spelling in spellings for each in self._along(route, spelling, year)
            )
            sources.append(Source(tuple(found), archive=bool(route.archive)))
        return sources or _own(spellings)

    def path(self, file: File) -> Path:
        """The file itself.

        Raises:
            Unfetched: the site does not hold it.
        """
        for name in file.paths:
            if file.folder and (_UNSAFE.search(name) or ".." in PurePosixPath(name).parts):
                raise Unfetched(Reason.BAD_URL, f"{file.name} leads out of the folder")
            path = self._inside(name)
            if path.is_file():
                return path
        found = self._by_name(file.folder).get(file.bare) if file.bare else None
        if found:
            return self._inside(found)
        raise Unfetched(Reason.SOURCE_MISSING, f"there is no file {file.name}")

    def _matching(self, url: str) -> list[_Route]:
        """The routes with the longest prefix of ``url``."""
        found = [route for route in self._routes if route.rest(url) is not None]
        longest = max((len(route.prefix) for route in found), default=0)
        return [route for route in found if len(route.prefix) == longest]

    def _along(self, route: _Route, url: str, year: int) -> Iterator[Candidate]:
        rest, source = route.rest(url), route.settings.source
        if rest is None:  # an original that lies elsewhere
            return
        if route.archive:
            yield Web(f"{route.archive.rstrip('/')}/{year}id_/{url}")
        elif is_external(source):
            yield Web(_joined(source, rest, route.prefix))
        elif bucket := _BUCKET.fullmatch(source):
            folder = (bucket[2] or "").strip("/")
            key = unquote(urlsplit(rest.lstrip("/")).path)
            yield Object(_bucket(route.settings, bucket[1]), f"{folder}/{key}".lstrip("/"))
        else:
            yield _file(source, rest, url)

    def _check(self, route: _Route, table: str) -> None:
        source = route.settings.source
        if is_external(source) or _BUCKET.fullmatch(source):
            return
        if route.archive and is_external(route.archive):
            return
        scheme, _, name = source.partition(":")
        inside = (self._root / name).resolve().is_relative_to(self._root)
        if scheme != "file" or not name or not inside:
            raise ConfigError(
                f"{table}.from = {source!r} is no source: neither an http(s) address nor a bucket, "
                "a folder of the site or an archive",
                'write for example "https://mirror.example.com/img/", "s3://my-bucket/img", '
                '"file:dump/" or "wayback"',
            )

    def _inside(self, name: str) -> Path:
        path = (self._root / name).resolve()
        if not path.is_relative_to(self._root):
            raise Unfetched(Reason.BAD_URL, f"{name} leads out of the site")
        return path

    def _by_name(self, folder: str) -> dict[str, str]:
        """The files below ``folder`` by their bare names, those that share one left out."""
        with self._naming:
            if folder not in self._names:
                self._names[folder] = self._walked(folder)
            return self._names[folder]

    def _walked(self, folder: str) -> dict[str, str]:
        found: dict[str, list[str]] = {}
        for place, _, names in os.walk(self._root / folder):
            inner = Path(place).relative_to(self._root)
            for name in names:
                found.setdefault(name, []).append((inner / name).as_posix())
        return {name: at[0] for name, at in found.items() if len(at) == 1}


def _own(spellings: Sequence[str]) -> list[Source]:
    copy = elsewhere(spellings[-1])
    own = Source(tuple(map(Web, spellings)), own=True)
    return [own, Source((Web(copy),))] if copy else [own]


def _joined(base: str, rest: str, prefix: str) -> str:
    if "?" not in base:
        # One slash between the two, whichever of the prefixes was written with one.
        base = base.rstrip("/") + "/" * prefix.endswith("/")
    return base + rest


def _bucket(route: RouteSettings, bucket: str) -> StoreSettings:
    return StoreSettings(
        type="s3",
        bucket=bucket,
        provider=route.provider,
        region=route.region,
        endpoint=route.endpoint,
        profile=route.profile,
        access_key_env=route.access_key_env,
        secret_key_env=route.secret_key_env,
        cname=route.cname,
        addressing=route.addressing,
    )


def _file(source: str, rest: str, url: str) -> File:
    """Where a dump may hold ``url``: at what follows the prefix, at its whole path, by its host."""
    folder = source.partition(":")[2].strip("/")
    inner = unquote(urlsplit(rest.lstrip("/")).path)
    whole = unquote(urlsplit(url).path).lstrip("/")
    bare = whole.rpartition("/")[2]
    return File(
        f"file:{folder}/{inner}",
        tuple(f"{folder}/{each}" for each in (inner, whole, f"{host(url)}/{whole}")),
        folder,
        bare if _TELLING.fullmatch(bare) else "",
    )
