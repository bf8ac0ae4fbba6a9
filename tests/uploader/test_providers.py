"""Services: their addresses, settings that do not fit, and what each is really sent."""

import base64
import hashlib
import re
import tomllib
import zlib
from dataclasses import dataclass, fields, replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from rig import recorder, tls, tunnel
from rig.front import error, serving
from rig.recorder import Recorder

from migrator.config import StoreSettings
from migrator.config.checking import Origin, build, checked
from migrator.errors import ConfigError, StoreRefused
from migrator.uploader.base import StoreError
from migrator.uploader.bucket import BucketStore
from migrator.uploader.placing import place
from migrator.uploader.providers import PRECONDITIONS, PROVIDERS, address_of

KEY = "图/a b+c.png"
QUOTED = "/%E5%9B%BE/a%20b%2Bc.png"
SOURCE = "5" * 64
PAGE = Path(__file__).parents[2] / "docs/reference/stores.md"
OSS_HEADER = {"x-oss-forbid-overwrite": "true"}
COS_HEADER = {"x-cos-forbid-overwrite": "true"}
S3_HEADER = {"if-none-match": "*"}
NO_HEADER = {}


@dataclass(frozen=True)
class Shape:
    """What a service must see, written down here and not derived from the presets.

    ``root`` is where keys begin; ``looks`` is whether a HEAD goes first.
    """

    settings: dict[str, str]
    root: str
    region: str
    precondition: dict[str, str]
    looks: bool = True
    acl: bool = True
    checksum: str = "md5"
    unsigned: bool = False
    list_query: tuple[str, ...] = ("encoding-type", "list-type")


def at(provider, root, region, precondition, *, given_region=True, **more):
    settings = {"provider": provider, "bucket": "blog"}
    settings |= {"region": region} if given_region else {}
    settings |= {"endpoint": more.pop("endpoint")} if "endpoint" in more else {}
    return Shape(settings, root, region, precondition, **more)


V1, PLAIN, V1_PLAIN = ("encoding-type",), ("list-type",), ()
SHAPES = {
    "aws": at(
        "aws",
        "https://blog.s3.eu-west-1.amazonaws.com",
        "eu-west-1",
        S3_HEADER,
        looks=False,
        checksum="crc32",
        unsigned=True,
    ),
    "aws-cn": at("aws-cn", "https://blog.s3.cn-north-1.amazonaws.com.cn", "cn-north-1", S3_HEADER),
    "oss": at("oss", "https://blog.s3.oss-cn-hangzhou.aliyuncs.com", "cn-hangzhou", OSS_HEADER),
    "cos": at(
        "cos",
        "https://blog.cos.ap-guangzhou.myqcloud.com",
        "ap-guangzhou",
        COS_HEADER,
        list_query=V1,
    ),
    "kodo": at(
        "kodo",
        "https://s3.cn-east-1.qiniucs.com/blog",
        "cn-east-1",
        NO_HEADER,
        acl=False,
        list_query=PLAIN,
    ),
    "upyun": at(
        "upyun",
        "https://s3.api.upyun.com/blog",
        "us-east-1",
        NO_HEADER,
        given_region=False,
        acl=False,
    ),
    "obs": at(
        "obs",
        "https://blog.obs.cn-north-4.myhuaweicloud.com",
        "cn-north-4",
        NO_HEADER,
        list_query=V1_PLAIN,
    ),
    "tos": at("tos", "https://blog.tos-s3-cn-beijing.volces.com", "cn-beijing", NO_HEADER),
    "r2": at(
        "r2",
        "https://abc.r2.cloudflarestorage.com/blog",
        "auto",
        S3_HEADER,
        given_region=False,
        endpoint="https://abc.r2.cloudflarestorage.com",
        looks=False,
        acl=False,
    ),
    "b2": at(
        "b2", "https://s3.us-west-004.backblazeb2.com/blog", "us-west-004", NO_HEADER, acl=False
    ),
    "minio": at(
        "minio",
        "https://minio.example.com/blog",
        "us-east-1",
        S3_HEADER,
        given_region=False,
        endpoint="https://minio.example.com/",
        acl=False,
    ),
    "ceph": at(
        "ceph",
        "https://ceph.example.com/blog",
        "default",
        S3_HEADER,
        given_region=False,
        endpoint="https://ceph.example.com",
        looks=False,
    ),
    "garage": at(
        "garage",
        "https://garage.example.com/blog",
        "garage",
        NO_HEADER,
        given_region=False,
        endpoint="https://garage.example.com",
        acl=False,
    ),
    "seaweedfs": at(
        "seaweedfs",
        "https://weed.example.com/blog",
        "us-east-1",
        S3_HEADER,
        given_region=False,
        endpoint="https://weed.example.com",
        list_query=V1_PLAIN,
    ),
    "wasabi": at("wasabi", "https://s3.eu-central-1.wasabisys.com/blog", "eu-central-1", S3_HEADER),
    "spaces": at(
        "spaces",
        "https://blog.nyc3.digitaloceanspaces.com",
        "nyc3",
        S3_HEADER,
        list_query=PLAIN,
    ),
    "gcs": at("gcs", "https://storage.googleapis.com/blog", "auto", NO_HEADER, given_region=False),
    "supabase": at(
        "supabase",
        "https://ref.storage.supabase.co/storage/v1/s3/blog",
        "eu-west-3",
        NO_HEADER,
        endpoint="https://ref.storage.supabase.co/storage/v1/s3",
        acl=False,
    ),
    "custom": at(
        "custom",
        "https://s3.example.com/deep/blog",
        "us-east-1",
        S3_HEADER,
        given_region=False,
        endpoint="https://s3.example.com/deep",
    ),
    "custom, its own way": Shape(
        {
            "endpoint": "https://s3.example.com",
            "bucket": "blog",
            "region": "x-1",
            "addressing": "virtual",
            "create_only": "x-cos-forbid-overwrite",
            "checksums": "none",
            "payload_signing": "off",
            "listing": "v1",
            "list_encoding": "plain",
        },
        "https://blog.s3.example.com",
        "x-1",
        COS_HEADER,
        checksum="none",
        unsigned=True,
        list_query=V1_PLAIN,
    ),
    "oss at the bucket's own domain": Shape(
        {
            "provider": "oss",
            "endpoint": "https://img.example.com",
            "cname": True,
            "bucket": "blog",
            "region": "cn-hangzhou",
        },
        "https://img.example.com",
        "cn-hangzhou",
        OSS_HEADER,
    ),
    "custom at the bucket's own domain, below a path": Shape(
        {"endpoint": "https://blog/blog", "cname": True, "bucket": "blog"},
        "https://blog/blog",
        "us-east-1",
        S3_HEADER,
    ),
    "aws with what it would not need": Shape(
        {
            "provider": "aws",
            "bucket": "blog",
            "region": "eu-west-1",
            "create_only": "head",
            "checksums": "md5",
            "payload_signing": "on",
        },
        "https://blog.s3.eu-west-1.amazonaws.com",
        "eu-west-1",
        NO_HEADER,
    ),
}


def settings(**given):
    return StoreSettings(type="s3", **{"bucket": "blog", **given})


@pytest.fixture(scope="session")
def any_host(tmp_path_factory):
    """A certificate for all hosts of the shapes, and its authority's file."""
    hosts = sorted({urlsplit(shape.root).hostname for shape in SHAPES.values()})
    return tls.authority(tmp_path_factory.mktemp("hosts"), hosts)


@pytest.fixture
def sent(any_host, monkeypatch, request):
    """``sent(shape, **more)``: a store, and the recorder that all of the world leads to."""
    monkeypatch.setenv("AWS_CA_BUNDLE", str(any_host.file))
    monkeypatch.setenv("AK", recorder.ACCESS_KEY)
    monkeypatch.setenv("SK", recorder.SECRET_KEY)

    def make(shape, **more):
        record = Recorder(urlsplit(shape.root).path)
        front = serving(record, any_host.context)
        port = front.__enter__()
        request.addfinalizer(lambda: front.__exit__(None, None, None))
        proxy = tunnel.to(port)
        address, record.hosts = proxy.__enter__()
        request.addfinalizer(lambda: proxy.__exit__(None, None, None))
        monkeypatch.setenv("HTTPS_PROXY", address)
        # only [store] needs a public address, and some services have none of their own
        store = BucketStore(
            settings(access_key_env="AK", secret_key_env="SK", **shape.settings, **more),
            table="mirror",
        )
        request.addfinalizer(store.close)
        return store, record

    return make


def signed_headers(request):
    return set(request.headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";"))


def test_every_preset_has_its_shape():
    assert set(PROVIDERS) == {shape.settings.get("provider") for shape in SHAPES.values()} - {None}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_an_upload_on_the_wire(shape, sent, fetched):
    image = fetched()
    more = {"acl": "public-read"} if shape.acl else {}
    store, record = sent(shape, storage_class="STANDARD_IA", **more)
    assert store.put_new(KEY, image.body, image.asset, SOURCE)
    assert [each.method for each in record.requests] == ["HEAD", "PUT"][not shape.looks :]
    put = record.requests[-1]
    root = urlsplit(shape.root)
    assert {*record.hosts} == {f"{root.hostname}:443"}
    assert (put.headers["host"], put.path) == (root.hostname, root.path + QUOTED)
    assert f"/{shape.region}/s3/aws4_request" in put.headers["authorization"]
    assert {n: v for n, v in put.headers.items() if "-match" in n or "forbid" in n} == (
        shape.precondition
    )
    assert put.headers.get("x-amz-acl") == ("public-read" if shape.acl else None)
    assert put.headers["x-amz-storage-class"] == "STANDARD_IA"
    assert put.headers["x-amz-meta-source-sha256"] == SOURCE
    assert put.headers["content-type"] == "image/png"
    assert put.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "expect" not in put.headers
    # whatever says what the object is, or whether it may be replaced, is under the signature
    vital = ("x-", "content-", "if-", "host", "cache-control")
    unsigned = {each for each in put.headers if each.startswith(vital)} - signed_headers(put)
    assert unsigned <= {"content-length"}
    assert not signed_headers(put) & {"accept-encoding", "user-agent", "connection"}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_the_body_on_the_wire(shape, sent, fetched):
    image = fetched()
    store, record = sent(shape)
    store.put_new(KEY, image.body, image.asset, SOURCE)
    headers, data = record.requests[-1].headers, image.body.read_bytes()
    assert record.requests[-1].body == data
    assert headers["content-length"] == str(image.asset.size)
    assert not {"transfer-encoding", "content-encoding", "x-amz-trailer"} & set(headers)
    sums = {name: value for name, value in headers.items() if re.search("checksum|md5", name)}
    md5 = base64.b64encode(hashlib.md5(data).digest()).decode()
    crc32 = base64.b64encode(zlib.crc32(data).to_bytes(4)).decode()
    known = {"md5": {"content-md5": md5}, "crc32": {"x-amz-checksum-crc32": crc32}, "none": {}}
    assert sums == known[shape.checksum]
    unsigned = shape.unsigned
    expected = "UNSIGNED-PAYLOAD" if unsigned else image.asset.sha256
    assert headers["x-amz-content-sha256"] == expected


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_reading_listing_and_deleting_on_the_wire(shape, sent):
    store, record = sent(shape, prefix="图")
    keys = [KEY, "图/1", "图/2&<3", "图/%25", "图/末"]
    record.objects = dict.fromkeys([*keys, "other"], b"x")
    assert sorted(store.keys()) == sorted(keys)
    assert [each.method for each in record.requests] == ["GET"] * 3
    for each in record.requests:
        query = parse_qs(urlsplit(each.path).query)
        paging = {"continuation-token", "marker"}
        assert tuple(sorted({*query} - {"prefix", "max-keys"} - paging)) == shape.list_query
        assert query.get("list-type") in (None, ["2"])
    assert b"".join(store.read(KEY)) == b"x"
    store.delete(KEY)
    assert [(each.method, each.path) for each in record.requests[-2:]] == [
        ("GET", urlsplit(shape.root).path + QUOTED),
        ("DELETE", urlsplit(shape.root).path + QUOTED),
    ]
    assert {*record.hosts} == {f"{urlsplit(shape.root).hostname}:443"}
    assert KEY not in record.objects


def test_the_recorder_notices_a_wrong_signature(sent, monkeypatch):
    store, _ = sent(SHAPES["oss"])
    monkeypatch.setenv("SK", "another")
    with pytest.raises(StoreRefused, match="secret key"):
        store.delete(KEY)


def test_a_service_that_lists_the_same_page_for_ever_is_noticed(sent):
    store, record = sent(SHAPES["custom"], listing="v1")
    record.objects = dict.fromkeys("abcde", b"x")
    record.instead = lambda request: record._list({}) if "marker" in request.path else None
    with pytest.raises(StoreError, match="again and again") as caught:
        list(store.keys())
    assert "into [mirror]" in caught.value.detail


@pytest.mark.parametrize(
    "refusal",
    [
        error(411, "MissingContentLength", "You must provide the Content-Length HTTP header."),
        error(400, "InvalidArgument", "aws-chunked encoding is not supported with x-amz-content"),
        error(400, "InvalidArgument", "Unsupported header 'x-amz-sdk-checksum-algorithm'"),
        error(501, "NotImplemented", "Header x-amz-trailer is not implemented."),
    ],
)
def test_a_service_that_takes_no_checksum_is_told_apart(sent, fetched, refusal, naps):
    store, record = sent(SHAPES["custom"], checksums="crc32", create_only="head")
    record.instead = lambda request: refusal if request.method == "PUT" else None
    with pytest.raises(StoreRefused, match="this kind of checksum") as caught:
        place(store, fetched(), KEY, sleep=naps.append)
    assert 'checksums = "md5" into [mirror]' in caught.value.hint
    assert naps == []


def test_preconditions_are_those_that_a_configuration_may_name():
    (choices,) = (f.metadata["choices"] for f in fields(StoreSettings) if f.name == "create_only")
    assert set(choices) == {"", "head", *PRECONDITIONS}
    for provider in PROVIDERS.values():
        assert provider.create_only in choices
        assert provider.heeded <= (provider.create_only != "head")


def test_another_precondition_than_the_preset_is_not_trusted():
    address = address_of(settings(provider="aws", region="r", create_only="x-oss-forbid-overwrite"))
    assert not address.provider.heeded
    same = address_of(settings(provider="aws", region="r", create_only="if-none-match"))
    assert same.provider.heeded


def test_what_is_wrong_in_another_table_is_said_of_that_table():
    with pytest.raises(ConfigError, match=r"^mirror\.bucket is missing") as caught:
        address_of(settings(bucket=""), "mirror")
    assert "[mirror]" in caught.value.hint


def test_only_the_store_that_posts_link_to_needs_a_public_address():
    kodo = settings(provider="kodo", region="cn-east-1")
    assert BucketStore(kodo, table="mirror").public_url(KEY) is None
    with pytest.raises(ConfigError, match=r"store\.public_url is missing"):
        BucketStore(kodo)


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
        (
            {"endpoint": "https://s3.example.com", "addressing": "virtual"},
            "https://s3.example.com",
            "https://blog.s3.example.com",
        ),
        (
            {"provider": "oss", "region": "x", "endpoint": "https://a.b", "cname": True},
            "https://a.b",
            "https://a.b",
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
        ({"provider": "custom"}, "does not say which service", "https://s3.example.com"),
        ({"provider": "oss", "region": "x", "cname": True}, "own domain", "remove cname"),
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


def row(name, provider):
    """The row of docs/reference/stores.md for ``provider``."""

    def code(text):
        return f"`{text}`" if text else ""

    tried = "" if provider.heeded or provider.create_only == "head" else " (tried)"
    public = provider.public_url.replace("{bucket_url}", "endpoint and bucket")
    cells = [
        code(name),
        code(provider.endpoint) or "given by you",
        code(provider.region) or "needed",
        provider.addressing,
        code(provider.create_only) + tried,
        provider.checksums,
        f"{provider.listing}, {provider.list_encoding}",
        "yes" if provider.object_acl else "no",
        (code(public) if "{" in public else public) or "none",
        ("yes" if provider.shows_images else "**no**") if provider.public_url else "",
    ]
    return f"| {' | '.join(cells)} |"


def test_the_page_about_stores_has_the_presets_as_they_are():
    lines = PAGE.read_text("utf-8").splitlines()
    _, _, *rows = [line for line in lines if line.count("|") == 11]
    assert rows == [row(name, provider) for name, provider in PROVIDERS.items()]


def test_every_configuration_on_the_page_about_stores_can_be_opened():
    blocks = re.findall(
        r"^ *```toml\n(.*?)^ *```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    assert len(blocks) > 12
    shown = set()
    for block in blocks:
        table = tomllib.loads(block)
        values = checked(StoreSettings, table.get("store", table), Origin("stores.md"))
        BucketStore(build(StoreSettings, values))
        shown.add(values["provider"])
    relatives = {"aws-cn", "wasabi", "ceph", "garage", "seaweedfs"}
    assert shown | relatives == set(PROVIDERS)


REDIRECTS = {
    "301": error(301, "PermanentRedirect", Endpoint="blog.s3.evil.example", Bucket="blog"),
    "307": error(307, "TemporaryRedirect", Endpoint="blog.s3.evil.example"),
    "400 malformed": error(400, "AuthorizationHeaderMalformed", Region="us-gov-west-1"),
    "400 location": error(400, "IllegalLocationConstraintException"),
}


@pytest.mark.parametrize("provider", ["aws", "oss", "custom"])
@pytest.mark.parametrize("redirect", REDIRECTS.values(), ids=REDIRECTS)
def test_a_redirect_leads_no_signed_request_elsewhere(sent, provider, redirect):
    """We may follow a bucket to another region; the endpoint given must stay the only one."""
    shape = SHAPES[provider]
    store, record = sent(shape)
    elsewhere = {
        "location": "https://blog.s3.evil.example/k",
        "x-amz-bucket-region": "us-gov-west-1",
    }
    answer = replace(redirect, headers={**redirect.headers, **elsewhere})
    record.instead = lambda _: answer
    with pytest.raises(StoreRefused, match=r"not in the region .* but in us-gov-west-1") as caught:
        store.check()
    assert "region" in caught.value.hint
    assert {*record.hosts} == {f"{urlsplit(shape.root).hostname}:443"}
