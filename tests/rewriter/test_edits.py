import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.model import Edit, Kind, Reference, Span, Spelling
from migrator.rewriter.edits import OverlappingEdits, apply, edits_for


def reference(start, raw, url=None, spelling=Spelling.MARKDOWN):
    span = Span(start, start + len(raw.encode()))
    return Reference(span.start, span.end, Kind.IMAGE, spelling, url or raw, raw, 1, start + 1)


def test_only_references_with_a_new_url_are_edited():
    references = [reference(0, "http://a"), reference(20, "http://a/b"), reference(40, "http://a")]
    assert edits_for(references, "utf-8", {"http://a": "http://new"}) == (
        Edit(Span(0, 8), b"http://new"),
        Edit(Span(40, 48), b"http://new"),
    )


def test_a_url_that_is_there_already_is_not_written_again():
    references = [reference(0, "a&amp;b", "a&b")]
    assert edits_for(references, "utf-8", {"a&b": "a&b"}) == ()


def test_a_new_url_is_written_in_the_encoding_of_the_post():
    references = [reference(0, "u")]
    assert edits_for(references, "gb18030", {"u": "图"})[0].replacement == "图".encode("gb18030")
    assert edits_for(references, "ascii", {"u": "图"})[0].replacement == b"%E5%9B%BE"


@pytest.mark.parametrize("spans", [[(0, 3), (2, 4)], [(1, 2), (1, 2)], [(0, 9), (3, 4)], [(8, 11)]])
def test_edits_that_overlap_or_lie_outside_are_refused(spans):
    with pytest.raises(OverlappingEdits):
        apply(b"0123456789", [Edit(Span(*span), b"x") for span in spans])


@given(st.lists(st.tuples(st.binary(), st.binary(), st.binary()), max_size=8), st.binary())
def test_edits_replace_their_spans_and_nothing_else(parts, tail):
    before, after, edits = b"", b"", []
    for kept, old, new in parts:
        before += kept + b"|"
        after += kept + b"|"
        edits.append(Edit(Span(len(before), len(before + old)), new))
        before += old
        after += new
    assert apply(before + tail, reversed(edits)) == after + tail
