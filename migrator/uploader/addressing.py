"""Where a bucket and its objects are asked for, as boto3 would. Pure."""

import re
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from migrator.uploader.providers import Address

_HOST_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_LABEL = "(?!-)[A-Za-z0-9-]{1,63}(?<!-)"
_ADDRESS = re.compile(
    rf"https?://(?:{_LABEL}(?:\.{_LABEL})*\.?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{{1,5}})?(?:/[!-~]*)?"
)
_SHORTEST = 3  # letters that a bucket's name has at least, to be a host's


def is_usable(endpoint: str) -> bool:
    """Whether a service can be at this http(s) URL."""
    try:
        port = urlsplit(endpoint).port
    except ValueError:
        return False
    return bool(_ADDRESS.fullmatch(endpoint)) and port != 0


def root_of(address: Address) -> str:
    """The bucket's URL, without a slash at its end.

    A bucket whose name no host can have, and one at an IP address, stands in the path after all.
    """
    endpoint = urlsplit(address.endpoint)
    if address.cname:
        return address.endpoint
    host = endpoint.hostname or ""
    numeric = ":" in host or host.replace(".", "").isdigit()
    # a certificate for all names below a host is not for names below those
    labels = address.bucket.split(".") if endpoint.scheme == "http" else [address.bucket]
    nameable = len(address.bucket) >= _SHORTEST and all(map(_HOST_LABEL.fullmatch, labels))
    if address.provider.addressing == "virtual" and nameable and not numeric:
        return address.endpoint.replace("://", f"://{address.bucket}.", 1)
    return f"{address.endpoint}/{address.bucket}"


def host_of(root: str) -> str:
    """What a request to the bucket at ``root`` has as its Host; no port where it is the usual."""
    parts = urlsplit(root)
    return parts.netloc.lower().removesuffix({"http": ":80", "https": ":443"}[parts.scheme])


def url_of(root: str, key: str) -> str:
    """The URL of the object ``key`` in the bucket at ``root``."""
    return f"{root}/{quote(key, safe='/~')}"


def url_to_list(root: str, query: Mapping[str, str]) -> str:
    """The URL that asks the bucket at ``root`` for a list."""
    asked = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
    # a slash after the bucket's name would be a part of what is asked for
    return f"{root}?{asked}" if urlsplit(root).path else f"{root}/?{asked}"
