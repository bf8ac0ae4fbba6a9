"""Which pictures are not the ones that posts mean, judged over all images of a run. Pure.

A host that lost an image, or does not want to serve it, often answers with another one: status
200, a valid picture, the wrong one. One image alone does not show that; all images of a host, and
a few questions of our own to it, do. The order in which images came makes no difference.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from migrator.config import SafetySettings
from migrator.held import PICTURES, SHORT, group_name, let_through
from migrator.model import Asset, Held, PastImage, Probe, Stored
from migrator.reasons import Reason
from migrator.redact import redact
from migrator.urls import canonical, identity, is_external

# SHA-256 of pictures that stand for missing ones, and where that is published.
KNOWN = {
    # i.imgur.com/removed.png: 503 bytes, 161x81 pixels. Its digest stands in many public programs
    # that skip it; its size and MD5 in issue 50 of HoverHell/RedditImageGrab.
    "9b5936f4006146e4e1e9025b474c02863c0b5614132ad40db4b925a10e8bfbb9": "imgur's for removed ones",
}
_JUDGED = PICTURES | {Reason.BY_REFERER}
_MANY, _MANY_SMALL = 3, 2  # different images of one host with the same bytes
_SMALL_PIXELS, _SMALL_BYTES = 200, 4 * 1024
_REDIRECTED = 2  # different images of one host that end at one address
_ICON_BYTES = 10 * 1024
_ICON_TYPES = frozenset({"image/gif", "image/x-icon", "image/vnd.microsoft.icon"})
_PHOTO = re.compile(r"(?i)\.(?:png|jpe?g|webp)$")
# What the name of a stand-in says, as whole words with what separates them taken out.
_TELLING = re.compile(
    r"(?i)(?<![a-z])(?:removed|deleted|default|missing|unavailable|error|(?:error)?[45]0[0-9]|"
    r"placeholder|forbidden|denied|blocked|hotlink(?:ing)?|(?:anti|no)(?:hotlink|leech)|expired|"
    r"favicon|(?:image)?not(?:found|available)|no(?:pic|pics|picture|image|img|photo|thumb))"
    r"(?![a-z0-9])"
)
_SEPARATORS = re.compile(r"[-_. ]+")
_DIRECTORIES = 3  # of a host, to be asked for a made-up name
_SAMPLE = 3  # images of a host, to be asked for as another page would
_NAMED = 3  # other images of a group that a detail names


Answers = Mapping[Probe, Asset | None]
Ask = Callable[[Sequence[Probe]], Answers]


@dataclass(frozen=True, slots=True)
class _Seen:
    """An image as a host gave it; ``thing`` is what is the same for all variants of one image."""

    url: str
    host: str
    thing: str
    target: str
    asset: Asset


def held_back(
    images: Iterable[Stored],
    earlier: Iterable[PastImage],
    ask: Ask,
    *,
    known: Collection[str],
    accepted: Collection[str],
    made_up: Callable[[], str],
) -> list[Held]:
    """Those of ``images`` that must not be linked to before the user agrees, and why.

    ``earlier`` is what the ledger has of other images: they count, and stay as they are. ``ask``
    asks hosts again; what a probe does not get an image for tells nothing. ``known`` is the user's
    own list of SHA-256s, ``accepted`` what the user let through, ``made_up`` gives a new name.
    What comes from the user's own copy (a folder, a bucket) is not judged.
    """
    judged = [
        each
        for each in images
        if is_external(each.source) and not let_through(each.url, each.asset, accepted)
    ]
    answers: dict[Probe, Asset | None] = {}
    if probes := [*_decoys(judged, made_up), *_samples(judged)]:
        answers |= ask(probes)
    if probes := _rest(judged, answers):
        answers |= ask(probes)
    return [
        Held(each.url, reason, detail, each.asset)
        for each, reason, detail in _verdicts(judged, earlier, answers, known)
    ]


def settled(image: PastImage, safety: SafetySettings, accepted: Collection[str]) -> Reason | None:
    """Why it is no use to ask for a failed or held ``image`` again, ``None`` if it may be of use.

    Of what is held, that is what would be held again; where a limit may have been raised since, or
    where only a new download can tell, it is asked for.
    """
    if image.reason in (Reason.NOT_FOUND, Reason.GONE):
        return Reason.STILL_GONE
    held = {
        *(_JUDGED if safety.placeholders == "hold" else ()),
        *([Reason.SVG] if safety.svg == "hold" else ()),
        Reason.TINY,
    }
    if image.reason in held and not let_through(image.url, image.asset, accepted):
        return Reason.STILL_HELD
    return None


def host_of(url: str) -> str:
    """The host of ``url``, with a port that is not the usual one."""
    return urlsplit(canonical(url)).netloc


def _decoys(images: Iterable[Stored], made_up: Callable[[], str]) -> list[Probe]:
    """A made-up sibling in each host's fullest folders; the query of the others is dropped."""
    folders: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for each in images:
        if not each.reused:
            folder, _, name = canonical(each.source).partition("?")[0].rpartition("/")
            folders[host_of(each.source)][folder].append(name)
    probes = []
    for _, by_folder in sorted(folders.items()):
        fullest = sorted(by_folder.items(), key=lambda item: (-len(item[1]), item[0]))
        for folder, names in fullest[:_DIRECTORIES]:
            endings = Counter(map(_ending, names))
            ending = min(endings, key=lambda each: (-endings[each], each))
            probes.append(Probe(f"{folder}/{made_up()}{ending}"))
    return probes


def _ending(name: str) -> str:
    suffix = PurePosixPath(name).suffix
    return suffix if suffix[1:].isalnum() else ""


def _samples(images: Iterable[Stored]) -> list[Probe]:
    """The smallest images of each host, to be asked for as a page of the host itself would.

    One that was fetched with a Referer is left out: without one it was refused already, or the
    host is known to need it.
    """
    by_host: dict[str, list[Stored]] = defaultdict(list)
    for each in images:
        if not each.reused and not each.referer:
            by_host[host_of(each.source)].append(each)
    return [
        _from_its_own_page(each)
        for _, fetched in sorted(by_host.items())
        for each in sorted(fetched, key=lambda each: (each.asset.size, identity(each.url)))[
            :_SAMPLE
        ]
    ]


def _rest(images: Iterable[Stored], answers: Answers) -> list[Probe]:
    """All other images of the hosts where a sample was given as another picture."""
    shas = {identity(each.url): each.asset.sha256 for each in images}
    moody = {
        host_of(probe.url)
        for probe, asset in answers.items()
        if probe.image and asset and asset.sha256 != shas[probe.image]
    }
    rest = (
        _from_its_own_page(each)
        for each in images
        if host_of(each.source) in moody and not each.referer
    )
    return [probe for probe in rest if probe not in answers]


def _from_its_own_page(image: Stored) -> Probe:
    parts = urlsplit(canonical(image.source))
    return Probe(image.source, f"{parts.scheme}://{parts.netloc}/", identity(image.url))


def _verdicts(
    images: Sequence[Stored],
    earlier: Iterable[PastImage],
    answers: Answers,
    known: Collection[str],
) -> Iterator[tuple[Stored, Reason, str]]:
    seen = {identity(each.url): _seen(each) for each in images}
    others = [_past(each, each.asset) for each in earlier if each.asset and _counts(each, seen)]
    same_bytes: dict[tuple[str, str], list[_Seen]] = defaultdict(list)
    same_target: dict[tuple[str, str], list[_Seen]] = defaultdict(list)
    for each in (*seen.values(), *others):
        same_bytes[each.host, each.asset.sha256].append(each)
        if _thing(each.target) != each.thing:
            same_target[each.host, each.target].append(each)
    to_any_name = {
        (host_of(probe.url), asset.sha256)
        for probe, asset in answers.items()
        if asset and not probe.image
    }
    elsewhere = {probe.image: asset for probe, asset in answers.items() if asset and probe.image}

    for image in images:
        each = seen[identity(image.url)]
        asset = each.asset
        picture = (each.host, asset.sha256)
        alike, redirected = same_bytes[picture], same_target.get((each.host, each.target), [])
        other = elsewhere.get(each.url)
        if words := KNOWN.get(asset.sha256) or (asset.sha256 in known and "on your own list"):
            reason, detail = Reason.KNOWN_PLACEHOLDER, words
        elif picture in to_any_name:
            reason, detail = Reason.ANY_NAME, f"{each.host}{_company(each, alike)}"
        elif _things(alike) >= (_MANY_SMALL if _is_small(asset) else _MANY):
            reason, detail = Reason.SAME_BYTES, f"{each.host}{_company(each, alike)}"
        elif _things(redirected) >= _REDIRECTED and each in redirected:
            reason = Reason.SAME_TARGET
            detail = f"to {redact(each.target)}{_company(each, redirected)}"
        elif words := _stand_in(image, each):
            reason, detail = Reason.STAND_IN, words
        elif other and other.sha256 != asset.sha256:
            reason = Reason.BY_REFERER
            detail = f"{_shape(asset)} without a Referer, {_shape(other)} with one of its own host"
        else:
            continue
        name = group_name(reason, each.url, asset.sha256)
        yield image, reason, f"{detail}; if it is right: migrator accept {name}"


def _seen(image: Stored) -> _Seen:
    target = canonical(image.final_url or image.source)
    source = image.source
    return _Seen(identity(image.url), host_of(source), _thing(source), target, image.asset)


def _past(image: PastImage, asset: Asset) -> _Seen:
    target = canonical(image.final_url or image.source)
    return _Seen(image.url, host_of(image.source), _thing(image.source), target, asset)


def _counts(image: PastImage, seen: Collection[str]) -> bool:
    return image.url not in seen and is_external(image.source)


def _thing(url: str) -> str:
    """What all variants of one image have in common, and the http and https spelling of it."""
    return canonical(url).partition("?")[0].partition("://")[2]


def _things(group: Iterable[_Seen]) -> int:
    return len({each.thing for each in group})


def _is_small(asset: Asset) -> bool:
    if asset.width and asset.height and max(asset.width, asset.height) <= _SMALL_PIXELS:
        return True
    return asset.size <= _SMALL_BYTES


def _stand_in(image: Stored, seen: _Seen) -> str:
    """What makes this one image look like a stand-in, if anything does."""
    name, target = (urlsplit(url).path.rpartition("/")[2] for url in (image.source, seen.target))
    if name != target and _tells(target) and not _tells(name):
        return f"redirected to {redact(seen.target)}"
    asset, ending = image.asset, _PHOTO.search(urlsplit(canonical(image.source)).path)
    if ending and asset.media_type in _ICON_TYPES and asset.size < _ICON_BYTES:
        kind = asset.extension.removeprefix(".").upper()
        return f"a {kind} of {asset.size:,} bytes for a name that ends with {ending[0]}"
    return ""


def _tells(name: str) -> bool:
    words = _SEPARATORS.split(name)
    return bool(_TELLING.search(" ".join(words)) or _TELLING.search("".join(words[:-1])))


def _company(image: _Seen, group: Iterable[_Seen]) -> str:
    """The others of a group: how many, and some of them."""
    others = sorted(each.url for each in group if each.url != image.url)
    if not others:
        return ""
    more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
    return f", also for {', '.join(map(redact, others[:_NAMED]))}{more}"


def _shape(asset: Asset) -> str:
    pixels = f", {asset.width}x{asset.height} pixels" if asset.width and asset.height else ""
    return f"{asset.sha256[:SHORT]} ({asset.size:,} bytes{pixels})"
