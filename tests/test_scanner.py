"""The scanner as a whole: ``cases/scan`` holds posts and, line by line, what is found in them.

A case is a file and its ``.expected``; adding one needs no Python.
"""

from pathlib import Path

import pytest
from rig.rewriting import SETTINGS, assert_rewrites

from migrator.config import ScanSettings
from migrator.errors import ConfigError
from migrator.model import Kind
from migrator.scanner import find_references
from migrator.scanner.syntax import Syntax, syntax_of

CASES = sorted(Path(__file__).parent.glob("cases/scan/*.expected"))
UTF8_BOM = b"\xef\xbb\xbf"


def found(data, syntax=Syntax.MARKDOWN, settings=SETTINGS, **options):
    if isinstance(data, str):
        data = data.encode()
    return find_references(data, syntax, settings, **options)


def urls(data, *args, **options):
    return [one.url for one in found(data, *args, **options).references]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["lf", "crlf", "cr"])
@pytest.mark.parametrize("start", [b"", UTF8_BOM], ids=["", "bom"])
def test_a_case_file_holds_what_is_expected(case, end, start):
    path = case.with_suffix("")
    data = start + path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", end)
    findings = found(data, syntax_of(path), links=path.stem == "links")
    expected = case.read_text(encoding="utf-8").split("\n")[:-1]
    lines = [f"{one.line}:{one.column} {one.kind} {one.url}" for one in findings.references]
    assert lines == expected
    for one in findings.references:
        assert data[one.span.start : one.span.end] == one.raw.encode()
    assert_rewrites(data, syntax_of(path))


def test_one_url_may_begin_like_another():
    data = "![](http://h/a.png)![](http://h/a.png?x)![](http://h/a.png.webp)[](http://h/a.png)"
    assert urls(data) == ["http://h/a.png", "http://h/a.png?x", "http://h/a.png.webp"]
    assert_rewrites(data.encode(), Syntax.MARKDOWN)


def test_the_same_url_in_code_stays():
    data = (
        b"`http://h/a.png` ![http://h/a.png](http://h/a.png 'http://h/a.png')\n\n    http://h/a.png"
    )
    (one,) = found(data).references
    assert (one.span.start, one.span.end) == (35, 49)
    assert_rewrites(data, Syntax.MARKDOWN)


@pytest.mark.parametrize("gap", [b" ", b"\n\n"], ids=["one line", "paragraphs"])
def test_ten_thousand_images_in_one_file(gap):
    data = gap.join(b"![%d](http://h/%d.png)" % (number, number % 9000) for number in range(10000))
    assert len(found(data).references) == 10000
    assert_rewrites(data, Syntax.MARKDOWN)


def test_a_line_of_five_megabytes():
    data = "字 ".encode() * 1_200_000 + b"![](http://h/a.png)" + b"x" * 200_000
    (one,) = found(data).references
    assert (one.line, one.column) == (1, 2_400_005)


@pytest.mark.parametrize(
    "data",
    [
        b"\0 ![a](http://h/a.png) \0![\0](http://h/b.png)\n",
        b"\xff\xfe![a](http://h/a.png)\xe5\x9b ![\xa0](http://h/b.png)\x80",
        "é ![à](http://h/a.png) ç ![](http://h/b.png)".encode("latin-1"),
        "图片 ![图](http://h/a.png)，以及 <img alt=片 src=http://h/b.png>。".encode("gb18030"),
        "a\x85![a](http://h/a.png)\u2028![b](http://h/b.png)\x0b\x0c\x1c\xa0\u200b".encode(),
        b"![a](http://h/a.png)\r![b](http://h/b.png)\r\n![b](http://h/b.png)\n\r",
    ],
    ids=["NUL", "invalid", "Latin-1", "GBK", "separators", "mixed endings"],
)
def test_bytes_that_are_not_plain_utf_8(data):
    assert set(urls(data)) == {"http://h/a.png", "http://h/b.png"}
    assert_rewrites(data, Syntax.MARKDOWN)


def test_places_in_a_chinese_file_are_bytes_of_that_file():
    data = "---\ncover: http://h/封面.png\n---\n中文博客 ![图](http://h/图片.png)".encode("gb18030")
    findings = found(data)
    assert findings.encoding == "gb18030"
    assert [
        data[one.span.start : one.span.end].decode("gb18030") for one in findings.references
    ] == [
        "http://h/封面.png",
        "http://h/图片.png",
    ]
    assert findings.references[1].column == 11
    assert_rewrites(data, Syntax.MARKDOWN)


def test_a_url_with_an_invalid_byte_stays_and_is_mentioned():
    findings = found(b"![a](http://h/a.png)\n\n![b](http://h/\xff.png)")
    assert [one.url for one in findings.references] == ["http://h/a.png"]
    assert [(note.line, "not valid text" in note.text) for note in findings.notes] == [(3, True)]


def test_a_url_on_several_lines_stays_and_is_mentioned():
    findings = found('> <img src="http://h/\n> a.png">')
    assert findings.references == ()
    assert [(note.line, "several lines" in note.text) for note in findings.notes] == [(1, True)]


@pytest.mark.parametrize(
    ("data", "syntax", "expected"),
    [
        ("a <!-- migrator-ignore --> ![a](http://h/a.png)", Syntax.MARKDOWN, True),
        ("<!--migrator-ignore-->\n", Syntax.MARKDOWN, True),
        ("---\nmigrator: false\n---\n![a](http://h/a.png)", Syntax.MARKDOWN, True),
        ("<p><!-- migrator-ignore --></p>", Syntax.HTML, True),
        ("a {/* migrator-ignore */}", Syntax.MDX, True),
        ("`<!-- migrator-ignore -->` ![a](http://h/a.png)", Syntax.MARKDOWN, False),
        ("<!-- migrator-ignore this -->", Syntax.MARKDOWN, False),
        ("<!-- migrator-ignore-next -->", Syntax.MARKDOWN, False),
    ],
)
def test_a_post_can_opt_out(data, syntax, expected):
    assert found(data, syntax).opt_out is expected


def test_everything_includes_local_paths_and_data():
    data = (
        "![](a.png) <img src='../b.png'> ![](data:image/png;base64,x) ![]({{x}}.png) "
        "{% img /c.png %}"
    )
    assert urls(data) == []
    assert urls(data, everything=True) == [
        *("a.png", "../b.png", "data:image/png;base64,x", "/c.png"),
    ]


def test_markdown_in_html_can_be_left_out():
    data = "<center>![](http://h/a.png)</center>"
    assert [one.kind for one in found(data).references] == [Kind.LITERAL]
    assert urls(data, settings=ScanSettings(literal=False)) == []


def test_a_pattern_without_its_url_is_explained():
    with pytest.raises(ConfigError, match="where the address stands"):
        found("![](http://h/a.png)", settings=ScanSettings(tags=("[img]",)))


def test_a_paragraph_of_mdx_can_be_left_alone():
    data = "{/* migrator-ignore-next */}\n\n![](http://h/no.png)\n\n![](http://h/a.png)"
    assert urls(data, Syntax.MDX) == ["http://h/a.png"]


def test_dollar_signs_in_urls_make_no_formula():
    data = "![](http://h/$a.png) ![](http://h/b.png) ![](http://h/c$.png)"
    assert urls(data) == ["http://h/$a.png", "http://h/b.png", "http://h/c$.png"]


def test_a_url_without_a_host_is_none():
    assert found(b"![](https://) ![](//) <img src='http://'>", Syntax.MARKDOWN).references == ()
