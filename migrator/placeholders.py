"""Which pictures are not the ones that posts mean, judged over all images of a run. Pure.

A host that lost an image, or does not want to serve it, often answers with another one: status
200, a valid picture, the wrong one. One image alone does not show that; all images of a host, and
a few questions of our own to it, do. The order in which images came makes no difference.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from urllib.parse import urlsplit

from migrator.alike import Common, Group, Mark, marks_of
from migrator.config import Settings
from migrator.downloader.host_rules import HostRules
from migrator.held import JUDGED, SHORT, group_name, host_of, let_through
from migrator.model import Asset, Held, PastImage, Stored
from migrator.reasons import Outlook, Reason
from migrator.redact import redact
from migrator.second_look import Answers, Seen, first_look, rest
from migrator.served import Probe
from migrator.urls import canonical, identity, is_external

# SHA-256 of pictures that stand for missing ones, and where that is published.
KNOWN = {
    # i.imgur.com/removed.png: 503 bytes, 161x81 pixels. Its digest stands in many public programs
    # that skip it; its size and MD5 in issue 50 of HoverHell/RedditImageGrab.
    "9b5936f4006146e4e1e9025b474c02863c0b5614132ad40db4b925a10e8bfbb9": "imgur's for removed ones",
}
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

Ask = Callable[[Sequence[Probe]], Answers]


def held_back(
    images: Iterable[Stored],
    earlier: Iterable[PastImage],
    ask: Ask,
    *,
    hosts: HostRules,
    known: Collection[str],
    accepted: Collection[str],
    made_up: Callable[[], str],
) -> tuple[list[Held], tuple[str, ...]]:
    """Those of ``images`` that must not be linked to before the user agrees, and why.

    Beside them what the user should know of hosts that could not be judged well.

    ``earlier`` is what the ledger has of other images: they count, and stay as they are. Both are
    gone over several times, for there may be more than memory should hold. ``ask``
    asks hosts again; what a probe does not get an image for tells nothing. ``known`` is the user's
    own list of SHA-256s, ``accepted`` what the user let through (see `migrator.held`), ``made_up``
    gives a new name.
    What comes from the user's own copy (a folder, a bucket) is not judged.
    """
    judged, common = _Looked(images, hosts, accepted=accepted), Common()
    answers: dict[Probe, Asset | Reason] = {}
    urls: set[int] = set()
    probes, samples = first_look(common.noted(_named(judged, urls)), made_up)
    if probes:
        answers |= ask(probes)
    if probes := rest(judged, samples, answers):
        answers |= ask(probes)
    others = _Looked(earlier, hosts, besides=urls)
    for _ in common.noted(others):
        pass
    evidence = _Evidence(common.groups(chain(judged, others)), answers, known)
    held = []
    for image, each in judged.beside():
        for reason, detail in evidence.against(each):
            if let_through(reason, image.url, each.asset, accepted):
                continue
            name = group_name(reason, image.url, each.asset.sha256)
            words = f"{detail}; if it is right: migrator accept {name}"
            held.append(Held(image.url, reason, words, each.asset))
            break
    return held, tuple(_doubts(answers))


def _doubts(answers: Answers) -> Iterator[str]:
    """What the answers of hosts leave open, by host."""
    talkative, mute = set(), {}
    for probe, answer in answers.items():
        if isinstance(answer, Reason):
            if answer.retry or answer is Reason.INTERNAL:
                mute[host_of(probe.url)] = answer
        elif not probe.referer:
            talkative.add(host_of(probe.url))
    for host in sorted(talkative):
        yield f"{host} answers every name with a picture, so nobody can tell a lost image there"
    for host, reason in sorted(mute.items()):
        yield f"{host} could not be checked ({reason.words}), so its images were taken on trust"


def settled(image: PastImage, settings: Settings, accepted: Collection[str]) -> Reason | None:
    """Why it is no use to ask for a failed or held ``image`` again, ``None`` if it may be of use.

    Of what is gone, that is what no route leads elsewhere; of what is held, what would be held
    again. Where a limit may have been raised since, only a new download can tell.
    """
    if image.reason and image.reason.outlook is Outlook.GONE:
        routed = any(image.url.startswith(canonical(route.match)) for route in settings.route)
        return None if routed else Reason.STILL_GONE
    held = {
        *(JUDGED if settings.safety.placeholders == "hold" else ()),
        *([Reason.SVG] if settings.safety.svg == "hold" else ()),
        Reason.TINY,
    }
    if image.reason in held and not let_through(image.reason, image.url, image.asset, accepted):
        return Reason.STILL_HELD
    return None


@dataclass(frozen=True)
class _Looked:
    """Images that hosts gave, with what is known of these: found out anew whenever gone over.

    Without those of which the user ``accepted`` all there is to say, and ``besides`` others.
    """

    images: Iterable[Stored | PastImage]
    hosts: HostRules
    accepted: Collection[str] = ()
    besides: Collection[int] = ()

    def __iter__(self) -> Iterator[Seen]:
        return (seen for _, seen in self.beside())

    def beside(self) -> Iterator[tuple[Stored | PastImage, Seen]]:
        """Each image beside what is known."""
        return ((image, Seen.of(image, asset, self.hosts)) for image, asset in self._some())

    def _some(self) -> Iterator[tuple[Stored | PastImage, Asset]]:
        for image in self.images:
            asset = image.asset
            if asset is None or not is_external(image.source):
                continue
            if self.besides and hash(identity(image.url)) in self.besides:
                continue
            if not self._is_accepted(image.url, asset):
                yield image, asset

    def _is_accepted(self, url: str, asset: Asset) -> bool:
        return bool(self.accepted) and all(
            let_through(reason, url, asset, self.accepted) for reason in JUDGED
        )


def _named(images: Iterable[Seen], urls: set[int]) -> Iterator[Seen]:
    """The same images; hashes of their identities, which are small, go into ``urls``."""
    for each in images:
        urls.add(hash(each.url))
        yield each


class _Evidence:
    """What all images together, and the answers of hosts, say about each."""

    def __init__(
        self,
        groups: Mapping[Mark, Group],
        answers: Answers,
        known: Collection[str],
    ) -> None:
        self._groups, self._known = groups, known
        pictures = {probe: each for probe, each in answers.items() if isinstance(each, Asset)}
        to_any_name = [
            (host_of(probe.url), each) for probe, each in pictures.items() if not probe.referer
        ]
        self._to_any_name = {(host, each.sha256) for host, each in to_any_name}
        self._alike = {(host, *_form(each)) for host, each in to_any_name if each.width}
        made_up = [probe for probe in answers if not probe.referer]
        self._telling = {  # folders in which the host says of a made-up name that it has none
            _folder(probe.url)
            for probe in made_up
            if isinstance(found := answers[probe], Reason) and not found.retry
        } - {_folder(probe.url) for probe in made_up if probe in pictures}
        self._elsewhere = {probe: each for probe, each in pictures.items() if probe.referer}

    def against(self, image: Seen) -> Iterator[tuple[Reason, str]]:
        """Why ``image`` is not to be trusted, the strongest reason first, and what it is about."""
        asset = image.asset
        alike, *redirected = (self._groups.get(mark, Group()) for mark in marks_of(image))
        if words := KNOWN.get(asset.sha256):
            yield Reason.KNOWN_PLACEHOLDER, words
        if asset.sha256 in self._known:
            yield Reason.KNOWN_PLACEHOLDER, "it is in your list of known_placeholders"
        if (image.host, asset.sha256) in self._to_any_name:
            yield Reason.ANY_NAME, f"{image.host}{alike.beside(image)}"
        elif self._is_alike(image):
            pixels = f"{asset.width}x{asset.height} pixels"
            yield Reason.ANY_NAME, f"{image.host}: other bytes, but of one type and {pixels}"
        if alike.things >= (_MANY_SMALL if _is_small(asset) else _MANY):
            yield Reason.SAME_BYTES, f"{image.host}{alike.beside(image)}"
        if any(group.things >= _REDIRECTED for group in redirected):
            where = f"to {redact(image.target)}"
            yield Reason.SAME_TARGET, f"{where}{redirected[0].beside(image)}"
        if words := _stand_in(image):
            yield Reason.STAND_IN, words
        for page, other in self._given_elsewhere(image):
            shapes = f"{_shape(asset)} as it was fetched, {_shape(other)} from {page}"
            yield Reason.BY_REFERER, shapes

    def _is_alike(self, image: Seen) -> bool:
        """Whether the host gives pictures of this type and size to names that cannot exist."""
        form = (image.host, *_form(image.asset))
        return form in self._alike and _folder(image.source) not in self._telling

    def _given_elsewhere(self, image: Seen) -> Iterator[tuple[str, Asset]]:
        for probe in image.probes:
            other = self._elsewhere.get(probe)
            if other and other.sha256 != image.asset.sha256:
                yield probe.referer, other


def _folder(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[0]


def _form(asset: Asset) -> tuple[str, int | None, int | None]:
    return asset.media_type, asset.width, asset.height


def _is_small(asset: Asset) -> bool:
    if asset.width and asset.height and max(asset.width, asset.height) <= _SMALL_PIXELS:
        return True
    return asset.size <= _SMALL_BYTES


def _stand_in(image: Seen) -> str:
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


def _shape(asset: Asset) -> str:
    pixels = f", {asset.width}x{asset.height} pixels" if asset.width and asset.height else ""
    return f"{asset.sha256[:SHORT]} ({asset.size:,} bytes{pixels})"
