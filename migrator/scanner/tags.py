"""Image URLs in the tags of site generators: Hexo, Liquid (Jekyll) and Hugo's shortcodes.

Nobody can list all tags. A URL in one is an image if it names an image file, if its argument's
name says so, or if the tag's own name does and it is the first URL.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache

from migrator.errors import ConfigError
from migrator.model import Kind, Spelling
from migrator.scanner.found import Found
from migrator.scanner.regions import Regions
from migrator.urls import is_external, names_an_image

# {% name ... %}, and so {{% name ... %}}; {{< name ... >}}: how they begin, and what comes first of
# their end and of what cannot stand in them.
_TAG = re.compile(rb"\{(?:%[-+]?|\{(<))\s*(\w[\w.:/-]*)")
_TAG_END = {False: re.compile(rb"(%\})|\{%"), True: re.compile(rb"(>\}\})|\{\{|\}\}")}
_ARGUMENT = re.compile(rb"(?:([\w-]+)\s*=\s*)?(?:\"([^\"]*)\"|'([^']*)'|`([^`]*)`|([^\s\"'`]+))")
_START = re.compile(rb"(?:^|[\s,]\s*)(?:(?!https?:)([\w-]+)[=:])?(?=(?:https?:)?//)", re.IGNORECASE)
_SEPARATORS = b" \t\r\n,;"

_IMAGE_TAG = re.compile(
    rb"(?i)(?:^|[^a-z])(?:fi|li|pic|fig|img|i)(?:$|[^a-z])"
    rb"|img|image|figure|photo|picture|gallery|fancybox|lightbox|thumb|cover|banner|avatar"
)
_IMAGE_KEY = re.compile(
    rb"(?i)img|image|pic|photo|cover|poster|thumb|banner|avatar|logo|icon|background|^bg$|screenshot"
)
_SOURCES = frozenset({b"src", b"source"})
_ADDRESSES = frozenset({b"", b"url", b"path", b"file", b"href"})
_LINKS = frozenset({b"link", b"href", b"target", b"page", b"to"})
_WORDS = frozenset({b"alt", b"title", b"caption", b"desc", b"description", b"class", b"attr"})


def find(
    text: bytes, code: Regions, patterns: Iterable[str] = (), *, links: bool = False
) -> list[Found]:
    """The image URLs in the tags of ``text``, also in those that ``patterns`` describe.

    A tag that begins in ``code`` is an example of one.

    Raises:
        ConfigError: a pattern does not say where its URL stands.
    """
    found: list[Found] = []
    seen = 0
    for tag in _TAG.finditer(text) if text.find(b"{") >= 0 else ():  # quicker than the expression
        end = _TAG_END[bool(tag[1])].search(text, tag.end())
        if tag.start() < seen or end is None or not end[1]:
            continue
        seen = end.end()
        if tag.start() not in code:
            found += _in_tag(tag[2].lower(), text[tag.end() : end.start()], tag.end(), links)
    for pattern in patterns:
        found += (
            _found(match["url"], match.start("url"), Kind.TAG, Spelling.PLAIN)
            for match in _compiled(pattern).finditer(text)
            if match.start() not in code
        )
    return found


def _in_tag(name: bytes, arguments: bytes, offset: int, links: bool) -> Iterator[Found]:
    if name == b"include" and (template := _ARGUMENT.match(arguments.lstrip())):
        name = template[0]
    shows_images = bool(_IMAGE_TAG.search(name))
    values = list(_values(arguments))
    named = any(key in _SOURCES or _IMAGE_KEY.search(key) for key, *_ in values)
    for key, at, value, spelling in values:
        url = value.decode()
        main = shows_images and (key in _SOURCES or (not named and key in _ADDRESSES))
        if key in _LINKS and not main:
            kind, certain = Kind.LINK, False
        else:
            kind, certain = Kind.TAG, is_external(url) and bool(main or _IMAGE_KEY.search(key))
        if (certain or names_an_image(url)) and (links or kind is Kind.TAG):
            yield _found(value, offset + at, kind, spelling)
            if not key:
                shows_images = False  # only the first of a tag's unnamed URLs is the image's


def _values(arguments: bytes) -> Iterator[tuple[bytes, int, bytes, Spelling]]:
    """The name, place, text and spelling of each value that may be a URL."""
    for argument in _ARGUMENT.finditer(arguments):
        name = (argument[1] or b"").lower()
        if name in _WORDS:
            continue
        group = argument.lastindex or 0
        quoted = group < 5  # noqa: PLR2004 - the last group is the bare word
        value, offset = argument[group], argument.start(group)
        starts = list(_START.finditer(value))
        if not starts or (quoted and starts[0].start()):
            if not starts and not re.search(rb"\s|://", value):
                word = value.rstrip(_SEPARATORS)
                yield name, offset, word, Spelling.QUOTED if quoted else Spelling.PLAIN
            continue
        ends = [start.start() for start in starts[1:]] + [len(value)]
        for start, end in zip(starts, ends, strict=True):
            url = value[start.end() : end]
            if not quoted or len(starts) > 1:
                url = _without_more(url)
            key = (start[1] or name).lower()
            spelling = Spelling.QUOTED if quoted and len(starts) == 1 else Spelling.PLAIN
            yield key, offset + start.end(), url, spelling


def _without_more(url: bytes) -> bytes:
    """``url`` up to a comma that ends it: ``http://h/a.png,title``."""
    url = url.strip(_SEPARATORS)
    head, comma, _ = url.partition(b",")
    return head if comma and b"?" not in head and names_an_image(head.decode()) else url


def _found(value: bytes, start: int, kind: Kind, spelling: Spelling) -> Found:
    return Found(start, start + len(value), kind, spelling, value.decode())


@cache
def _compiled(pattern: str) -> re.Pattern[bytes]:
    before, url, after = pattern.partition("{url}")
    if not url or "{url}" in after or not before.strip(" *"):
        raise ConfigError(
            f"scan.tags: {pattern!r} does not say where the address stands",
            'write a tag as in your posts, with {url} once, such as {{< photo "{url}" >}}',
        )
    least = "?" if after.strip(" *") else ""
    return re.compile(
        b"".join(
            (
                _literally(before),
                rb"(?P<url>(?i:https?:)?//[^\s\"'`<>]+%s)" % least.encode(),
                _literally(after),
            )
        )
    )


def _literally(text: str) -> bytes:
    words = {" ": rb"\s+", "*": rb"[^\r\n]{0,200}?"}
    return b"".join(
        words.get(part[0]) or re.escape(part.encode()) for part in re.findall(r" +|\*|[^ *]+", text)
    )
