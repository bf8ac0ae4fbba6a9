"""Signatures are Amazon's own, and botocore's for whatever else is asked."""

import hashlib
from datetime import UTC, datetime

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from migrator.uploader.addressing import host_of, url_of, url_to_list
from migrator.uploader.signing import UNSIGNED, Keys, signed

EXAMPLE = Keys("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
EMPTY = hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "body", "signature"),
    [
        (
            "GET",
            "/test.txt",
            "",
            {"Range": "bytes=0-9"},
            b"",
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            "PUT",
            "/test%24file.text",
            "",
            {
                "Date": "Fri, 24 May 2013 00:00:00 GMT",
                "x-amz-storage-class": "REDUCED_REDUNDANCY",
            },
            b"Welcome to Amazon S3.",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        (
            "GET",
            "",
            "lifecycle=",
            {},
            b"",
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            "GET",
            "/",
            "prefix=J&max-keys=2",
            {},
            b"",
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ],
)
def test_the_examples_of_amazons_reference(method, path, query, headers, body, signature):
    found = signed(
        method,
        path,
        query,
        {"Host": "examplebucket.s3.amazonaws.com", **headers},
        hashlib.sha256(body).hexdigest(),
        EXAMPLE,
        "us-east-1",
        datetime(2013, 5, 24, tzinfo=UTC),
    )
    assert found["authorization"].endswith(f"Signature={signature}")


printable = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
names = st.sampled_from(["Content-Type", "x-amz-meta-A", "Cache-Control", "If-None-Match", "X-b"])


@given(
    method=st.sampled_from(["GET", "PUT", "HEAD", "DELETE"]),
    root=st.sampled_from(
        ["https://s3.example.com/blog", "http://127.0.0.1:9000/a/b", "https://Blog.S3.e:443"]
    ),
    key=st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    query=st.dictionaries(st.sampled_from(["prefix", "list-type", "marker"]), st.text(max_size=9)),
    headers=st.dictionaries(names, printable),
    payload=st.sampled_from([EMPTY, UNSIGNED]),
    token=st.sampled_from([None, "TOKEN/1+="]),
    region=st.sampled_from(["us-east-1", "cn-hangzhou"]),
)
def test_botocore_signs_alike(method, root, key, query, headers, payload, token, region):
    url = url_to_list(root, query) if query else url_of(root, key)
    theirs = AWSRequest(method, url, headers=headers)

    signer = S3SigV4Auth(Credentials("AK", "SK/+", token), "s3", region)
    signer.payload = lambda _: payload
    signer.add_auth(theirs)
    now = datetime.strptime(theirs.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    path, _, asked = url.split("://")[1].partition("?")
    _, slash, rest = path.partition("/")
    ours = signed(
        method,
        slash + rest,
        asked,
        {"Host": host_of(root), **headers},
        payload,
        Keys("AK", "SK/+", token),
        region,
        now,
    )
    assert ours["authorization"] == theirs.headers["Authorization"]
    assert ours.get("x-amz-security-token") == theirs.headers.get("X-Amz-Security-Token")
