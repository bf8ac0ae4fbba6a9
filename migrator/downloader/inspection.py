"""Whether a fetched file may be taken: a whole image that does no harm, or that the user let in."""

from collections.abc import Collection, Iterator

from migrator.config import SafetySettings
from migrator.downloader import carried, media_types, structure
from migrator.downloader.decoding import SECONDS, Decoders, Finding, PixelLimits
from migrator.downloader.faults import Unfetched
from migrator.downloader.image_file import Cut, Damaged, Shape
from migrator.downloader.spool import Draft
from migrator.held import let_through
from migrator.model import Asset
from migrator.reasons import Reason

ACCEPTED_LIMIT = 1024**3  # bytes of an image whose URL the user accepted: 1 GiB
_ACCEPT = "migrator accept URL"
_MORE_PIXELS = f"to take it all the same: {_ACCEPT}, or a larger max_pixels under [safety]"
_DOT = 4  # pixels of a line that is no picture
_LARGE = 1_000_000  # pixels that are worth forging
_ELONGATED = 100  # times as long as wide: long screenshots have 30, strips of comics 80
_EMPTY = 200  # pixels a byte: a flat baseline JPEG has 170
_ANIMATION = 8  # times as many pixels may all frames have as one
_SVG_TEXT = 1024**2  # bytes of an SVG to look into


class Inspector:
    """Judges what was fetched, by its bytes alone.

    ``accepted`` is what the user has let through (see `migrator.held`): such an image is not held
    for that, but may still be broken.
    """

    def __init__(
        self, safety: SafetySettings, decoders: Decoders, accepted: Collection[str] = frozenset()
    ) -> None:
        self._safety = safety
        self._decoders = decoders
        self._accepted = accepted
        self._limits = PixelLimits(safety.max_pixels, _ANIMATION * safety.max_pixels)

    def limit_for(self, url: str, max_bytes: int) -> int:
        """How many bytes of ``url`` may be fetched where others may have ``max_bytes``."""
        accepted = let_through(Reason.TOO_LARGE, url, None, self._accepted)
        return max(max_bytes, ACCEPTED_LIMIT) if accepted else max_bytes

    def inspect(
        self, url: str, image: Draft, *, delimited: bool, seconds: float = SECONDS
    ) -> Asset:
        """What the finished draft is; ``delimited`` if the host said where it ends.

        If it must be decoded, that takes ``seconds`` at most.

        Raises:
            Unfetched: it is not a whole image, or needs the user's word.
        """
        asset, shape = _identified(image, delimited=delimited)
        for fault in self._faults(image, asset, shape, delimited=delimited, seconds=seconds):
            if not fault.held:
                raise fault
            if not let_through(fault.reason, url, asset, self._accepted):
                fault.asset = asset
                raise fault
        return asset

    def _faults(
        self, image: Draft, asset: Asset, shape: Shape, *, delimited: bool, seconds: float
    ) -> Iterator[Unfetched]:
        """What is wrong with it, each looked for once the user has let through those before."""
        yield from self._gate(image, asset, shape)
        odd = shape.loose or _has_tail(asset, shape) or _is_absurd(asset, shape)
        if not odd and delimited and self._safety.decode != "always":
            return
        try:
            self._decode(image, asset, shape, seconds)
        except Unfetched as fault:
            yield fault

    def _gate(self, image: Draft, asset: Asset, shape: Shape) -> Iterator[Unfetched]:
        if asset.media_type == media_types.SVG.media_type:
            if self._safety.svg != "allow":
                yield _svg_held(image)
            return
        size = f"{shape.width} x {shape.height} pixels"
        pixels = _pixels(shape)
        if pixels > self._safety.max_pixels:
            yield Unfetched(Reason.TOO_MANY_PIXELS, f"{size}; {_MORE_PIXELS}")
        if 1 in (shape.width, shape.height) and pixels <= _DOT:
            yield Unfetched(Reason.TINY, f"{size}; if it belongs there: {_ACCEPT}")
        found = carried.in_head(image.part(0, carried.HEAD))
        if shape.end is not None and not found:
            found = carried.behind(image.part(shape.end, carried.TAIL))
        if found:
            words = f"the image carries something else: {found}; if you trust it: {_ACCEPT}"
            yield Unfetched(Reason.SUSPICIOUS, words)

    def _decode(self, image: Draft, asset: Asset, shape: Shape, seconds: float) -> None:
        if asset.media_type == media_types.SVG.media_type:
            return  # has no pixels
        if _pixels(shape) * shape.frames > self._limits.total:
            words = f"{shape.frames} frames of {shape.width} x {shape.height} pixels"
            raise Unfetched(Reason.TOO_MANY_PIXELS, f"{words}; {_MORE_PIXELS}")
        verdict = self._decoders.decode(
            image.pieces(),
            asset.size,
            asset.media_type,
            self._limits,
            end=shape.end,
            seconds=seconds,
        )
        match verdict.finding:
            case Finding.WHOLE:
                pass
            case Finding.DAMAGED:
                raise Unfetched(Reason.DAMAGED, f"decoding it fails: {verdict.detail}")
            case Finding.PIXELS:
                words = "a frame of it, or all together, are larger than its header says"
                raise Unfetched(Reason.TOO_MANY_PIXELS, f"{words}; {_MORE_PIXELS}")
            case Finding.UNKNOWN if self._safety.decode == "always":
                words = f"{asset.media_type} cannot be decoded here; if you trust it: {_ACCEPT}, "
                raise Unfetched(Reason.UNCHECKED, words + 'or decode = "suspicious" under [safety]')
            case Finding.UNKNOWN:
                pass
            case Finding.NOTHING:
                words = f"checking it took too much memory or time; if you trust it: {_ACCEPT}"
                raise Unfetched(Reason.UNCHECKED, words)


def _identified(image: Draft, *, delimited: bool) -> tuple[Asset, Shape]:
    head = image.part(0, media_types.HEAD)
    image_type = media_types.sniff(head)
    if image_type is None:
        raise Unfetched(Reason.NOT_AN_IMAGE, media_types.describe(head))
    try:
        shape = structure.inspect(image.file, image.size, image_type)
    except Cut as cut:
        raise Unfetched(Reason.TRUNCATED, str(cut)) from cut
    except Damaged as damaged:
        raise Unfetched(Reason.DAMAGED, str(damaged)) from damaged
    if shape.end is None and not delimited:
        raise Unfetched(Reason.TRUNCATED, "nothing says where this image ends")
    media_type, extension = image_type.media_type, image_type.extension
    size = shape.width, shape.height
    return Asset(image.sha256, image.size, media_type, extension, *size), shape


def _svg_held(image: Draft) -> Unfetched:
    active = carried.in_svg(image.part(0, _SVG_TEXT))
    seen = f"it holds {', '.join(active)}; " if active else ""
    cure = f'if you trust it: {_ACCEPT}, or all of them: svg = "allow" under [safety]'
    return Unfetched(Reason.SVG, seen + cure)


def _has_tail(asset: Asset, shape: Shape) -> bool:
    return shape.end is not None and shape.end < asset.size


def _is_absurd(asset: Asset, shape: Shape) -> bool:
    """Whether the size in the header looks forged: it makes browsers reserve that memory."""
    pixels = _pixels(shape) * shape.frames
    if pixels <= _LARGE:
        return False
    long, wide = max(shape.width or 1, shape.height or 1), min(shape.width or 1, shape.height or 1)
    return long > _ELONGATED * wide or pixels > _EMPTY * asset.size


def _pixels(shape: Shape) -> int:
    return (shape.width or 0) * (shape.height or 0)
