"""An S3 service in memory that keeps every request, and refuses what is not signed as it came.

It knows no buckets: a key is what follows ``root`` in the path, whatever the host.
"""

import hashlib
import hmac
from urllib.parse import parse_qs, quote, unquote
from xml.sax.saxutils import escape

from rig.front import Answer, Rules, error

ACCESS_KEY, SECRET_KEY = "AKPROBE", "SKPROBE1"
PAGE = 2  # keys in a page of a list


class Recorder(Rules):
    """``requests`` holds what was asked; ``objects`` what is stored.

    ``instead(request)`` may return another answer; it is asked once the signature is right.
    """

    def __init__(self, root=""):
        super().__init__(0)
        self._root = root
        self.objects = {}
        self.instead = lambda _: None

    def handle(self, request):
        self.requests.append(request)
        if signature(request, SECRET_KEY) not in request.headers.get("authorization", ""):
            return error(403, "SignatureDoesNotMatch")
        promised = request.headers["x-amz-content-sha256"]
        if len(promised) == 64 and promised != hashlib.sha256(request.body).hexdigest():
            return error(400, "XAmzContentSHA256Mismatch")
        path, _, query = request.path.partition("?")
        if not path.startswith(f"{self._root}/") and path != self._root:
            return error(404, "NoSuchBucket")
        if answer := self.instead(request):
            return answer
        return self._answer(request, unquote(path.removeprefix(self._root)[1:]), query)

    def _answer(self, request, key, query):
        if not key:
            return self._list({name: values[0] for name, values in parse_qs(query).items()})
        if request.method == "PUT":
            self.objects[key] = request.body
            return Answer(200, {"etag": '"x"'})
        if request.method == "DELETE":
            self.objects.pop(key, None)
            return Answer(204)
        if key not in self.objects:
            return error(404, "NoSuchKey")
        return Answer(200, {"etag": '"x"'}, self.objects[key])

    def _list(self, query):
        after = unquote(query.get("continuation-token", query.get("marker", "")))
        prefix = query.get("prefix", "")
        found = sorted(key for key in self.objects if key.startswith(prefix) and key > after)
        page, more = found[:PAGE], len(found) > PAGE
        encoded = query.get("encoding-type") == "url"
        shown = [quote(k, safe="/") if encoded else escape(k) for k in page]
        keys = "".join(f"<Contents><Key>{key}</Key><Size>1</Size></Contents>" for key in shown)
        token = f"<NextContinuationToken>{quote(page[-1])}</NextContinuationToken>" if more else ""
        body = (
            "<?xml version='1.0' encoding='UTF-8'?><ListBucketResult>"
            f"<IsTruncated>{str(more).lower()}</IsTruncated>"
            f"{'<EncodingType>url</EncodingType>' if encoded else ''}"
            f"{token if 'list-type' in query else ''}{keys}</ListBucketResult>"
        )
        return Answer(200, {"content-type": "application/xml"}, body.encode())


def signature(request, secret):
    """The signature that ``request`` must have (Signature Version 4, with the headers it names)."""
    fields = dict(
        part.strip().split("=", 1)
        for part in request.headers.get("authorization", " Credential=////")
        .split(" ", 1)[1]
        .split(",")
    )
    _, day, region, service, end = fields["Credential"].split("/")[-5:]
    names = fields.get("SignedHeaders", "host")
    path, _, query = request.path.partition("?")
    canonical = "\n".join(
        [
            request.method,
            path,
            "&".join(sorted(p if "=" in p else f"{p}=" for p in query.split("&") if p)),
            *(f"{n}:{' '.join(request.headers.get(n, '').split())}" for n in names.split(";")),
            "",
            names,
            request.headers.get("x-amz-content-sha256", ""),
        ]
    )
    text = "\n".join(
        [
            "AWS4-HMAC-SHA256",
            request.headers.get("x-amz-date", ""),
            f"{day}/{region}/{service}/{end}",
            hashlib.sha256(canonical.encode()).hexdigest(),
        ]
    )
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, end, text):
        key = hmac.digest(key, part.encode(), "sha256")
    return key.hex()
