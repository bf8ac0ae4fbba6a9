"""Which file of the site a local path in a post means."""

import filecmp
import os
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

from migrator.model import Kind, Note, Post, Reference
from migrator.reasons import Reason
from migrator.urls import is_external, names_an_image, without_fragment

# Where generators look for paths that begin with "/": Jekyll, Hugo and Docusaurus, Hexo, VitePress
# and Astro, VuePress, themes of Hugo.
_PUBLISHED = ("", "static", "source", "public", ".vuepress/public", "assets")
_SCHEME = re.compile(r"(?!file:)[A-Za-z][A-Za-z0-9+.-]+:", re.IGNORECASE)
_FILE_URL = re.compile(r"file:(?://(?:localhost)?)?(?:/(?=[A-Za-z]:))?", re.IGNORECASE)
_DRIVE = re.compile(r"[A-Za-z]:/|//")  # of Windows
_SITE_ALIAS = re.compile(r"@site(?=/)")  # of Docusaurus
_MARKS = str.maketrans({"#": "%23", "?": "%3F"})
_TAG = re.compile(rb"\{(?:%[-+]?|\{[<%])\s*([\w.:/-]+)[^{}]*\Z")
_TAG_LENGTH = 2000  # bytes before an image in which its tag begins
_TAKE_ADDRESSES = frozenset({"img", "figure", "image"})  # Hexo; Hugo and its themes


class LocalImages:
    """The images of the site at ``root`` that local paths in its posts mean.

    An image is named ``file:`` and its path from ``root``. Those below ``store`` are where they
    shall be. Where new links begin with ``public_root``, places that can only name a file are left
    alone; without it links lead to files.
    """

    def __init__(self, root: Path, store: Path | None, public_root: str | None) -> None:
        self._root = root.resolve()
        self._store = store.resolve() if store else None
        self._public_root = public_root.rstrip("/") + "/" if public_root else None
        self._tops: dict[Path, list[Path]] = {}
        self._by_name: dict[str, list[Path]] | None = None
        self._images: dict[tuple[str, str], str | None] = {}
        self._problems: dict[str, Reason] = {}

    def image_at(self, post: Post, url: str) -> str | None:
        """The image that ``url`` means in ``post``; ``None`` if it means none.

        One with a public address is its URL; a file that is missing or of no use has a name, too.
        """
        if is_external(url) or (self._public_root and url.startswith(self._public_root)):
            return url
        if (post.name, url) not in self._images:
            self._images[post.name, url] = self._image(post, url)
        return self._images[post.name, url]

    def reason_to_stay(self, image: str) -> Reason | None:
        """What keeps an image that ``image_at`` named from moving."""
        return self._problems.get(image)

    def without_names(self, post: Post) -> Post:
        """``post`` without the places that need the name of a file; its notes say which."""
        kept, notes = [], list(post.notes)
        for reference in post.references:
            if words := self._needs_a_name(post, reference):
                notes.append(Note(reference.line, words))
            else:
                kept.append(reference)
        return replace(post, references=tuple(kept), notes=tuple(notes))

    def _needs_a_name(self, post: Post, reference: Reference) -> str:
        if reference.kind is Kind.EMBED and self._public_root:
            place = "![[...]]"
        elif reference.kind is Kind.TAG:
            place = _tag_around(post, reference.start)
        else:
            return ""
        if place in _TAKE_ADDRESSES or is_external(reference.url):
            return ""
        image = self.image_at(post, reference.url)
        if image is None or self.reason_to_stay(image) is Reason.ALREADY_THERE:
            return ""
        return (
            f"{reference.url} stays as it is, for {place} shows only files of the site; "
            "to move it, write ![](...)"
        )

    def _image(self, post: Post, url: str) -> str | None:
        spellings = _spellings(url)
        for path in spellings:
            if files := self._files(post, path, embedded=_is_embedded(post, url)):
                return self._judged(path, files)
        return self._missing(post, spellings[-1]) if names_an_image(url) and spellings else None

    def _files(self, post: Post, path: str, *, embedded: bool) -> list[Path]:
        """The files that ``path`` may mean; the first place that has one counts."""
        folder = (self._root / post.name).parent
        tops = self._published(folder)
        inside = path.lstrip("/")
        published = [top / inside for top in tops]
        if path.startswith("/"):
            _, _, below_base = inside.partition("/")  # of a site at https://me.example/blog/
            return _existing([Path(path), *published]) or _existing(
                [top / below_base for top in tops]
            )
        asset_folder = folder / Path(post.name).stem  # Hexo: the folder named like the post
        for places in ([folder / path], [asset_folder / path], published):
            if files := _existing(places):
                return files
        by_name = embedded or (self._root / ".obsidian").exists()
        return self._named(path) if by_name else []

    def _published(self, folder: Path) -> list[Path]:
        """The folders that may be the top of the published site, for a post in ``folder``."""
        if folder not in self._tops:
            above = [top for top in (folder, *folder.parents) if top.is_relative_to(self._root)]
            places = (top / each for top in reversed(above) for each in _PUBLISHED)
            self._tops[folder] = [each for each in places if os.path.isdir(each)]  # noqa: PTH112 - never raises
        return self._tops[folder]

    def _named(self, path: str) -> list[Path]:
        """The files of the site whose path ends like ``path``: so Obsidian finds them."""
        if self._by_name is None:
            self._by_name = defaultdict(list)
            for file in _image_files(self._root):
                self._by_name[file.name].append(file)
        wanted = Path(path).parts
        files = self._by_name.get(wanted[-1], ())
        return [file for file in files if file.parts[-len(wanted) :] == wanted]

    def _judged(self, path: str, files: Sequence[Path]) -> str:
        real = list(dict.fromkeys(file.resolve() for file in files))
        inside = [file for file in real if file.is_relative_to(self._root)]
        if not inside:
            return self._staying(self._name(real[0]), Reason.OUTSIDE_SITE)
        first = inside[0]
        if not all(_same_bytes(first, other) for other in inside[1:]):
            return self._staying(f"file:/{path.lstrip('/')}", Reason.SEVERAL_FILES)
        if self._store and first.is_relative_to(self._store):
            return self._staying(self._name(first), Reason.ALREADY_THERE)
        return self._name(first)

    def _missing(self, post: Post, path: str) -> str:
        if path.startswith("/") or _DRIVE.match(path):
            outside = bool(_DRIVE.match(path))
            name = f"file:{path}"
        else:
            name = self._name((self._root / post.name).parent / path)
            outside = name.startswith("file:../")
        return self._staying(name, Reason.OUTSIDE_SITE if outside else Reason.NO_FILE)

    def _name(self, path: Path) -> str:
        return f"file:{os.path.relpath(path, self._root)}".replace(os.sep, "/")

    def _staying(self, image: str, reason: Reason) -> str:
        self._problems[image] = reason
        return image


def _spellings(url: str) -> list[str]:
    """The paths that ``url`` may say, the most literal first; none if it names no image."""
    if _SCHEME.match(url):
        return []
    path = _SITE_ALIAS.sub("", _FILE_URL.sub("", url.replace("\\", "/"), count=1), count=1)
    bare = without_fragment(path).partition("?")[0]
    spellings = dict.fromkeys((path, unquote(path), bare, unquote(bare)))
    return [each for each in spellings if names_an_image(each.translate(_MARKS))]


def _existing(places: Sequence[Path]) -> list[Path]:
    return [place for place in places if os.path.isfile(place)]  # noqa: PTH113 - never raises


def _same_bytes(one: Path, other: Path) -> bool:
    try:
        return filecmp.cmp(one, other, shallow=False)
    except OSError:
        return False


def _image_files(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and name != "node_modules"
        )
        yield from (Path(folder, name) for name in sorted(names) if names_an_image(name))


def _is_embedded(post: Post, url: str) -> bool:
    return any(each.kind is Kind.EMBED and each.url == url for each in post.references)


def _tag_around(post: Post, offset: int) -> str:
    """The name of the generator's tag in which ``offset`` lies."""
    try:
        with post.path.open("rb") as file:
            file.seek(max(0, offset - _TAG_LENGTH))
            before = file.read(min(offset, _TAG_LENGTH))
    except OSError:
        before = b""
    tag = _TAG.search(before)
    return tag[1].decode() if tag else "this tag"
