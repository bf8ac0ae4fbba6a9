"""JSON: a tokenizer that knows positions; Python's own parser is the judge of what is valid."""

import json
import re
from collections.abc import Iterator

from migrator.model import Spelling
from migrator.scanner.front_matter.reading import Close, Key, Open, Rejected, Step, Value

_STRING = r'"(?>[^"\\]*(?:\\.[^"\\]*){,99999})(?:"|\Z)'  # each turn of a group takes memory
_TOKEN = re.compile(
    rf'(?P<string>{_STRING})(?P<key>\s*:)?|[{{}}\[\]"]|[^\s{{}}\[\],:"]+', re.DOTALL
)
_BRACE = re.compile(rf'{_STRING}|[{{}}"]'.encode(), re.DOTALL)


def object_end(data: bytes, start: int) -> int | None:
    """Where the object that opens at ``start`` ends, ``None`` if it does not.

    As Hugo finds it: the brace that closes the first one, braces in strings aside.
    """
    depth = 0
    for token in _BRACE.finditer(data, start):
        depth += {b"{": 1, b"}": -1}.get(token[0], 0)
        if token[0] == b'"':
            return None
        if depth == 0:
            return token.end()
    return None


def steps(text: str) -> Iterator[Step]:
    """Yield what stands in ``text``, an object with or (Hexo) without its braces.

    Raises:
        Rejected: it is not JSON.
    """
    bare = not text.lstrip().startswith("{")
    if bare:
        yield Open()
    for token in _TOKEN.finditer(text):
        if token[0] in ("{", "["):
            yield Open()
        elif token[0] in ("}", "]"):
            yield Close()
        elif token[0] == '"':
            raise Rejected("a string of a hundred thousand escapes", token.start())
        elif token["key"]:
            yield Key(_decoded(token["string"]))
        elif token["string"]:
            yield Value(
                token.start() + 1, token.end() - 1, _decoded(token["string"]), Spelling.JSON
            )
        else:
            yield Value(token.start(), token.end(), token[0], Spelling.JSON)
    if bare:
        yield Close()
    try:
        # Numbers stay text: one of a million digits would be slow, or an error.
        json.loads("{" + text + "}" if bare else text, parse_int=str, parse_float=str)
    except json.JSONDecodeError as error:
        raise Rejected(error.msg, max(0, error.pos - bare)) from error


def _decoded(string: str) -> str:
    try:
        return str(json.loads(string)) if "\\" in string else string.strip('"')
    except ValueError:
        return ""  # the document will be rejected
