"""The connection to a service: credentials, certificates, logs."""

import base64
import hashlib
import logging
import socketserver
import sys
import threading
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import replace

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from rig import recorder, tls
from rig.front import Answer, error, serving
from rig.ports import free_port
from rig.proxies import TestProxy
from rig.recorder import Recorder

from migrator.config import StoreSettings
from migrator.errors import ConfigError, StoreRefused
from migrator.reasons import Reason
from migrator.uploader import s3
from migrator.uploader.base import StoreError
from migrator.uploader.bucket import BucketStore
from migrator.uploader.placing import place
from migrator.uploader.providers import address_of

KEY = "ab/abcdef0123456789.png"
SOURCE = "5" * 64


@pytest.fixture
def settings(rclone_site):
    return rclone_site.settings


def without_keys(settings):
    return replace(settings, access_key_env="", secret_key_env="")


def test_credentials_come_from_the_usual_variables(rclone_site, settings, opened, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKPROBE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "SKPROBE1")
    opened(rclone_site, without_keys(settings)).check()


def test_credentials_come_from_a_profile(rclone_site, settings, opened, monkeypatch, tmp_path):
    file = tmp_path / "credentials"
    file.write_text("[blog]\naws_access_key_id = AKPROBE\naws_secret_access_key = SKPROBE1\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    opened(rclone_site, replace(without_keys(settings), profile="blog")).check()
    with pytest.raises(ConfigError, match=r"store\.profile = 'blogg'"):
        opened(rclone_site, replace(without_keys(settings), profile="blogg")).check()


def test_no_credentials_at_all(rclone_site, settings, opened, monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(StoreRefused, match="no usable credentials") as caught:
        opened(rclone_site, without_keys(settings)).check()
    assert "AWS_ACCESS_KEY_ID" in caught.value.hint


def test_half_of_the_credentials(rclone_site, settings, opened, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKPROBE")
    with pytest.raises(StoreRefused, match="no usable credentials"):
        opened(rclone_site, without_keys(settings)).check()


def test_a_variable_that_is_named_and_not_set(rclone_site, settings, opened, monkeypatch):
    monkeypatch.delenv(settings.secret_key_env)
    with pytest.raises(ConfigError, match=r"store\.secret_key_env names .* not set"):
        opened(rclone_site).check()


@pytest.mark.parametrize("value", ["SKPROBE1\r", "SK\nPROBE1"])
def test_a_line_end_in_a_key_is_told_with_its_variable(
    rclone_site, settings, opened, monkeypatch, value
):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKPROBE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", value)
    with pytest.raises(ConfigError, match="AWS_SECRET_ACCESS_KEY holds a line end") as caught:
        opened(rclone_site, without_keys(settings)).check()
    assert "PROBE1" not in f"{caught.value}{caught.value.hint}"


def test_spaces_around_a_copied_key_do_no_harm(rclone_site, settings, opened, monkeypatch):
    monkeypatch.setenv(settings.secret_key_env, " SKPROBE1\n")
    opened(rclone_site).check()


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ({"bucket": "my blog"}, ConfigError, r"store\.bucket = 'my blog'"),
        ({"region": "!!"}, ConfigError, r"store\.region = '!!'"),
        ({"endpoint": "http://a b"}, ConfigError, r"store\.endpoint = 'http://a b'"),
        *(
            ({"endpoint": endpoint}, ConfigError, r"store\.endpoint = .* cannot be used")
            for endpoint in (
                f"http://{'a' * 60}_",
                f"http://{'a' * 70}",
                "http://a..b",
                "http://127.0.0.1:99999",
                "http://127.0.0.1:0",
                "http://[::1",
                "http://[...]:1",
                "http://a.b/\n",
            )
        ),
        ({"endpoint": "http://no-such-host.invalid"}, StoreRefused, r"cannot be reached: [^()]+$"),
    ],
)
def test_settings_that_cannot_be_used(rclone_site, settings, opened, given, error, says):
    with pytest.raises(error, match=says) as caught:
        opened(rclone_site, replace(settings, **given)).check()
    assert caught.value.hint


def test_nobody_listens(rclone_site, settings, opened):
    endpoint = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(StoreRefused, match=f"{endpoint} cannot be reached: Connection refused"):
        opened(rclone_site, replace(settings, endpoint=endpoint)).check()


def test_plain_http_where_tls_was_asked_for(rclone_site, settings, opened):
    endpoint = settings.endpoint.replace("http:", "https:")
    with pytest.raises(StoreRefused, match="wrong version number"):
        opened(rclone_site, replace(settings, endpoint=endpoint)).check()


def test_a_certificate_nobody_vouches_for(rclone_server, rclone_site, settings, opened, tmp_path):
    context = tls.authority(tmp_path).context
    with tls.in_front_of(rclone_server.port, context) as port:
        endpoint = f"https://127.0.0.1:{port}"
        with pytest.raises(StoreRefused, match=r"certificate of .* is not to be trusted") as caught:
            opened(rclone_site, replace(settings, endpoint=endpoint)).check()
    assert "AWS_CA_BUNDLE" in caught.value.hint


def test_no_log_holds_keys_or_signatures(rclone_site, opened, fetched, caplog, monkeypatch):
    with caplog.at_level(logging.DEBUG):
        place(opened(rclone_site), fetched(), KEY)
        monkeypatch.setenv(rclone_site.settings.secret_key_env, "an-entirely-wrong-secret")
        with pytest.raises(StoreRefused) as caught:
            opened(rclone_site).check()
    said = caplog.text + str(caught.value) + repr(caught.value.__cause__)
    for secret in ("AKPROBE", "SKPROBE1", "entirely-wrong", "Signature=", "AWS4-HMAC"):
        assert secret not in said


def test_threads_share_one_connection_pool(rclone_site, opened, fetched):
    store = opened(rclone_site)
    image = fetched()
    together = threading.Barrier(8)

    def put(number):
        together.wait()
        store.put_new(f"{number}/{KEY}", image.body, image.asset, SOURCE)
        return store._connection()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(put, range(8)))) == 1
    assert len(rclone_site.contents()) == 8


WEIRD = [
    "图/é b+c.png",
    "%41%2F.png",
    "~tilde'()*!$&,;=:@.png",
    "sp%20ace?x#y.png",
    "x/.hidden",
    "🦉.png",
]


@pytest.mark.parametrize("kind", ["rclone", "ceph", "swift"])
def test_a_key_of_any_characters_goes_there_and_back(kind, request, opened, fetched):
    site = request.getfixturevalue(f"{kind}_site")
    store, image = opened(site), fetched()
    for key in WEIRD:
        place(store, image, key)
        assert store.put_new(key, image.body, image.asset, SOURCE) is False
    assert set(site.contents()) == set(WEIRD) == set(store.keys())
    for key in WEIRD:
        store.delete(key)
    assert site.contents() == {}


def from_boto3(settings, address, image, key, precondition):
    """Do what a store does, with boto3 as it is meant to be used."""
    provider = address.provider
    when = "when_supported" if provider.checksums == "crc32" else "when_required"
    client = boto3.client(
        "s3",
        endpoint_url=address.endpoint,
        region_name=address.region,
        aws_access_key_id=recorder.ACCESS_KEY,
        aws_secret_access_key=recorder.SECRET_KEY,
        config=Config(
            signature_version="s3v4",
            request_checksum_calculation=when,
            response_checksum_validation="when_required",
            s3={
                "addressing_style": provider.addressing,
                "payload_signing_enabled": provider.payload_signing == "on",
            },
        ),
    )
    md5 = base64.b64encode(hashlib.md5(image.body.read_bytes()).digest()).decode()
    optional = {"ContentMD5": md5} if provider.checksums == "md5" else {}
    if precondition:
        optional["IfNoneMatch"] = "*"
    with suppress(ClientError):
        client.head_object(Bucket=settings.bucket, Key=key)
    with image.body.open("rb") as file:
        client.put_object(
            Bucket=settings.bucket,
            Key=key,
            Body=file,
            ContentType=image.asset.media_type,
            CacheControl=settings.cache_control,
            ACL=settings.acl,
            StorageClass=settings.storage_class,
            Metadata={"source-sha256": SOURCE},
            **optional,
        )
    client.get_object(Bucket=settings.bucket, Key=key)["Body"].read()
    client.list_objects_v2(Bucket=settings.bucket, Prefix="图 &/")
    client.delete_object(Bucket=settings.bucket, Key=key)
    client.close()


def essence(request):
    """What of a request decides, without what differs from one moment to the next."""
    passing = {"x-amz-date", "authorization", "user-agent"}
    # the first two count attempts; of the third the checksum's own header is enough; an Expect
    # costs a round trip; a length that nothing has goes without saying
    left_out = {"amz-sdk-invocation-id", "amz-sdk-request", "x-amz-sdk-checksum-algorithm"}
    left_out |= {"expect"} if request.body else {"expect", "content-length"}
    path, _, query = request.path.partition("?")
    credential, signed, _ = request.headers["authorization"].split(", ")
    return {
        "asked": (request.method, path, sorted(query.split("&"))),
        "headers": {n: v for n, v in request.headers.items() if n not in passing | left_out},
        "signed": set(signed.removeprefix("SignedHeaders=").split(";")) - left_out,
        "scope": credential,
        "body": request.body,
    }


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"addressing": "virtual"},
        {"create_only": "head", "checksums": "none"},
        {"payload_signing": "off"},
        {"checksums": "crc32"},
        {"checksums": "crc32", "payload_signing": "off", "region": "eu-west-1"},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["", "/deep"])
def test_what_is_sent_is_what_boto3_sends(given, path, fetched, monkeypatch, localhost_names):
    """The recorder sees to it that both sign what they send."""
    monkeypatch.setenv("AK", recorder.ACCESS_KEY)
    monkeypatch.setenv("SK", recorder.SECRET_KEY)
    root = f"{path}/blog" if given.get("addressing") != "virtual" else path
    record, image = Recorder(root), fetched()
    with serving(record) as port:
        settings = StoreSettings(
            type="s3",
            endpoint=f"http://s3.localhost:{port}{path}",
            bucket="blog",
            access_key_env="AK",
            secret_key_env="SK",
            acl="public-read",
            storage_class="STANDARD_IA",
            **given,
        )
        address = address_of(settings)
        for key in [KEY, *WEIRD]:
            store = BucketStore(settings)
            assert store.put_new(key, image.body, image.asset, SOURCE)
            assert b"".join(store.read(key)) == image.body.read_bytes()
            assert list(store.keys("图 &/")) == []
            store.delete(key)
            store.close()
            ours, record.requests = [essence(each) for each in record.requests], []
            from_boto3(settings, address, image, key, address.provider.create_only != "head")
            boto3s, record.requests = [essence(each) for each in record.requests], []
            assert [each["asked"][0] for each in ours] == ["HEAD", "PUT", "GET", "GET", "DELETE"]
            assert ours == boto3s


@pytest.fixture
def recording(monkeypatch):
    """``recording(**settings)``: a store whose requests the recorder keeps, and that recorder."""
    monkeypatch.setenv("AK", recorder.ACCESS_KEY)
    monkeypatch.setenv("SK", recorder.SECRET_KEY)
    with ExitStack() as started:

        def make(**given):
            record = Recorder("/blog")
            port = started.enter_context(serving(record))
            usual = {
                "endpoint": f"http://127.0.0.1:{port}",
                "access_key_env": "AK",
                "secret_key_env": "SK",
            }
            settings = StoreSettings(type="s3", bucket="blog", **(usual | given))
            store = BucketStore(settings)
            started.callback(store.close)
            return store, record

        yield make


NO_KEYS = {"access_key_env": "", "secret_key_env": ""}


def test_a_session_token_is_sent_and_signed(recording, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", recorder.ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", recorder.SECRET_KEY)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "TOKEN/1+=")
    store, record = recording(**NO_KEYS)
    store.check()
    (request,) = record.requests
    assert request.headers["x-amz-security-token"] == "TOKEN/1+="
    assert "x-amz-security-token" in request.headers["authorization"]


@pytest.mark.parametrize("name", ["AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"])
def test_a_line_end_in_a_session_token_is_told_without_it(recording, monkeypatch, name):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", recorder.ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", recorder.SECRET_KEY)
    monkeypatch.setenv(name, "SECRET-TOKEN\r\n")
    store, record = recording(**NO_KEYS)
    with pytest.raises(ConfigError, match=f"{name} holds a line end") as caught:
        store.check()
    assert "SECRET-TOKEN" not in f"{caught.value}{caught.value.hint}"
    assert record.requests == []


def test_credentials_that_expire_are_fetched_anew(recording, monkeypatch, tmp_path):
    """A program hands them out, as sign-in does; those that end soon are asked for again."""
    script = tmp_path / "credentials.py"
    script.write_text(f"""
import json, pathlib, time
count = pathlib.Path({str(tmp_path / "count")!r})
number = len(count.read_text()) if count.exists() else 0
count.write_text("x" * (number + 1))
end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + (60 if number < 2 else 7200)))
print(json.dumps(dict(Version=1, AccessKeyId={recorder.ACCESS_KEY!r}, Expiration=end,
    SecretAccessKey={recorder.SECRET_KEY!r}, SessionToken=f"token-{{number}}")))
""")
    config = tmp_path / "config"
    config.write_text(f"[profile blog]\ncredential_process = {sys.executable} {script}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    store, record = recording(**NO_KEYS, profile="blog")
    for _ in range(4):
        store.delete(KEY)
    tokens = [each.headers["x-amz-security-token"] for each in record.requests]
    assert len(set(tokens)) > 1
    assert tokens[-1] == tokens[-2] == "token-2"


def test_credentials_that_cannot_be_fetched(recording, monkeypatch, tmp_path):
    config = tmp_path / "config"
    config.write_text("[profile blog]\ncredential_process = false\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    store, _ = recording(**NO_KEYS, profile="blog")
    with pytest.raises(StoreRefused, match="no usable credentials"):
        store.check()


def test_one_key_that_is_named_alone(recording):
    store, _ = recording(secret_key_env="")
    with pytest.raises(StoreRefused, match=r"no usable credentials.*secret_key_env"):
        store.check()


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy"])
def test_a_proxy_is_used_for_http(recording, monkeypatch, variable):
    store, record = recording(endpoint="http://s3.example.com")
    with serving(record) as port, TestProxy("http", ("127.0.0.1", port), "me:word") as proxy:
        monkeypatch.setenv(variable, proxy.url)
        with pytest.raises(FileNotFoundError):
            next(store.read("图.png"))
        assert proxy.asked == ["s3.example.com:80"]
        assert record.requests[0].path == "/blog/%E5%9B%BE.png"


def test_a_proxy_with_a_login_is_used_for_https(recording, fetched, monkeypatch, tmp_path):
    authority = tls.authority(tmp_path, ["s3.example.com"])
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.file))
    store, record = recording(endpoint="https://s3.example.com")
    with (
        serving(record, authority.context) as port,
        TestProxy("http", ("127.0.0.1", port), "me:word") as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        place(store, fetched(), KEY)
        assert set(proxy.asked) == {"s3.example.com:443"}
        assert not any(recorder.ACCESS_KEY.encode() in head for head in proxy.heads)
    assert list(record.objects) == [KEY]


def test_no_proxy_is_heeded(recording, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    recording()[0].check()


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "config"])
def test_an_authority_of_your_own(recording, monkeypatch, tmp_path, variable):
    authority = tls.authority(tmp_path)
    if variable == "config":
        (tmp_path / "config").write_text(f"[default]\nca_bundle = {authority.file}\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    else:
        monkeypatch.setenv(variable, str(authority.file))
    with serving(Recorder("/blog"), authority.context) as port:
        recording(endpoint=f"https://127.0.0.1:{port}")[0].check()


@pytest.mark.parametrize(
    "answer",
    [
        error(403, "AccessDenied", "x" * 10_000_000),
        Answer(403, {}, b"<" * 10_000_000),
        Answer(
            403, {}, b"<!DOCTYPE x [<!ENTITY a 'AccessDenied'>]><Error><Code>&a;</Code></Error>"
        ),
    ],
    ids=["long", "endless tag", "entities"],
)
def test_an_error_that_is_no_small_document_is_one_by_its_status(recording, fetched, answer):
    store, record = recording()
    record.instead = lambda _: answer
    with pytest.raises(StoreRefused, match=r"denies access \(403\)"):
        store.delete(KEY)
    record.instead = lambda _: None
    place(store, fetched(), KEY)


def test_many_that_learn_of_the_region_at_once_all_ask_again(recording):
    store, record = recording(region="us-east-1")
    together = threading.Barrier(8)

    def elsewhere(request):
        if "/us-east-1/" not in request.headers["authorization"]:
            return None
        together.wait()  # each has asked before one is answered
        return error(400, "AuthorizationHeaderMalformed", Region="eu-west-9")

    record.instead = elsewhere
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(store.delete, "abcdefgh"))
    store.delete("i")
    assert len(record.requests) == 8 + 8 + 1


def test_a_list_that_is_none_says_so(recording):
    store, record = recording()
    record.instead = lambda _: Answer(200, {}, b"<html>welcome")
    with pytest.raises(StoreError, match="answers with no list"):
        list(store.keys())


class Rude(socketserver.StreamRequestHandler):
    """Answers each GET with ``x``, then does what the server's ``manner`` says."""

    def handle(self):
        self.server.opened += 1
        while line := self.rfile.readline():
            while self.rfile.readline().strip():
                pass
            manner = self.server.manner if line else None
            if manner == "silent":
                self.server.over.wait(20)
                return
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n")
            if manner == "stuck":
                self.wfile.write(b"x")
                self.server.over.wait(20)
                return
            self.wfile.write(b"x" if manner == "short" else b"xyz")
            if manner in ("short", "closing"):
                return


@pytest.fixture
def rude(recording):
    """``rude(manner)``: a store, and the server behind it; it counts its connections."""
    with ExitStack() as started:

        def make(manner):
            server = started.enter_context(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Rude))
            server.daemon_threads = True
            server.manner, server.over, server.opened = manner, threading.Event(), 0
            thread = threading.Thread(target=server.serve_forever, args=(0.05,))
            thread.start()
            started.callback(thread.join)
            started.callback(server.shutdown)
            started.callback(server.over.set)
            return recording(endpoint=f"http://127.0.0.1:{server.server_address[1]}")[0], server

        yield make


@pytest.mark.parametrize(
    ("manner", "says"),
    [("silent", "timed out"), ("stuck", "timed out"), ("short", "broke off after 1 of 3 bytes")],
)
def test_an_answer_that_does_not_come_whole_may_be_asked_for_again(rude, monkeypatch, manner, says):
    monkeypatch.setattr(s3, "_TIMEOUTS", (10, 0.5))
    store, server = rude(manner)
    with pytest.raises(StoreError, match=says) as caught:
        list(store.read(KEY))
    assert caught.value.reason is Reason.STORE_UNAVAILABLE
    server.manner = ""
    assert list(store.read(KEY)) == [b"xyz"]


@pytest.mark.parametrize(("manner", "connections"), [("", 1), ("closing", 5)])
def test_a_connection_is_used_again_unless_it_was_closed_meanwhile(rude, manner, connections):
    store, server = rude(manner)
    for _ in range(5):
        assert list(store.read(KEY)) == [b"xyz"]
        time.sleep(0.05)  # until the end of the connection has come here
    assert server.opened == connections


def test_a_reader_that_stops_early_leaves_no_rest_for_the_next(rclone_site, opened, fetched):
    store, image = opened(rclone_site), fetched(b"0123456789" * 100_000)
    place(store, image, KEY)
    reading = store.read(KEY)
    next(reading)
    reading.close()
    assert b"".join(store.read(KEY)) == image.body.read_bytes()


def test_a_large_image_is_never_held_as_a_whole(rclone_site, opened, fetched):
    store, image = opened(rclone_site), fetched(bytes(48_000_000))
    store.check()
    tracemalloc.start()
    try:
        place(store, image, KEY)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 4_000_000
