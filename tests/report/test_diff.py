import shutil
import subprocess
from difflib import unified_diff

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.report.diff import unified


def body(diff):
    """The lines after the header."""
    return diff.splitlines()[2:]


def test_equal_files_have_no_diff():
    assert unified("a.md", b"x\n", b"x\n") == ""


def test_a_changed_link_is_shown_in_its_place():
    before = b"1\n2\n3\n4\n![a](http://old/a.png)\n6\n7\n8\n9\n"
    assert unified("文/a.md", before, before.replace(b"http://old/a.png", b"img/x.png")) == (
        "--- a/文/a.md\n+++ b/文/a.md\n@@ -2,7 +2,7 @@\n"
        " 2\n 3\n 4\n-![a](http://old/a.png)\n+![a](img/x.png)\n 6\n 7\n 8\n"
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param([*"abcdefghijklmnopqrstuvwxyz"], [*"abXdefghijklmnopqYstuvwxyz"], id="two"),
        pytest.param([*"abcdef"], [*"aXcXef"], id="near"),
        pytest.param([*"abc"], [*"XYZ"], id="all"),
        pytest.param([*"abcdefghijklm"], [*"abXdefghiYklm"], id="contexts touch"),
        pytest.param([*"abcdefghijklm"], [*"abXdefghijYlm"], id="contexts do not touch"),
        pytest.param([*"abcdefghij"], [*"aXYdefghiZ"], id="neighbours"),
        pytest.param([*"abcdef"], [*"abXcdef"], id="inserted"),
        pytest.param([*"abcdef"], [*"abef"], id="deleted"),
        pytest.param([], [*"ab"], id="from nothing"),
        pytest.param([*"ab"], [], id="to nothing"),
    ],
)
def test_it_agrees_with_the_usual_diff(before, after):
    old, new = ([f"{line}\n" for line in lines] for lines in (before, after))
    usual = "".join(unified_diff(old, new, "a/p", "b/p")).replace("--- a/p\n+++ b/p\n", "", 1)
    ours = unified("p", "".join(old).encode(), "".join(new).encode())
    for number in ("1", "2", "3"):  # difflib leaves out a count of one
        usual = usual.replace(f"-{number} +", f"-{number},1 +").replace(
            f"+{number} @@", f"+{number},1 @@"
        )
    assert "\n".join(body(ours)) + "\n" == usual


lines = st.lists(st.sampled_from([b"a\n", b"b\n", b"c\n", b"\n"]), max_size=25).map(b"".join)


@pytest.mark.skipif(not shutil.which("patch"), reason="needs patch")
@given(before=lines, after=lines, tails=st.sampled_from([(b"", b""), (b"x", b""), (b"", b"y")]))
def test_patch_can_apply_it(tmp_path_factory, before, after, tails):
    before, after = before + tails[0], after + tails[1]
    file = tmp_path_factory.mktemp("patch") / "p"
    file.write_bytes(before)
    if diff := unified("p", before, after):
        subprocess.run(
            ["patch", "-s", "-f", file], input=diff.encode(), check=True, capture_output=True
        )
    assert (file.read_bytes() if file.exists() else b"") == after


def test_bytes_that_are_not_text_and_controls_are_written_out_and_tabs_kept():
    diff = unified("a\x1b.md", b"\t\xff\x1b[2J old\n", b"\t\xff\x1b[2J new\n")
    assert diff.splitlines() == [
        r"--- a/a\x1b.md",
        r"+++ b/a\x1b.md",
        "@@ -1,1 +1,1 @@",
        "-\t" + r"\xff\x1b[2J old",
        "+\t" + r"\xff\x1b[2J new",
    ]


def test_carriage_returns_are_shown_only_where_line_ends_differ():
    assert body(unified("p", b"a\r\nold\r\n", b"a\r\nnew\r\n")) == [
        "@@ -1,2 +1,2 @@",
        " a",
        "-old",
        "+new",
    ]
    assert body(unified("p", b"a\r\nold\n", b"a\r\nnew\n"))[1] == r" a\r"
    assert body(unified("p", b"a\r\n", b"a\n"))[1:] == [r"-a\r", "+a"]


def test_a_missing_last_line_end_is_said():
    end = r"\ No newline at end of file"
    assert body(unified("p", b"a\nb", b"a\nc"))[1:] == [" a", "-b", end, "+c", end]


def test_a_chinese_encoding_is_read():
    before, after = ("中 a.png\n".encode("gb18030"), "中 b.png\n".encode("gb18030"))
    assert body(unified("p", before, after, encoding="gb18030"))[1] == "-中 a.png"
    assert r"\xd6\xd0" in unified("p", before, after, encoding="ascii")


def test_of_a_huge_line_only_the_changed_part_is_shown():
    before = b"A" * 3_000_000 + b" old " + b"B" * 9000 + b"\n"
    removed, added = body(unified("p", before, before.replace(b"old", b"new")))[1:]
    assert " old BBB" in removed
    assert " new BBB" in added
    assert len(removed) < 1200
    assert removed.startswith("-[2,999,751 characters …] AAA")
    assert removed.endswith("BBB [… 8,254 characters]")


def test_an_insertion_before_thousands_of_changes_is_one_block():
    before = b"".join(b"%d\n" % n for n in range(3000))
    after = b"first\n" + before.replace(b"0\n", b"x\n")
    assert body(unified("p", before, after))[0] == "@@ -1,2994 +1,2995 @@"


def test_colour_is_only_added_on_request():
    plain = unified("p", b"a\nb\n", b"a\nc\n")
    assert "\x1b" not in plain
    colored = unified("p", b"a\nb\n", b"a\nc\n", color=True)
    assert "\x1b[31m-b\x1b[0m\n\x1b[32m+c\x1b[0m\n" in colored
    for code in ("0", "1", "31", "32", "36"):
        colored = colored.replace(f"\x1b[{code}m", "")
    assert colored == plain
