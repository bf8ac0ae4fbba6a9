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

from migrator.config import Settings
from migrator.downloader.host_rules import HostRules
from migrator.held import PICTURES, SHORT, group_name, host_of, let_through
from migrator.model import Asset, Held, PastImage, Probe, Stored
from migrator.reasons import Outlook, Reason
from migrator.redact import redact
from migrator.urls import canonical, identity, is_external, names_an_image

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
    r"(?i)(?<![a-z0-9])(?:removed|deleted|default|missing|unavailable|error|(?:error)?[45]0[0-9]|"
    r"placeholder|forbidden|denied|blocked|hotlink(?:ing)?|(?:anti|no)(?:hotlink|leech)|expired|"
    r"favicon|(?:image)?not(?:found|available)|no(?:pic|pics|picture|image|img|photo|thumb))"
    r"(?![a-z0-9])"
)
_SEPARATORS = re.compile(r"[-_. ]+")
_FOLDERS = 3  # of a host, to be asked for a made-up name
_SAMPLE = 3  # images of a host, to be asked for as another page would
_NAMED = 3  # other images of a group that a detail names


Answers = Mapping[Probe, Asset | None]
Ask = Callable[[Sequence[Probe]], Answers]


@dataclass(frozen=True, slots=True)
class _Seen:
    """An image as a host gave it; ``thing`` is the same for all variants of one image.

    ``source`` and ``target``, where redirects ended, are canonical.
    """

    url: str
    source: str
    target: str
    asset: Asset
    host: str
    thing: str
    is_redirected: bool


def held_back(
    images: Iterable[Stored],
    earlier: Iterable[PastImage],
    ask: Ask,
    *,
    hosts: HostRules,
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
    if probes := [*_decoys(judged, hosts, made_up), *_samples(judged, hosts)]:
        answers |= ask(probes)
    if probes := _rest(judged, hosts, answers):
        answers |= ask(probes)
    seen = {identity(each.url): _seen(each, each.asset, hosts) for each in judged}
    others = (
        _seen(each, each.asset, hosts)
        for each in earlier
        if each.asset and each.url not in seen and is_external(each.source)
    )
    evidence = _Evidence([*seen.values(), *others], answers, known)
    held = []
    for each in judged:
        if found := evidence.against(seen[identity(each.url)]):
            reason, detail = found
            name = group_name(reason, each.url, each.asset.sha256)
            detail = f"{detail}; if it is right: migrator accept {name}"
            held.append(Held(each.url, reason, detail, each.asset))
    return held


def settled(image: PastImage, settings: Settings, accepted: Collection[str]) -> Reason | None:
    """Why it is no use to ask for a failed or held ``image`` again, ``None`` if it may be of use.

    Of what is gone, that is what no route leads elsewhere; of what is held, what would be held
    again. Where a limit may have been raised since, only a new download can tell.
    """
    if image.reason and image.reason.outlook is Outlook.GONE:
        routed = any(image.url.startswith(canonical(route.match)) for route in settings.route)
        return None if routed else Reason.STILL_GONE
    held = {
        *(_JUDGED if settings.safety.placeholders == "hold" else ()),
        *([Reason.SVG] if settings.safety.svg == "hold" else ()),
        Reason.TINY,
    }
    if image.reason in held and not let_through(image.url, image.asset, accepted):
        return Reason.STILL_HELD
    return None


def _seen(image: Stored | PastImage, asset: Asset, hosts: HostRules) -> _Seen:
    source = canonical(image.source)
    target = canonical(image.final_url) if image.final_url else source
    thing = _thing(source, hosts)
    return _Seen(
        identity(image.url),
        source,
        target,
        asset,
        host_of(source),
        thing,
        _thing(target, hosts) != thing,
    )


def _decoys(
    images: Iterable[Stored], hosts: HostRules, made_up: Callable[[], str]
) -> Iterator[Probe]:
    """A made-up sibling in each host's fullest folders; the query of the others is dropped."""
    folders: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for each in images:
        if not each.reused and hosts.rule(each.source).decoy:
            folder, _, name = canonical(each.source).partition("?")[0].rpartition("/")
            folders[host_of(each.source)][folder].add(name)
    for _, by_folder in sorted(folders.items()):
        fullest = sorted(by_folder.items(), key=lambda item: (-len(item[1]), item[0]))
        for folder, names in fullest[:_FOLDERS]:
            endings = Counter(map(_ending, names))
            ending = min(endings, key=lambda each: (-endings[each], each))
            yield Probe(f"{folder}/{made_up()}{ending}")


def _ending(name: str) -> str:
    suffix = PurePosixPath(name).suffix
    return suffix if suffix[1:].isalnum() else ""


def _samples(images: Iterable[Stored], hosts: HostRules) -> Iterator[Probe]:
    """The smallest images of each host, to be asked for as a page of the host itself would."""
    by_host: dict[str, dict[Probe, int]] = defaultdict(dict)
    for each in images:
        if not each.reused and _may_depend_on_referer(each, hosts):
            by_host[host_of(each.source)][_from_its_own_page(each)] = each.asset.size
    for _, sizes in sorted(by_host.items()):
        yield from sorted(sizes, key=lambda probe: (sizes[probe], probe.url))[:_SAMPLE]


def _rest(images: Iterable[Stored], hosts: HostRules, answers: Answers) -> list[Probe]:
    """All other images of the hosts that gave another picture for one of the sample."""
    fetched = [each for each in images if _may_depend_on_referer(each, hosts)]
    moody = {
        host_of(each.source)
        for each in fetched
        if (other := answers.get(_from_its_own_page(each))) and other.sha256 != each.asset.sha256
    }
    probes = (_from_its_own_page(each) for each in fetched if host_of(each.source) in moody)
    return [probe for probe in dict.fromkeys(probes) if probe not in answers]


def _may_depend_on_referer(image: Stored, hosts: HostRules) -> bool:
    """Whether a second look could tell: not where it is known which pages a host refuses.

    Nor for what was fetched with a Referer: without one it was refused, as others of its host were.
    """
    return not image.referer and not any("://" in r for r in hosts.rule(image.source).referers)


def _from_its_own_page(image: Stored) -> Probe:
    parts = urlsplit(canonical(image.source))
    return Probe(canonical(image.source), f"{parts.scheme}://{parts.netloc}/")


class _Evidence:
    """What all images together, and the answers of hosts, say about each."""

    def __init__(self, seen: Iterable[_Seen], answers: Answers, known: Collection[str]) -> None:
        self._known = known
        self._same_bytes: dict[tuple[str, str], list[_Seen]] = defaultdict(list)
        self._same_target: dict[tuple[str, str], list[_Seen]] = defaultdict(list)
        for each in seen:
            self._same_bytes[each.host, each.asset.sha256].append(each)
            if each.is_redirected:
                self._same_target[each.host, each.target].append(each)
        self._to_any_name = {
            (host_of(probe.url), asset.sha256)
            for probe, asset in answers.items()
            if asset and not probe.referer
        }
        self._elsewhere = {
            probe.url: asset for probe, asset in answers.items() if asset and probe.referer
        }

    def against(self, image: _Seen) -> tuple[Reason, str] | None:
        """Why ``image`` is not to be trusted, the strongest reason first, and what it is about."""
        asset = image.asset
        alike = self._same_bytes[image.host, asset.sha256]
        if words := KNOWN.get(asset.sha256):
            return Reason.KNOWN_PLACEHOLDER, words
        if asset.sha256 in self._known:
            return Reason.KNOWN_PLACEHOLDER, "it is in your list of known_placeholders"
        if (image.host, asset.sha256) in self._to_any_name:
            return Reason.ANY_NAME, f"{image.host}{_company(image, alike)}"
        if _things(alike) >= (_MANY_SMALL if _is_small(asset) else _MANY):
            return Reason.SAME_BYTES, f"{image.host}{_company(image, alike)}"
        if image.is_redirected:
            redirected = self._same_target[image.host, image.target]
            if _things(redirected) >= _REDIRECTED:
                where = f"to {redact(image.target)}"
                return Reason.SAME_TARGET, f"{where}{_company(image, redirected)}"
        if words := _stand_in(image):
            return Reason.STAND_IN, words
        other = self._elsewhere.get(image.source)
        if other and other.sha256 != asset.sha256:
            shapes = f"{_shape(asset)} without a Referer, {_shape(other)} with one of its own host"
            return Reason.BY_REFERER, shapes
        return None


def _thing(url: str, hosts: HostRules) -> str:
    """What all variants of one image have in common, and the http and https spelling of it."""
    plain = identity(hosts.original(url) or url)
    if names_an_image(plain):
        plain = plain.partition("?")[0]
    return plain.partition("://")[2]


def _things(group: Iterable[_Seen]) -> int:
    return len({each.thing for each in group})


def _is_small(asset: Asset) -> bool:
    if asset.width and asset.height and max(asset.width, asset.height) <= _SMALL_PIXELS:
        return True
    return asset.size <= _SMALL_BYTES


def _stand_in(image: _Seen) -> str:
    """What makes this one image look like a stand-in, if anything does."""
    asked, target = (urlsplit(url).path for url in (image.source, image.target))
    if image.is_redirected and _tells(target) and not _tells(asked):
        return f"redirected to {redact(image.target)}"
    asset, ending = image.asset, _PHOTO.search(asked)
    if ending and asset.media_type in _ICON_TYPES and asset.size < _ICON_BYTES:
        kind = asset.extension.removeprefix(".").upper()
        return f"a {kind} of {asset.size:,} bytes for a name that ends with {ending[0]}"
    return ""


def _tells(path: str) -> bool:
    words = _SEPARATORS.split(path.rpartition("/")[2])
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
