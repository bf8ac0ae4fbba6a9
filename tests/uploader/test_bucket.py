"""A bucket whose service misbehaves: a real store behind a front that refuses and distorts."""

import email.utils
import os
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import fields, replace
from itertools import product
from pathlib import Path
from urllib.parse import unquote

import pytest
from rig.front import Answer, Rules, error, serving

from migrator.config import MirrorSettings, Settings, StoreSettings
from migrator.errors import ConfigError, StoreRefused
from migrator.model import TransferTask
from migrator.reasons import Reason
from migrator.uploader import Stores
from migrator.uploader.base import StoreError
from migrator.uploader.bucket import BucketStore
from migrator.uploader.placing import confirm, place

KEY = "ab/abcdef0123456789.png"
SOURCE = "5" * 64
ROOT = Path(__file__).parents[2]
FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)


class Twisted(Rules):
    """``twist(rules, request) -> answer`` decides; it may call ``rules.forward``."""

    def __init__(self, port, twist):
        super().__init__(port)
        self._twist = twist

    def handle(self, request):
        self.requests.append(request)
        return self._twist(self, request)


def methods(rules):
    return [request.method for request in rules.requests]


@pytest.fixture
def twisted(rclone_server, bucket_on, opened):
    """``twisted(twist)``: a store, its site, and the front's rules."""

    @contextmanager
    def make(twist=Rules.forward, **settings):
        rules = Twisted(rclone_server.port, twist)
        with serving(rules) as port:
            endpoint = f"http://127.0.0.1:{port}"
            site = bucket_on(
                rclone_server, endpoint, kind="rclone", public_url=endpoint, **settings
            )
            yield opened(site), site, rules

    return make


def once(first):
    """A twist of the first PUT only."""
    puts = []

    def twist(rules, request):
        if request.method != "PUT" or puts:
            return rules.forward(request)
        puts.append(request)
        return first(rules, request)

    return twist


def after_the_effect(answer):
    def twist(rules, request):
        rules.forward(request)
        return answer

    return twist


@pytest.mark.parametrize(
    "first",
    [
        lambda *_: error(500, "InternalError"),
        lambda *_: error(503, "SlowDown"),
        lambda *_: error(409, "ConditionalRequestConflict"),
        lambda *_: None,
        after_the_effect(error(500, "InternalError")),
        after_the_effect(None),
    ],
    ids=["500", "503", "409", "cut", "500 after the effect", "cut after the effect"],
)
def test_a_put_that_failed_is_put_again_and_proven(twisted, fetched, naps, first):
    with twisted(once(first)) as (store, site, _):
        image = fetched()
        place(store, image, KEY, sleep=naps.append)
        assert len(naps) == 1
        assert site.contents() == {KEY: image.body.read_bytes()}


def test_a_service_that_stays_broken_is_given_up_after_a_while(twisted, fetched, naps):
    with twisted(lambda *_: error(503, "SlowDown")) as (store, _, _):
        with pytest.raises(StoreError) as caught:
            place(store, fetched(), KEY, sleep=naps.append)
        assert caught.value.reason is Reason.STORE_UNAVAILABLE
        assert "503" in caught.value.detail
        assert 20 < sum(naps) < 90
        with pytest.raises(StoreRefused, match="503 SlowDown"):
            store.check()


def test_an_answer_cut_short_is_asked_for_again(twisted, fetched, naps):
    def cut(rules, request):
        answer = rules.forward(request)
        gets = [each for each in rules.requests if each.method == "GET"]
        answer.cut = 1000 if gets == [request] else 0
        return answer

    with twisted(cut) as (store, _, _):
        place(store, fetched(), KEY, sleep=naps.append)
        assert len(naps) == 1


def test_bytes_that_changed_in_the_store_are_a_mismatch(twisted, fetched, naps):
    def rot(rules, request):
        answer = rules.forward(request)
        if request.method == "GET":
            answer.body = answer.body[:-1] + b"?"
        return answer

    with twisted(rot) as (store, site, _):
        image = fetched()
        with pytest.raises(StoreError) as caught:
            place(store, image, KEY, sleep=naps.append)
        assert caught.value.reason is Reason.STORE_MISMATCH
        assert "delete that object" in caught.value.detail
        assert site.contents() == {KEY: image.body.read_bytes()}


def key_in(site, request):
    return unquote(request.path.partition("?")[0]).removeprefix(f"/{site.settings.bucket}/")


@pytest.mark.parametrize("stored", [lambda body: body[:-7], lambda body: b"?" + body[1:]])
def test_wrong_or_truncated_bytes_are_noticed_and_stay_where_they_are(
    twisted, fetched, naps, stored
):
    def store_wrongly(rules, request):
        if request.method != "PUT":
            return rules.forward(request)
        site.plant(key_in(site, request), stored(request.body))
        return Answer(200, {"etag": '"x"'})

    with twisted(store_wrongly) as (store, site, _):
        image = fetched()
        with pytest.raises(StoreError) as caught:
            place(store, image, KEY, sleep=naps.append)
        assert caught.value.reason is Reason.STORE_MISMATCH
        assert site.contents() == {KEY: stored(image.body.read_bytes())}


def test_another_writer_between_our_put_and_our_look_is_noticed(twisted, fetched, naps):
    def overwritten(rules, request):
        answer = rules.forward(request)
        if request.method == "PUT":
            site.plant(KEY, b"another's")
        return answer

    with twisted(overwritten) as (store, site, rules):
        with pytest.raises(StoreError) as caught:
            place(store, fetched(), KEY, sleep=naps.append)
        assert caught.value.reason is Reason.STORE_MISMATCH
        assert site.contents() == {KEY: b"another's"}
        assert methods(rules).count("PUT") == 1


def test_an_object_that_shows_only_after_a_while_is_waited_for(twisted, fetched, naps):
    def late(rules, request):
        if request.method == "GET" and methods(rules).count("GET") < 4:
            return error(404, "NoSuchKey")
        return rules.forward(request)

    with twisted(late) as (store, site, rules):
        place(store, fetched(), KEY, sleep=naps.append)
        assert len(naps) == 3
        assert methods(rules).count("PUT") == 1
        assert list(site.contents()) == [KEY]


def test_an_etag_that_is_no_md5_means_nothing(twisted, fetched):
    def odd(rules, request):
        answer = rules.forward(request)
        return replace(answer, headers={**answer.headers, "etag": '"d41d8cd98f00b204-2"'})

    with twisted(odd) as (store, *_):
        place(store, fetched(), KEY)


def test_a_service_without_preconditions_is_asked_before_every_put(twisted, fetched):
    def refuse(rules, request):
        if "if-none-match" in request.headers:
            return error(501, "NotImplemented")
        return rules.forward(request)

    with twisted(refuse) as (store, _, rules):
        place(store, fetched(), "a/1")
        place(store, fetched(), "a/2")
        methods = [request.method for request in rules.requests]
        assert methods == ["HEAD", "PUT", "HEAD", "PUT", "GET", "HEAD", "PUT", "GET"]


def test_an_image_is_sent_once_and_whole_with_what_makes_it_servable(twisted, fetched):
    with twisted(acl="public-read", storage_class="STANDARD_IA") as (store, _, rules):
        image = fetched()
        assert store.put_new(KEY, image.body, image.asset, SOURCE)
        (put,) = (request for request in rules.requests if request.method == "PUT")
        assert put.body == image.body.read_bytes()
        assert put.headers["content-type"] == "image/png"
        assert put.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert put.headers["x-amz-acl"] == "public-read"
        assert put.headers["x-amz-storage-class"] == "STANDARD_IA"


@pytest.mark.parametrize("provider", ["r2", "b2", "gcs", "kodo", "upyun", "custom", "ceph"])
def test_every_service_gets_a_plain_signed_summed_body(twisted, fetched, provider):
    with twisted(provider=provider, region="x-1") as (store, _, rules):
        image = fetched()
        store.put_new(KEY, image.body, image.asset, SOURCE)
        put = next(request for request in rules.requests if request.method == "PUT")
    assert put.headers["x-amz-content-sha256"] == image.asset.sha256
    assert put.headers["content-length"] == str(image.asset.size)
    assert put.headers["content-md5"]
    assert "/x-1/s3/aws4_request" in put.headers["authorization"]
    unwanted = {"expect", "transfer-encoding", "content-encoding", "x-amz-trailer"}
    assert not unwanted & set(put.headers)


@pytest.mark.parametrize(
    ("provider", "header"),
    [
        ("custom", ("if-none-match", "*")),
        ("gcs", None),
        ("b2", None),
    ],
)
def test_the_precondition_is_the_services_own_and_signed(twisted, fetched, provider, header):
    with twisted(provider=provider, region="x-1") as (store, _, rules):
        image = fetched()
        store.put_new(KEY, image.body, image.asset, SOURCE)
        put = next(request for request in rules.requests if request.method == "PUT")
    sent = {n: v for n, v in put.headers.items() if "if-" in n}
    assert sent == (dict([header]) if header else {})
    assert all(name in put.headers["authorization"] for name in sent)


def test_wrong_credentials_are_told_apart(bucket_site, opened, monkeypatch):
    if not bucket_site.checks_signatures:
        pytest.skip("without Ceph, what is behind the model of OSS takes any signature")
    monkeypatch.setenv(bucket_site.settings.secret_key_env, "not-the-secret")
    with pytest.raises(StoreRefused, match="secret key") as caught:
        opened(bucket_site).check()
    assert bucket_site.settings.secret_key_env in caught.value.hint
    assert "not-the-secret" not in repr(caught.value) + caught.value.hint


def test_a_missing_bucket_is_named(bucket_site, opened):
    settings = replace(bucket_site.settings, bucket="no-such-bucket-here")
    with pytest.raises(StoreRefused, match="no bucket no-such-bucket-here") as caught:
        opened(bucket_site, settings).check()
    assert "store.bucket" in caught.value.hint


def test_a_missing_bucket_or_key_ends_a_run_that_did_not_check(bucket_site, opened, fetched):
    image = fetched()
    with pytest.raises(StoreRefused, match="no bucket"):
        place(
            opened(bucket_site, replace(bucket_site.settings, bucket="no-such-bucket")), image, KEY
        )


def test_a_key_that_may_not_list_may_still_store(twisted):
    with twisted(lambda *_: error(403, "AccessDenied")) as (store, _, _):
        store.check()


@pytest.mark.parametrize("status", [403, 400])
def test_a_clock_that_is_off_is_measured(twisted, status):
    def skewed(*_):
        answer = error(status, "AccessDenied")
        answer.headers["date"] = email.utils.formatdate(time.time() - 1200, usegmt=True)
        return answer

    with twisted(skewed) as (store, _, _), pytest.raises(StoreRefused, match="20 minutes fast"):
        store.check()


@pytest.mark.skipif(not FAKETIME, reason="libfaketime is not installed")
@pytest.mark.parametrize(
    ("shift", "says"), [("+20m", "20 minutes fast"), ("-3h", "180 minutes slow")]
)
def test_a_real_service_refuses_a_real_wrong_clock(ceph_site, shift, says):
    settings = ceph_site.settings
    program = (
        "import sys; from migrator.uploader import open_store; from pathlib import Path;"
        "from migrator.config import StoreSettings\n"
        "try: open_store(StoreSettings(**eval(sys.argv[1])), Path()).check()\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    given = {name: getattr(settings, name) for name in settings.__slots__}
    done = subprocess.run(
        [sys.executable, "-c", program, repr(given)],
        env={**os.environ, "LD_PRELOAD": str(FAKETIME), "FAKETIME": shift, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("StoreRefused")
    assert says in done.stdout


def test_a_wrong_region_that_the_service_corrects_does_no_harm(swift_site, opened, fetched):
    """Swift refuses it and names its own, with which we sign again."""
    store = opened(swift_site, replace(swift_site.settings, region="eu-west-9"))
    store.check()
    image = fetched()
    place(store, image, KEY)
    assert swift_site.contents() == {KEY: image.body.read_bytes()}


def test_another_region_is_named(twisted):
    answer = error(400, "AuthorizationHeaderMalformed", Region="eu-west-1")
    with twisted(lambda *_: answer) as (store, _, _), pytest.raises(StoreRefused) as caught:
        store.check()
    assert "but in eu-west-1" in str(caught.value)


@pytest.mark.parametrize(
    "page", [Answer(200, {"content-type": "text/html"}, b"<html>"), Answer(405, {}, b"<html>")]
)
def test_what_is_no_s3_service_is_refused(twisted, page):
    with twisted(lambda *_: page) as (store, _, _), pytest.raises(StoreRefused) as caught:
        store.check()
    assert "S3 service" in str(caught.value) + caught.value.hint


def test_custom_in_front_of_oss_is_told_to_name_the_service(oss_site, opened):
    settings = replace(oss_site.settings, provider="custom")
    with pytest.raises(StoreRefused, match="in front of the address") as caught:
        opened(oss_site, settings).check()
    assert 'provider = "oss"' in caught.value.hint


def test_identity_and_public_address(ceph_site, opened):
    settings = replace(ceph_site.settings, prefix="/图/", public_url="https://img.example.com")
    store = opened(ceph_site, settings)
    assert store.identity == f"s3:{settings.endpoint.partition('//')[2]}/{settings.bucket}/图"
    assert store.public_url("图/a+b.png") == "https://img.example.com/%E5%9B%BE/a%2Bb.png"


def test_a_dry_run_does_not_pay_for_botocore():
    program = (
        "import sys; from pathlib import Path; from migrator.uploader import open_store;"
        "from migrator.config import StoreSettings;"
        "oss = StoreSettings('s3', provider='oss', bucket='blog', region='r');"
        "store = open_store(oss, Path());"
        "store.public_url('k'); store.identity; store.close();"
        "assert not {'boto3', 'botocore'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)


@pytest.mark.parametrize(
    ("code", "raises"), [("ConditionalRequestConflict", True), ("FileAlreadyExists", False)]
)
def test_a_conflict_is_only_sometimes_an_object(twisted, fetched, code, raises):
    with twisted(lambda rules, request: put_conflict(rules, request, code)) as (store, _, _):
        image = fetched()
        if raises:
            with pytest.raises(StoreError, match=code):
                store.put_new(KEY, image.body, image.asset, SOURCE)
        else:
            assert store.put_new(KEY, image.body, image.asset, SOURCE) is False


def put_conflict(rules, request, code):
    return error(409, code) if request.method == "PUT" else rules.forward(request)


def test_confirm_survives_a_hiccup(twisted, fetched, naps):
    with twisted(once(lambda *_: error(500, "InternalError"))) as (store, _, _):
        image = fetched()
        place(store, image, KEY, sleep=naps.append)
        assert confirm(store, image.asset, KEY)


def test_a_list_of_several_real_pages_is_whole(ceph_site, opened):
    keys = [f"页/{number:04} %2B+&.png" for number in range(1003)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda key: ceph_site.plant(key, b""), keys))
    for version, encoding in product(["v1", "v2"], ["url", "plain"]):
        settings = replace(ceph_site.settings, listing=version, list_encoding=encoding)
        assert list(opened(ceph_site, settings).keys("页/")) == keys


def heeded_by(site, opened):
    store = opened(site)
    before = site.contents()
    found = store.trial()
    assert store.trial() is found
    assert set(site.contents()) - set(before) <= {f"{store.trial_key}"}
    assert list(store.keys()) == list(before)
    return found


def test_a_trial_finds_out_whether_uploads_can_replace(bucket_site, opened):
    expected = {"rclone": False, "ceph": None, "swift": True, "oss": True}
    assert heeded_by(bucket_site, opened) is expected[bucket_site.kind]


def test_a_trial_sees_the_object_of_an_earlier_one(swift_site, opened):
    assert opened(swift_site).trial() is True
    assert opened(swift_site).trial() is True
    assert len(swift_site.contents()) == 1


def test_what_a_trial_found_decides_about_looking_first(twisted, fetched):
    image = fetched()
    for heeded, expected in [(None, ["HEAD", "PUT"]), (False, ["HEAD", "PUT"]), (True, ["PUT"])]:
        with twisted() as (_, site, rules):
            store = BucketStore(site.settings)
            if heeded is not None:
                assert store.learn({store.trial_name: heeded}) == {}
            store.put_new(KEY, image.body, image.asset, SOURCE)
            store.close()
            assert methods(rules) == expected
            assert ("if-none-match" in rules.requests[-1].headers) is (heeded is not False)


def test_a_trial_decides_for_its_own_store_too(twisted, fetched):
    image = fetched()
    for heeds in (True, False):
        taken = set()

        def heed(rules, request, heeds=heeds, taken=taken):
            if request.method == "PUT" and heeds:
                if request.path in taken:
                    return error(412, "PreconditionFailed")
                taken.add(request.path)
            return rules.forward(request)

        with twisted(heed) as (store, _, rules):
            assert store.trial() is heeds
            rules.requests.clear()
            store.put_new(KEY, image.body, image.asset, SOURCE)
            assert methods(rules) == (["PUT"] if heeds else ["HEAD", "PUT"])


@pytest.mark.parametrize(
    "answer", [error(501, "NotImplemented"), error(400, "NotImplemented", "A header you provided")]
)
def test_a_trial_where_preconditions_are_not_known(twisted, answer):
    def refuse(rules, request):
        return answer if "if-none-match" in request.headers else rules.forward(request)

    with twisted(refuse) as (store, site, _):
        assert store.trial() is False
        assert site.contents() == {}


def test_a_trial_that_fails_leaves_the_store_careful(twisted, fetched):
    image = fetched()
    with twisted(once(lambda *_: error(503, "SlowDown"))) as (store, _, rules):
        with pytest.raises(StoreError, match="503"):
            store.trial()
        store.put_new(KEY, image.body, image.asset, SOURCE)
        assert methods(rules) == ["PUT", "HEAD", "PUT"]


def test_a_conflict_that_is_no_object_is_no_finding(twisted):
    with (
        twisted(lambda rules, asked: put_conflict(rules, asked, "OperationAborted")) as (store, *_),
        pytest.raises(StoreError, match="OperationAborted"),
    ):
        store.trial()


def test_a_finding_is_about_one_store_and_one_way_of_asking(ceph_site, opened):
    settings = ceph_site.settings
    names = {
        opened(ceph_site, each).trial_name
        for each in [
            settings,
            replace(settings, prefix="x"),
            replace(settings, create_only="x-oss-forbid-overwrite"),
            replace(settings, bucket="another"),
        ]
    }
    assert len(names) == 4


def test_a_versioned_bucket_that_ignores_the_header_is_noticed(oss_site, oss, opened, fetched):
    oss[2].versioned.add(oss_site.settings.bucket)
    store = opened(oss_site)
    assert store.trial() is False
    image = fetched()
    oss_site.plant(KEY, b"somebody else's")
    assert store.put_new(KEY, image.body, image.asset, SOURCE) is False


def test_a_bucket_can_be_read_without_a_public_address(ceph_site):
    ceph_site.plant("old/a.png", b"bytes")
    settings = replace(ceph_site.settings, provider="kodo", region="default", prefix="old")
    source = BucketStore(settings, table="route")
    assert list(source.keys()) == ["old/a.png"]
    assert b"".join(source.read("old/a.png")) == b"bytes"
    assert source.public_url("old/a.png") is None
    source.close()
    with pytest.raises(ConfigError, match=r"^route\.bucket is missing"):
        BucketStore(replace(settings, bucket=""), table="route")


@pytest.fixture
def bucket_at(bucket_on, ceph_server, ceph_tls_port, oss, localhost_names, monkeypatch):
    """``bucket_at(kind, host)``: a site whose endpoint is the bucket's own domain."""
    monkeypatch.setenv("WRONG", "not-the-secret")

    def make(kind, host):
        bucket = f"img-{uuid.uuid4().hex[:12]}"
        if host == "{bucket}":  # Ceph takes any host that is not its own for a bucket's name
            bucket += ".blog.localhost"
        port = {"ceph": ceph_tls_port, "oss": oss[1]}[kind]
        endpoint = f"https://{host.format(bucket=bucket)}:{port}"
        settings = {"provider": kind, "region": "us-east-1", "cname": True}
        return bucket_on(ceph_server, endpoint, kind=kind, bucket=bucket, **settings)

    return make


@pytest.mark.parametrize("kind", ["ceph", "oss"])
@pytest.mark.parametrize("host", ["{bucket}.s3.localhost", "{bucket}"])
def test_a_bucket_at_a_domain_of_its_own(kind, host, bucket_at, opened, fetched):
    """The signature is checked by Ceph, which takes the bucket from the host's name."""
    site = bucket_at(kind, host)
    store = opened(site)
    store.check()
    image = fetched()
    place(store, image, f"图/{site.settings.bucket}/{KEY}")
    place(store, image, f"{site.settings.bucket}/{KEY}")
    assert len(site.contents()) == 2
    assert sorted(store.keys()) == sorted(site.contents())
    assert store.put_new(f"{site.settings.bucket}/{KEY}", image.body, image.asset, SOURCE) is False
    store.delete(f"{site.settings.bucket}/{KEY}")
    assert list(site.contents()) == [f"图/{site.settings.bucket}/{KEY}"]
    assert store.public_url("k") == f"{site.settings.endpoint}/k"
    with pytest.raises(StoreRefused, match="secret key"):
        opened(site, replace(site.settings, secret_key_env="WRONG")).check()


def test_what_was_learnt_needs_no_second_trial_and_leaves_no_object(twisted):
    with twisted() as (store, site, rules):
        found = store.learn({})
        assert list(found) == [store.trial_name]
        assert site.contents() == {}
        rules.requests.clear()
        assert store.learn(found) == {}
        assert rules.requests == []


@pytest.fixture
def by_content(twisted):
    """``by_content(twist)``: like ``twisted``, for names that hold the hash of their image."""

    @contextmanager
    def make(twist=Rules.forward):
        with twisted(twist) as (_, site, rules):
            store = BucketStore(site.settings, by_content=True)
            yield store, site, rules
            store.close()

    return make


def test_a_trial_that_may_not_delete_leaves_its_object_and_says_what_it_found(twisted):
    def refuse(rules, request):
        denied = request.method == "DELETE"
        return error(403, "AccessDenied") if denied else rules.forward(request)

    with twisted(refuse) as (store, site, _):
        assert list(store.learn({})) == [store.trial_name]
        assert list(site.contents()) == [store.trial_key]


def test_where_a_list_tells_what_is_free_nothing_is_tried(by_content):
    with by_content() as (store, site, rules):
        assert store.learn({}) == {}
        assert methods(rules) == ["GET"]
        assert site.contents() == {}


def test_a_bucket_that_heeds_no_precondition_is_asked_once_what_it_holds(by_content, fetched):
    with by_content() as (store, _, rules):
        store.learn({store.trial_name: False})
        images = [fetched(b"\x89PNG\r\n\x1a\n" + bytes([n])) for n in range(3)]
        keys = [f"ab/{image.asset.sha256}.png" for image in images]
        for key, image in zip(keys, images, strict=True):
            assert store.put_new(key, image.body, image.asset, SOURCE)
        assert methods(rules) == ["GET", "PUT", "PUT", "PUT"]
        assert not store.put_new(keys[0], images[0].body, images[0].asset, SOURCE)
        assert rules.requests[-1].method == "HEAD"


def test_what_is_in_the_bucket_before_is_not_put_again(by_content, fetched):
    image = fetched()
    key = f"ab/{image.asset.sha256}.png"
    with by_content() as (store, site, rules):
        site.plant(key, b"of somebody else")
        store.learn({store.trial_name: False})
        assert not store.put_new(key, image.body, image.asset, SOURCE)
        assert methods(rules) == ["GET", "HEAD"]
        assert site.contents()[key] == b"of somebody else"


def test_where_nobody_may_list_each_name_is_looked_for(by_content, fetched):
    def refuse(rules, request):
        listing = "list-type" in request.path
        return error(403, "AccessDenied") if listing else rules.forward(request)

    image = fetched()
    with by_content(refuse) as (store, _, rules):
        store.learn({store.trial_name: False})
        assert store.put_new(f"ab/{image.asset.sha256}.png", image.body, image.asset, SOURCE)
        assert methods(rules) == ["GET", "HEAD", "PUT"]


def test_a_name_that_is_a_hash_by_chance_is_looked_for_each_time(twisted, fetched):
    """It may be that of another image: what its host calls it."""
    image = fetched()
    with twisted() as (store, _, rules):
        store.learn({store.trial_name: False})
        assert store.put_new(f"{image.asset.sha256}.png", image.body, image.asset, SOURCE)
        assert methods(rules) == ["HEAD", "PUT"]


@pytest.mark.parametrize(
    ("template", "looks"),
    [
        ("{sha256:2}/{sha256}{ext}", "GET"),
        ("{year}/{sha256:16}{ext}", "GET"),
        ("{sha256:15}{ext}", "HEAD"),
        ("{stem}{ext}", "HEAD"),  # this one is called by a hash
    ],
)
def test_only_a_template_with_enough_of_the_hash_lets_a_list_do(
    twisted, fetched, tmp_path, template, looks
):
    """A mirror's own template does not count, for objects have the same names everywhere."""
    image = fetched()
    task = TransferTask(f"https://img.example.com/{image.asset.sha256}.png", post="a.md")
    with twisted() as (_, site, rules):
        folder = StoreSettings(path="images", key=template)
        mirror = MirrorSettings(
            **{each.name: getattr(site.settings, each.name) for each in fields(StoreSettings)}
        )
        for settings in (
            Settings(store=replace(site.settings, key=template)),
            Settings(store=folder, mirror=(replace(mirror, prefix="mirror"),)),
        ):
            stores = Stores(settings, tmp_path)
            stores.check()
            stores.learn({stores.places[-1].store.trial_name: False})
            rules.requests.clear()
            stores.place(image, task)
            stores.close()
            assert methods(rules) == [looks, "PUT", "GET"]
