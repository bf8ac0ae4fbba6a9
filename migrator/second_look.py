"""What to ask hosts once more, to see whether what they gave is to be trusted. Pure."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from migrator.downloader.host_rules import HostRules
from migrator.model import Asset, PastImage, Stored
from migrator.reasons import Reason
from migrator.served import Probe
from migrator.urls import canonical, identity, names_an_image

_FOLDERS = 3  # of a host, to be asked for a made-up name
_ENDINGS = 8  # of names in one folder
_SAMPLE = 3  # images of a host, to be asked for as another page would

# A parameter of a query that says which image is meant, and not in which shape.
_NAMING = re.compile(r"(?i)(?:^|&)(?:[a-z_]*id|file|filename|name|img|image|pic|path|src|url)=")

Answers = Mapping[Probe, Asset | Reason]  # the image that came, or why none did


@dataclass(frozen=True, slots=True)
class Seen:
    """An image as a host gave it, by its identity ``url``.

    ``source`` and ``target``, where redirects ended, are canonical; ``thing`` is the same for all
    variants of one image, and so is ``target_thing`` for ``target``. ``fresh`` is whether it was
    not judged yet, ``decoy`` whether its host can tell that there is no image of some name, and
    ``pages`` the Referers with which a second look could show something.
    """

    url: str
    source: str
    target: str
    host: str
    thing: str
    asset: Asset
    is_redirected: bool
    target_thing: str
    fresh: bool = False
    decoy: bool = False
    pages: tuple[str, ...] = ()

    @classmethod
    def of(cls, image: Stored | PastImage, asset: Asset, hosts: HostRules) -> "Seen":
        """``image`` with what is known of its host."""
        source = canonical(image.source)
        final_url = image.final_url
        target = canonical(final_url) if final_url and final_url != image.source else source
        thing = _thing(source, hosts)
        target_thing = thing if target == source else _thing(target, hosts)
        fresh, decoy = False, False
        pages: tuple[str, ...] = ()
        if isinstance(image, Stored):
            fresh, decoy = not image.judged, hosts.rule(source).decoy
            pages = hosts.other_pages(source, image.referer)
        return cls(
            identity(image.url),
            source,
            target,
            source.partition("://")[2].partition("/")[0].rpartition("@")[2],
            thing,
            asset,
            target_thing != thing,
            target_thing,
            fresh,
            decoy,
            pages,
        )

    @property
    def probes(self) -> list[Probe]:
        """The second look, as other pages would have it."""
        return [Probe(self.source, page) for page in self.pages]


_Folders = Mapping[str, Mapping[str, Counter[str]]]  # host, folder, pattern of names: images


def first_look(
    images: Iterable[Seen], made_up: Callable[[], str]
) -> tuple[list[Probe], list[Seen]]:
    """What to ask at first: names that cannot exist, and some images as other pages would.

    Beside it these samples: the smallest images of each host.
    """
    folders: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    sizes: dict[str, dict[str, Seen]] = defaultdict(dict)
    for each in images:
        if each.fresh and each.decoy:
            folder, _, name = each.source.partition("?")[0].rpartition("/")
            folders[each.host][folder][_pattern(each.source, name)] += 1
        if each.fresh and each.pages:
            smallest = sizes[each.host]
            smallest[each.source] = each
            if len(smallest) > _SAMPLE:
                del smallest[max(smallest.values(), key=_by_size).source]
    samples = [
        each
        for _, smallest in sorted(sizes.items())
        for each in sorted(smallest.values(), key=_by_size)
    ]
    asked = (probe for each in samples for probe in each.probes)
    return [*_decoys(folders, made_up), *asked], samples


def _decoys(folders: _Folders, made_up: Callable[[], str]) -> Iterator[Probe]:
    """Made-up siblings in each host's fullest folders, one for each way that names end there."""
    for _, by_folder in sorted(folders.items()):
        fullest = sorted(by_folder.items(), key=lambda item: (-item[1].total(), item[0]))
        for folder, patterns in fullest[:_FOLDERS]:
            most = sorted(patterns, key=lambda each: (-patterns[each], each))[:_ENDINGS]
            for pattern in most:
                yield Probe(f"{folder}/{pattern.format(made_up())}")


def _pattern(url: str, name: str) -> str:
    """The last part of ``url`` with a gap where it names the image: in its query, or ``name``."""
    query = url.partition("?")[2]  # canonical, so there are no braces in it
    naming = None if names_an_image(url) else _NAMING.search(query)
    if naming:
        _, mark, rest = query[naming.end() :].partition("&")
        return f"{name}?{query[: naming.end()]}{{}}{mark}{rest}"
    return "{}" + _ending(name)


def _by_size(image: Seen) -> tuple[int, str]:
    return image.asset.size, image.source


def rest(images: Iterable[Seen], samples: Iterable[Seen], answers: Answers) -> list[Probe]:
    """A second look at all other images of the hosts that gave another picture for a sample."""
    moody = {
        each.host
        for each in samples
        for probe in each.probes
        if isinstance(other := answers.get(probe), Asset) and other.sha256 != each.asset.sha256
    }
    if not moody:
        return []
    others = (probe for each in images if each.host in moody for probe in each.probes)
    return list(dict.fromkeys(probe for probe in others if probe not in answers))


def _ending(name: str) -> str:
    stem, _, suffix = name.rpartition(".")
    return f".{suffix}" if stem and suffix.isalnum() else ""


def _thing(url: str, hosts: HostRules) -> str:
    """What all variants of one image have in common, and the http and https spelling of it."""
    plain = identity(hosts.original(url) or url)
    if names_an_image(plain):
        plain = plain.partition("?")[0]
    return plain.partition("://")[2]
