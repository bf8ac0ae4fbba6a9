"""What bytes are, by what they begin with. Pure.

Neither a file's name nor a Content-Type header is believed: image hosts serve WebP as ``.jpg`` and
login pages as ``image/png``.
"""

import re
from dataclasses import dataclass

HEAD = 16 * 1024  # bytes to look at: an SVG may begin with long comments and declarations


@dataclass(frozen=True, slots=True)
class ImageType:
    """An image format: its media type and the extension its files should have."""

    media_type: str
    extension: str


PNG = ImageType("image/png", ".png")
JPEG = ImageType("image/jpeg", ".jpg")
GIF = ImageType("image/gif", ".gif")
WEBP = ImageType("image/webp", ".webp")
AVIF = ImageType("image/avif", ".avif")
HEIC = ImageType("image/heic", ".heic")
JXL = ImageType("image/jxl", ".jxl")
BMP = ImageType("image/bmp", ".bmp")
ICO = ImageType("image/x-icon", ".ico")
TIFF = ImageType("image/tiff", ".tif")
SVG = ImageType("image/svg+xml", ".svg")

_MAGIC = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), PNG),
    (re.compile(rb"\xff\xd8\xff"), JPEG),
    (re.compile(rb"GIF8[79]a"), GIF),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), WEBP),
    (re.compile(rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n"), JXL),
    # Two letters are too few: the reserved fields are zero, the next header has a known size.
    (re.compile(rb"BM.{4}\0{4}.{4}[\x0c\x28\x34\x38\x40\x6c\x7c]\0{3}", re.DOTALL), BMP),
    (re.compile(rb"\0\0\x01\0[^\0]\0.{3}\0", re.DOTALL), ICO),
    (re.compile(rb"II[*+]\0|MM\0[*+]"), TIFF),
    (
        # Atomic throughout: no input makes it try twice.
        re.compile(
            rb"(?:\xef\xbb\xbf)?(?>\s*(?:<\?xml(?>.*?\?>)\s*)?)(?>(?:<!--(?>.*?-->)\s*)*)"
            rb"(?>(?:<!DOCTYPE\s+svg(?>[^\[>]*(?:\[(?>.*?\])\s*)?)>\s*)?)(?>(?:<!--(?>.*?-->)\s*)*)"
            rb"<(?:\w+:)?svg[\s/>]",
            re.DOTALL | re.IGNORECASE,
        ),
        SVG,
    ),
)
# Brands of ISO/IEC 23008-12 (HEIF) and the AV1 Image File Format.
_BRANDS = dict.fromkeys((b"avif", b"avis"), AVIF) | dict.fromkeys(
    (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs"), HEIC
)

_OTHERS = (
    (re.compile(rb"version https://git-lfs\.github\.com/spec/"), "a Git LFS pointer"),
    (re.compile(rb"%PDF-"), "a PDF"),
    (re.compile(rb"8BPS"), "a Photoshop file"),
    (re.compile(rb"PK\x03\x04"), "a ZIP archive"),
    (re.compile(rb"\x1f\x8b"), "compressed data (gzip)"),
    (re.compile(rb"%!PS"), "a PostScript file"),
    (re.compile(rb".{4}ftyp", re.DOTALL), "a video"),
    (re.compile(rb"\x1a\x45\xdf\xa3"), "a video"),
)
_SAID = 80  # characters of what a page says
_TITLE = re.compile(r"<title[^>]*>(.*?)(?:</title|$)", re.DOTALL | re.IGNORECASE)
_CODE = re.compile(r"<code>(.*?)</code>", re.DOTALL | re.IGNORECASE)
_MESSAGE = re.compile(r"<message>(.*?)</message>", re.DOTALL | re.IGNORECASE)
_HTML = re.compile(
    r"(?>\s*(?:<!--(?>.*?-->)\s*)*)<(?:!doctype html|html|head|body|title|script|meta|div|p)\b",
    re.DOTALL | re.IGNORECASE,
)


def sniff(head: bytes) -> ImageType | None:
    """The image format of a file that begins with ``head``, ``None`` if it is not an image."""
    for magic, image_type in _MAGIC:
        if magic.match(head):
            return image_type
    return _heif(head)


def _heif(head: bytes) -> ImageType | None:
    if head[4:8] != b"ftyp":
        return None
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))]
    return next((_BRANDS[brand] for brand in brands if brand in _BRANDS), None)


def describe(head: bytes) -> str:
    """What a file that is not an image seems to be, in words that are safe on a terminal."""
    if not head:
        return "nothing at all (0 bytes)"
    for magic, words in _OTHERS:
        if magic.match(head):
            return words
    if b"\0" in head:
        return "binary data of an unknown kind"
    text = _text(head)
    if _HTML.match(text):
        return _quoting("an HTML page", _TITLE.search(text))
    if text.lstrip("\ufeff \t\r\n").startswith("<"):
        return _quoting("XML", _CODE.search(text), _MESSAGE.search(text))
    kind = "JSON" if text.lstrip()[:1] in ("{", "[") else "text"
    return f"{kind}: {_snippet(text)}"


def _quoting(kind: str, *found: re.Match[str] | None) -> str:
    quoted = ", ".join(f"“{_snippet(match[1])}”" for match in found if match and match[1].strip())
    return f"{kind} {quoted}".rstrip()


def _text(head: bytes) -> str:
    # A head may end within a character, so its last bytes do not count against UTF-8.
    valid = head[:-3].decode("utf-8", "ignore").encode() == head[:-3] if len(head) > 3 else True  # noqa: PLR2004
    return head.decode("utf-8" if valid else "gb18030", "replace")


def _snippet(text: str) -> str:
    words = " ".join(text[: 8 * _SAID].split())
    plain = "".join(char if char.isprintable() else "?" for char in words)
    return plain if len(plain) <= _SAID else plain[: _SAID - 1] + "…"
