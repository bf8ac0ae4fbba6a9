import json
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.report.escape import (
    columns,
    for_json,
    for_screen,
    for_terminal,
    keep_end,
    short_url,
    wrapped,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain 中文 é 👩‍👩‍👧", "plain 中文 é 👩‍👩‍👧"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("\x9b2J\x7f", r"\x9b2J\x7f"),
        ("a\r\n\tb", r"a\r\n\tb"),
        ("evil\u202egnp.md", r"evil\u202egnp.md"),
        ("\u2066\u2069\u200b\ufeff\u2028", r"\u2066\u2069\u200b\ufeff\u2028"),
        ("tag\U000e0041", r"tag\U000e0041"),
        (b"caf\xe9.md".decode("utf-8", "surrogateescape"), r"caf\xe9.md"),
        ("\ud800", r"\ud800"),
    ],
)
def test_what_a_terminal_acts_upon_is_written_out(text, shown):
    assert for_terminal(text) == shown


def test_lines_stay_lines_and_only_our_own_colours_stay():
    text = "\x1b[1m--- a/\u202e\x1b[0m\n\t-\x1b]0;x\x07\r\n"
    assert for_screen(text) == "\\x1b[1m--- a/\\u202e\\x1b[0m\n\t-\\x1b]0;x\\x07\\r\n"
    assert for_screen(text, styled=True) == "\x1b[1m--- a/\\u202e\x1b[0m\n\t-\\x1b]0;x\\x07\\r\n"


any_text = st.text(st.characters())  # with surrogates


@given(any_text)
def test_what_is_shown_can_be_printed_and_holds_no_control(text):
    shown = for_terminal(text)
    shown.encode()
    assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in shown)


@given(st.text())
def test_json_keeps_the_value_of_valid_text(text):
    encoded = for_json(json.dumps(text, ensure_ascii=False))
    assert json.loads(encoded) == text
    assert len(encoded.splitlines()) == 1


@given(any_text)
def test_json_of_any_text_is_valid_utf_8(text):
    json.loads(for_json(json.dumps(text, ensure_ascii=False)).encode().decode())


def test_bytes_that_are_not_text_are_named_in_json():
    name = b"caf\xe9.md".decode("utf-8", "surrogateescape")
    assert json.loads(for_json(json.dumps(name, ensure_ascii=False))) == r"caf\xe9.md"


def test_chinese_takes_two_columns_and_accents_none():
    assert columns("ab中文e\u0301") == 7


@given(st.text(st.sampled_from("a中é/e\u0301。")), st.integers(1, 12))
def test_the_end_is_kept_within_the_width(text, width):
    kept = keep_end(text, width)
    assert columns(kept) <= width
    assert text.endswith(kept.removeprefix("…"))
    assert kept == text or columns(text) > width


@pytest.mark.parametrize(
    ("url", "width", "shown"),
    [
        ("https://a.example/b/c.png", 40, "https://a.example/b/c.png"),
        ("https://a.example/b/c.png?w=1", 40, "https://a.example/b/c.png?…"),
        ("//a.example/c.png", 40, "//a.example/c.png"),
        ("https://a.example/b/c.png", 20, "a.example/b/c.png"),
        ("https://a.example/some/long/path/c.png", 20, "a.example/…/c.png"),
        ("https://a.example/some/long/path/c.png", 10, "…e/…/c.png"),
        ("../local/图.png", 40, "../local/图.png"),
        ("https://[broken/x.png", 40, "https://[broken/x.png"),
        ("https://a.example/\x1b[2J.png", 40, r"https://a.example/\x1b[2J.png"),
    ],
)
def test_a_url_is_shortened_where_it_tells_least(url, width, shown):
    assert short_url(url, width) == shown


def test_a_short_url_shows_no_password_and_no_signature():
    shown = short_url("https://me:hunter2@a.example/x.png?Signature=abcdef", 80)
    assert shown == "https://a.example/x.png?…"


@pytest.mark.parametrize("width", [20, 40, 80])
@pytest.mark.parametrize(
    "text",
    [
        "a b " * 40,
        "文章 posts/关于图床迁移的一些想法与漫长的旅行日记.md: front matter 坏了，" * 3,
        "关于图床迁移的一些想法，" * 20,
    ],
)
def test_lines_are_as_wide_as_the_terminal_and_lose_nothing(text, width):
    lines = wrapped(text, width, initial_indent="Note: ", subsequent_indent="      ")
    assert max(map(columns, lines)) <= width
    assert lines[0].startswith("Note: ")
    assert all(line.startswith("      ") for line in lines[1:])
    assert "".join("".join(lines).split()) == "Note:" + "".join(text.split())


def test_what_is_to_be_copied_is_not_broken():
    url = "https://a.example/" + "x" * 40
    assert wrapped(f"see {url} there", 20) == ["see", url, "there"]
    assert wrapped("", 20) == []


@pytest.mark.parametrize("width", [20, 33, 79])
def test_words_are_put_where_the_standard_library_puts_them(width):
    text = " ".join("word" * (number % 4 + 1) for number in range(60))
    assert wrapped(text, width, subsequent_indent="  ") == textwrap.wrap(
        text, width, subsequent_indent="  "
    )
