import re

import pytest

from migrator.model import Kind, Reference, Spelling
from migrator.report.annotations import Hit, annotation, forbidden, page


def as_github_reads(line):
    """The properties and the message, as the runner takes them out of a line of a log."""
    command = re.fullmatch(r"::(\w+)(?: ([^:]*(?:(?!::).)*?))?::(.*)", line)
    assert command[1] == "error"

    def plain(text, escapes):
        for escaped, character in escapes:
            text = text.replace(escaped, character)
        return text

    data = [("%0D", "\r"), ("%0A", "\n"), ("%25", "%")]
    pairs = (pair.split("=", 1) for pair in command[2].split(","))
    escapes = [("%3A", ":"), ("%2C", ","), *data]
    return {name: plain(value, escapes) for name, value in pairs}, plain(command[3], data)


def reference(url, raw=None, column=5):
    return Reference(
        10, 20, Kind.IMAGE, Spelling.MARKDOWN, url, url if raw is None else raw, 3, column
    )


def test_an_image_is_marked_where_its_url_stands():
    line = annotation(forbidden("posts/a.md", reference("https://a.example/a.png")))
    assert line == (
        "::error file=posts/a.md,line=3,col=5,endColumn=28,title=An image on a forbidden host"
        "::https://a.example/a.png is on a host that --fail-on-host names"
    )


@pytest.mark.parametrize("name", ["a.md", "100%25,b:c=d.md", "a::error::b.md", "一\r\n,二.md"])
@pytest.mark.parametrize("what", ["plain", "50% of 20%0A,::set-env x::\r\ny"])
def test_github_reads_what_was_meant(name, what):
    line = annotation(Hit(name, "title: a, b", what, 7))
    assert len(line.splitlines()) == 1
    assert as_github_reads(line) == ({"file": name, "line": "7", "title": "title: a, b"}, what)


def test_the_end_is_left_open_where_a_url_goes_over_lines():
    assert forbidden("a.md", reference("https://a/b", "https://a/\n b")).end_column == 0


def test_no_secret_is_written_down():
    url = "https://me:secret@a.example/a.png?Signature=abcdefgh"
    line = annotation(forbidden("a.md", reference(url)))
    assert "secret" not in line
    assert "abcdefgh" not in line


def test_the_page_names_the_first_and_counts_the_rest():
    text = page([Hit(f"{number}.md", "t", "w", 1) for number in range(250)])
    assert text.startswith("### Migrator: 250 places to look at\n")
    assert text.count("\n| ") == 2 + 199 + 1
    assert "\nand 50 more.\n" in text


def test_the_page_holds_no_markup_of_others():
    nasty = "|](https://evil.example) <img src=x> `a` **b** @someone #1 \x1b[2J\n# x"
    row = page([Hit(nasty, "t", nasty, 1)]).splitlines()[-2]
    assert not set("<>`*_@\x1b") & set(row.replace("&#", ""))
    assert row.count("|") == 4
