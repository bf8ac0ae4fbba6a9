"""What is known of a URL before anybody is asked for it. Pure."""

import httpx

from migrator.config import Settings
from migrator.downloader.addresses import literal, objection, parse_exemptions
from migrator.downloader.client import vetted
from migrator.downloader.faults import Unfetched
from migrator.model import Failed
from migrator.reasons import Reason
from migrator.urls import absolute, is_local, without_fragment

_PORTS = {"http": 80, "https": 443}


def foreseen(url: str, settings: Settings) -> Failed | None:
    """How a request for the image at ``url`` surely ends; ``None`` if that is not known.

    Where there are routes, nothing is: the image may come from elsewhere.
    """
    if settings.route or is_local(url):
        return None
    try:
        target = vetted(absolute(without_fragment(url.strip())))
    except Unfetched as fault:
        return Failed(url, fault.reason, fault.detail)
    return _of_address(url, target, settings)


def _of_address(url: str, target: httpx.URL, settings: Settings) -> Failed | None:
    address = literal(target.host)
    if address is None:
        return None
    exemptions = parse_exemptions(settings.safety.allow_private)
    port = target.port or _PORTS[target.scheme]
    refusal = objection(target.host, [address], port, exemptions)
    return Failed(url, Reason.BLOCKED_ADDRESS, refusal) if refusal else None
