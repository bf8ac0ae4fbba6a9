import pytest

from migrator.errors import UsageError
from migrator.held import group_name, let_through, meant
from migrator.model import Asset, PastImage
from migrator.reasons import Reason


def held(url, sha256, reason=Reason.SAME_BYTES):
    asset = Asset(sha256, 9, "image/png", ".png") if sha256 else None
    return PastImage(url, "held", reason, "", asset, url, url, "2026-11-22-1")


A = held("https://h.example/a.png", "12345678" + "a" * 56)
B = held("https://h.example/b.png", "12345678" + "a" * 56)
C = held("https://h.example/c.png", "12345678" + "c" * 56)
SVG = held("https://h.example:8443/d.svg", "d" * 64, Reason.SVG)
LARGE = held("https://h.example/e.png", None, Reason.TOO_LARGE)
ALL = [A, B, C, SVG, LARGE]


@pytest.mark.parametrize(
    ("what", "images", "remembered"),
    [
        (A.asset.sha256, [A, B], [A.asset.sha256]),
        (A.asset.sha256[:12], [A, B], [A.asset.sha256]),
        (A.asset.sha256[:9].upper(), [A, B], [A.asset.sha256]),
        ("d" * 8, [SVG], ["d" * 64]),
        ("svg:h.example:8443", [SVG], ["svg https://h.example:8443/d.svg"]),
        ("same-bytes:h.example", [A, B, C], [A.asset.sha256, C.asset.sha256]),
        ("too-large:h.example", [LARGE], [f"too-large {LARGE.url}"]),
        ("https://h.example/a.png", [A], [f"same-bytes {A.url}"]),
        ("//H.example:443/%61.png#x", [A], [f"same-bytes {A.url}"]),
        ("https://h.example/e.png", [LARGE], [f"too-large {LARGE.url}"]),
    ],
)
def test_a_url_a_sha_256_or_a_group_names_images(what, images, remembered):
    assert meant(what, ALL) == (images, remembered)


def test_digits_that_begin_two_pictures_are_refused_with_both():
    with pytest.raises(UsageError, match="2 pictures") as caught:
        meant("12345678", ALL)
    assert A.asset.sha256 in caught.value.hint
    assert C.asset.sha256 in caught.value.hint


@pytest.mark.parametrize("what", ["1234567", "abcdefab", "svg:h.example", "https://h.example/z"])
def test_what_names_nothing_is_refused_with_what_is_near(what):
    with pytest.raises(UsageError, match=what) as caught:
        meant(what, ALL)
    assert "migrator accept" in caught.value.hint


def test_the_nearest_names_are_offered():
    with pytest.raises(UsageError) as caught:
        meant("https://h.example/aa.png", ALL)
    assert A.url in caught.value.hint
    with pytest.raises(UsageError) as caught:
        meant("x", [])
    assert caught.value.hint == "Nothing is held here."


def test_a_group_is_its_picture_or_its_reason_and_host():
    assert group_name("same-bytes", "https://h/a", "1" * 64) == "1" * 12
    assert group_name("same-bytes", "https://h/a", None) == "same-bytes:h"
    assert group_name("svg", "//H:443/a", "1" * 64) == "svg:h"
    assert group_name("svg", "https://me:secret@h/a", "1" * 64) == "svg:h"
    assert group_name("svg", "file:posts/a.svg", "1" * 64) == "svg:local"


def test_the_bytes_of_an_image_let_it_through_and_its_url_for_one_reason():
    at = {f"too-large {A.url}"}
    assert let_through(Reason.TOO_LARGE, "https://H.example/a.png#x", None, at)
    assert not let_through(Reason.SAME_BYTES, A.url, A.asset, at)
    assert not let_through(Reason.TOO_LARGE, B.url, A.asset, {*at, "d" * 64})
    assert let_through(Reason.SVG, "https://other.example/", A.asset, {A.asset.sha256})
