"""Image URLs in HTML: attributes of tags, read the way a browser reads them."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from migrator.model import Kind, Spelling
from migrator.scanner.extract import Extract
from migrator.scanner.found import Found
from migrator.scanner.spelling import read
from migrator.scanner.srcset import srcset_urls, style_urls
from migrator.urls import names_an_image

_MARKUP = re.compile(rb"<(?:(!--)|([!?])|(/?)(?!(?i:https?:))([A-Za-z][^\s/>]*))")
_ATTRIBUTE = re.compile(
    rb"[\s/]*([^\s/>][^\s/>=]*)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>][^\s>]*)|(?=>)))?"
)
_TAG_END = re.compile(rb"[\s/]*>")

_TEXT_ONLY = frozenset({b"script", b"style", b"textarea", b"title", b"xmp"})  # HTML, 13.2.5.2
_CODE = frozenset({b"pre", b"code"})

_IMAGES = {
    b"img": {b"src"},
    b"input": {b"src"},  # of type "image" only
    b"video": {b"poster"},
    b"image": {b"src", b"href", b"xlink:href"},  # SVG; to a browser also img
    b"feimage": {b"href", b"xlink:href"},
}
_SRCSETS = frozenset({b"srcset", b"imagesrcset", b"data-srcset", b"data-lazy-srcset"})
# Where the scripts that load images late look for the address.
_LAZY = frozenset(
    b"data-" + name
    for name in (
        b"src original original-src lazy lazy-src lazyload lazyload-src lazy-original echo url "
        b"actualsrc croporisrc backsrc raw-src real-src origin-src bg background "
        b"background-image poster image img cover thumb full large hires zoom-image"
    ).split()
)
_COMPONENT = re.compile(rb"[A-Z].*[a-z]|.*[-.]")  # Image, v-img, motion.img
_COMPONENT_IMAGES = frozenset(
    {b"src", b"image", b"img", b"url", b"cover", b"poster", b"thumbnail", b"background", b"logo"}
)


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment at ``[start, end)`` of the post, and what it says."""

    start: int
    end: int
    text: str


@dataclass(slots=True)
class Markup:
    """What the HTML of a post holds; chunks are read one after the other, in file order."""

    links: bool = False
    found: list[Found] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    code: list[tuple[int, int]] = field(default_factory=list)  # <pre>, <script> ...: left alone
    unclosed: dict[bytes, int] = field(default_factory=dict)  # <pre> and <code>, by their start

    def read(self, chunk: Extract) -> list[tuple[int, int]]:
        """Read a chunk and return where its tags, comments and scripts stand in it."""
        text = chunk.text
        silent: list[tuple[int, int]] = []
        at = 0
        while markup := _MARKUP.search(text, at):
            start = markup.start()
            comment, declaration, closing, name = markup.groups()
            if comment:
                at = _after(text, b"-->", start + 2)
                said = text[start + 4 : at].removesuffix(b"-->").decode(errors="replace")
                self.comments.append(Comment(*chunk.span(start, at), said.strip()))
            elif declaration:
                at = _after(text, b"]]>" if text.startswith(b"<![CDATA[", start) else b">", start)
            else:
                at = self._tag(chunk, name, markup.end(), closing=bool(closing))
                if not closing and name.lower() in _TEXT_ONLY:
                    end = re.compile(rb"(?i)</" + re.escape(name)).search(text, at)
                    at = end.start() if end else len(text)
                    self.code.append(chunk.span(start, at))
            silent.append((start, at))
        return silent

    def close_block(self) -> None:
        """A block of the post ends, and with it a ``<code>`` that nothing closes."""
        self.unclosed.pop(b"code", None)

    def _tag(self, chunk: Extract, name: bytes, at: int, *, closing: bool) -> int:
        """Read the tag whose name ends at ``at``; return where the tag ends."""
        attributes: dict[bytes, tuple[int, int, Spelling]] = {}
        while not (end := _TAG_END.match(chunk.text, at)):
            attribute = _ATTRIBUTE.match(chunk.text, at)
            if not attribute:  # never closed: a browser drops it with all that follows
                return len(chunk.text)
            at = attribute.end()
            for group, spelling in _QUOTING:
                if attribute[group] is not None:
                    value = (*_stripped(chunk.text, *attribute.span(group)), spelling)
                    attributes.setdefault(attribute[1].lower(), value)
        element = name.lower()
        if element in _CODE:
            if not closing:
                self.unclosed.setdefault(element, chunk.origin(end.end() - 1) + 1)
            elif (start := self.unclosed.pop(element, None)) is not None:
                self.code.append((start, chunk.origin(end.start())))
        if attributes and not closing:
            self.found += _images(chunk, name, attributes, links=self.links)
        return end.end()


_QUOTING = ((2, Spelling.HTML_DOUBLE), (3, Spelling.HTML_SINGLE), (4, Spelling.HTML_BARE))


def _images(
    chunk: Extract, name: bytes, attributes: dict[bytes, tuple[int, int, Spelling]], *, links: bool
) -> Iterator[Found]:
    """The URLs in the attributes of the tag ``name``."""
    if name.lower() == b"input":
        start, end, _ = attributes.get(b"type", (0, 0, None))
        if chunk.text[start:end].lower() != b"image":
            return
    for attribute, (start, end, quoting) in attributes.items():
        value = chunk.text[start:end]
        places: Iterable[tuple[int, int]] = ((0, len(value)),)
        spelling, certain = quoting, True
        if attribute in _SRCSETS:
            kind, places = Kind.SRCSET, srcset_urls(value)
            spelling = quoting if quoting is Spelling.HTML_BARE else Spelling.SRCSET
        elif attribute == b"style":
            kind, places, spelling = Kind.STYLE, style_urls(value), Spelling.CSS
        elif role := _role(name, attribute, links=links):
            kind, certain = role
        else:
            continue
        for first, last in places:
            url = read(value[first:last].decode(), spelling)
            if url.startswith("{"):  # an expression of JSX
                continue
            if certain or names_an_image(url):
                yield Found(*chunk.span(start + first, start + last), kind, spelling, url)


def _role(name: bytes, attribute: bytes, *, links: bool) -> tuple[Kind, bool] | None:
    """The kind of URL in an attribute, and whether it is an image whatever it ends with."""
    element = name.lower()
    if element in _IMAGES:
        if attribute in _IMAGES[element] or attribute in _LAZY:
            return Kind.TAG if name == b"Image" else Kind.HTML, True
    elif _COMPONENT.match(name) and attribute in _COMPONENT_IMAGES:
        return Kind.TAG, False
    if attribute == b"background" or attribute.startswith(b"data-"):
        return Kind.HTML, False
    if links and element == b"a" and attribute == b"href":
        return Kind.LINK, False
    return None


def _after(text: bytes, mark: bytes, at: int) -> int:
    end = text.find(mark, at)
    return end + len(mark) if end >= 0 else len(text)


def _stripped(text: bytes, start: int, end: int) -> tuple[int, int]:
    value = text[start:end]
    return start + len(value) - len(value.lstrip()), start + len(value.rstrip())
