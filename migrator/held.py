"""Held images as groups: what a group is called, and which images somebody means. Pure."""

import re
from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches
from urllib.parse import urlsplit

from migrator.errors import UsageError
from migrator.model import Asset, PastImage
from migrator.reasons import Reason
from migrator.urls import canonical, identity

SHORT = 12  # hex digits by which people name a picture
# Held for the sake of their picture: whoever lets it through means it wherever it comes from.
PICTURES = frozenset(
    {
        Reason.KNOWN_PLACEHOLDER,
        Reason.ANY_NAME,
        Reason.SAME_BYTES,
        Reason.SAME_TARGET,
        Reason.STAND_IN,
    }
)
# Judged over all images of a run; what came for each is known.
JUDGED = PICTURES | {Reason.BY_REFERER}
_DIGEST = re.compile(r"[0-9a-fA-F]{8,64}")
_NEAREST = 3


def group_name(reason: str | None, url: str, sha256: str | None) -> str:
    """What to call the group of a held image, for ``migrator accept``.

    The first digits of the SHA-256 where images are held for one picture, else the reason and the
    host, such as ``svg:img.example.com``.
    """
    if sha256 and reason in PICTURES:
        return sha256[:SHORT]
    return _reason_at(reason, url)


def host_of(url: str) -> str:
    """The host of ``url``, with a port that is not the usual one, and without a login."""
    return urlsplit(canonical(url)).netloc.rpartition("@")[2]


def meant(what: str, held: Sequence[PastImage]) -> tuple[list[PastImage], list[str]]:
    """The images of ``held`` that ``what`` names, and what to remember as accepted.

    ``what`` is a URL in any spelling, a SHA-256 or its first 8 digits and more, or a group's name.

    Raises:
        UsageError: it names none, or the digits begin several pictures; says what is near.
    """
    if _DIGEST.fullmatch(what):
        digests = {sha for each in held if (sha := _sha256(each)).startswith(what.lower())}
        if len(digests) > 1:
            raise UsageError(
                f"{what} may be any of {len(digests)} pictures that are held",
                "Give more digits: " + ", ".join(sorted(digests)),
            )
        found = [each for each in held if _sha256(each) in digests]
        if found:
            return found, sorted(digests)
    found = [each for each in held if what in (name_of(each), wide_name(each))]
    if found:
        return found, sorted({_word(each) for each in found})
    found = [each for each in held if each.url == identity(what)]
    if found:
        return found, [_at(found[0].reason, what)]
    raise UsageError(f"no held image or group is called {what}", _nearest(what, held))


def name_of(image: PastImage) -> str:
    """The name of the group of ``image``."""
    return group_name(image.reason, image.url, _sha256(image))


def wide_name(image: PastImage) -> str:
    """The name of all that is held at the host of ``image`` for its reason, in several groups."""
    return _reason_at(image.reason, image.url)


def let_through(
    reason: Reason | None, url: str, asset: Asset | None, accepted: Collection[str]
) -> bool:
    """Whether the user accepted these bytes, or what is held for ``reason`` at ``url``.

    ``accepted`` is what `meant` said to remember.
    """
    return _at(reason, url) in accepted or (asset is not None and asset.sha256 in accepted)


def _reason_at(reason: str | None, url: str) -> str:
    return f"{reason}:{host_of(url) or 'local'}"


def _word(image: PastImage) -> str:
    """What to remember where ``image`` is accepted as one of a group."""
    vouched = image.reason in JUDGED and _sha256(image)
    return vouched or _at(image.reason, image.url)


def _at(reason: Reason | None, url: str) -> str:
    return f"{reason} {identity(url)}"


def _sha256(image: PastImage) -> str:
    return image.asset.sha256 if image.asset else ""


def _nearest(what: str, held: Iterable[PastImage]) -> str:
    names = {name for each in held for name in (name_of(each), wide_name(each), each.url)}
    if not names:
        return "Nothing is held here."
    near = get_close_matches(what, sorted(names), n=_NEAREST, cutoff=0.5)
    did_you_mean = f"Did you mean: {', '.join(near)}? " if near else ""
    return f"{did_you_mean}All that is held: migrator accept"
