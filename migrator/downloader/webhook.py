"""Posts JSON to an address that the user chose, once."""

from collections.abc import Mapping
from typing import Any

import httpx

from migrator import __version__
from migrator.downloader.client import vetted
from migrator.downloader.deadline import Deadline
from migrator.downloader.faults import Unfetched
from migrator.downloader.guard import Guard
from migrator.downloader.transport import GuardedTransport, shared_tls


def post_json(url: str, document: Mapping[str, Any], seconds: float) -> str:
    """Post ``document`` to ``url`` within ``seconds``; returns what went wrong, else nothing.

    Any address will do, a private one as well: it is of the user's own choice. No redirect is
    followed, for a POST may not be repeated elsewhere. What comes back names no more of ``url``
    than its host, for its path is often a secret.
    """
    deadline = Deadline()
    deadline.start(seconds)
    transport = GuardedTransport(Guard(None, deadline), shared_tls(), deadline)
    try:
        target = vetted(url)
        request = httpx.Request(
            "POST",
            target,
            json=document,
            headers={"User-Agent": f"migrator/{__version__}"},
        )
        response = transport.handle_request(request)
        response.close()
    except Unfetched as fault:
        return str(fault)
    finally:
        transport.close()
    return "" if response.is_success else f"{target.host} answered {response.status_code}"
