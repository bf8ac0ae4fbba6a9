from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.signed import expires, is_signed, without_signature
from migrator.urls import identity

FILE = Path(__file__).parent / "cases/sources/signed.txt"
LINES = [line for line in FILE.read_text().splitlines() if line and not line.startswith("#")]
CASES = list(zip(LINES[::3], LINES[1::3], LINES[2::3], strict=True))


@pytest.mark.parametrize(("url", "same", "until"), CASES)
def test_a_signature_is_told_from_what_names_the_object(url, same, until):
    assert is_signed(url)
    assert without_signature(url) == same
    end = expires(url)
    assert (end.replace(tzinfo=None).isoformat() if end else "-") == until
    assert end is None or end.tzinfo is UTC


@pytest.mark.parametrize(
    "url",
    [
        "https://h.example/a.png",
        "https://h.example/a.png?v=2&t=1700000000",
        "https://h.example/sign/token.png#token=1",
        "https://h.example/a.png?x-oss-process=image/resize,w_200",
        "https://h.example/a.png?imageView2/2/w/100",
        "https://mmbiz.qpic.cn/mmbiz_png/x/640?wx_fmt=png&from=appmsg",
        "https://pic1.zhimg.com/80/v2-a_720w.jpg?source=1",
        "/local.png?e=1",
        "",
    ],
)
def test_ordinary_urls_are_not_signed(url):
    assert without_signature(url) == url
    assert expires(url) is None
    assert is_signed(url) == (url == "/local.png?e=1")


def test_two_signatures_of_one_object_are_one_image():
    first = "https://b.oss-cn-hangzhou.aliyuncs.com/%e4%b8%ad.png?Expires=1700000000&OSSAccessKeyId=k&Signature=a"
    other = "https://B.oss-cn-hangzhou.aliyuncs.com/中.png?OSSAccessKeyId=k&Expires=1800000000&Signature=b"
    assert (
        identity(first)
        == identity(other)
        == identity("https://b.oss-cn-hangzhou.aliyuncs.com/中.png")
    )


SIGNATURES = st.lists(
    st.sampled_from([line.partition("?")[2] for line, _, _ in CASES] + ["a=1", "", "#x", "%41=%"])
)


@given(SIGNATURES)
def test_what_is_left_has_no_signature_left(queries):
    url = "https://h.example/a.png?" + "&".join(queries)
    once = identity(url)
    assert identity(once) == once
    assert without_signature(without_signature(url)) == without_signature(url)


@given(st.text())
def test_any_text_can_be_asked(text):
    for url in (text, f"https://h/?jwt={text}&token={text}&X-Amz-Date={text}"):
        is_signed(url)
        without_signature(url)
        expires(url)


def test_a_moment_that_is_none_is_no_end():
    for value in ("99999999999", "000000000"):
        end = expires(f"https://h/a?OSSAccessKeyId=k&Signature=s&Expires={value}")
        assert end is None or end > datetime(1969, 1, 1, tzinfo=UTC)


def test_of_two_ends_the_first_one_counts():
    first, later = (
        "OSSAccessKeyId=k&Signature=s&Expires=1700000000",
        "x-expires=1800000000&x-signature=s",
    )
    for query in (f"{first}&{later}", f"{later}&{first}"):
        end = expires(f"https://h/a?{query}")
        assert end is not None
        assert end.timestamp() == 1700000000
