from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.downloader.originals import elsewhere, original
from migrator.signed import is_signed

FILE = Path(__file__).parents[1] / "cases/sources/originals.txt"
LINES = [line for line in FILE.read_text().splitlines() if line and not line.startswith("#")]
CASES = list(zip(LINES[::2], LINES[1::2], strict=True))


@pytest.mark.parametrize(("url", "expected"), CASES)
def test_the_original_of_a_variant(url, expected):
    assert (original(url) or "-") == expected


@pytest.mark.parametrize("url", [expected for _, expected in CASES if expected != "-"])
def test_an_original_is_its_own_original(url):
    assert original(url) is None


@pytest.mark.parametrize(
    "signature", ["X-Amz-Signature=1", "token=1", "sign=a", "e=1", "x-expires=1"]
)
@pytest.mark.parametrize("url", [url for url, _ in CASES])
def test_nothing_that_may_be_signed_is_edited(url, signature):
    signed = url.partition("#")[0]
    assert original(signed + ("&" if "?" in signed else "?") + signature) is None


@given(st.text(max_size=80))
def test_any_text_can_be_asked(text):
    for url in (text, f"https://h/{text}", f"https://i0.hdslb.com/{text}"):
        found = original(url)
        assert found is None or not is_signed(url)
        elsewhere(url)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("cdn.jsdelivr.net/gh/o/r@1.2/a/b.png", "o/r/1.2/a/b.png"),
        ("fastly.jsdelivr.net/gh/o/r@main/%E5%9B%BE.png?v=1#x", "o/r/main/%E5%9B%BE.png"),
        ("cdn.jsdelivr.net/gh/o/r/a.png", None),
        ("cdn.jsdelivr.net/npm/p@1/a.png", None),
        ("cdn.jsdelivr.net/gh/o/r@main/a.png?token=x", None),
        ("raw.githubusercontent.com/o/r/main/a.png", None),
    ],
)
def test_what_jsdelivr_serves_is_on_github_at_the_same_ref(url, expected):
    found = elsewhere(f"https://{url}")
    assert found == (expected and f"https://raw.githubusercontent.com/{expected}")


def test_no_name_takes_long_to_look_at():
    for piece in ("a.png@1w", "_1w", "@1w_", "!", "imageView2/", "~tplv-", "/80/"):
        original("https://pic1.zhimg.com/" + piece * 1000 + "?" + piece * 1000)
        original("https://h.example/" + piece * 1000 + "\n")
