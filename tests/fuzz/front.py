"""Front matter read by two: by us, and by a parser of its language that knows no positions."""

import json
import tomllib
from collections.abc import Iterator
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import yaml
from rig.rewriting import SETTINGS

from migrator.scanner import dates, front_matter
from migrator.scanner.front_matter import yaml_reader
from migrator.scanner.front_matter.block import Format, locate
from migrator.scanner.spelling import read, write

FENCES = (b"", b"---\n", b"+++\n", b";;;\n", b'{"', b"title: x\n", b"\xef\xbb\xbf---\r\n")


def assert_values_are_found_where_they_stand(data: bytes) -> None:
    """The first byte chooses a fence and whether local paths count too."""
    which, rest = data[0] if data else 0, data[1:].decode(errors="replace").encode()
    everything, which = which % 2 == 1, which // 2
    post = FENCES[which % len(FENCES)] + rest
    result = front_matter.find(post, SETTINGS, everything=everything)
    assert 0 <= result.end <= len(post)
    at, new, pieces = 0, {}, []
    for one in result.found:
        assert at <= one.start < one.end <= result.end
        assert read(post[one.start : one.end].decode(), one.spelling) == one.url
        new.setdefault(one.url, f"https://new.example/{len(new)}.png")
        pieces += [post[at : one.start], write(new[one.url], one.spelling).encode()]
        at = one.end
    after = b"".join([*pieces, post[at:]])
    again = front_matter.find(after, SETTINGS, everything=everything)
    assert [one.url for one in again.found] == [new[one.url] for one in result.found]
    assert len(again.notes) == len(result.notes)
    assert after[again.end :] == post[result.end :]
    assert (again.opt_out, sorted(result.notes, key=lambda note: note.line)) == (
        result.opt_out,
        list(result.notes),
    )
    if result.found:
        _assert_only_these_differ(post, after, new, len(result.found))
    _date(post)


def _assert_only_these_differ(
    before: bytes, after: bytes, new: dict[str, str], changes: int
) -> None:
    block, then = locate(before), locate(after)
    assert block
    assert then
    was = list(_scalars(before[block.start : block.stop].decode(), block.format))
    now = list(_scalars(after[then.start : then.stop].decode(), then.format))
    assert len(was) == len(now)
    changed = [(old, at) for old, at in zip(was, now, strict=True) if old != at]
    assert len(changed) == changes
    for old, at in changed:
        url = old.strip()
        assert at == old.replace(url, new[url])


def _scalars(text: str, language: Format) -> Iterator[Any]:
    """Keys and values in the order of the text, as the language's own parser reads them."""
    if language is Format.YAML:
        text = yaml_reader._TABS.sub(lambda tabs: " " * len(tabs[0]), text)
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            yield event.value if isinstance(event, yaml.ScalarEvent) else type(event).__name__
    elif language is Format.TOML:
        yield from _leaves(tomllib.loads(text))
    else:
        text = text if text.lstrip().startswith("{") else f"{{{text}}}"
        # Numbers as text: those of any length are none of our business.
        yield from _leaves(json.loads(text, object_pairs_hook=list, parse_int=str, parse_float=str))


def _leaves(document: Any) -> Iterator[Any]:
    todo = [document]
    while todo:
        item = todo.pop()
        if isinstance(item, dict):
            todo += item.items()
        elif isinstance(item, list | tuple):
            todo += item
        else:
            yield item if isinstance(item, str) else repr(item)


def _date(post: bytes) -> None:
    """Names of images may ask for the day of a post: it is read by another parser, from a file."""
    dates.stated_date_of(SimpleNamespace(name="2024-02-30-x.md", open=lambda _: BytesIO(post)))
