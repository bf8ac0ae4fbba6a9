"""On CommonMark's own examples we see the images that another parser shows, and move only them."""

import pytest
from rig import commonmark, npm

from migrator.config import ScanSettings
from migrator.model import Kind
from migrator.rewriter.check import check
from migrator.rewriter.edits import apply, edits_for
from migrator.scanner import find_references
from migrator.scanner.syntax import Syntax

SETTINGS = ScanSettings(literal=False)  # no renderer of CommonMark shows those, nor ![[embeds]]


def disagreement(document):
    before = document.encode()
    findings = find_references(before, Syntax.MARKDOWN, SETTINGS, everything=True)
    references = [one for one in findings.references if one.kind is not Kind.EMBED]
    old = dict.fromkeys(one.url for one in references)
    urls = {url: f"http://new/{number}.png" for number, url in enumerate(old)}
    edits = edits_for(references, findings.encoding, urls)
    after = apply(before, edits)
    check(before, after, Syntax.MARKDOWN, SETTINGS, edits, urls)
    shared = {one.url: urls[one.url] for one in references if one.kind is Kind.DEFINITION}
    expected, images = commonmark.shown(document, urls, shared)
    result, moved = commonmark.shown(after.decode(), {}, shared)
    if expected != result:
        return document, "renders differently", after.decode()
    if left := [url for url in moved if url and not url.startswith("http://new/")]:
        return document, "not found", left
    if len(edits) > len(images) + 1:
        return document, "found more than is shown", [one.raw for one in references]
    return None


def disagreements(documents):
    return [
        problem
        for document in documents
        for variant in commonmark.derived(document)
        for end in ("\n", "\r\n", "\r")
        if (problem := disagreement(variant.replace("\n", end)))
    ]


@pytest.mark.skipif(bool(npm.why_not()), reason=npm.why_not())
def test_every_example_of_the_specification():
    examples = commonmark.specification()
    assert len(examples) >= 652
    assert disagreements(examples) == []


def test_every_form_of_destination_in_every_kind_of_place():
    assert disagreements(commonmark.made_up()) == []
