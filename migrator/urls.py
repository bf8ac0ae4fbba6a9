"""URLs as values: which are the same image, which can be fetched. Pure."""

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote, urlsplit, urlunsplit

from migrator.signed import without_signature

_RECENT = 256  # an image is asked about a few dozen times while it is on its way
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_PLAIN_HOST = re.compile(
    r"(?:https?:)?//([a-z0-9.-]+)(?::\d+)?(?=[/?#]|\Z)", re.IGNORECASE | re.ASCII
)
# What ``canonical`` leaves as it is: nearly every URL, and to find out so is much quicker.
_SETTLED = re.compile(
    r"https?://[a-z0-9.-]+(?::(?!(?:80|443)/)\d+)?"
    r"/[\w.~!$&'()*+,;=:@/\[\]|-]*(?:\?[\w.~!$&'()*+,;=:@/?\[\]|-]+)?",
    re.ASCII,
)
_EXTERNAL = ("https://", "http://", "//")
_DEFAULT_PORT = {"http": ":80", "https": ":443"}
# After the extension some hosts take a style: a.png!small, a.png@80w, a.webp~tplv-x
_IMAGE_NAME = re.compile(
    r"(?i)\.(?:png|apng|jpe?g|jpe|jfif|gif|a?webp|avif|svgz?|bmp|ico|tiff?|heic|heif|jxl|image)(?:[!@~:].*)?$"
)


def is_external(url: str) -> bool:
    """Whether ``url`` names a host: http, https, or protocol-relative."""
    return url.startswith(_EXTERNAL) or url[:8].lower().startswith(_EXTERNAL)


def is_local(image: str) -> bool:
    """Whether ``image`` is the name of a file of the site (see ``identity``)."""
    return image.startswith("file:")


def names_an_image(url: str) -> bool:
    """Whether the path of ``url`` ends like the name of an image file."""
    path = without_fragment(url).partition("?")[0]
    return bool(_IMAGE_NAME.search(path.rpartition("/")[2]))


def without_fragment(url: str) -> str:
    """``url`` up to its ``#``: a fragment is the page's business, hosts never see it."""
    return url.partition("#")[0]


def fragment(url: str) -> str:
    """The fragment of ``url`` with its ``#``, or the empty string."""
    _, mark, rest = url.partition("#")
    return mark + rest


def absolute(url: str) -> str:
    """``url`` with a scheme: a protocol-relative one is asked for over https."""
    return "https:" + url if url.startswith("//") else url


@lru_cache(maxsize=_RECENT)
def host(url: str) -> str | None:
    """The host of an external URL in lower case, without a port; ``None`` if there is none."""
    if plain := _PLAIN_HOST.match(url):  # nearly all are, and urlsplit takes ten times as long
        return plain[1].lower()
    try:
        return urlsplit(absolute(url)).hostname if is_external(url) else None
    except ValueError:
        return None


def on_hosts(urls: Iterable[str]) -> Counter[str]:
    """How many of ``urls`` are on each host; those without one are not counted."""
    return Counter(name for url in urls if (name := host(url)))


@lru_cache(maxsize=_RECENT)
def canonical(url: str) -> str:
    """The identity of the image behind ``url``: equal for spellings that mean the same request.

    Scheme and host in lower case, no default port, no fragment; escapes of unreserved characters
    resolved, all others in upper case, everything that is not ASCII escaped as UTF-8
    (RFC 3986, 6.2.2). A URL that cannot be split stands for itself.
    """
    return url if _SETTLED.fullmatch(url) else _canonical(url)


def _canonical(url: str) -> str:
    try:
        parts = urlsplit(absolute(without_fragment(url.strip())))
        if not parts.netloc and parts.path.startswith("//"):
            return url  # http:////h/a: written without a host, its path would become one
        netloc = parts.netloc.lower().removesuffix(_DEFAULT_PORT.get(parts.scheme, ":"))
        path = _normalized(parts.path) or "/"
        return urlunsplit((parts.scheme, netloc, path, _normalized(parts.query), ""))
    except ValueError:
        return url


@lru_cache(maxsize=_RECENT)
def identity(url: str) -> str:
    """The name of the image behind ``url`` in plans, the ledger and reports.

    A file of the site (``file:posts/a.png``, from the site root) is its own name. Signatures
    are dropped: signed URLs of one object are one image.
    """
    return url if is_local(url) else without_signature(canonical(url))


def _normalized(text: str) -> str:
    escaped = quote(text, safe="%!$&'()*+,;=:@/?[]|", errors="surrogatepass")
    return _ESCAPE.sub(_settle, escaped)


def _settle(escape: re.Match[str]) -> str:
    byte = int(escape[1], 16)
    return chr(byte) if byte in _UNRESERVED else escape[0].upper()
