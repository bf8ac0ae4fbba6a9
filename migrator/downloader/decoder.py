"""Decodes images in a process of its own, which a hostile image may crash, fill or occupy.

Not imported, but run by `migrator.downloader.decoding` as a script, with the folder of Pillow as
its argument and nothing else to import from. An image comes on standard input: a line with its
media type, its length, the offset behind its end mark, how many pixels one frame and all frames
may have, and how many pixels wide and high a thumbnail of it may be (0: none is wanted); then its
bytes. The answer is one line on standard output: ``whole``, ``damaged WHY``, ``pixels`` (too many),
or ``unknown`` (Pillow cannot read this format or variant here). Where a thumbnail is wanted, only
the first frame is decoded, and ``whole`` is followed by the length of the thumbnail, a line end,
and its bytes: WebP, or JPEG where Pillow has no WebP.
"""

import copy  # noqa: F401 - Pillow imports it when it is too late
import io
import sys
import time
import warnings
import zlib
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import BinaryIO

if __name__ == "__main__":
    sys.path.append(sys.argv[1])

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    IcoImagePlugin,
    Image,
    ImageFile,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
    features,
)

try:
    import resource
except ImportError:  # Windows: only the parent's clock limits us there
    resource = None  # type: ignore[assignment]

_MEMORY = 768 * 1024**2  # bytes of address space
_CPU = 15  # seconds for one image
_TEXT = 64 * 1024**2  # bytes of text in a PNG, where drawing programs keep whole documents
_QUALITY = 60  # of a thumbnail
_ROWS = 256  # of a picture, to be looked at together
# No marker, and no two blocks of it alike.
_NOISE = bytes.fromhex("5a96c33ca57e81d2") * 16
_FORMATS: dict[str, type[ImageFile.ImageFile]] = {
    "image/png": PngImagePlugin.PngImageFile,
    "image/jpeg": JpegImagePlugin.JpegImageFile,  # of several pictures in one only the first
    "image/gif": GifImagePlugin.GifImageFile,
    "image/bmp": BmpImagePlugin.BmpImageFile,
    "image/x-icon": IcoImagePlugin.IcoImageFile,
    "image/tiff": TiffImagePlugin.TiffImageFile,
}
if features.check("webp"):
    _FORMATS["image/webp"] = WebPImagePlugin.WebPImageFile
if features.check("avif"):
    _FORMATS["image/avif"] = AvifImagePlugin.AvifImageFile


def _serve(requests: BinaryIO, answers: BinaryIO) -> None:
    _confine()
    while request := requests.readline().split():
        media_type, *numbers = request
        length, end, frame, total, side = map(int, numbers)
        data = requests.read(length)
        _allow_time()
        opened = _FORMATS.get(media_type.decode())
        small = io.BytesIO()
        look = partial(_decode, data, end, total) if not side else partial(_shrink, small, side)
        answer = _seen(opened, data, frame, look)
        answers.write(" ".join(answer.split()).encode(errors="replace") + b"\n" + small.getvalue())
        answers.flush()


def _confine() -> None:
    """No further file, socket, process or thread, and no more memory than one image may need."""
    Image.preinit()  # what saving a thumbnail imports when it is too late
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY = _TEXT
    if resource:
        limits = {"AS": _MEMORY, "FSIZE": 0, "CORE": 0, "NPROC": 0, "NOFILE": 3}
        for name, limit in limits.items():
            with suppress(AttributeError, ValueError, OSError):  # not every system has them all
                resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (limit, limit))


def _allow_time() -> None:
    if resource:
        end = int(time.process_time()) + 1 + _CPU
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        if hard == resource.RLIM_INFINITY or end < hard:
            resource.setrlimit(resource.RLIMIT_CPU, (end, hard))


def _seen(
    opened: type[ImageFile.ImageFile] | None,
    data: bytes,
    frame_limit: int,
    look: Callable[[int, ImageFile.ImageFile], str],
) -> str:
    """What ``look`` says of the image in ``data``, or what went wrong with it."""
    if opened is None:
        return "unknown"
    Image.MAX_IMAGE_PIXELS = frame_limit
    try:
        with opened(io.BytesIO(data)) as image:
            return look(frame_limit, image)
    except (MemoryError, ImportError):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return "pixels"
    except Exception as error:
        if isinstance(error, OSError) and error.errno:  # of the system: a limit was met
            raise
        if "nsupported" in str(error):
            return "unknown"
        return f"damaged {error or type(error).__name__}"


def _decode(
    data: bytes, end: int, total_limit: int, frame_limit: int, image: ImageFile.ImageFile
) -> str:
    total = frame = 0
    while not frame or _has_frame(image, frame):
        pixels = image.width * image.height
        total += pixels
        if pixels > frame_limit or total > total_limit:
            return "pixels"
        image.load()
        frame += 1
    if isinstance(image, JpegImagePlugin.JpegImageFile) and _wants_more(image, data, end):
        return "damaged it breaks off inside"
    return "whole"


def _shrink(small: BinaryIO, side: int, limit: int, image: ImageFile.ImageFile) -> str:
    """Write a thumbnail of the first frame, upright, to ``small``."""
    if image.width * image.height > limit:
        return "pixels"
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        image.draft("RGB", (side, side))  # libjpeg leaves out what a thumbnail does not show
    picture: Image.Image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    picture = ImageOps.exif_transpose(picture)
    picture.thumbnail((side, side))
    if features.check("webp"):
        picture.save(small, "WEBP", quality=_QUALITY)
    else:
        picture.convert("RGB").save(small, "JPEG", quality=_QUALITY)
    return f"whole {small.tell()}"


def _wants_more(jpeg: JpegImagePlugin.JpegImageFile, data: bytes, end: int) -> bool:
    """Whether bytes between the picture's data and its end mark would be taken for the picture.

    libjpeg makes up what a JPEG lacks (grey, as a rule) and does not tell, so it is asked twice.
    """
    picture = _checksum(jpeg)
    jpeg.close()  # there may not be memory for two
    more = data[: end - 2] + _NOISE + data[end - 2 : end]
    with JpegImagePlugin.JpegImageFile(io.BytesIO(more)) as other:
        return _checksum(other) != picture


def _checksum(image: Image.Image) -> int:
    image.load()
    checksum = 0
    for top in range(0, image.height, _ROWS):
        rows = image.crop((0, top, image.width, min(image.height, top + _ROWS)))
        checksum = zlib.crc32(rows.tobytes(), checksum)
    return checksum


def _has_frame(image: ImageFile.ImageFile, number: int) -> bool:
    try:
        image.seek(number)
    except EOFError:
        return False
    return True


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    _serve(sys.stdin.buffer, sys.stdout.buffer)
