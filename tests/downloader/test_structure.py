import io
import random
import struct
import zlib

import pytest
from rig import broken_images, images

from migrator.downloader import media_types
from migrator.downloader.image_file import BrokenImage, Cut, Damaged, Shape
from migrator.downloader.structure import inspect

WHOLE = {
    **{kind: images.image(kind) for kind in images.FORMATS},
    **{f"animated {kind}": images.animated(kind) for kind in ("GIF", "PNG", "WEBP", "AVIF")},
    "HEIC": images.HEIC,
    "JXL in boxes": images.JXL_CONTAINER,
    "SVG": images.SVG,
}
SIZES = {"HEIC": (640, 480), "JXL in boxes": (128, 128), "SVG": (None, None)}


def shape_of(data: bytes) -> Shape:
    image_type = media_types.sniff(data)
    assert image_type
    return inspect(io.BytesIO(data), len(data), image_type)


@pytest.mark.parametrize("kind", WHOLE)
def test_a_whole_image_is_accepted_with_its_size_and_its_end(kind):
    whole = WHOLE[kind]
    frames = 3 if kind in ("animated GIF", "animated PNG", "animated WEBP") else 1
    assert shape_of(whole) == Shape(*SIZES.get(kind, (24, 16)), len(whole), frames)


@pytest.mark.parametrize("kind", WHOLE)
def test_no_image_that_is_cut_anywhere_is_accepted(kind):
    whole = WHOLE[kind].rstrip()
    for length in range(len(whole)):
        part = whole[:length]
        if media_types.sniff(part):
            with pytest.raises(Cut):
                shape_of(part)


@pytest.mark.parametrize("kind", sorted(set(WHOLE) - {"JXL in boxes", "SVG"}))
def test_what_follows_an_image_is_not_taken_for_a_part_of_it(kind):
    boxes = kind in ("HEIC", "AVIF", "animated AVIF")
    trailing = images.box(b"free", b"trailing") if boxes else b"\n\n"
    assert shape_of(WHOLE[kind] + trailing) == shape_of(WHOLE[kind])


def test_progressive_and_restarted_jpegs_are_whole():
    for options in ({"progressive": True}, {"restart_marker_blocks": 1}, {"comment": b"\xff\xd9"}):
        out = io.BytesIO()
        images.picture(size=(200, 100)).save(out, "JPEG", **options)
        assert shape_of(out.getvalue()) == Shape(200, 100, len(out.getvalue()))
        with pytest.raises(Cut):
            shape_of(out.getvalue()[:-2])


def test_the_end_mark_of_an_embedded_thumbnail_does_not_end_a_jpeg():
    whole = images.image("JPEG")
    thumbnail = b"Exif\0\0" + images.image("JPEG", 1)
    segment = b"\xff\xe1" + struct.pack(">H", 2 + len(thumbnail)) + thumbnail
    data = whole[:2] + segment + whole[2:]
    assert shape_of(data) == Shape(24, 16, len(data))
    with pytest.raises(Cut):
        shape_of(data[:-2])


@pytest.mark.parametrize("junk", [b"\0", b"\xff\0\xff\0", b"any" * 50_000])
def test_what_stands_between_the_segments_of_a_jpeg_is_skipped(junk):
    whole = images.image("JPEG")
    for at in (whole.index(b"\xff\xdb"), whole.index(b"\xff\xda")):
        data = whole[:at] + junk + whole[at:]
        assert shape_of(data) == Shape(24, 16, len(data), loose=True)
        with pytest.raises(Cut):
            shape_of(data[:-2])


def test_a_marker_that_straddles_two_reads_is_seen():
    whole = images.image("JPEG")
    for extra in range(65530, 65540):
        filler = b"".join(
            b"\xff\xfe" + struct.pack(">H", 2 + size) + bytes(size) for size in (extra // 2,) * 2
        )
        data = whole[:2] + filler + whole[2:]
        assert shape_of(data) == Shape(24, 16, len(data))
    scan = whole.index(b"\xff\xda")
    start = scan + 2 + int.from_bytes(whole[scan + 2 : scan + 4], "big")
    to_end = len(whole) - 2 - start
    boundaries = (512, 1536, 65_024)  # of the reads behind a scan's beginning
    for extra in [at - to_end + by for at in boundaries for by in range(-4, 4)]:
        assert extra > 0
        data = whole[:start] + bytes(extra) + whole[start:]
        assert shape_of(data) == Shape(24, 16, len(data))


@pytest.mark.parametrize("kind", ["PNG", "animated PNG"])
def test_a_flipped_bit_in_a_png_is_damage(kind):
    whole = WHOLE[kind]
    for at in range(8, len(whole), 7):
        flipped = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
        with pytest.raises(BrokenImage):
            shape_of(flipped)


def _png(*chunks: tuple[bytes, bytes]) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


IHDR = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
TIFF_HEAD = b"II*\0\x08\0\0\0"


@pytest.mark.parametrize(
    "data",
    [
        _png((b"IHDR", IHDR), (b"IEND", b"")),
        _png((b"IDAT", b""), (b"IHDR", IHDR), (b"IEND", b"")),
        _png((b"IHDR", bytes(4) + IHDR[4:]), (b"IDAT", b""), (b"IEND", b"")),
        _png((b"IHDR", IHDR)) + b"\xff\xff\xff\xffIDAT" + bytes(20),
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8\xff\xe0\0\x01" + bytes(20),
        b"\xff\xd8" + b"\xff\xfe\0\2" * 200_000,
        b"\xff\xd8" + b"\xff\xda\0\2" * 200_000,
        b"\xff\xd8" + b"\xff\xfe\0\2!" * 200_000,
        b"GIF89a\x01\0\x01\0\0\0\0;",
        b"GIF89a\x01\0\x01\0\0\0\0\x99",
        b"RIFF\x04\0\0\0WEBP",
        b"RIFF\x0c\0\0\0WEBPVP8 \xff\xff\xff\0",
        TIFF_HEAD + b"\0\0\x08\0\0\0",
        TIFF_HEAD + b"\0\0\0\0\0\0",
        b"\0\0\1\0\1\0\x10\x10\0\0\0\0\0\0\0\0\0\0\x16\0\0\0" + bytes(8),
        images.box(b"ftyp", b"avif\0\0\0\0avif") + struct.pack(">I4s", 4, b"mdat"),
        images.HEIC.replace(b"\0\0\0\x1cipco", b"\0\0\0\x20ipco"),
    ],
)
def test_what_contradicts_its_own_format_is_damaged(data):
    with pytest.raises(Damaged):
        shape_of(data)


def test_data_that_an_avif_names_must_be_in_the_file():
    whole = images.image("AVIF")
    at = whole.index(b"mdat") - 4
    length = int.from_bytes(whole[at : at + 4], "big")
    with pytest.raises(Cut):  # an open box hides the cut: only the item's location tells
        shape_of(whole[:at] + bytes(4) + whole[at + 4 : at + length - 10])


def test_a_bare_jpeg_xl_codestream_does_not_mark_its_end():
    assert shape_of(images.JXL_CODESTREAM) == Shape(128, 128, end=None)


def test_a_container_whose_last_box_is_open_does_not_mark_its_end():
    head, data = images.JXL_CONTAINER.rsplit(b"jxlc", 1)
    assert shape_of(head[:-4] + bytes(4) + b"jxlc" + data) == Shape(128, 128, end=None)


@pytest.mark.timeout(60)  # 200 of them took 14 seconds
def test_directories_on_top_of_each_other_are_damage():
    with pytest.raises(Damaged):
        shape_of(broken_images.tiff_pile(9_999))


def test_a_tiff_may_end_with_its_directory():
    fields = ((256, 1), (257, 1), (273, 8), (279, 1))
    directory = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in fields)
    data = b"II*\0\x0a\0\0\0.." + struct.pack("<H", len(fields)) + directory + bytes(4)
    assert shape_of(data) == Shape(1, 1, len(data))
    assert shape_of(data + b"more") == Shape(1, 1, len(data))


def test_many_blocks_take_time_in_proportion():
    blocks = b"!\xfe" + b"\x01x" * 500_000 + b"\0"
    whole = images.image("GIF")
    start = 13 + (3 << ((whole[10] & 7) + 1))
    data = whole[:start] + blocks + whole[start:]
    assert shape_of(data) == Shape(24, 16, len(data))


def test_random_bytes_behind_a_magic_number_never_escape_the_two_faults():
    rng = random.Random(7)
    for kind, whole in WHOLE.items():
        for _ in range(300):
            data = bytearray(whole)
            for _ in range(rng.randint(1, 6)):
                data[rng.randrange(len(data))] = rng.randrange(256)
            image_type = media_types.sniff(bytes(data))
            if image_type:
                try:
                    inspect(io.BytesIO(data), len(data), image_type)
                except BrokenImage:
                    continue
                except Exception as error:
                    raise AssertionError(f"{kind}: {bytes(data)!r}") from error


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
def test_an_image_is_followed_with_what_one_read_of_its_file_gave(kind, tmp_path):
    """Workers share one interpreter, and each call of the system hands it to another."""

    class Counting(io.FileIO):
        reads = 0

        def readinto(self, buffer):
            self.reads += 1
            return super().readinto(buffer)

        def seek(self, *_):
            self.reads += 1
            return super().seek(*_)

    data = images.image(kind, size=(240, 160))
    (tmp_path / "image").write_bytes(data)
    with Counting(tmp_path / "image") as raw, io.BufferedReader(raw, 256 * 1024) as file:
        file.read(1)
        raw.reads = 0
        assert inspect(file, len(data), media_types.sniff(data)).end == len(data)
        assert raw.reads == 0
