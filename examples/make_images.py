"""Draws the images of the example blog: ``python examples/make_images.py``.

Each lies under ``blog/host/`` at the host and path by which the posts refer to it.
"""

import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFilter, ImageFont

HOST = Path(__file__).parent / "blog" / "host"
OSS = "demo-blog.oss-cn-hangzhou.aliyuncs.com/blog"
QINIU = "demo-notes.bkt.clouddn.com"
PICS = "i.pics.example"

PAPER, INK, RED, BLUE, GREEN = "#fbfaf7", "#2b2b2b", "#c8553d", "#2f6690", "#4f772d"
EMPTY_BAY = 3  # counted from 0


def canvas(width: int, height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """An empty sheet and the pen for it."""
    image = Image.new("RGB", (width, height), PAPER)
    return image, ImageDraw.Draw(image)


def write(pen: ImageDraw.ImageDraw, place: tuple[float, float], text: str, size: int = 14) -> None:
    """Write ``text`` in ink."""
    pen.text(place, text, fill=INK, font=ImageFont.load_default(size))


def axes(pen: ImageDraw.ImageDraw, width: int, height: int, title: str) -> None:
    """The frame of a chart."""
    write(pen, (44, 10), title, 16)
    pen.line([(40, 36), (40, height - 28), (width - 16, height - 28)], fill=INK, width=2)
    for step in range(1, 5):
        level = height - 28 - step * (height - 70) / 4
        pen.line([(40, level), (width - 16, level)], fill="#dddddd")


def temperature() -> Image.Image:
    """Two days in the greenhouse."""
    image, pen = canvas(560, 280)
    axes(pen, 560, 280, "greenhouse, 48 h")
    for colour, base, swing, phase in ((RED, 150, 62, 0.0), (BLUE, 140, 30, -0.9)):
        curve = [
            (x, base + swing * math.cos((x - 40) / 40 + phase) + 4 * math.sin(x / 7))
            for x in range(40, 545, 3)
        ]
        pen.line(curve, fill=colour, width=3)
    write(pen, (380, 12), "red: air, blue: soil", 13)
    return image


def throughput() -> Image.Image:
    """Copy speed over the network, by number of streams."""
    image, pen = canvas(520, 260)
    axes(pen, 520, 260, "copy speed, MB/s")
    for at, (streams, speed) in enumerate(((1, 68), (2, 104), (4, 112), (8, 113))):
        left = 80 + at * 105
        pen.rectangle([left, 232 - speed * 1.5, left + 56, 231], fill=BLUE)
        write(pen, (left + 8, 212 - speed * 1.5), str(speed))
        write(pen, (left + 2, 236), f"{streams} str.")
    return image


def wiring() -> Image.Image:
    """The board, the sensor and four wires."""
    image, pen = canvas(520, 260)
    pen.rounded_rectangle([40, 50, 220, 220], 10, fill="#1f2933")
    write_white = ImageFont.load_default(18)
    pen.text((88, 124), "ESP32-C3", fill="white", font=write_white)
    pen.rounded_rectangle([360, 80, 470, 190], 8, fill=GREEN)
    pen.text((384, 126), "SHT40", fill="white", font=write_white)
    for at, (colour, name) in enumerate(
        ((RED, "3V3"), ("#111111", "GND"), ("#e0a100", "SDA"), (BLUE, "SCL"))
    ):
        y = 96 + at * 26
        pen.line([(220, y), (270 + at * 12, y), (310 - at * 12, y), (360, y)], fill=colour, width=4)
        write(pen, (226, y - 17), name, 12)
    return image


def drives() -> Image.Image:
    """Four bays, one of them empty."""
    image, pen = canvas(480, 280)
    pen.rounded_rectangle([60, 30, 420, 250], 14, fill="#3a3f44")
    for at in range(4):
        left, empty = 84 + at * 82, at == EMPTY_BAY
        pen.rounded_rectangle([left, 54, left + 66, 226], 6, fill="#15181b" if empty else "#62686e")
        pen.ellipse([left + 27, 204, left + 39, 216], fill="#333333" if empty else "#7fd35b")
        write(pen, (left + 12, 62), f"bay {at + 1}", 13)
    return image


def dashboard() -> Image.Image:
    """The page on the phone."""
    image, pen = canvas(300, 420)
    pen.rounded_rectangle([20, 16, 280, 404], 26, fill="#101418")
    for at, (value, name, colour) in enumerate(
        (("23.4 C", "air", RED), ("61 %", "humidity", BLUE), ("18.9 C", "soil", GREEN))
    ):
        top = 44 + at * 116
        pen.rounded_rectangle([40, top, 260, top + 98], 14, fill="#1d242b")
        pen.text((60, top + 14), value, fill=colour, font=ImageFont.load_default(34))
        pen.text((60, top + 64), name, fill="#9aa5b1", font=ImageFont.load_default(16))
    return image


def desk() -> Image.Image:
    """A desk by a window in the evening, out of focus."""
    image = Image.new("RGB", (520, 320))
    pen = ImageDraw.Draw(image)
    for y in range(200):
        pen.line([(0, y), (520, y)], fill=(240 - y // 3, 170 - y // 3, 120 + y // 6))
    pen.rectangle([0, 200, 520, 320], fill=(92, 64, 46))
    pen.ellipse([380, 60, 440, 120], fill=(255, 226, 160))
    pen.rectangle([60, 110, 250, 230], fill=(30, 34, 40))
    pen.rectangle([68, 118, 242, 222], fill=(70, 110, 140))
    pen.polygon([(40, 236), (270, 236), (300, 262), (20, 262)], fill=(60, 62, 66))
    pen.ellipse([330, 215, 372, 257], fill=(200, 85, 61))
    return image.filter(ImageFilter.GaussianBlur(2.5))


def hills() -> Image.Image:
    """Hills behind the greenhouse, each paler than the one before it."""
    image = Image.new("RGB", (560, 320))
    pen = ImageDraw.Draw(image)
    for y in range(320):
        pen.line([(0, y), (560, y)], fill=(250 - y // 4, 214 - y // 3, 190 - y // 8))
    dice = random.Random(7)  # noqa: S311 - the same hills every time
    for ridge in range(5):
        phase, shade = dice.random() * 6, 150 - ridge * 26
        line = [
            (x, 130 + ridge * 38 + 26 * math.sin(x / 90 + phase) + 8 * math.sin(x / 23 + phase))
            for x in range(0, 561, 4)
        ]
        pen.polygon([*line, (560, 320), (0, 320)], fill=(shade // 2, shade, shade - 10))
    return image


def blinking() -> list[Image.Image]:
    """The status lamp: slow, then quick."""
    frames = []
    for lit in (True, False, True, False, True, True):
        image, pen = canvas(160, 120)
        pen.rounded_rectangle([20, 20, 140, 100], 10, fill="#1f2933")
        pen.ellipse([66, 46, 94, 74], fill="#7fd35b" if lit else "#37474f")
        frames.append(image)
    return frames


def save(image: Image.Image, *names: str, **how: Any) -> None:
    """Save ``image`` once, under every name the posts have for it."""
    for name in names:
        file = HOST / name
        file.parent.mkdir(parents=True, exist_ok=True)
        image.save(file, **how)


def flat(draw: Callable[[], Image.Image]) -> Image.Image:
    """A drawing with few colours, as small as PNG makes it."""
    return draw().quantize(32)


def main() -> None:
    """Make every image of the blog."""
    save(  # in all its colours: a picture of less than 4 KiB under two names might be a placeholder
        temperature(),
        f"{OSS}/202405/greenhouse-48h.png",
        f"{PICS}/2024/05/9fK2xw.png",
        optimize=True,
    )
    save(flat(throughput), f"{OSS}/202403/copy-speed.png", optimize=True)
    save(flat(wiring), f"{OSS}/202404/wiring.png", optimize=True)
    save(drives(), f"{QINIU}/nas/four-bays.jpg", quality=60, optimize=True)
    save(desk(), f"{OSS}/about/desk.jpg", quality=70, optimize=True)
    save(dashboard(), f"{OSS}/202405/dashboard.webp", quality=60, method=6)
    save(hills(), f"{PICS}/2024/06/morning.avif", quality=55)
    first, *rest = blinking()
    save(
        first,
        f"{QINIU}/esp32/status-lamp.gif",
        save_all=True,
        append_images=rest,
        loop=0,
        duration=[700, 700, 150, 150, 150, 900],
    )


if __name__ == "__main__":
    main()
