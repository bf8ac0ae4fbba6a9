import gzip

import pytest
from rig import images

from migrator.downloader.media_types import SVG, describe, sniff

MEDIA_TYPES = {
    "PNG": ("image/png", ".png"),
    "JPEG": ("image/jpeg", ".jpg"),
    "GIF": ("image/gif", ".gif"),
    "WEBP": ("image/webp", ".webp"),
    "AVIF": ("image/avif", ".avif"),
    "BMP": ("image/bmp", ".bmp"),
    "ICO": ("image/x-icon", ".ico"),
    "TIFF": ("image/tiff", ".tif"),
}


@pytest.mark.parametrize("kind", images.FORMATS)
def test_the_type_and_the_extension_come_from_the_bytes(kind):
    found = sniff(images.image(kind))
    assert found
    assert (found.media_type, found.extension) == MEDIA_TYPES[kind]


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (images.animated("AVIF"), "image/avif"),
        (images.HEIC, "image/heic"),
        (images.box(b"ftyp", b"mif1\0\0\0\0mif1avif"), "image/avif"),
        (images.box(b"ftyp", b"mif1\0\0\0\0mif1heic"), "image/heic"),
        (images.JXL_CODESTREAM, "image/jxl"),
        (images.JXL_CONTAINER, "image/jxl"),
        (b"MM\0*\0\0\0\x08", "image/tiff"),
        (b"II+\0\x08\0\0\0", "image/tiff"),
    ],
)
def test_rarer_formats_are_recognised(data, media_type):
    found = sniff(data)
    assert found
    assert found.media_type == media_type


@pytest.mark.parametrize(
    "text",
    [
        images.SVG,
        b"<svg/>",
        b"\xef\xbb\xbf  <SVG viewBox='0 0 1 1'>",
        b"<svg:svg xmlns:svg='x'>",
        b'<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x.dtd"><svg>',
        b'<!DOCTYPE svg [<!ENTITY a "b">\n]>\n<!-- x --><svg >',
        b"<!-- a --><!-- b -->\n<svg\n>",
    ],
)
def test_an_svg_is_recognised_behind_what_may_precede_it(text):
    assert sniff(text) == SVG


@pytest.mark.parametrize(
    "text", [b"<svgs>", b"<html><svg>", b"svg", b"<!-- <svg> -->", b"<!--" * 4000]
)
def test_what_only_mentions_svg_is_none(text):
    assert sniff(text) is None


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "nothing at all (0 bytes)"),
        (b"<!DOCTYPE html><title>\n 404  Not\tFound </title>", "an HTML page “404 Not Found”"),
        (b"<html><head><title>\xb5\xc7\xc2\xbc</title>", "an HTML page “登录”"),
        ("<html><title>登录</title>".encode(), "an HTML page “登录”"),
        (b"<html><body>hi", "an HTML page"),
        (
            b"<?xml version='1.0'?><Error><Code>NoSuchKey</Code><Message>gone</Message></Error>",
            "XML “NoSuchKey”, “gone”",
        ),
        (b'{"error": "no"}', 'JSON: {"error": "no"}'),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a Git LFS pointer"),
        (b"%PDF-1.7", "a PDF"),
        (b"PK\x03\x04", "a ZIP archive"),
        (gzip.compress(images.SVG), "compressed data (gzip)"),
        (images.box(b"ftyp", b"isom\0\0\0\0mp42"), "a video"),
        (bytes(20), "binary data of an unknown kind"),
        (b"forbidden", "text: forbidden"),
        (b"BM is not only a bitmap", "text: BM is not only a bitmap"),
    ],
)
def test_what_is_not_an_image_is_named(data, words):
    assert sniff(data) is None
    assert describe(data) == words


def test_a_snippet_cannot_harm_a_terminal_and_is_short():
    words = describe(b"\x1b[31mred\x07 \xe2\x80\xaereversed " + b"long " * 100)
    assert words.startswith("text: ?[31mred? ?reversed long")
    assert words.endswith("…")
    assert len(words) < 90
