"""Which files are posts, and reading one without being held up or led astray by what it is."""

import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from migrator.config.settings import MIB, ScanSettings
from migrator.errors import UsageError
from migrator.model import SkippedPost
from migrator.reasons import Reason

LARGEST_POST = 16 * MIB

# What --text adds: where sites keep addresses outside of posts.
# fmt: off
_TEXT_EXTENSIONS = (
    ".adoc", ".astro", ".bib", ".cfg", ".conf", ".css", ".csv", ".ejs", ".hbs", ".ini", ".jade",
    ".jinja", ".js", ".json", ".jsonc", ".jsx", ".less", ".liquid", ".mustache", ".njk", ".org",
    ".pug", ".rst", ".sass", ".scss", ".styl", ".svelte", ".svg", ".swig", ".tex", ".tmpl",
    ".toml", ".ts", ".tsv", ".tsx", ".txt", ".vue", ".xml", ".yaml", ".yml",
)
# fmt: on
# The first words of README.txt in a folder of backups, whose files are no posts: that of a list of
# images, or an SVG, must not be read as one, let alone be rewritten.
VAULT_SAYS = "This folder is a backup of the images that posts show, made by Migrator."
_NOT_POSTS = frozenset({"node_modules"})  # beside everything hidden: .git, .migrator, .obsidian

_UTF_16_OR_32 = re.compile(rb"\xff\xfe|\xfe\xff|\0\0\xfe\xff")
_ASCII_AND_NUL = re.compile(rb"(?:[\t\n\r -~]\0{1,3}){4}")  # four letters in UTF-16 or UTF-32


class File(NamedTuple):
    """A file to read; ``name`` is its path from the site root, with ``/``.

    ``ordinary``: its folder has just said that it is neither a link nor a device.
    """

    path: str
    name: str
    ordinary: bool = False


def walk(
    paths: Sequence[Path], settings: ScanSettings, root: Path, *, text: bool = False
) -> Iterator[File | SkippedPost]:
    """The posts at ``paths`` (files or folders), each once, in a stable order.

    Folders are read in the order of their entries' names. What is hidden is left out, unless it
    is one of ``paths``; so is what ``settings`` exclude, unless it is a file among ``paths``.
    Symbolic links to folders are followed only as one of ``paths``. With ``text`` other text
    files than posts are included. A folder of backups has no posts.

    Raises:
        UsageError: one of ``paths`` does not exist, or is our own state folder.
    """
    # realpath, so that paths that overlap and a root reached through a link compare equal
    root = Path(os.path.realpath(root))
    tops = [_top(path) for path in paths]
    return _Walk(tops, settings, root, text=text).files()


def must_exist(paths: Sequence[Path]) -> None:
    """See that posts can be read at ``paths``.

    Raises:
        UsageError: one of ``paths`` does not exist, or is our own state folder.
    """
    for path in paths:
        _top(path)


def shown_from(paths: Sequence[Path], root: Path) -> Path:
    """The folder that paths are shown relative to: the one scanned, else the site root."""
    if len(paths) != 1:
        return Path(os.path.realpath(root))
    top = _top(paths[0])
    return top if top.is_dir() else top.parent


def read(file: File) -> bytes | SkippedPost:
    """The bytes of ``file``, or why it is left alone; never waits, whatever kind of file it is."""
    try:
        skipped = None if file.ordinary else _unless_regular(file, os.lstat(file.path))
        if skipped:
            return skipped
        descriptor = os.open(file.path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            skipped = _unless_regular(file, status)  # it may be another file by now
            data = b"" if skipped else _all_of(descriptor, status.st_size)
        finally:
            os.close(descriptor)
    except OSError as error:
        return _skipped(file, Reason.UNREADABLE, os.strerror(error.errno or 0))
    if skipped:
        return skipped
    if len(data) > LARGEST_POST:
        return _too_large(file, len(data))
    if _UTF_16_OR_32.match(data) or (data.find(b"\0") >= 0 and _ASCII_AND_NUL.search(data)):
        return _skipped(file, Reason.UTF_16, "save it as UTF-8")
    return data


def _all_of(descriptor: int, size: int) -> bytes:
    """What can be read there, and one byte more than a post may have at most; it may grow."""
    data = os.read(descriptor, size + 1)  # no more: room for the largest post costs 20 us
    while len(data) <= LARGEST_POST and (more := os.read(descriptor, MIB // 16)):
        data += more
    return data[: LARGEST_POST + 1]


def _unless_regular(file: File, status: os.stat_result) -> SkippedPost | None:
    if stat.S_ISLNK(status.st_mode):
        return _skipped(file, Reason.SYMLINK)
    if not stat.S_ISREG(status.st_mode):
        return _skipped(file, Reason.NOT_A_FILE)
    return _too_large(file, status.st_size) if status.st_size > LARGEST_POST else None


def _too_large(file: File, size: int) -> SkippedPost:
    detail = f"{size // MIB} MiB; the limit is {LARGEST_POST // MIB} MiB"
    return _skipped(file, Reason.POST_TOO_LARGE, detail)


def _skipped(file: File, reason: Reason, detail: str = "") -> SkippedPost:
    return SkippedPost(Path(file.path), file.name, reason, detail)


def _top(path: Path) -> Path:
    """``path`` without symbolic links, except for a file that is one."""
    try:
        os.lstat(path)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{path}: there is no such file or folder",
            f"Check the spelling; it was looked for from {Path.cwd()}.",
        ) from error
    whole = path.is_dir()
    top = Path(os.path.realpath(path if whole else path.parent), "" if whole else path.name)
    if ".migrator" in top.parts:
        raise UsageError(
            f"{path}: this is Migrator's own state folder, not a place for posts",
            "Name the folder of your posts instead.",
        )
    return top


class _Walk:
    """One walk: what is a post, and what was seen."""

    def __init__(
        self, tops: Sequence[Path], settings: ScanSettings, root: Path, *, text: bool
    ) -> None:
        self._tops = tops
        self._root = root
        self._extensions = tuple(extension.lower() for extension in settings.extensions)
        if text:
            self._extensions += _TEXT_EXTENSIONS
        self._include = _patterns(settings.include) if settings.include else None
        self._exclude = _patterns(settings.exclude)
        # On one way down no file is met twice, and a large site has very many.
        self._seen: set[str] | None = set() if len(tops) > 1 else None

    def files(self) -> Iterator[File | SkippedPost]:
        for top in self._tops:
            name = os.path.relpath(top, self._root)
            if top.is_dir():
                yield from self._below(str(top), "" if name == os.curdir else name + "/")
            elif self._is_new(str(top)):
                if top.name.lower().endswith(self._extensions):
                    yield _named(str(top), name)
                else:
                    yield SkippedPost(top, name, Reason.NOT_A_POST)

    def _below(self, folder: str, prefix: str) -> Iterator[File | SkippedPost]:
        # A stack in place of recursion: folders may nest deeper than Python calls.
        stack = [self._entries(folder, prefix)]
        while stack:
            below = next(stack[-1], None)
            if below is None:
                stack.pop()
            elif isinstance(below, File | SkippedPost):
                yield below
            else:
                stack.append(self._entries(*below))

    def _entries(self, folder: str, prefix: str) -> Iterator[File | SkippedPost | tuple[str, str]]:
        """What stands in ``folder``: posts, and folders with the prefix of the names in them."""
        try:
            with os.scandir(folder) as entries:
                listed = sorted(entries, key=lambda entry: entry.name, reverse=True)
        except (FileNotFoundError, NotADirectoryError):
            return  # it vanished during the walk
        except OSError as error:
            name = _named(folder, prefix.rstrip("/") or ".").name
            yield SkippedPost(Path(folder), name, Reason.UNREADABLE, os.strerror(error.errno or 0))
            return
        if _is_vault(listed):
            return
        while listed:
            entry = listed.pop()  # what a large folder takes is free again as posts are read
            name = prefix + entry.name
            if entry.name.startswith(".") or entry.name in _NOT_POSTS:
                continue
            if entry.is_dir(follow_symlinks=False):
                if not self._exclude.fullmatch(name + "/"):
                    yield entry.path, name + "/"
            elif self._is_chosen(name) and self._is_new(entry.path):
                yield _named(entry.path, name, ordinary=entry.is_file(follow_symlinks=False))

    def _is_chosen(self, name: str) -> bool:
        included = self._include is None or self._include.fullmatch(name)
        is_post = name.lower().endswith(self._extensions)
        return bool(is_post and included and not self._exclude.fullmatch(name))

    def _is_new(self, path: str) -> bool:
        if self._seen is None:
            return True
        new = path not in self._seen
        self._seen.add(path)
        return new


def _named(path: str, name: str, *, ordinary: bool = False) -> File | SkippedPost:
    try:
        name.encode()
    except UnicodeEncodeError:
        printable = os.fsencode(name).decode(errors="backslashreplace")
        return SkippedPost(Path(path), printable, Reason.FILE_NAME, "rename it")
    return File(path, name, ordinary)


def _is_vault(entries: Sequence[os.DirEntry[str]]) -> bool:
    for entry in entries:
        if entry.name == "README.txt" and entry.is_file(follow_symlinks=False):
            text = read(File(entry.path, entry.name))
            return isinstance(text, bytes) and text.startswith(VAULT_SAYS.encode())
    return False


def _patterns(globs: Sequence[str]) -> re.Pattern[str]:
    """What one of ``globs`` matches, and all below that: ``*``, ``?``, ``**`` across folders.

    A pattern with a slash starts at the site root, one without is a name anywhere.
    """
    alternatives = []
    for glob in globs:
        anchored = "/" in glob.rstrip("/")
        pattern = glob.removeprefix("./").strip("/")
        parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
        regex = "".join(_WILDCARDS.get(part) or re.escape(part) for part in parts)
        alternatives.append(regex if anchored else f"(?:.*/)?{regex}")
    return re.compile(
        f"(?:{'|'.join(alternatives)})(?:/.*)?" if alternatives else "(?!)", re.DOTALL
    )


_WILDCARDS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
