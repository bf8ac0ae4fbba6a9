"""Our images of every case file are those that other renderers show, but for listed differences."""

import difflib
import re
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

import pytest
from rig.shown import Page

from migrator.config import ScanSettings
from migrator.model import Kind
from migrator.scanner import find_references
from migrator.scanner.syntax import Syntax

RENDERERS = ("cmark-gfm", "markdown-it", "marked", "goldmark")
LISTED = tomllib.loads(Path(__file__).with_name("differences.toml").read_text(encoding="utf-8"))
_EXTERNAL = re.compile(r"(?i)(?:https?:)?//(?!.*(?:\{\{|%7B%7B)).+")  # and no template


@dataclass
class Difference:
    """URLs that we find, that a renderer shows, that stand elsewhere."""

    ours: set[str] = field(default_factory=set)
    theirs: set[str] = field(default_factory=set)
    moved: set[str] = field(default_factory=set)


def difference(references, images):
    """What differs between our references and the images of a page, both in their order.

    A definition is one reference, however often it is shown and wherever it stands.
    """
    defined = {unquote(one.url) for one in references if one.kind is Kind.DEFINITION}
    ours = [url for one in references if (url := unquote(one.url)) not in defined]
    theirs = [url for url in images if url not in defined]
    gone, new = Counter(), Counter()
    steps = difflib.SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes()
    for step, first, last, start, end in steps:
        if step != "equal":
            gone.update(ours[first:last])
            new.update(theirs[start:end])
    moved = {url for url in gone if gone[url] == new[url]}
    return Difference({*gone} - moved | defined - {*images}, {*new} - moved, moved)


def listed(case, renderer, references):
    """The difference that ``differences.toml`` names."""
    named = Difference()
    for entry in LISTED["difference"]:
        if entry["case"] == case and renderer in entry.get("renderers", RENDERERS):
            assert entry["reason"]
            kinds = entry.get("kinds", ())
            assert {*kinds} <= {one.kind for one in references}
            of_kinds = {unquote(one.url) for one in references if one.kind in kinds}
            named.ours |= of_kinds - {*entry.get("except", ())}
            named.ours |= {*entry.get("ours", ())}
            named.theirs |= {*entry.get("theirs", ())}
            named.moved |= {*entry.get("moved", ())}
    return named


def _words(seen, expected):
    lines = []
    for what in ("ours", "theirs", "moved"):
        urls, named = getattr(seen, what), getattr(expected, what)
        lines += (f"  {what}, not listed: {url}" for url in sorted(urls - named))
        lines += (f"  {what}, listed, and gone: {url}" for url in sorted(named - urls))
    return "\n".join(lines)


@pytest.mark.parametrize("renderer", RENDERERS)
def test_we_find_the_images_that_a_renderer_shows(renderer, rendered, documents):
    wrong = []
    for (case, end), html in rendered(renderer).items():
        data = documents(renderer)[case, end].encode()
        references = find_references(data, Syntax.MARKDOWN, ScanSettings()).references
        images = [unquote(url) for url in Page(html).images if _EXTERNAL.fullmatch(url)]
        seen, expected = difference(references, images), listed(case, renderer, references)
        if seen != expected:
            wrong.append(f"{case} ({end}):\n{_words(seen, expected)}")
    assert not wrong, "\n".join(wrong)


def test_each_listed_difference_is_of_a_case_and_a_renderer_that_exist(documents):
    cases = {case for case, _ in documents("marked")}
    assert {entry["case"] for entry in LISTED["difference"]} <= cases
    assert {one for entry in LISTED["difference"] for one in entry.get("renderers", ())} <= {
        *RENDERERS
    }


def test_what_is_no_image_in_a_case_is_not_found(documents):
    texts = documents("cmark-gfm")
    for (case, end), text in texts.items():
        for one in find_references(text.encode(), Syntax.MARKDOWN, ScanSettings()).references:
            assert "/no.png" not in one.url, (case, end, one)
