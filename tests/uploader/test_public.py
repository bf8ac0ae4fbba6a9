"""What the public address of an image may serve."""

from dataclasses import replace

import pytest

from migrator.model import Asset
from migrator.served import PublicAnswer
from migrator.uploader.public import public_problem

ASSET = Asset("a" * 64, 1234, "image/webp", ".webp")
GOOD = PublicAnswer(200, "a" * 64, 1234, "image/webp")
OSS_REFERER = """<?xml version="1.0" encoding="UTF-8"?>
<Error>
  <Code>AccessDenied</Code>
  <Message>You are denied by bucket referer policy.</Message>
</Error>"""
R2_API = """<?xml version="1.0"?>
<Error> <Code>InvalidArgument</Code> <Message>Authorization</Message> </Error>"""


@pytest.mark.parametrize(
    "answer",
    [
        GOOD,
        replace(GOOD, content_type="Image/WebP; charset=binary"),
        replace(GOOD, content_type="image/png"),
        replace(GOOD, disposition="inline; filename=attachment.webp"),
    ],
)
def test_the_same_bytes_shown_as_an_image_are_fine(answer):
    assert public_problem(ASSET, answer) is None


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (replace(GOOD, disposition="Attachment; filename=a.webp"), "download"),
        (replace(GOOD, disposition="attachment"), "bind a domain"),
        (replace(GOOD, forced=True), "download"),
        (replace(GOOD, forced=True, server="AliyunOSS"), "(Aliyun OSS does that at its own"),
        (replace(GOOD, disposition="attachment", server="tencent-cos"), "buckets made since 2024"),
        (replace(GOOD, disposition="attachment", server="OBS"), "Huawei OBS"),
        (replace(GOOD, disposition="attachment", server="nginx"), "showing it; bind"),
        (replace(GOOD, sha256="b" * 64, content_type="image/avif"), "image/avif instead of"),
        (PublicAnswer(403, refusal=OSS_REFERER), "防盗链"),
        (PublicAnswer(403, refusal='{"error":"Referer not allowed"}'), "防盗链"),
        (PublicAnswer(404, refusal='{"error":"no such domain"}'), "30 days"),
        (PublicAnswer(403, refusal="<Error><Code>UserDisable</Code></Error>"), "unpaid"),
        (PublicAnswer(404, refusal="<Error><Code>NoSuchBucket</Code>"), "no bucket"),
        (PublicAnswer(400, refusal=R2_API), "r2.dev"),
        (PublicAnswer(302, location="https://b.example/x?sig=s3cret"), "(302) to b.example;"),
        (PublicAnswer(301), "another address"),
        (replace(GOOD, content_type="application/octet-stream"), "application/octet-stream"),
        (replace(GOOD, content_type=""), "no type at all"),
        (replace(GOOD, sha256="b" * 64), "other bytes"),
        (replace(GOOD, sha256="b" * 64, size=9), "9 instead of 1234"),
        (replace(GOOD, sha256="b" * 64, content_type="text/html; charset=utf-8"), "web page"),
        (PublicAnswer(0, error="connection refused"), "connection refused"),
        (PublicAnswer(400), "bind a domain"),
        (PublicAnswer(401), "public for reading"),
        (PublicAnswer(403), "public for reading"),
        (PublicAnswer(404), "store.prefix"),
        (PublicAnswer(418), "418"),
        (PublicAnswer(429), "429"),
        (PublicAnswer(503), "try again later"),
        (PublicAnswer(206, "a" * 64, 1234, "image/webp"), "206"),
    ],
)
def test_anything_else_is_named_with_its_likely_cause(answer, cause):
    said = public_problem(ASSET, answer)
    assert cause in said
    assert "; " in said
    assert "s3cret" not in said
