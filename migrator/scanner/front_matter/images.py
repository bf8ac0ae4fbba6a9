"""Which values of front matter are image URLs. Pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from migrator import urls
from migrator.model import Spelling
from migrator.scanner import spelling
from migrator.scanner.front_matter.reading import Close, Key, Open, Rejected, Step, Value

# Keys whose value is an image, in lower case and without punctuation: top_img, topImg, top-img.
# fmt: off
_IMAGE_KEYS = frozenset(
    (
        "avatar", "background", "backgroundimage", "banner", "bannerimage", "bannerimg",
        "bannerurl", "bg", "bgimage", "bgimg", "cardimage", "cover", "coverimage", "coverimg",
        "coverurl", "favicon", "feature", "featured", "featuredimage", "featuredimg",
        "featureimage", "featureimg", "gallery", "header", "headerimage", "headerimg",
        "headimage", "headimg", "hero", "heroimage", "heroimg", "icon", "image", "images",
        "imageurl", "img", "imgs", "imgurl", "indeximg", "logo", "lqip", "ogimage",
        "opengraphimage", "overlayimage", "photo", "photos", "pic", "pics", "picture",
        "pictures", "postcover", "postimage", "poster", "postimg", "shareimage", "socialimage",
        "splash", "teaser", "thumb", "thumbimage", "thumbnail", "thumbnailimage", "thumbnails",
        "thumbnailurl", "thumburl", "topimage", "topimg", "twitterimage", "wallpaper"
    )
)
# fmt: on
# Below an image's key these say something else about the image.
_OTHER_KEYS = frozenset(
    ("alt", "author", "caption", "credit", "description", "href", "link", "links", "title")
)

_TEMPLATE = re.compile(r"\{\{|\{%|<%|\$\{")
_EMBEDDED = re.compile(
    r"!\[[^\]\r\n]{0,300}\]\(\s{0,9}<?(?:https?:)?//|<img\s[^>]{0,300}(?:https?:)?//",
    re.IGNORECASE,
)
_EXTERNAL = re.compile(r"https?://\S", re.IGNORECASE)
_INSIDE_MORE = (
    'front matter "{}": an image inside longer text stays as it is; '
    "only an address that stands alone is changed here"
)
_IN_PIECES = (
    'front matter "{}": the image stays as it is, because its address is written with escapes '
    "or over several lines; write it in one piece"
)
_MAX_DEPTH = 100
# Where what is written may differ from what it says: "\/" and "&" are common, "''" is the only way.
_DECODES = frozenset({Spelling.JSON, Spelling.TOML_BASIC, Spelling.YAML_SINGLE})
_NO = frozenset({"false", "no", "off"})


@dataclass(slots=True)
class Images:
    """Offsets are of characters; a note is an offset and its text."""

    found: dict[int, tuple[int, Spelling, str]] = field(default_factory=dict)  # by start
    notes: list[tuple[int, str]] = field(default_factory=list)
    opt_out: bool = False

    def edges(self) -> Iterator[int]:
        """The start and end of everything found."""
        for start, (end, _, _) in self.found.items():
            yield from (start, end)


def examine(
    steps: Iterable[Step], text: str, image_keys: Iterable[str], *, everything: bool = False
) -> Images:
    """The image URLs among the values that ``steps`` read from ``text``.

    Raises:
        Rejected: by the reader, or because it nests too deeply.
    """
    known = _IMAGE_KEYS.union(map(_plain, image_keys))
    images = Images()
    name, shows_image = "", False  # of the next value
    open_: list[bool] = []  # for every container whether it stands under an image's key
    for step in steps:
        match step:
            case Key():
                name = step.name
                key = _plain(name)
                inherited = bool(open_ and open_[-1]) and key not in _OTHER_KEYS
                shows_image = key in known or inherited
            case Open():
                open_.append(shows_image)
                if len(open_) > _MAX_DEPTH:
                    raise Rejected("it is nested too deeply")
            case Close():
                shows_image = bool(open_) and open_.pop()
            case Value() if len(open_) == 1 and name == "migrator":
                images.opt_out |= step.value.strip().lower() in _NO
            case Value():
                _judge(step, text, name, images, shows_image=shows_image, everything=everything)
    return images


def _judge(
    value: Value, text: str, name: str, images: Images, *, shows_image: bool, everything: bool
) -> None:
    url = value.value.strip()
    if not everything and "//" not in url:
        return
    if not _counts(url, shows_image=shows_image, everything=everything):
        inside_more = shows_image and _EXTERNAL.search(url) and not _TEMPLATE.search(url)
        if inside_more or _EMBEDDED.search(url):
            images.notes.append((value.start, _INSIDE_MORE.format(name)))
        return
    inside = text[value.start : value.end]
    raw = inside.strip()
    start = value.start + len(inside) - len(inside.lstrip())
    if raw == url or (value.spelling in _DECODES and spelling.read(raw, value.spelling) == url):
        images.found[start] = (start + len(raw), value.spelling, url)
    else:
        images.notes.append((value.start, _IN_PIECES.format(name)))


def _counts(url: str, *, shows_image: bool, everything: bool) -> bool:
    if _TEMPLATE.search(url):
        return False
    pieces = url.split()
    if len(pieces) != 1 and (not shows_image or "\n" in url or "//" in "".join(pieces[1:])):
        return False
    if urls.is_external(url):
        image = urls.names_an_image(url)
        return urls.host(url) is not None and (image or (shows_image and len(pieces) == 1))
    local = urls.names_an_image(url) or url.startswith("data:image/")
    return everything and local and (len(pieces) == 1 or shows_image)


def _plain(key: str) -> str:
    return "".join(filter(str.isalnum, key.casefold()))
