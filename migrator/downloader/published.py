"""What a store's public address gives to an anonymous reader."""

import hashlib
from dataclasses import replace

import httpx

from migrator.downloader.answers import check_framing, too_large
from migrator.served import PublicAnswer

_OK = 200
_REFUSAL = 2048  # bytes; enough for the error documents of services


def read_back(response: httpx.Response, max_bytes: int) -> PublicAnswer:
    """What ``response`` says and, if it is a success, the digest of its body.

    Raises:
        Unfetched: the body is compressed, of unclear length, or larger than ``max_bytes``.
    """
    headers = response.headers
    answer = PublicAnswer(
        response.status_code,
        content_type=headers.get("content-type", ""),
        disposition=headers.get("content-disposition", ""),
        location=headers.get("location", ""),
        cache_control=headers.get("cache-control", ""),
        server=headers.get("server", ""),
        forced=headers.get("x-oss-force-download", "").lower() == "true",
    )
    if answer.status != _OK:
        start = next(response.iter_raw(_REFUSAL), b"")[:_REFUSAL]
        return replace(answer, refusal=start.decode("utf-8", "replace"))
    check_framing(response, max_bytes)
    digest = hashlib.sha256()
    size = 0
    for piece in response.iter_raw():
        size += len(piece)
        if size > max_bytes:
            raise too_large(max_bytes)
        digest.update(piece)
    return replace(answer, sha256=digest.hexdigest(), size=size)
