"""Names of objects: a template of the user's, filled in from an asset. Pure."""

import string

from migrator.errors import ConfigError
from migrator.model import Asset, TransferTask

LONGEST = 1024  # bytes of UTF-8; the limit of Amazon S3, which the others took over
_ENOUGH = 16  # hex digits: a chance of 1 in 36 million that any two of a million images collide
_SHA256_DIGITS = 64
_NO_DATE = {"year": "0000", "month": "00"}


def names_a_date(template: str) -> bool:
    """Whether keys depend on when the post was written."""
    return "{year}" in template or "{month}" in template


def key_for(
    template: str, prefix: str, asset: Asset, task: TransferTask, *, distinct: bool = False
) -> str:
    """The key of ``asset``: ``prefix``, a slash, and ``template`` with its fields filled in.

    ``distinct`` adds so much of the hash that no other image can have this key.

    The fields are ``{sha256}``, ``{sha256:N}`` (its first N hex digits), ``{ext}`` (with the dot),
    ``{year}`` and ``{month}``, of the day the first post that shows it was ``written``. A key holds
    enough of the hash that different images do not meet under one name.

    Raises:
        ConfigError: the template or the prefix cannot make such a key.
    """
    name = _filled(template, asset, task)
    _must_be_plain("store.key", name)
    folder = prefix.strip("/")
    if folder:
        _must_be_plain("store.prefix", folder)
    key = f"{folder}/{name}" if folder else name
    if len(key.encode("utf-8", "surrogateescape")) > LONGEST:
        raise ConfigError(
            f"store.prefix and store.key make names of more than {LONGEST} bytes",
            "choose a shorter prefix",
        )
    return key


def _filled(template: str, asset: Asset, task: TransferTask) -> str:
    written = task.written
    pieces: list[str] = []
    digits = 0
    plain = {"ext": asset.extension}
    plain |= {"year": f"{written:%Y}", "month": f"{written:%m}"} if written else _NO_DATE
    try:
        fields = list(string.Formatter().parse(template))
    except ValueError as error:
        raise _bad_template(template, "a brace is not closed") from error
    for literal, field, spec, conversion in fields:
        pieces.append(literal)
        if field is None:
            continue
        if field in plain and not spec and not conversion:
            pieces.append(plain[field])
        elif field == "sha256" and not conversion:
            length = _length(template, spec or "")
            pieces.append(asset.sha256[:length])
            digits = max(digits, length)
        else:
            raise _bad_template(template, f"{{{field}}} is not known")
    if digits < _ENOUGH:
        raise _bad_template(
            template, "two different images could get one name; it needs more of the hash"
        )
    return "".join(pieces)


def _length(template: str, spec: str) -> int:
    if not spec:
        return _SHA256_DIGITS
    if spec.isascii() and spec.isdigit() and 1 <= int(spec) <= _SHA256_DIGITS:
        return int(spec)
    raise _bad_template(template, f"{{sha256:{spec}}} needs a number from 1 to {_SHA256_DIGITS}")


def _bad_template(template: str, what: str) -> ConfigError:
    return ConfigError(
        f"store.key = {template!r}: {what}",
        f"use {{sha256}} or {{sha256:N}} with N of at least {_ENOUGH}, {{year}}, {{month}} and "
        '{ext}, as in "{sha256:2}/{sha256}{ext}"',
    )


def _must_be_plain(setting: str, text: str) -> None:
    """Refuse what some store, file system or URL would read as something else than a name."""
    if any(part in ("", ".", "..") for part in text.split("/")):
        raise ConfigError(
            f"{setting} = {text!r}: an empty part, '.' or '..' between the slashes",
            f"write {setting} as plain folder names, such as blog/images",
        )
    bad = next((c for c in text if c == "\\" or not c.isprintable()), None)
    if bad is not None:
        raise ConfigError(
            f"{setting} = {text!r}: the character {bad!r} cannot stand in a name",
            "use letters, digits, '-', '_', and '/' between folders",
        )
