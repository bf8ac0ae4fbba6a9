"""Keeps secrets out of what people and logs get to see."""

import logging
import re
from urllib.parse import unquote

_URL = re.compile(r"(?i)\b[a-z][a-z0-9+.-]*://[^\s<>\"'`]+|(?<![\w:/])//[^\s<>\"'`]+@[^\s<>\"'`]+")
_USERINFO = re.compile(r"//[^/?#]*@")
_PARAMETER = re.compile(r"([?&#;])([^=&#;]*)=([^&#;]*)")
_NAMES = (
    r"(?:(?<!de)sig|token|key(?!word)|secret|auth|credential|passw|pwd|policy|expires|session"
    r"|ticket|jwt|hmac|hdnt|\bq-ak\b|\b_upt\b|\bcode\b)"
)
_SECRET = re.compile(rf"(?i){_NAMES}")
_SECRET_INSIDE = re.compile(rf"(?i){_NAMES}[^=&#;?/]{{0,64}}=[^&#;]|//[^/?#]*@")
# Signatures, tokens and keys are longer than the words, sizes and versions that URLs are made of.
_RANDOM = re.compile(r"[\w+=-]{24}")


def redact(text: str) -> str:
    """``text`` with every URL in it shorn of user names, passwords, signatures and tokens."""
    return _URL.sub(lambda url: _redacted(url[0]), text)


def quiet(*loggers: str) -> None:
    """Silence library loggers below WARNING, for they print whole URLs and headers."""
    for name in loggers:
        logging.getLogger(name).setLevel(logging.WARNING)


def _redacted(url: str) -> str:
    return _PARAMETER.sub(_parameter, _USERINFO.sub("//***@", url, count=1))


def _parameter(match: re.Match[str]) -> str:
    mark, name, value = match.groups()
    inside = unquote(value)
    secret = (
        _SECRET.search(unquote(name)) or _RANDOM.search(inside) or _SECRET_INSIDE.search(inside)
    )
    return f"{mark}{name}={'***' if secret and value else value}"
