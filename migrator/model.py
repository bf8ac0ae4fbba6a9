"""The values that flow through the program: frozen data, picklable, no I/O.

A stage takes some of these and returns others; see ``docs/design.md`` for the flow.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from migrator.body import Body
from migrator.reasons import Reason
from migrator.served import NO_VERSION, Earlier, Version


class Kind(StrEnum):
    """Where in a post a reference stands; the value is what ``scan --json`` prints."""

    IMAGE = "image"  # ![alt](url)
    DEFINITION = "definition"  # [label]: url, used by an image
    HTML = "html"  # an attribute of img, source, video, input, svg image ...
    SRCSET = "srcset"  # one candidate of a srcset attribute
    STYLE = "style"  # url(...) in a style attribute
    FRONT_MATTER = "front-matter"  # a value in YAML, TOML or JSON front matter
    TAG = "tag"  # a Hexo or Liquid tag, a Hugo shortcode, a JSX attribute
    EMBED = "embed"  # ![[url]]
    LITERAL = "literal"  # Markdown image text inside an HTML block
    LINK = "link"  # a link to an image file, on request
    TEXT = "text"  # an image URL in a plain text file, on request


class Spelling(StrEnum):
    """How a URL is written at its place: what must be escaped there, and how.

    ``migrator.scanner.spelling`` reads and writes each of them.
    """

    MARKDOWN = "markdown"  # a bare destination: ends at a space or an unbalanced ")"
    ANGLE = "angle"  # <destination>
    HTML_DOUBLE = "html-double"  # attribute value in "..."
    HTML_SINGLE = "html-single"  # attribute value in '...'
    HTML_BARE = "html-bare"  # attribute value without quotes
    SRCSET = "srcset"  # a candidate in a quoted srcset
    CSS = "css"  # inside url(...) of a quoted style attribute
    YAML_PLAIN = "yaml-plain"
    YAML_SINGLE = "yaml-single"
    YAML_DOUBLE = "yaml-double"
    TOML_BASIC = "toml-basic"  # "..."
    TOML_LITERAL = "toml-literal"  # '...'
    JSON = "json"
    QUOTED = "quoted"  # between quotes, with no escapes of its own (tags, JSX)
    PLAIN = "plain"  # up to the next space or delimiter, with no escapes (tags, embeds, text)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open range ``[start, end)`` of byte offsets in one post's file."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"not a span: [{self.start}, {self.end})")


class Reference(NamedTuple):
    """One place in a post where an image URL stands: the bytes ``[start, end)`` of its file.

    ``raw`` is the text in the file, ``url`` what it decodes to: entities and backslash escapes
    resolved; percent-encoding, non-ASCII, a fragment and a leading ``//`` kept.
    ``line`` and ``column`` count from 1, columns in code points.
    """

    start: int
    end: int
    kind: Kind
    spelling: Spelling
    url: str
    raw: str
    line: int
    column: int

    @property
    def span(self) -> Span:
        """Where it stands."""
        return Span(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Note:
    """Something a person should know about a post that is processed all the same."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Post:
    """One text file and the references found in it, in file order.

    ``name`` is the path relative to the site's ``root``, with ``/``; ``sha256`` is of the file's
    bytes. ``encoding`` is the codec for replacement text: ``utf-8``, ``gb18030``, or ``ascii``
    where the file is not valid text in either and only ASCII may be written into it.
    """

    root: Path
    name: str
    sha256: str
    encoding: str
    references: tuple[Reference, ...]
    notes: tuple[Note, ...] = ()

    @property
    def path(self) -> Path:
        """The file; made when it is asked for, since a plan holds very many posts."""
        return self.root / self.name


@dataclass(frozen=True, slots=True)
class SkippedPost:
    """A file that is left alone as a whole, and why."""

    path: Path
    name: str
    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Asset:
    """Image bytes, named by their SHA-256 (hex); type and dimensions are read from the bytes.

    ``width`` and ``height`` are pixels, ``None`` where the format does not say (SVG).
    """

    sha256: str
    size: int
    media_type: str
    extension: str  # with the dot, from the bytes: ".png"
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """An asset that was fetched: complete, identified, not yet stored.

    ``source`` is the URL or route that served it, ``final_url`` where redirects ended, ``referer``
    the Referer it was asked for with, ``version`` by what the host tells whether it changes.
    """

    asset: Asset
    body: Body
    source: str
    final_url: str
    referer: str = ""
    version: Version = NO_VERSION


@dataclass(frozen=True, slots=True)
class Placement:
    """An asset at a key in a store, read back in full and found equal.

    ``store`` is the store's identity in the ledger.
    """

    store: str
    key: str
    sha256: str


class Mention(NamedTuple):
    """A post refers in this line to the image with this identity (``urls.identity``)."""

    image: str
    post: str
    line: int


@dataclass(frozen=True, slots=True)
class Stored:
    """The image is in every store and was read back; ``reused`` if it was there before this run.

    Links go to ``placement``; ``mirrors`` are the other stores. ``source``, ``final_url`` and
    ``referer`` say how it was fetched (see ``Fetched``), this time or at first. ``judged`` is
    whether it has been looked at since, together with all others, and was not held. ``version`` as
    of ``Fetched``.
    """

    url: str
    asset: Asset
    placement: Placement
    source: str
    reused: bool = False
    final_url: str = ""
    referer: str = ""
    mirrors: tuple[Placement, ...] = ()
    judged: bool = False
    version: Version = NO_VERSION


@dataclass(frozen=True, slots=True)
class Held:
    """Fetched, but not trusted enough to link to: needs the user's word."""

    url: str
    reason: Reason
    detail: str
    asset: Asset | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The image could not be moved; ``reason.retry`` says whether a later run may succeed."""

    url: str
    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """The image was not asked to move."""

    url: str
    reason: Reason


Outcome = Stored | Held | Failed


@dataclass(frozen=True, slots=True)
class PastImage:
    """What the ledger last recorded of the image with the canonical ``url``, in the run ``run``.

    ``asset`` is what it served then, if that is known; ``detail`` says more about ``reason``.
    """

    url: str
    state: str
    reason: Reason | None
    detail: str
    asset: Asset | None
    source: str
    final_url: str
    run: str


@dataclass(frozen=True, slots=True)
class Kept:
    """The copy of an image that a backup has, under ``key``; ``source`` names it for people."""

    asset: Asset
    key: str
    source: str


@dataclass(frozen=True, slots=True)
class Glance:
    """What a host says of an image that it is asked about, but not for.

    ``size`` is in bytes, ``None`` if it does not say; ``reason`` is why the image will probably
    stay where it is, if that can be told.
    """

    size: int | None = None
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class TransferTask:
    """One image to move: ``url`` is what to fetch, in the spelling that promises most.

    ``is_known`` says that an earlier run put it into the store: if that still has it, nothing is
    fetched. Where it is, ``known``, would be much to hold for all images: it is filled in when
    it is the image's turn.
    ``post`` is the name of the first post that shows it, ``written`` the day of that post where
    the image's key or an archive depends on it. ``homes`` are the folders that each want a copy,
    where images live with their posts. ``earlier`` is how a backup has the image, for its host to
    say what changed. ``kept`` is the copy to take instead of asking any host.
    """

    url: str
    is_known: bool = False
    post: str = ""
    written: date | None = None
    homes: tuple[str, ...] = ()
    earlier: Earlier | None = None
    kept: Kept | None = None
    known: Stored | None = None


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Replace the bytes of ``span`` by ``replacement``."""

    span: Span
    replacement: bytes
