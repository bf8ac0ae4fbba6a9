"""A model of Aliyun OSS's S3 side in front of a real store: what it refuses, by its error texts.

It is a model made from reports of users, not OSS. Signatures and storage are the real store's,
unless that store takes any signature: then the bucket moves from the host name into the path.
"""

import threading
from dataclasses import replace
from http import HTTPStatus

from rig.front import Rules, error

SUFFIX = "s3.localhost"


class OssRules(Rules):
    """Virtual-hosted style only, no chunked trailers, no If-None-Match; its own header instead."""

    def __init__(self, port, *, anonymous_behind):
        super().__init__(port)
        self._anonymous_behind = anonymous_behind
        self._putting = threading.Lock()
        self.versioned = set()  # buckets with versions: there OSS ignores its header

    def handle(self, request):
        self.requests.append(request)
        if request.host == SUFFIX and request.path != "/":
            return error(403, "SecondLevelDomainForbidden", "Use virtual hosted style.")
        if request.headers.get("x-amz-content-sha256", "").startswith("STREAMING"):
            return error(400, "InvalidArgument", "aws-chunked encoding is not supported.")
        if request.method != "PUT":
            return self.forward(request)
        if "if-none-match" in request.headers or "if-match" in request.headers:
            return error(501, "NotImplemented", "A header you provided is not implemented.")
        asked = request.headers.get("x-oss-forbid-overwrite") == "true"
        if not asked or request.host.removesuffix(f".{SUFFIX}") in self.versioned:
            return self.forward(request)
        with self._putting:
            return self._create(request)

    def _create(self, request):
        if self._anonymous_behind:  # rclone, which knows no conditions
            look = replace(request, method="HEAD", body=b"", headers={"host": request.host})
            taken = self.forward(look).status == HTTPStatus.OK
            answer = None if taken else self.forward(request)
        else:
            request.headers["if-none-match"] = "*"
            answer = self.forward(request)
            taken = answer.status == HTTPStatus.PRECONDITION_FAILED
        return error(409, "FileAlreadyExists", "The object exists.") if taken else answer

    def forward(self, request):
        if self._anonymous_behind and request.host.endswith(f".{SUFFIX}"):
            bucket = request.host.removesuffix(f".{SUFFIX}")
            headers = {k: v for k, v in request.headers.items() if k != "authorization"}
            request = replace(request, path=f"/{bucket}{request.path}", headers=headers)
        return super().forward(request)
