import json
from urllib.parse import unquote

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from migrator.model import Spelling
from migrator.scanner.spelling import read, settled, write

URLS = st.one_of(
    st.text(alphabet=st.characters(exclude_categories=["Cs"])),
    st.lists(
        st.sampled_from(
            [
                *(
                    "http://h/",
                    "a",
                    "amp",
                    ";",
                    "copy",
                    "#38;",
                    "#x26",
                    "%20",
                    "&",
                    "图",
                    "é",
                    "\n",
                ),
                *"()='\"\\|,[]*_<>` -:$",
            ]
        )
    ).map("".join),
)


@given(URLS, st.sampled_from(Spelling), st.sampled_from(["utf-8", "ascii", "gb18030"]))
def test_what_is_written_reads_as_the_url(url, spelling, encoding):
    text = write(url, spelling, encoding)
    assert read(text, spelling) == settled(url, spelling, encoding)
    text.encode(encoding)


@given(URLS, st.sampled_from(Spelling))
def test_settling_changes_nothing_but_percent_encoding_and_only_once(url, spelling):
    once = settled(url, spelling)
    assert settled(once, spelling) == once
    assert unquote(once).removeprefix("./") == unquote(url).removeprefix("./")


@pytest.mark.parametrize("spelling", Spelling)
def test_an_ordinary_url_is_written_as_it_is(spelling):
    url = "https://img.example.com/ab/a_b-c~1.png?x=1#f".replace(
        "=", "" if spelling == "html-bare" else "="
    )
    assert write(url, spelling) == read(url, spelling) == url


@pytest.mark.parametrize(
    ("spelling", "url", "text"),
    [
        ("markdown", "a(b)c", "a(b)c"),
        ("markdown", "a)b(", r"a\)b\("),
        ("markdown", "((((a))))", r"\(\(\(\(a\)\)\)\)"),
        ("markdown", "a b|c", r"a%20b\|c"),
        ("markdown", "?a=1&b=2&copy=3&amp;", r"?a=1&b=2&copy=3\&amp;"),
        ("angle", "a)b&lt;", r"a)b\&lt;"),
        ("html-double", "?a=1&b=2&copy=3&copy;'", "?a=1&b=2&copy=3&amp;copy;&#39;"),
        ("html-single", "it's&", "it&#39;s&"),
        ("html-bare", "?a='b'", "?a&#61;&#39;b&#39;"),
        ("srcset", ",a,b,", "%2Ca,b%2C"),
        ("css", "a(b)'&amp;", r"a\(b\)\&#39;&amp;amp;"),
        ("yaml-plain", "@a,b:", "./@a%2Cb%3A"),
        ("yaml-single", "it's", "it''s"),
        ("toml-literal", "it's", "it%27s"),
        ("quoted", "it's\"", "it%27s%22"),
        ("plain", "a(b),c", "a%28b%29%2Cc"),
        ("json", "图\\", "图%5C"),
    ],
)
def test_what_a_place_cannot_hold_is_escaped_and_nothing_else(spelling, url, text):
    assert write(url, Spelling(spelling)) == text


@pytest.mark.parametrize(
    ("spelling", "text", "url"),
    [
        (
            "markdown",
            r"\(\a\\&amp;&copy;&#x41;&#66;&nosuch;&copy &#0;&#xD800;",
            "(\\a\\&©AB&nosuch;&copy ��",
        ),
        (
            "html-double",
            "&amp;&copy;&copy=&copyx&copy &#65;&#x42&nosuch;",
            "&©&copy=&copyx© AB&nosuch;",
        ),
        ("css", r"\28 a\'\)&quot;", "(a')\""),
        ("yaml-double", r"a\/\u0026\x41\t", "a/&A\t"),
        ("json", r"http:\/\/h\/\u56fe", "http://h/图"),
    ],
)
def test_what_is_escaped_is_read(spelling, text, url):
    assert read(text, Spelling(spelling)) == url


@given(URLS)
def test_another_parser_reads_the_same(url):
    def shown(markdown):
        (token,) = MarkdownIt().parse(markdown)[1].children
        return token.attrs["src"]

    settled_url = settled(url, Spelling.MARKDOWN)
    if settled_url:
        expected = MarkdownIt().normalizeLink(settled_url)
        assert shown(f"![]({write(url, Spelling.MARKDOWN)})") == expected
        assert shown(f"![](<{write(url, Spelling.ANGLE)}>)") == expected
    assert json.loads(f'"{write(url, Spelling.JSON)}"') == settled(url, Spelling.JSON)
    for spelling, quote in ((Spelling.YAML_SINGLE, "'"), (Spelling.YAML_DOUBLE, '"')):
        value = f"[{quote}{write(url, spelling)}{quote}]"
        assert yaml.safe_load(value) == [settled(url, spelling)]
    url = "http://h/" + url
    if "?" not in url:  # PyYAML, unlike YAML 1.2, allows none in a list
        assert yaml.safe_load(f"[{write(url, Spelling.YAML_PLAIN)}]") == [
            settled(url, Spelling.YAML_PLAIN)
        ]
