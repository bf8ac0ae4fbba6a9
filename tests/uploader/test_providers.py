"""Services: their addresses, and settings that do not fit."""

import pytest

from migrator.config.settings import StoreSettings
from migrator.errors import ConfigError
from migrator.uploader.providers import PROVIDERS, address_of


def settings(**given):
    return StoreSettings(type="s3", **{"bucket": "blog", **given})


@pytest.mark.parametrize(
    ("given", "endpoint", "public_url"),
    [
        (
            {"provider": "oss", "region": "cn-hangzhou"},
            "https://s3.oss-cn-hangzhou.aliyuncs.com",
            "https://blog.oss-cn-hangzhou.aliyuncs.com",
        ),
        (
            {"provider": "oss", "region": "oss-cn-hangzhou"},
            "https://s3.oss-cn-hangzhou.aliyuncs.com",
            "https://blog.oss-cn-hangzhou.aliyuncs.com",
        ),
        (
            {"provider": "cos", "region": "ap-guangzhou", "bucket": "blog-1250000000"},
            "https://cos.ap-guangzhou.myqcloud.com",
            "https://blog-1250000000.cos.ap-guangzhou.myqcloud.com",
        ),
        (
            {"provider": "aws", "region": "eu-west-1"},
            "https://s3.eu-west-1.amazonaws.com",
            "https://blog.s3.eu-west-1.amazonaws.com",
        ),
        (
            {"provider": "kodo", "region": "cn-east-1", "public_url": "https://img.example.com"},
            "https://s3.cn-east-1.qiniucs.com",
            "https://img.example.com",
        ),
        (
            {"endpoint": "http://127.0.0.1:9000", "public_url": "https://img.example.com/"},
            "http://127.0.0.1:9000",
            "https://img.example.com",
        ),
        (
            {"endpoint": "http://127.0.0.1:9000/"},
            "http://127.0.0.1:9000",
            "http://127.0.0.1:9000/blog",
        ),
    ],
)
def test_provider_bucket_and_region_are_enough(given, endpoint, public_url):
    address = address_of(settings(**given))
    assert (address.endpoint, address.public_url) == (endpoint, public_url)


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_service_can_be_addressed(name):
    example = PROVIDERS[name].endpoint_example
    public_url = "" if PROVIDERS[name].public_url else "https://img.example.com"
    address = address_of(
        settings(provider=name, region="x-1", endpoint=example, public_url=public_url)
    )
    assert address.endpoint.startswith("https://")
    assert "{" not in address.endpoint + address.public_url


@pytest.mark.parametrize(
    ("given", "says", "cure"),
    [
        ({"provider": "osss"}, "store.provider = 'osss'", "did you mean 'oss'?"),
        ({"provider": "OSS"}, "store.provider = 'OSS'", "did you mean 'oss'?"),
        ({"provider": "none-such"}, "store.provider", "custom"),
        ({"provider": "oss", "region": "x", "bucket": ""}, "store.bucket is missing", "bucket ="),
        ({"provider": "oss"}, "store.region is missing; oss", "region ="),
        ({"provider": "custom"}, "store.endpoint is missing", "https://s3.example.com"),
        ({"provider": "r2"}, "store.endpoint is missing; r2", "r2.cloudflarestorage.com"),
        ({"provider": "kodo", "region": "cn-east-1"}, "store.public_url is missing; kodo", "bind"),
        ({"endpoint": "https://a.b", "bucket": "my blog"}, "store.bucket = 'my blog'", "console"),
        ({"endpoint": "https://a.b", "bucket": "x/y"}, "store.bucket = 'x/y'", "console"),
        ({"provider": "oss", "region": "!!"}, "store.region = '!!'", "cn-hangzhou"),
        ({"endpoint": "s3.example.com"}, "'s3.example.com' is not an address", "https://"),
        (
            {"provider": "b2", "region": "us-west-004", "acl": "public-read"},
            "store.acl = 'public-read': b2",
            "remove acl",
        ),
    ],
)
def test_what_is_missing_or_wrong_is_named_with_its_cure(given, says, cure):
    with pytest.raises(ConfigError) as caught:
        address_of(settings(**given))
    assert says in str(caught.value)
    assert cure in caught.value.hint


@pytest.mark.parametrize("name", PROVIDERS)
@pytest.mark.parametrize("region", ["x.evil.example/", "evil.example?", "a@evil.example#", "é"])
def test_a_region_cannot_send_signed_requests_to_another_host(name, region):
    with pytest.raises(ConfigError):
        address_of(settings(provider=name, region=region, endpoint="https://s3.example.com"))
