import hashlib
import io
from collections.abc import Iterator

import pytest
from rig import broken_images, hosts, images

from migrator.config import SafetySettings
from migrator.downloader.decoding import Decoders
from migrator.downloader.faults import Unfetched
from migrator.downloader.inspection import ACCEPTED_LIMIT, Inspector
from migrator.downloader.spool import draft
from migrator.model import Asset, Failed, Fetched, Held
from migrator.reasons import Reason

URL = "https://img.example.com/a.png"
PNG = images.image()


@pytest.fixture(scope="module")
def decoders() -> Iterator[Decoders]:
    with Decoders(1) as decoders:
        yield decoders


@pytest.fixture
def inspect(decoders, tmp_path):
    """What an inspector says of some bytes: the asset, or why it is not one."""

    def inspect(data, *, delimited=True, accepted=(), seconds=30.0, **safety):
        inspector = Inspector(SafetySettings(**safety), decoders, accepted)
        with draft(tmp_path) as image:
            image.write(data)
            try:
                return inspector.inspect(URL, image, delimited=delimited, seconds=seconds)
            except Unfetched as fault:
                return fault.outcome(URL)

    return inspect


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def assert_held(result, reason, *words, data=None):
    assert isinstance(result, Held), result
    assert result.reason is reason
    assert "migrator accept URL" in result.detail
    for word in words:
        assert word in result.detail
    assert result.asset
    if data:
        assert result.asset.sha256 == sha256(data)


def assert_failed(result, reason):
    assert isinstance(result, Failed), result
    assert result.reason is reason


@pytest.mark.parametrize("decode", ["suspicious", "always"])
@pytest.mark.parametrize("kind", images.FORMATS)
def test_an_ordinary_image_is_taken(inspect, kind, decode):
    data = images.image(kind)
    asset = inspect(data, decode=decode)
    assert isinstance(asset, Asset)
    assert (asset.sha256, asset.size) == (sha256(data), len(data))
    assert (asset.width, asset.height) == (24, 16)


@pytest.mark.parametrize("named_by", ["URL", "SHA-256"])
def test_what_the_user_accepted_is_taken(host, downloader_for, named_by):
    url = host.on("/a.svg", hosts.answer(images.SVG))
    other = host.on("/b.svg", hosts.answer(images.SVG + b"\n"))
    word = f"svg {url}" if named_by == "URL" else sha256(images.SVG)
    downloader = downloader_for(accepted={word})
    assert isinstance(downloader.fetch(url + "#fragment"), Fetched)
    assert isinstance(downloader.fetch(other), Held)


def test_an_accepted_image_may_be_larger_than_others(host, downloader_for):
    data = images.large_png(300_000)
    url = host.on("/a.png", hosts.answer(data))
    refused = downloader_for(max_bytes=100_000).fetch(url)
    assert isinstance(refused, Held)
    assert refused.reason is Reason.TOO_LARGE
    assert "migrator accept URL" in refused.detail
    assert "max_bytes under [download]" in refused.detail
    assert isinstance(
        downloader_for(max_bytes=100_000, accepted={f"too-large {url}"}).fetch(url), Fetched
    )


def test_the_limit_of_an_accepted_image_is_no_smaller_than_that_of_others(decoders):
    inspector = Inspector(SafetySettings(), decoders, {"too-large https://img.example.com/a.png"})
    assert inspector.limit_for("HTTPS://IMG.example.com:443/a.png#x", 5) == ACCEPTED_LIMIT
    assert inspector.limit_for("https://img.example.com/a.png", 2**31) == 2**31
    assert inspector.limit_for("https://img.example.com/b.png", 5) == 5


def test_an_accepted_image_still_has_to_be_whole(inspect):
    assert_failed(inspect(PNG[:-20], accepted={URL}), Reason.TRUNCATED)
    cut = broken_images.CUT_INSIDE["PNG"]()
    assert_failed(inspect(cut + b"\n", accepted={URL}), Reason.DAMAGED)


def test_more_pixels_than_the_limit_are_held_whatever_they_hold(inspect):
    vast = broken_images.claims(65_535, 65_535)
    held = inspect(vast)
    assert_held(held, Reason.TOO_MANY_PIXELS, "65535 x 65535", "max_pixels", data=vast)
    assert isinstance(inspect(vast, accepted={sha256(vast)}), Asset)
    assert isinstance(inspect(PNG, max_pixels=24 * 16), Asset)
    assert_held(inspect(PNG, max_pixels=24 * 16 - 1), Reason.TOO_MANY_PIXELS)


def test_what_the_user_accepted_is_held_for_any_other_reason(inspect):
    data = PNG + b"<script>alert(1)</script>"
    accepted = {f"too-many-pixels {URL}", f"tiny {URL}"}
    assert_held(inspect(data, max_pixels=9, accepted=accepted), Reason.SUSPICIOUS)


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (4, 1)])
def test_a_dot_is_held(inspect, size):
    dot = images.image("GIF", size=size)
    assert_held(inspect(dot), Reason.TINY, f"{size[0]} x {size[1]}", data=dot)
    assert isinstance(inspect(dot, accepted={f"tiny {URL}"}), Asset)


@pytest.mark.parametrize("size", [(2, 2), (1, 5), (800, 1)])
def test_a_line_is_not_a_dot(inspect, size):
    assert isinstance(inspect(images.image("PNG", size=size)), Asset)


ZIP = b"PK\x03\x04" + bytes(60) + b"PK\x05\x06" + bytes(18)


@pytest.mark.parametrize(
    "tail",
    [
        b"<script>alert(1)</script>",
        b"\n\0 <!DOCTYPE html><title>x</title>",
        bytes([7]) * 500 + b"<HTML\n>",
        b"<svg/onload=alert(1)>",
        b"<?xml version='1.0'?><x/>",
        b"%PDF-1.7",
        bytes([7]) * 500 + b"<?PHP system($_GET[0]);",
        b"*/alert(1)",
        b"<br />\n<b>Warning</b>: x in y.php",
    ],
)
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "ICO"])
def test_an_image_with_something_to_run_behind_it_is_held(inspect, kind, tail):
    data = images.image(kind, size=(100, 80)) + tail
    assert_held(inspect(data), Reason.SUSPICIOUS, "carries something else", data=data)
    assert isinstance(inspect(data, accepted={sha256(data)}), Asset)


def test_a_page_in_a_box_behind_an_avif_is_held(inspect):
    data = images.image("AVIF") + images.box(b"free", b"<html><script>alert(1)</script>")
    assert_held(inspect(data), Reason.SUSPICIOUS)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (broken_images.GIF_SCRIPT, "else: a script;"),
        (
            PNG[:33] + broken_images.chunk(b"tEXt", b"x\0<script>x</script>") + PNG[33:],
            "a web page",
        ),
        (PNG[:33] + broken_images.chunk(b"tEXt", b"x\0%PDF-1.4") + PNG[33:], "a PDF"),
    ],
    ids=["GIF", "page", "PDF"],
)
def test_an_image_that_begins_like_something_to_run_is_held(inspect, data, said):
    assert_held(inspect(data), Reason.SUSPICIOUS, said, data=data)


@pytest.mark.parametrize(
    "tail", [b"\n", bytes(3000), ZIP, images.image("JPEG", 1), b"plain words", b"\xff\xd9"]
)
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_other_data_behind_an_image_has_it_decoded_and_taken(inspect, kind, tail):
    assert isinstance(inspect(images.image(kind) + tail), Asset)
    if kind in broken_images.CUT_INSIDE:
        assert isinstance(inspect(broken_images.CUT_INSIDE[kind]()), Asset)
        assert_failed(inspect(broken_images.CUT_INSIDE[kind]() + tail), Reason.DAMAGED)


def test_the_photo_and_film_of_a_phone_is_taken(inspect):
    assert isinstance(inspect(broken_images.motion_photo()), Asset)


@pytest.mark.parametrize("kind", broken_images.CUT_INSIDE)
def test_an_image_without_a_length_is_decoded(inspect, kind):
    cut = broken_images.CUT_INSIDE[kind]()
    assert isinstance(inspect(cut), Asset)
    assert_failed(inspect(cut, delimited=False), Reason.DAMAGED)
    assert_failed(inspect(cut, decode="always"), Reason.DAMAGED)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (broken_images.claims(8000, 8000), Reason.DAMAGED),
        (broken_images.strip(), Reason.DAMAGED),
        (broken_images.flat("WEBP", 8000), Reason.UNCHECKED),
        (broken_images.gif_bomb(4000, 100), Reason.TOO_MANY_PIXELS),
    ],
    ids=["PNG", "strip", "WebP", "GIF"],
)
def test_what_looks_larger_than_it_can_be_is_decoded(inspect, data, reason):
    result = inspect(data)
    assert result.reason is reason
    if reason is not Reason.DAMAGED:
        assert_held(result, reason, data=data)


def test_a_jpeg_with_bytes_between_its_segments_is_decoded(inspect):
    whole = images.image("JPEG")
    at = whole.index(b"\xff\xdb")
    assert isinstance(inspect(whole[:at] + b"junk" + whole[at:]), Asset)
    without_tables = whole[:at] + b"junk" + whole[whole.index(b"\xff\xc0") :]
    assert_failed(inspect(without_tables), Reason.DAMAGED)


def test_an_animation_that_cannot_end_in_time_is_held_at_once(inspect):
    held = inspect(broken_images.gif_bomb(4000, 100), seconds=0.0)
    assert_held(held, Reason.TOO_MANY_PIXELS, "100 frames of 4000 x 4000 pixels")


def test_a_large_picture_with_little_in_it_is_taken(inspect):
    for data in (broken_images.png_bomb(2000), broken_images.flat("WEBP", 2000)):
        assert isinstance(inspect(data), Asset)


def test_a_long_screenshot_is_not_decoded_and_a_longer_one_is_taken(inspect):
    for size in ((300, 20_000), (100, 20_000)):
        assert isinstance(inspect(images.image("JPEG", size=size)), Asset)


def test_directories_that_go_round_in_circles_are_damage(inspect):
    assert_failed(inspect(broken_images.tiff_loop()), Reason.DAMAGED)


@pytest.mark.parametrize("data", [images.HEIC, images.JXL_CONTAINER])
def test_what_cannot_be_decoded_here_is_taken_unless_all_must_be(inspect, data):
    assert isinstance(inspect(data), Asset)
    assert isinstance(inspect(data, delimited=False), Asset)
    held = inspect(data, decode="always")
    assert_held(held, Reason.UNCHECKED, "cannot be decoded here", "[safety]", data=data)
    assert isinstance(inspect(data, decode="always", accepted={f"unchecked {URL}"}), Asset)


def test_an_image_that_cannot_be_checked_in_time_is_held(inspect):
    data = PNG + b"\n"
    assert_held(inspect(data, seconds=0.0), Reason.UNCHECKED, "memory or time", data=data)
    assert isinstance(inspect(data, seconds=0.0, accepted={f"unchecked {URL}"}), Asset)


SVGS = {
    "": b'<svg xmlns="http://www.w3.org/2000/svg"><circle r="2"/></svg>',
    "a script": b"<svg><script>alert(1)</script></svg>",
    "an attribute": b"<svg onload='alert(1)'></svg>",
    "foreignObject": b"<svg><foreignObject><p>hi</p></foreignObject></svg>",
    "DTD": b'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>',
    "other files": b'<svg><image href="https://evil.example/x.png"/></svg>',
}


@pytest.mark.parametrize("active", SVGS)
@pytest.mark.parametrize("decode", ["suspicious", "always"])
def test_an_svg_is_held_and_what_it_holds_is_named(inspect, active, decode):
    held = inspect(SVGS[active], decode=decode)
    assert_held(held, Reason.SVG, active, 'svg = "allow" under [safety]', data=SVGS[active])
    assert ("it holds" in held.detail) == bool(active)
    assert isinstance(inspect(SVGS[active], decode=decode, svg="allow"), Asset)
    assert isinstance(inspect(SVGS[active], decode=decode, accepted={f"svg {URL}"}), Asset)


def test_a_pdf_or_a_page_is_no_image_even_if_accepted(inspect):
    for data in (b"%PDF-1.7 ...", b"<!doctype html><svg></svg>"):
        assert_failed(inspect(data, accepted={URL}), Reason.NOT_AN_IMAGE)


def test_random_pixels_do_not_look_like_something_to_run(inspect):
    for seed in range(50):
        out = io.BytesIO()
        images.picture(seed, (64, 64)).save(out, "JPEG", quality=95)
        assert isinstance(inspect(out.getvalue()), Asset)
