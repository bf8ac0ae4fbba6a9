"""What must hold for every rewrite."""

from migrator.config import ScanSettings
from migrator.rewriter.check import check
from migrator.rewriter.edits import apply, edits_for
from migrator.scanner import find_references
from migrator.scanner.source import decode
from migrator.scanner.spelling import settled

SETTINGS = ScanSettings(tags=("[photo {url} *]",))


def assert_rewrites(data, syntax, store="http://new/"):
    """References never overlap; only they change, to the new URLs; once more changes nothing."""
    findings = find_references(data, syntax, SETTINGS)
    if findings.opt_out:
        return  # is never rewritten
    new = {}
    for one in findings.references:
        new.setdefault(one.url, f"{store}{len(new)}.png")
    edits = edits_for(findings.references, findings.encoding, new)
    after = apply(data, edits)
    if decode(after).encoding != findings.encoding and not after.isascii():
        assert findings.encoding != "utf-8"  # told from what is not ASCII: the rest may not do
        return
    check(data, after, syntax, SETTINGS, edits, new)
    again = find_references(after, syntax, SETTINGS)
    assert again.encoding == findings.encoding or after.isascii()
    assert not again.opt_out
    at = there = 0
    for old, now in zip(findings.references, again.references, strict=True):
        assert at <= old.span.start <= old.span.end
        assert data[at : old.span.start] == after[there : now.span.start]
        url = settled(new[old.url], old.spelling, findings.encoding)
        assert (now.url, now.kind, now.spelling) == (url, old.kind, old.spelling)
        codec = "gb18030" if findings.encoding == "gb18030" else "utf-8"
        assert data[old.span.start : old.span.end].decode(codec) == old.raw
        at, there = old.span.end, now.span.end
    assert data[at:] == after[there:]
    same = {one.url: one.url for one in again.references}
    assert edits_for(again.references, again.encoding, same) == ()
