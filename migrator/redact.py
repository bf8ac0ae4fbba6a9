"""Keeps secrets out of what people and logs get to see."""

import logging
import re

_URL = re.compile(r"(?i)\b[a-z][a-z0-9+.-]*://[^\s<>\"'`]+|(?<![\w:/])//[^\s<>\"'`]+@[^\s<>\"'`]+")
_USERINFO = re.compile(r"//[^/?#]*@")
_PARAMETER = re.compile(r"([?&#;])([^=&#;]*)=([^&#;]*)")
_SECRET_NAME = re.compile(
    r"(?i)sig|token|key|secret|auth|credential|passw|pwd|policy|expires|session|code|ticket"
    r"|x-(?:amz|goog|oss|cos|ms)-"
)
_SHORT = 24  # signatures, tokens and keys are longer than sizes, names and versions


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
    secret = _SECRET_NAME.search(name) or len(value) >= _SHORT
    return f"{mark}{name}={'***' if secret and value else value}"
