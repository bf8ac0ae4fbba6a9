import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator import urls
from migrator.urls import absolute, canonical, fragment, host, is_external, without_fragment


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("https://H.example/a.png", "https://h.example/a.png"),
        ("https://h.example:443/a.png", "https://h.example/a.png"),
        ("http://h.example:80/a.png", "http://h.example/a.png"),
        ("//h.example/a.png", "https://h.example/a.png"),
        ("https://h.example/a.png#pic_center", "https://h.example/a.png"),
        ("https://h.example/%e4%b8%ad.png", "https://h.example/中.png"),
        ("https://h.example/%7Ea/%2d.png", "https://h.example/~a/-.png"),
        ("https://h.example", "https://h.example/"),
        ("https://h.example/a b.png", "https://h.example/a%20b.png"),
    ],
)
def test_spellings_of_one_request_are_one_image(url, same):
    assert canonical(url) == canonical(same)


@pytest.mark.parametrize(
    ("url", "other"),
    [
        ("https://h.example/a.png", "http://h.example/a.png"),
        ("https://h.example/a.png", "https://h.example/A.png"),
        ("https://h.example/a%2Fb.png", "https://h.example/a/b.png"),
        ("https://h.example/a.png", "https://h.example/a.png?x=1"),
        ("https://h.example:8443/a.png", "https://h.example/a.png"),
        ("https://h.example/a.png?x=%26", "https://h.example/a.png?x=&"),
    ],
)
def test_other_requests_are_other_images(url, other):
    assert canonical(url) != canonical(other)


@given(st.text())
def test_any_text_has_an_identity_that_is_its_own_identity(url):
    once = canonical(url)
    assert canonical(once) == once


@pytest.mark.parametrize("url", ["http://[", "https://h:x/", "http://[::1]x/", "https://\udc80/"])
def test_what_is_no_url_raises_nothing(url):
    canonical(url)
    host(url)


def test_only_urls_with_a_host_are_external():
    assert is_external("HTTPS://h/a")
    assert is_external("//h/a")
    assert not is_external("/a.png")
    assert not is_external("data:image/png;base64,AA")
    assert host("/a.png") is None


def test_the_host_has_neither_port_nor_case():
    assert host("//Img.Example.COM:8080/a") == "img.example.com"


def test_a_fragment_is_apart_from_what_is_requested():
    assert fragment("https://h/a#b#c") == "#b#c"
    assert without_fragment("https://h/a#b#c") == "https://h/a"
    assert fragment("https://h/a") == ""


def test_a_protocol_relative_url_is_asked_for_over_https():
    assert absolute("//h/a") == "https://h/a"
    assert absolute("http://h/a") == "http://h/a"


# What URLs are made of, and what makes them odd.
_PARTS = st.lists(
    st.sampled_from(
        (
            *(
                "http:",
                "HTTPS:",
                "//",
                "/",
                "h.com",
                "H.com",
                ":80",
                ":443",
                ":8080",
                "@",
                "[",
                "]",
                "?",
            ),
            *("#", "%41", "\t", " ", "é", ".", "-", "\\", "_", "a", "|", "'", "&", "=", ";", "~"),
        )
    ),
    max_size=8,
).map("".join)
_URLS = st.tuples(
    st.sampled_from(["http://h.com/", "http://h.com:80", "https://h.com", "//h.com/", ""]), _PARTS
)


@given(_URLS.map("".join))
def test_the_quick_ways_say_what_the_thorough_ones_say(url):
    assert canonical(url) == urls._canonical(url)
    quick = urls._PLAIN_HOST
    try:
        urls._PLAIN_HOST = urls.re.compile("(?!)")
        thorough = host.__wrapped__(url)
    finally:
        urls._PLAIN_HOST = quick
    assert host(url) == thorough
