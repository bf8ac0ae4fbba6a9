"""How one key of the configuration is described, and what many of them may be.

A field's metadata is its documentation (``help``), its name in TOML where Python does not allow
that name (``key``), the values it may have (``choices``, ``minimum``, or a ``pattern`` and what it
``expected``), and a sample for the generated example (``example``). The site's own file may set a
key with ``trust`` only if the user trusts that file; likewise a path outside the site's folder,
where ``folder`` is what stands before the path.
"""

from dataclasses import Field, field
from typing import Any

ADDRESS = {
    "pattern": r"https?://[^/?#\s]+(/[^?#\s]*)?",
    "expected": "an address such as https://img.example.com",
}
VARIABLE = {
    "pattern": r"[A-Za-z_][A-Za-z0-9_]*",
    "expected": "the name of an environment variable, not the key itself",
}
SHA256 = {"pattern": r"[0-9a-f]{64}", "expected": "a SHA-256: 64 digits from 0-9 and a-f"}
PROXY = {
    "pattern": r"(http|socks5h?)://[^/?#\s@]+:[0-9]+/?",
    "expected": "an address such as http://127.0.0.1:7890 or socks5://127.0.0.1:1080",
}
# A region or bucket becomes part of a preset's host name, so it must not be able to change it.
REGION = {"pattern": r"[A-Za-z0-9-]+", "expected": "a region such as cn-hangzhou"}
BUCKET = {"pattern": r"[A-Za-z0-9_.-]+", "expected": "the bare name of a bucket"}

# Routes compare how addresses begin, so what stands for "anything" elsewhere would match nothing.
BEGINNING = {
    "pattern": r"(?i:https?:)?//[^*]+",
    "expected": "how addresses begin, with https:// or http:// and without *, as in "
    "https://old.example.com/img/",
}
SOURCE = {
    "pattern": r"(?i:https?:)?//.+|s3://[A-Za-z0-9_.-]+(/.*)?|file:.+|"
    r"wayback(:(?i:https?:)?//.+)?",
    "expected": 'an address such as "https://mirror.example.com/img/", a bucket such as '
    '"s3://my-bucket/img", a folder of the site such as "file:dump/", or "wayback"',
}


def setting(default: Any, help: str, **more: Any) -> Any:  # noqa: A002 - it is the word users see
    """A field of a settings dataclass with its metadata."""
    return field(default=default, metadata={"help": help, **more})


def key_of(setting: Field[Any]) -> str:
    """The name of a field in TOML."""
    return str(setting.metadata.get("key", setting.name))
