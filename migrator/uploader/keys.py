"""Names of objects: a template of the user's, filled in from an image and where it stands. Pure."""

import re
import string
import unicodedata
from contextlib import suppress
from pathlib import PurePosixPath
from urllib.parse import quote, unquote, unquote_to_bytes, urlsplit

from migrator.errors import ConfigError
from migrator.model import Asset, TransferTask
from migrator.urls import absolute, host, names_an_image

LONGEST = 1024  # bytes of UTF-8; the limit of Amazon S3, which the others took over
_LONGEST_PART = 255  # bytes between two slashes; the limit of most file systems
_LONGEST_NAME = 80  # bytes that a name of the user's may bring in
_LONGEST_PATH = 512
_LONGEST_HOST = 253  # characters; RFC 1035, 2.3.4, as a text
_LONGEST_KEPT = 237  # bytes of one part of such a path: a hash has room beside it
ENOUGH = 16  # hex digits: a chance of 1 in 36 million that any two of a million images collide
_SHA256_DIGITS = 64
_NO_DATE = {"year": "0000", "month": "00"}
_BUNDLE = {"index", "_index", "readme"}  # posts that are named by their folder
_LIKE = {  # what fields are filled with, as patterns
    "ext": r"\.[a-z0-9]{2,5}",
    "stem": "[^/]+",
    "post": "[^/]+",
    "host": "[a-z0-9._-]+",
    "path": ".+",
    "year": "[0-9]{4}",
    "month": "[0-9]{2}",
}
_TELLING = {"sha256", "stem", "path", "post"}  # fields that tell images apart
# From the extension on, with the style that some hosts take after it: a.png!small, a.webp~tplv-x
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,5}(?:[!@~:].*)?$")
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
_NOT_ON_WINDOWS = re.compile(r'[<>:"|?*\\]|[. ]$')
_NOT_IN_A_NAME = re.compile(rf"#|{_NOT_ON_WINDOWS.pattern}")
_NOT_IN_A_HOST = re.compile(r"[^a-z0-9._-]+|\.(?=\.)")
_DEVICE = re.compile(
    r"(?:(?<=/)|^)(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?= *(?:\.|/|$))",
    re.IGNORECASE,
)


def names_a_date(template: str) -> bool:
    """Whether keys depend on when the post was written."""
    return "{year}" in template or "{month}" in template


def key_for(
    template: str, prefix: str, asset: Asset, task: TransferTask, *, distinct: bool = False
) -> str:
    """The key of ``asset``: ``prefix``, a slash, and ``template`` with its fields filled in.

    ``docs/reference/names-and-links.md`` lists the fields. Whatever the URL and the post are
    called, the key can be one on S3 and a file on Linux, macOS and Windows. ``distinct`` adds so
    much of the hash that no other image can have this key; it changes nothing where the template
    has as much.

    Raises:
        ConfigError: the template or the prefix cannot make such a key, for this or any image. What
            ``check_key`` says of the template's own words is not said again.
    """
    name = _filled(template, asset, task, distinct=distinct)
    name = _DEVICE.sub(r"\g<0>-", name)
    folder = prefix.strip("/")
    if folder:
        _must_be_plain("store.prefix", prefix, folder)
    key = f"{folder}/{name}" if folder else name
    if _size(key) > LONGEST:
        raise ConfigError(
            f"store.prefix and store.key make names of more than {LONGEST} bytes",
            "choose a shorter prefix",
        )
    if max(map(_size, name.split("/"))) > _LONGEST_PART:
        raise ConfigError(
            f"store.key = {template!r} makes names of more than {_LONGEST_PART} bytes, "
            "which a disk cannot hold",
            "name fewer fields, or put a slash between them",
        )
    return key


def check_key(template: str, prefix: str) -> None:
    """See that every image can get a key, and one that says what kind of file it is.

    Raises:
        ConfigError: as ``key_for``, for the longest names that there can be.
    """
    _check_template(template)
    part = "p" * _LONGEST_KEPT
    path = f"{part}/{'p' * (_LONGEST_PATH - 2 * _LONGEST_KEPT - 2)}/{part}"
    asset = Asset("0" * _SHA256_DIGITS, 1, "image/jpeg", ".jpeg")
    task = TransferTask(f"https://{'h' * _LONGEST_HOST}/{path}", post=part)
    key_for(template, prefix, asset, task, distinct=True)
    if _parsed(template)[-1][1] not in ("ext", "path"):
        raise ConfigError(
            f"store.key = {template!r}: names would not end like those of images (.png)",
            f"end it with {{ext}}: key = {_with_extension(template)!r}",
        )


def own_keys(template: str, prefix: str) -> re.Pattern[str] | None:
    """What the keys that ``template`` makes below ``prefix`` match, and hardly any other name.

    ``None`` where they hold too little of the hash to be told from what others put there.
    """
    folder = f"{prefix.strip('/')}/".lstrip("/")
    pieces, digits = [re.escape(folder)], 0
    for literal, field, spec in _parsed(template):
        pieces.append(re.escape(literal))
        if field == "sha256":
            length = _length(template, spec)
            pieces.append(f"[0-9a-f]{{{length}}}")
            digits = max(digits, length)
        elif field:
            pieces.append(_LIKE[field])
    return re.compile("".join(pieces), re.DOTALL) if digits >= ENOUGH else None


def old_name(url: str) -> str:
    """The host and path of ``url``, as a web server with the old names would look for its file.

    Empty where no file can be called so.
    """
    path = _path(url)
    return f"{_host(url)}/{path}" if path else ""


def _filled(template: str, asset: Asset, task: TransferTask, *, distinct: bool) -> str:
    pieces: list[str] = []
    digits = 0
    for literal, field, spec in _parsed(template):
        pieces.append(literal)
        if field == "sha256":
            length = _length(template, spec)
            pieces.append(asset.sha256[:length])
            digits = max(digits, length)
        elif field == "path" and not _path(task.url):
            pieces.append(f"{asset.sha256[:2]}/{asset.sha256}{asset.extension}")
            digits = _SHA256_DIGITS
        elif field:
            pieces.append(_value(field, asset, task))
    name = "".join(pieces)
    return _with_hash(name, asset.sha256[:ENOUGH]) if distinct and digits < ENOUGH else name


def _value(field: str, asset: Asset, task: TransferTask) -> str:
    match field:
        case "ext":
            return asset.extension
        case "stem":
            return _stem(task.url)
        case "path":
            return _path(task.url)
        case "host":
            return _host(task.url)
        case "post":
            return _post(task.post)
        case "year" if task.written:
            return f"{task.written:%Y}"
        case "month" if task.written:
            return f"{task.written:%m}"
        case _:
            return _NO_DATE[field]


def _check_template(template: str) -> None:
    """See that what stands around the fields of ``template`` is fit for names."""
    parsed = _parsed(template)
    if not {field for _, field, _ in parsed} & _TELLING:
        raise _bad_template(template, "every image would get the same name")
    like = {"": "", "ext": ".png"}
    _must_be_plain("store.key", template, "".join(a + like.get(b, "x") for a, b, _ in parsed))


def _with_extension(template: str) -> str:
    """``template`` with the image's own extension at its end, where it may have had another."""
    return re.sub(r"\.[A-Za-z0-9]+$", "", template.replace("{ext}", "")) + "{ext}"


def _parsed(template: str) -> list[tuple[str, str, str]]:
    """The literals of ``template``, each with the field after it and what its colon adds."""
    try:
        parsed = list(string.Formatter().parse(template))
    except ValueError as error:
        raise _bad_template(template, "a brace is not closed") from error
    for _, field, spec, conversion in parsed:
        known = field in _TELLING | {"ext", "host"} | _NO_DATE.keys() and (
            field == "sha256" or not spec
        )
        if field is not None and (conversion or not known):
            raise _bad_template(template, f"{{{field}}} is not known")
    return [(literal, field or "", spec or "") for literal, field, spec, _ in parsed]


def _with_hash(name: str, digits: str) -> str:
    folder, slash, last = name.rpartition("/")
    suffix = found[0] if (found := _SUFFIX.search(last)) and found.start() else ""
    return f"{folder}{slash}{last.removesuffix(suffix)}-{digits}{suffix}"


def _stem(url: str) -> str:
    last = unquote(_url_path(url), errors="replace").rstrip("/").rpartition("/")[2]
    return _safe(_SUFFIX.sub("", last)) or "image"


def _post(name: str) -> str:
    path = PurePosixPath(name)
    stem = path.stem
    if stem.partition(".")[0].lower() in _BUNDLE and _safe(path.parent.name):  # also index.zh.md
        stem = path.parent.name
    return _safe(stem) or "post"


def _host(url: str) -> str:
    """The host in ``url``, as browsers ask for it, without a port; ``local`` of a site's file."""
    name = host(url) or "local"
    with suppress(UnicodeError):
        name = name.encode("idna").decode()
    return _NOT_IN_A_HOST.sub("-", name[:_LONGEST_HOST]).strip(".-") or "local"


def _path(url: str) -> str:
    """The path of ``url``, decoded; empty if it cannot be a key, or names what is no image.

    A server would take an image called a.html for a page, with what someone hid in it.
    """
    try:
        path = unquote_to_bytes(_url_path(url)).decode().removeprefix("/")
    except UnicodeError:
        return ""
    last = path.rpartition("/")[2].replace("#", "")
    usable = (
        path.isprintable()
        and _size(path) <= _LONGEST_PATH
        and (names_an_image(last) or "." not in last)
        and all(map(_is_plain_part, path.split("/")))
    )
    return path if usable else ""


def _is_plain_part(part: str) -> bool:
    """Not empty, nothing hidden (``..`` neither), legal everywhere, with room for a hash."""
    usable = 0 < _size(part) <= _LONGEST_KEPT and not part.startswith(".")
    return usable and not _NOT_ON_WINDOWS.search(part)


def _url_path(url: str) -> str:
    """The path in ``url`` as it is written, without query and fragment."""
    if url.startswith("file:"):  # a file of the site: nothing is encoded
        return quote(url.removeprefix("file:"), errors="surrogatepass")
    try:
        return urlsplit(absolute(url)).path
    except ValueError:
        return ""


def _safe(text: str) -> str:
    """``text`` as part of a name on any system: in lower case, letters and digits of every script.

    Names that differ in case alone would meet on disks of Windows and macOS. At most 80 bytes.
    """
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower())
    kept = (c if c == "_" or unicodedata.category(c)[0] in "LMN" else "-" for c in text)
    short = re.sub("-+", "-", "".join(kept)).strip("-").encode()[:_LONGEST_NAME]
    return short.decode(errors="ignore").strip("-")


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _length(template: str, spec: str) -> int:
    if not spec:
        return _SHA256_DIGITS
    if spec.isascii() and spec.isdigit() and 1 <= int(spec) <= _SHA256_DIGITS:
        return int(spec)
    raise _bad_template(template, f"{{sha256:{spec}}} needs a number from 1 to {_SHA256_DIGITS}")


def _bad_template(template: str, what: str) -> ConfigError:
    return ConfigError(
        f"store.key = {template!r}: {what}",
        "use {sha256}, {sha256:N}, {stem}, {post}, {host}, {path}, {year}, {month} and {ext}, "
        'as in "{sha256:2}/{sha256}{ext}" or "{year}/{month}/{stem}{ext}"',
    )


def _must_be_plain(setting: str, said: str, text: str) -> None:
    """Refuse what some store, file system or URL would read as something else than a name.

    ``text`` is what becomes of what the user ``said``.
    """
    parts = text.split("/")
    if any(part.startswith((".", " ")) or not part for part in parts):
        raise ConfigError(
            f"{setting} = {said!r}: an empty part between the slashes, or one that begins with a "
            "dot or a space",
            f"write {setting} as plain names, such as blog/images",
        )
    found = (_NOT_IN_A_NAME.search(part) for part in parts)
    bad = next((match[0] for match in found if match), None) or next(
        (c for c in text if not c.isprintable()), None
    )
    if bad is not None:
        where = " at the end of a part" if bad in ". " else ""
        raise ConfigError(
            f"{setting} = {said!r}: the character {bad!r} cannot stand in a name{where}",
            "use letters, digits, '-', '_', and '/' between folders",
        )
