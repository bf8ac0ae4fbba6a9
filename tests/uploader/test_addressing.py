"""Addresses of buckets and objects, held to boto3's."""

from functools import cache
from itertools import product

import boto3
import pytest
from botocore.config import Config

from migrator.config import StoreSettings
from migrator.uploader.addressing import root_of, url_of, url_to_list
from migrator.uploader.providers import address_of

ENDPOINTS = [
    "https://s3.example.com",
    "http://s3.example.com:9000",
    "https://s3.example.com/deep/er",
    "http://localhost",
    "https://127.0.0.1:8443",
    "https://10.0.0.1/x",
    "https://[::1]:8443",
]
BUCKETS = ["blog", "my-blog", "my.blog", "My_Blog", "BLOG", "my_blog", "ab", "blog-", "b" * 64]
KEYS = [
    "ab/cd.png",
    "图/é b+c.png",
    "%41%2F.png",
    "~tilde'()*!$&,;=:@[]{}|^`\"<>\\.png",
    "a//b.png",
    "/a.png",
    "sp%20ace?x#y.png",
    ".hidden",
    "a/../b/./c",
    "🦉.png",
    "tab\tand\x7f",
]


class Asked(Exception):
    """Instead of sending."""


@cache
def boto3_client(endpoint, style):
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="AK",
        aws_secret_access_key="SK",
        config=Config(s3={"addressing_style": style}),
    )

    def stop(request, **_):
        raise Asked(request.url)

    client.meta.events.register("before-send.s3", stop)
    return client


def boto3_asks(endpoint, style, operation, **parameters):
    """The URL that boto3 would ask."""
    with pytest.raises(Asked) as caught:
        getattr(boto3_client(endpoint, style), operation)(**parameters)
    return str(caught.value)


def addressed(endpoint, style, bucket):
    settings = StoreSettings(type="s3", bucket=bucket, endpoint=endpoint, addressing=style)
    return root_of(address_of(settings))


@pytest.mark.parametrize(("endpoint", "style"), [*product(ENDPOINTS, ["path", "virtual"])])
def test_a_bucket_is_where_boto3_looks_for_it(endpoint, style):
    for bucket in BUCKETS:
        expected = boto3_asks(endpoint, style, "get_object", Bucket=bucket, Key="k")
        assert url_of(addressed(endpoint, style, bucket), "k") == expected


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_an_object_is_where_boto3_looks_for_it(endpoint):
    for key in KEYS:
        expected = boto3_asks(endpoint, "path", "get_object", Bucket="blog", Key=key)
        assert url_of(addressed(endpoint, "path", "blog"), key) == expected


@pytest.mark.parametrize(("endpoint", "style"), [*product(ENDPOINTS[:3], ["path", "virtual"])])
def test_a_list_is_asked_for_as_boto3_does(endpoint, style):
    for prefix in ["", *KEYS]:
        parts = {"list-type": "2", "prefix": prefix, "encoding-type": "url"}
        more = {"Bucket": "blog", "Prefix": prefix}
        expected = boto3_asks(endpoint, style, "list_objects_v2", **more)
        found = url_to_list(addressed(endpoint, style, "blog"), parts)
        where, _, query = found.partition("?")
        boto3_where, _, boto3_query = expected.partition("?")
        assert (where, sorted(query.split("&"))) == (boto3_where, sorted(boto3_query.split("&")))


def test_the_domain_of_a_bucket_is_its_root():
    settings = StoreSettings(type="s3", bucket="blog", endpoint="https://a.b/", cname=True)
    root = root_of(address_of(settings))
    assert url_of(root, "k") == "https://a.b/k"
    assert url_to_list(root, {"prefix": "a/"}) == "https://a.b/?prefix=a%2F"


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9000", "http://[::1]:9000"])
def test_no_name_is_put_before_a_number(endpoint):
    """Here boto3 differs: it would ask for my.blog.127.0.0.1."""
    assert addressed(endpoint, "virtual", "my.blog") == f"{endpoint}/my.blog"
