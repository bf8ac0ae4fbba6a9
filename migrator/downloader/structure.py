"""Whether a file is a whole image of its type, and how large the picture is.

Nothing is decoded: chunks, segments, blocks and boxes are followed to the format's own end mark.
An HTTP body that stops early is often no error of HTTP, so this is what finds a truncated image.
"""

import re
from collections.abc import Callable
from typing import BinaryIO

from migrator.downloader import boxes, jpeg, media_types, pixmaps, tiff
from migrator.downloader.image_file import Cut, ImageFile, Shape
from migrator.downloader.media_types import ImageType

_TAIL = 4096


def inspect(file: BinaryIO, size: int, image_type: ImageType) -> Shape:
    """The shape of the image in ``file``, which has ``size`` bytes.

    Raises:
        Cut: the file ends before the image does.
        Damaged: the file contradicts its own format.
    """
    return _FORMATS[image_type](ImageFile(file, size))


def _svg(image: ImageFile) -> Shape:
    image.seek(max(0, image.size - _TAIL))
    tail = b"".join(image.rest())
    if not re.search(rb"</(?:\w+:)?svg\s*>|<(?:\w+:)?svg\b[^>]*/>", tail, re.IGNORECASE):
        raise Cut("the closing </svg> is missing")
    return Shape(None, None, image.size)


_FORMATS: dict[ImageType, Callable[[ImageFile], Shape]] = {
    media_types.PNG: pixmaps.png,
    media_types.GIF: pixmaps.gif,
    media_types.BMP: pixmaps.bmp,
    media_types.ICO: pixmaps.ico,
    media_types.JPEG: jpeg.jpeg,
    media_types.TIFF: tiff.tiff,
    media_types.WEBP: boxes.webp,
    media_types.AVIF: boxes.heif,
    media_types.HEIC: boxes.heif,
    media_types.JXL: boxes.jxl,
    media_types.SVG: _svg,
}
