"""TOML: a tokenizer that knows positions; ``tomllib`` is the judge of what is valid."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from typing import Any

from migrator.model import Spelling
from migrator.scanner.front_matter.reading import Close, Key, Open, Rejected, Step, Value

# Groups turn a bounded number of times: each turn takes memory.
_BLANK = re.compile(r"[\s,]+|#[^\n]*")
_KEY_PART = r"""(?:"(?>(?:[^"\\\n]+|\\.){,999})"|'[^'\n]*'|(?>[A-Za-z0-9_-]+))"""
_KEYS = rf"(?>[ \t]*)(?P<keys>{_KEY_PART}(?>(?:[ \t]*\.[ \t]*{_KEY_PART}){{,999}}))(?>[ \t]*)"
_HEADER = re.compile(rf"\[\[?{_KEYS}\]\]?")
_ASSIGNMENT = re.compile(rf"{_KEYS}=")
_PART = re.compile(_KEY_PART)
_STRING = re.compile(
    r'''"""(?P<mlbasic>(?>(?:[^"\\]+|\\.|"{1,2}(?!")){,99999})(?:"{1,2}(?="""))?)"""'''
    r"""|'''(?P<mlliteral>(?>(?:[^']+|'{1,2}(?!')){,99999})(?:'{1,2}(?='''))?)'''"""
    r'''|"(?P<basic>(?>(?:[^"\\\n]+|\\.){,99999}))"'''
    r"""|'(?P<literal>[^'\n]*)'""",
    re.DOTALL,
)
_OPENING = re.compile(r"[\[{]")
_LIST_END = re.compile(r"\]")
_TABLE_END = re.compile(r"\}")
_WHERE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_ATOM = re.compile(r"(?>[^\s,\[\]{}#]+)(?:[ ]\d\d:[^\s,\]}#]+)?")  # a date may hold one space


def steps(text: str) -> Iterator[Step]:
    """Yield what stands in ``text``.

    Raises:
        Rejected: it is not TOML.
    """
    strings: Counter[str] = Counter()
    for step in _Reader(text).steps():
        if isinstance(step, Value) and text[step.start - 1 : step.start] in ("'", '"'):
            strings[step.value] += 1
        yield step
    try:
        document = tomllib.loads(text)
    except ValueError as error:  # so is an integer of 5,000 digits
        raise _rejected(error, text) from error
    if strings != Counter(_strings(document)):
        raise Rejected("strings that cannot be placed")


class _Reader:
    """Walks through a text, and yields what stands there."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._header = 0  # tables that the last [header] opened
        self._inside = ["table"]  # what is open: tables and lists
        self._dotted = [0]  # for each of them: tables that its current dotted key opened
        self._at_value = False

    def steps(self) -> Iterator[Step]:
        yield Open()
        while self._position < len(self._text):
            if not self._take(_BLANK):
                yield from self._value() if self._at_value else self._key()

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self._text, self._position)
        if match:
            self._position = match.end()
        return match

    def _key(self) -> Iterator[Step]:
        if len(self._inside) > 1 and self._take(_TABLE_END):
            yield from self._leave()
        elif len(self._inside) == 1 and (match := self._take(_HEADER)):
            yield from [Close()] * self._header
            parts = _parts(match)
            for part in parts:
                yield from (Key(part), Open())
            self._header = len(parts)
        elif match := self._take(_ASSIGNMENT):
            *tables, last = _parts(match)
            for part in tables:
                yield from (Key(part), Open())
            yield Key(last)
            self._dotted[-1], self._at_value = len(tables), True
        else:
            raise Rejected("a key was expected", self._position)

    def _value(self) -> Iterator[Step]:
        if string := self._take(_STRING):
            yield _string(string)
            yield from self._done()
        elif opening := self._take(_OPENING):
            yield Open()
            self._inside.append("list" if opening[0] == "[" else "table")
            self._dotted.append(0)
            self._at_value = opening[0] == "["
        elif self._inside[-1] == "list" and self._take(_LIST_END):
            yield from self._leave()
        elif atom := self._take(_ATOM):
            yield Value(atom.start(), atom.end(), atom[0], Spelling.TOML_BASIC)
            yield from self._done()
        else:
            raise Rejected("a value was expected", self._position)

    def _leave(self) -> Iterator[Step]:
        self._inside.pop()
        self._dotted.pop()
        yield Close()
        yield from self._done()

    def _done(self) -> Iterator[Step]:
        self._at_value = self._inside[-1] == "list"
        if not self._at_value:
            yield from [Close()] * self._dotted[-1]
            self._dotted[-1] = 0


def _rejected(error: Exception, text: str) -> Rejected:
    where = _WHERE.search(str(error))
    # Not all problems have a line: a string that is left open shows at the end of the document.
    lines = text.split("\n", int(where[1]) - 1)[:-1] if where and where[1] else []
    return Rejected(_WHERE.sub("", str(error)), sum(len(line) + 1 for line in lines))


def _parts(match: re.Match[str]) -> list[str]:
    return [part.strip("\"'") for part in _PART.findall(match["keys"])]


def _string(string: re.Match[str]) -> Value:
    group = str(string.lastgroup)
    raw = string[0]
    # The parser decodes: escapes, and the newline that may follow three quotes.
    value = string[group]
    if ("basic" in group and "\\" in raw) or group.startswith("ml"):
        try:
            value = tomllib.loads(f"value = {raw}")["value"]
        except tomllib.TOMLDecodeError as error:
            raise Rejected(str(error), string.start()) from error
    spelling = Spelling.TOML_BASIC if "basic" in group else Spelling.TOML_LITERAL
    return Value(string.start(group), string.end(group), value, spelling)


def _strings(document: dict[str, Any]) -> Iterator[str]:
    todo: list[Any] = [document]
    while todo:
        item = todo.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            todo += item.values()
        elif isinstance(item, list):
            todo += item
