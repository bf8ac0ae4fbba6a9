"""What hosts serve and are asked, as values: versions, second looks, public answers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Version:
    """By what a host tells whether what it serves has changed (RFC 9110, 8.8).

    ``etag`` and ``last_modified`` as it sent them, empty where it did not.
    """

    etag: str = ""
    last_modified: str = ""

    @property
    def conditions(self) -> dict[str, str]:
        """The headers that ask for the image only if it has changed; the ETag decides first."""
        wanted = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in wanted.items() if value}


NO_VERSION = Version()  # the host does not say


@dataclass(frozen=True, slots=True)
class Earlier:
    """An image as it came from ``source`` some time ago: its SHA-256 and its version then."""

    source: str
    sha256: str
    version: Version


@dataclass(frozen=True, slots=True)
class NotModified:
    """The image is as it was when it was seen last.

    ``version`` is the host's new word for it; ``None``: it only said so (status 304).
    """

    url: str
    version: Version | None = None


@dataclass(frozen=True, slots=True)
class Probe:
    """One more request to a host, to see whether what it gave is to be trusted.

    It is for an image that was fetched from ``url`` without a Referer, or, where ``referer`` is
    empty, for one that cannot exist.
    """

    url: str
    referer: str = ""


@dataclass(frozen=True, slots=True)
class PublicAnswer:
    """What a store's public address gave to an anonymous reader.

    ``sha256`` and ``size`` are of the body, if it was read to its end (status 200 only).
    ``status`` is 0 where there was no usable answer; ``error`` then says why. ``location`` is where
    a redirect leads, which is not followed; ``cache_control`` and ``server`` the headers of these
    names. ``forced`` is whether the service says that it wants browsers to download what it serves.
    ``refusal`` is the beginning of what came instead (any status but 200).
    """

    status: int
    sha256: str = ""
    size: int = 0
    content_type: str = ""
    disposition: str = ""
    error: str = ""
    location: str = ""
    cache_control: str = ""
    server: str = ""
    forced: bool = False
    refusal: str = ""
