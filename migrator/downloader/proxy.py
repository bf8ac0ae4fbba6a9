"""The proxy of the user's, if there is one."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import unquote, urlsplit

from migrator.errors import ConfigError

VARIABLE = "MIGRATOR_PROXY"


@dataclass(frozen=True, slots=True)
class Proxy:
    """Where a proxy listens; ``str()`` of it shows no credentials."""

    scheme: str  # http or socks5
    host: str
    port: int
    auth: tuple[bytes, bytes] | None = field(default=None, repr=False)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @classmethod
    def parse(cls, text: str, said_by: str) -> Self:
        """The proxy at the URL ``text``.

        Raises:
            ConfigError: it is not one.
        """
        try:
            parts = urlsplit(text)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if not host or not port or parts.scheme not in {"http", "socks5", "socks5h"}:
            raise ConfigError(
                f"{said_by}: this is not the address of a proxy",
                "write for example http://127.0.0.1:7890 or socks5://127.0.0.1:1080",
            )
        auth = None
        if parts.username is not None:
            auth = unquote(parts.username).encode(), unquote(parts.password or "").encode()
        return cls(parts.scheme.removesuffix("h"), host, port, auth)


def proxy_for(setting: str, environ: Mapping[str, str] = os.environ) -> Proxy | None:
    """The proxy to use, if any: the environment goes before the setting, and may say none.

    Raises:
        ConfigError: what it says is not a proxy.
    """
    if VARIABLE in environ:
        setting, said_by = environ[VARIABLE].strip(), VARIABLE
    else:
        said_by = "download.proxy"
    return Proxy.parse(setting, said_by) if setting else None
