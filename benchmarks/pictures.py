"""Images as blogs have them in number and size, made of noise: valid, and the same for a seed.

Run as a program, for it needs much memory: ``python -m benchmarks.pictures FOLDER``.
"""

import io
import math
import random
import sys
from pathlib import Path

from PIL import Image

NUMBER = 2000
_SMALLEST, _MEDIAN, _LARGEST, _SPREAD = 2_000, 80_000, 4_000_000, 1.01  # bytes, log-normal
_JPEG = 0.8  # of the images; the others are PNG
_OVERHEAD = 650  # bytes of a JPEG beside its pixels
_BYTES_A_PIXEL = {"JPEG": 0.76, "PNG": 3.0}  # noise cannot be compressed


def names(number: int = NUMBER) -> list[str]:
    """Where the images stand below their folder; those of a smaller set are those of a larger."""
    return [f"{i % 100:02}/picture-{i}.{'png' if _is_png(i) else 'jpg'}" for i in range(number)]


def make(number: int, seed: int = 1) -> bytes:
    """The image with this number."""
    pick = random.Random(f"{seed} {number}")
    size = min(max(pick.lognormvariate(math.log(_MEDIAN), _SPREAD), _SMALLEST), _LARGEST)
    kind = "PNG" if _is_png(number) else "JPEG"
    pixels = max(size - _OVERHEAD, 600) / _BYTES_A_PIXEL[kind]
    width = max(8, round(math.sqrt(pixels * 4 / 3)))
    height = max(8, round(pixels / width))
    picture = Image.frombytes("RGB", (width, height), pick.randbytes(3 * width * height))
    out = io.BytesIO()
    options = {"quality": 85} if kind == "JPEG" else {"compress_level": 1}
    picture.save(out, kind, **options)
    return out.getvalue()


def _is_png(number: int) -> bool:
    return number % 10 >= 10 * _JPEG


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    for i, name in enumerate(names()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(make(i))
