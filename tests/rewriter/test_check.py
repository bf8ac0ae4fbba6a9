import pytest

from migrator.config import ScanSettings
from migrator.model import Edit, Kind, Span
from migrator.rewriter.check import SelfCheckFailed, _same, _same_structure, _Shift, check
from migrator.rewriter.edits import apply, edits_for
from migrator.scanner import find_references
from migrator.scanner.source import decode
from migrator.scanner.structure import Part
from migrator.scanner.syntax import Syntax

SETTINGS = ScanSettings()
OLD, NEW = "http://old/a.png", "http://new/b.png"


def rewritten(before: bytes, syntax=Syntax.MARKDOWN, new=NEW):
    findings = find_references(before, syntax, SETTINGS)
    urls = {one.url: new for one in findings.references}
    edits = edits_for(findings.references, findings.encoding, urls)
    after = apply(before, edits)
    check(before, after, syntax, SETTINGS, edits, urls)
    return after


@pytest.mark.parametrize(
    "before",
    [
        b"![a](http://old/a.png)",
        b"\xef\xbb\xbf![a](http://old/a.png)\r\n",
        b"![a][r]\r\r[r]: <http://old/a.png> 't'\r",
        b"---\ncover: http://old/a.png\n---\n<img src=http://old/a.png>",
        b"<center>![a](http://old/a.png)</center>",
        b"\xff ![a](http://old/a.png) \xfe",
        "图片图片 ![图](http://old/a.png) 图片 ![图](http://old/图.png)".encode("gb18030"),
    ],
)
@pytest.mark.parametrize("new", [NEW, "img/图 片.png", "http://n/(a)_(b&amp;c)|d'e=f.png"])
def test_a_planned_rewrite_passes(before, new):
    after = rewritten(before, new=new)
    assert after != before


@pytest.mark.parametrize(
    "around",
    [
        b"{%%g\n\n[r]: %b%%}",  # to Markdown a definition, were it not for the tag
        b"{%%g![](%b)%%}",  # to some readings an image, to others a word of a tag
        b'<p><Image src={"%b"}>',
    ],
)
def test_what_two_languages_could_read_passes_too(around):
    assert rewritten(around % b"http://old/a.png?", Syntax.MDX) == around % NEW.encode()


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (b"text ![a](http://new/b.png) \n", "bytes"),
        (b"text ![a](http://new/b.png)", "bytes"),
        (b"text ![b](http://new/b.png)\n", "bytes"),
    ],
)
def test_a_change_outside_the_edits_is_refused(after, words):
    edit = Edit(Span(10, 26), NEW.encode())
    with pytest.raises(SelfCheckFailed, match=words):
        check(
            b"text ![a](http://old/a.png)\n", after, Syntax.MARKDOWN, SETTINGS, [edit], {OLD: NEW}
        )


@pytest.mark.parametrize(
    ("before", "span", "replacement"),
    [
        (b"![a](http://old/a.png)", (5, 21), b"http://new/b.png) ![b](c"),
        (b"![a](http://old/a.png)", (5, 21), b"http://new/b).png"),
        (b"![a](http://old/a.png)", (5, 21), b"http://new/b.png 't'"),
        (b"![a](http://old/a.png)", (5, 21), b"http://new/other.png"),
        (b"![a](http://old/a.png)", (2, 3), b"b"),
        (b"`http://old/a.png` ![a](http://old/a.png)", (1, 17), b"http://new/b.png"),
        (b"<img src=http://old/a.png>", (9, 25), b"'http://new/b.png'"),
        (b"---\ncover: http://old/a.png\n---\n", (11, 27), b"[x"),
    ],
)
def test_an_edit_that_does_more_than_map_a_url_is_refused(before, span, replacement):
    edit = Edit(Span(*span), replacement)
    for new in (NEW, "relative.png"):
        with pytest.raises(SelfCheckFailed):
            check(before, apply(before, [edit]), Syntax.MARKDOWN, SETTINGS, [edit], {OLD: new})


@pytest.mark.parametrize(
    ("before", "replacement", "syntax"),
    [
        (b"a u b", b"*u*", Syntax.MARKDOWN),
        (b"a u b", b"u\n\nu", Syntax.MARKDOWN),
        (b"a u b", b"`u`", Syntax.MARKDOWN),
        (b"a u b", b"[u]: v", Syntax.MDX),
        (b"a u b", b"<u>", Syntax.HTML),
    ],
)
def test_the_parser_must_see_the_same_parts(before, replacement, syntax):
    edit = Edit(Span(2, 3), replacement)
    sources = decode(before), decode(apply(before, [edit]))
    with pytest.raises(SelfCheckFailed, match="line 1: the text would read differently"):
        _same_structure(sources, 0, syntax, [edit], {edit.span: Kind.IMAGE}, {"u": "v"})


def test_an_event_at_its_place_must_say_the_same_but_for_mapped_urls_and_what_an_edit_touches():
    edit = Edit(Span(2, 4), b"wx")
    shift, urls = _Shift([edit]), {"/a": "/b"}
    image = {"Start": {"Image": {"link_type": "Inline", "dest_url": "/a", "title": "", "id": ""}}}
    moved = {"Start": {"Image": {**image["Start"]["Image"], "dest_url": "/b"}}}
    other = {"Start": {"Image": {**image["Start"]["Image"], "dest_url": "/c"}}}
    assert _same(Part(0, 9, image), Part(0, 9, moved), shift, urls)
    assert not _same(Part(0, 9, image), Part(0, 9, other), shift, urls)
    assert not _same(Part(5, 6, "SoftBreak"), Part(5, 6, "HardBreak"), shift, urls)
    assert not _same(Part(5, 6, {"Text": "a"}), Part(5, 6, {"Text": "b"}), shift, urls)
    assert _same(Part(0, 9, {"Text": "a"}), Part(0, 9, {"Text": "b"}), shift, urls)
