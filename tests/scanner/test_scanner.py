"""The scanner as a whole: ``cases/scan`` holds posts and, line by line, what is found in them.

A case is a file and its ``.expected``; adding one needs no Python.
"""

from pathlib import Path

import pytest
from rig.rewriting import SETTINGS, assert_rewrites

from migrator.scanner import find_references
from migrator.scanner.syntax import Syntax, syntax_of

CASES = sorted(Path(__file__).parent.parent.glob("cases/scan/*.expected"))
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
