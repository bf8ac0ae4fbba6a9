"""How a URL is written at its place, and what the text at a place says.

``write`` never says more or less than ``settled``: ``read(write(url, s), s) == settled(url, s)``.
"""

import html
import re
from html.entities import html5
from urllib.parse import quote

from migrator.model import Spelling

# What no URL may hold (RFC 3986, 2; RFC 3987, 2.2): a browser escapes it before it asks.
_NEVER = re.compile(
    r"[\x00-\x20\"<>\\^`{}\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f\u3000\ud800-\udfff\ufeff]"
)
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")

# What a place without escapes of its own cannot hold.
_NOT_HERE = {
    Spelling.SRCSET: re.compile(r"^,+|,+$"),  # HTML, 4.8.4.2.1: there they separate candidates
    Spelling.YAML_PLAIN: re.compile(r"[,\[\]]|:$"),  # YAML 1.2, 7.3.3
    Spelling.TOML_LITERAL: re.compile(r"'"),
    Spelling.QUOTED: re.compile(r"['|]"),  # a tag may stand in a table, whose cell ends at "|"
    Spelling.PLAIN: re.compile(r"['()\[\],;|]"),
}

_INDICATOR = re.compile(r"[-?:!&*#|%@']")  # no plain scalar begins so; a relative path can

_MARKDOWN_ESCAPE = re.compile(
    r"\\([!-/:-@\[-`{-~])|&(?:#[xX][0-9a-fA-F]{1,6}|#[0-9]{1,7}|[A-Za-z][A-Za-z0-9]*);"
)
_HTML_REFERENCE = re.compile(
    r"&(?:#(?:[xX][0-9a-fA-F]+|[0-9]+);?|([A-Za-z][A-Za-z0-9]*)(;|(?![=A-Za-z0-9])))"
)
_CSS_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})[ \t\r\n\f]?|([^\r\n\f]))")
_C_ESCAPE = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL
)
_C_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "0": "\0"}
_NESTED_PARENTHESES = 3  # CommonMark, 6.3, asks for three levels at least

_HTML = frozenset({Spelling.HTML_DOUBLE, Spelling.HTML_SINGLE, Spelling.HTML_BARE, Spelling.SRCSET})
_WITH_C_ESCAPES = frozenset({Spelling.YAML_DOUBLE, Spelling.TOML_BASIC, Spelling.JSON})


def settled(url: str, spelling: Spelling, encoding: str = "utf-8") -> str:
    """``url`` as its place can hold it: percent-encoded where there is no other way."""
    url = _NEVER.sub(_percent, url)
    if encoding == "ascii":
        url = _NOT_ASCII.sub(_percent, url)
    pattern = _NOT_HERE.get(spelling)
    url = pattern.sub(_percent, url) if pattern else url
    return f"./{url}" if spelling is Spelling.YAML_PLAIN and _INDICATOR.match(url) else url


def read(raw: str, spelling: Spelling) -> str:
    """The URL that ``raw`` says, with entities and escapes of its place resolved."""
    if spelling in (Spelling.MARKDOWN, Spelling.ANGLE):
        return _MARKDOWN_ESCAPE.sub(_markdown, raw)
    if spelling in _HTML:
        return _HTML_REFERENCE.sub(_html, raw)
    if spelling is Spelling.CSS:
        return _CSS_ESCAPE.sub(_css, _HTML_REFERENCE.sub(_html, raw))
    if spelling is Spelling.YAML_SINGLE:
        return raw.replace("''", "'")
    if spelling in _WITH_C_ESCAPES:
        return _C_ESCAPE.sub(_c, raw)
    return raw


def write(url: str, spelling: Spelling, encoding: str = "utf-8") -> str:
    """``settled(url)`` in the spelling of its place, escaped no more than needed."""
    url = settled(url, spelling, encoding)
    if spelling in (Spelling.MARKDOWN, Spelling.ANGLE):
        text = _MARKDOWN_ESCAPE.sub(lambda m: _escaped(m, _markdown(m), r"\&"), url)
        text = text.replace("|", r"\|")  # a bare one would end a table's cell
        if spelling is Spelling.ANGLE or _balanced(text):
            return text
        return re.sub(r"[()]", r"\\\g<0>", text)
    if spelling is Spelling.CSS:
        url = re.sub(r"['()]", r"\\\g<0>", url)
    if spelling in _HTML or spelling is Spelling.CSS:
        if spelling is Spelling.HTML_BARE:  # CommonMark, 6.6: no "=" in it, so "&copy=" counts
            url = url.replace("&", "&amp;").replace("=", "&#61;")
        else:
            url = _HTML_REFERENCE.sub(lambda m: _escaped(m, _html(m), "&amp;"), url)
        url = url.replace("|", "&#124;")  # as above: HTML may stand in a table of Markdown
        return url.replace("'", "&#39;")  # it may close a quote that was left open before
    return url.replace("'", "''") if spelling is Spelling.YAML_SINGLE else url


def _percent(match: re.Match[str]) -> str:
    return quote(match[0], safe="", errors="surrogatepass")


def _escaped(match: re.Match[str], said: str, ampersand: str) -> str:
    return match[0] if said == match[0] else ampersand + match[0][1:]


def _markdown(match: re.Match[str]) -> str:
    if match[1]:
        return match[1]
    name = match[0][1:]
    if not name.startswith("#"):
        return html5.get(name, match[0])
    code = int(name[2:-1], 16) if name[1] in "xX" else int(name[1:-1])
    valid = 0 < code < 0x110000 and not 0xD800 <= code < 0xE000  # noqa: PLR2004 - Unicode's bounds
    return chr(code) if valid else "\ufffd"


def _html(match: re.Match[str]) -> str:
    # HTML, 13.2.5.73: in an attribute a name without ";" counts unless "=" or a letter follows.
    return html5.get(match[1] + match[2], match[0]) if match[1] else html.unescape(match[0])


def _css(match: re.Match[str]) -> str:
    if not match[1]:
        return match[2]
    return _character(int(match[1], 16))


def _c(match: re.Match[str]) -> str:
    code = match[1] or match[2] or match[3]
    if not code:
        return _C_CONTROLS.get(match[4], match[4])
    return _character(int(code, 16))


def _character(code: int) -> str:
    """The character of this number, U+FFFD where there is none: half of a pair is none."""
    return chr(code) if 0 < code < 0xD800 or 0xDFFF < code < 0x110000 else "\ufffd"  # noqa: PLR2004


def _balanced(text: str) -> bool:
    depth = 0
    for mark in re.findall(r"[()]", text):
        depth += 1 if mark == "(" else -1
        if not 0 <= depth <= _NESTED_PARENTHESES:
            return False
    return depth == 0
