"""Whether a fetched file may be taken: a whole image that does no harm, or that the user let in."""

from collections.abc import Collection

from migrator.config.settings import SafetySettings
from migrator.downloader import media_types, structure
from migrator.downloader.faults import Unfetched
from migrator.downloader.image_file import Cut, Damaged
from migrator.downloader.spool import Draft
from migrator.model import Asset
from migrator.reasons import Reason
from migrator.urls import canonical

ACCEPTED_LIMIT = 1024**3  # bytes of an image whose URL the user accepted: 1 GiB


class Inspector:
    """Judges what was fetched, by its bytes alone.

    ``accepted`` holds canonical URLs (`migrator.urls.canonical`) and SHA-256s that the user has let
    through: such an image is not held, but may still be broken.
    """

    def __init__(self, safety: SafetySettings, accepted: Collection[str] = frozenset()) -> None:
        self._safety = safety
        self._accepted = accepted

    def limit_for(self, url: str, max_bytes: int) -> int:
        """How many bytes of ``url`` may be fetched where others may have ``max_bytes``."""
        return max(max_bytes, ACCEPTED_LIMIT) if canonical(url) in self._accepted else max_bytes

    def inspect(self, url: str, image: Draft, *, delimited: bool) -> Asset:
        """What the finished draft is; ``delimited`` if the host said where it ends.

        Raises:
            Unfetched: it is not a whole image, or needs the user's word.
        """
        asset = _identified(image, delimited=delimited)
        if self._is_accepted(url, asset):
            return asset
        if asset.media_type == media_types.SVG.media_type and self._safety.svg != "allow":
            cure = 'look at it, then allow SVG images: svg = "allow" under [safety]'
            raise Unfetched(Reason.SVG, cure, asset=asset)
        return asset

    def _is_accepted(self, url: str, asset: Asset) -> bool:
        return asset.sha256 in self._accepted or canonical(url) in self._accepted


def _identified(image: Draft, *, delimited: bool) -> Asset:
    head = image.head(media_types.HEAD)
    image_type = media_types.sniff(head)
    if image_type is None:
        raise Unfetched(Reason.NOT_AN_IMAGE, media_types.describe(head))
    try:
        shape = structure.inspect(image.file, image_type)
    except Cut as cut:
        raise Unfetched(Reason.TRUNCATED, str(cut)) from cut
    except Damaged as damaged:
        raise Unfetched(Reason.DAMAGED, str(damaged)) from damaged
    if not shape.ends and not delimited:
        raise Unfetched(Reason.TRUNCATED, "nothing says where this image ends")
    return Asset(
        image.sha256,
        image.size,
        image_type.media_type,
        image_type.extension,
        shape.width,
        shape.height,
    )
