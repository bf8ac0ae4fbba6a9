"""Signs requests to S3 services: AWS Signature Version 4. Pure.

Amazon's "Authenticating Requests: Using the Authorization Header". botocore does the same for any
request to any service, and takes 0.1 ms longer for each (docs/performance.md); tests hold what is
sent to what it sends.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

UNSIGNED = "UNSIGNED-PAYLOAD"
_ALGORITHM = "AWS4-HMAC-SHA256"


class Keys(NamedTuple):
    """What a request is signed with; a ``token`` comes with keys that expire."""

    access_key: str
    secret_key: str
    token: str | None = None


def signed(
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    payload: str,
    keys: Keys,
    region: str,
    now: datetime,
) -> dict[str, str]:
    """``headers``, of which one is the host, with what makes them those of a signed request.

    ``path`` and ``query`` are escaped as they will be sent; ``payload`` is the SHA-256 of the body
    in hex, or ``UNSIGNED``. ``now`` is in UTC.
    """
    moment = now.strftime("%Y%m%dT%H%M%SZ")
    scope = f"{moment[:8]}/{region}/s3/aws4_request"
    found = {name.lower(): value for name, value in headers.items()}
    found |= {"x-amz-content-sha256": payload, "x-amz-date": moment}
    if keys.token:
        found["x-amz-security-token"] = keys.token
    names = sorted(found)
    lines = "".join(f"{name}:{' '.join(found[name].split())}\n" for name in names)
    arguments = "&".join(sorted(query.split("&")))
    asked = f"{method}\n{path or '/'}\n{arguments}\n{lines}\n{';'.join(names)}\n{payload}"
    text = f"{_ALGORITHM}\n{moment}\n{scope}\n{hashlib.sha256(asked.encode()).hexdigest()}"
    signature = hmac.digest(_key(keys.secret_key, scope), text.encode(), "sha256").hex()
    found["authorization"] = (
        f"{_ALGORITHM} Credential={keys.access_key}/{scope}, "
        f"SignedHeaders={';'.join(names)}, Signature={signature}"
    )
    return found


@lru_cache(maxsize=8)  # one for each bucket, and another tomorrow
def _key(secret_key: str, scope: str) -> bytes:
    """What signs in this scope: "Deriving a signing key" in Amazon's reference."""
    key = f"AWS4{secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
