"""What refusals of services mean."""

import pytest

from migrator.config import StoreSettings
from migrator.errors import StoreRefused
from migrator.reasons import Reason
from migrator.uploader.answers import Refusal, is_denial, problem
from migrator.uploader.base import StoreError
from migrator.uploader.providers import address_of

ADDRESS = address_of(StoreSettings(type="s3", provider="oss", bucket="blog", region="cn-hangzhou"))


def answered(status, code="", **more):
    return problem(Refusal(status, code, **more), ADDRESS, "k.png")


@pytest.mark.parametrize(
    ("status", "code", "says", "cure"),
    [
        (403, "InvalidAccessKeyId", "does not know the access key", "AWS_ACCESS_KEY_ID"),
        (403, "SignatureDoesNotMatch", "secret key is wrong", "AWS_SECRET_ACCESS_KEY"),
        (404, "NoSuchBucket", "there is no bucket blog", "store.bucket"),
        (400, "ExpiredToken", "expired", "sign in again"),
        (301, "PermanentRedirect", "not in the region cn-hangzhou", "region"),
        (301, "", "not in the region cn-hangzhou", "region"),
        (403, "SecondLevelDomainForbidden", "in front of the address", 'provider = "oss"'),
        (403, "AccessDenied", "denies access (AccessDenied)", "PutObject"),
        (403, "SomethingNew", "denies access (SomethingNew)", "PutObject"),
        (401, "Unauthorized", "denies access", "PutObject"),
        (403, "UserDisable", "suspended", "unpaid"),
        (400, "AccessControlListNotSupported", "access lists", "remove acl"),
        (400, "InvalidStorageClass", "storage class", "store.storage_class"),
        (405, "MethodNotAllowed", "answers 405 MethodNotAllowed", "S3 service"),
        (200, "", "answers 200", "S3 service"),
    ],
)
def test_what_would_meet_every_image_ends_the_run_with_a_cure(status, code, says, cure):
    found = answered(status, code)
    assert isinstance(found, StoreRefused)
    assert says in str(found)
    assert cure in found.hint


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (500, "InternalError"),
        (503, "SlowDown"),
        (502, ""),
        (429, ""),
        (408, ""),
        (400, "RequestTimeout"),
        (409, "ConditionalRequestConflict"),
        (400, "BadDigest"),  # damaged on the way
        (400, "XAmzContentSHA256Mismatch"),
        (400, "IncompleteBody"),
    ],
)
def test_what_may_pass_is_tried_again(status, code):
    found = answered(status, code)
    assert isinstance(found, StoreError)
    assert found.reason is Reason.STORE_UNAVAILABLE
    assert str(status) in found.detail


def test_what_concerns_one_image_does_not_end_the_run():
    found = answered(400, "EntityTooLarge", message="Your proposed upload is too large")
    assert isinstance(found, StoreError)
    assert found.reason is Reason.STORE_REJECTED
    assert "too large" in found.detail
    assert "k.png" in found.detail


@pytest.mark.parametrize(
    ("refusal", "says"),
    [
        (Refusal(403, "RequestTimeTooSkewed", clock=-1205.0), "20 minutes fast"),
        (Refusal(403, "RequestTimeTooSkewed", clock=3600.0), "60 minutes slow"),
        (Refusal(403, "RequestTimeTooSkewed"), "clock is wrong"),
        (Refusal(400, "AccessDenied", clock=1200.0), "20 minutes slow"),
        (Refusal(403, "SignatureDoesNotMatch", clock=-86400.0), "1440 minutes fast"),
    ],
)
def test_a_wrong_clock_is_named_whatever_the_service_calls_it(refusal, says):
    found = problem(refusal, ADDRESS, "k")
    assert isinstance(found, StoreRefused)
    assert says in str(found)
    assert "set the clock" in found.hint


def test_a_clock_that_is_a_little_off_is_not_blamed():
    assert "secret key" in str(answered(403, "SignatureDoesNotMatch", clock=90.0))
    assert "no bucket" in str(answered(404, "NoSuchBucket", clock=9000.0))


def test_the_region_a_service_names_is_passed_on():
    found = answered(400, "AuthorizationHeaderMalformed", region="eu-west-1")
    assert "but in eu-west-1" in str(found)


def test_a_denial_is_one_only_if_the_clock_is_right():
    assert is_denial(Refusal(403, "AccessDenied", clock=1.0))
    assert not is_denial(Refusal(400, "AccessDenied", clock=1200.0))
    assert not is_denial(Refusal(403, "InvalidAccessKeyId"))


@pytest.mark.parametrize(
    ("operation", "right"),
    [
        ("PUT", "PutObject"),
        ("DELETE", "DeleteObject"),
        ("LIST", "ListBucket"),
        ("GET", "GetObject"),
        ("HEAD", "ListBucket"),
    ],
)
def test_the_right_that_is_missing_is_named(operation, right):
    assert right in answered(403, "AccessDenied", operation=operation).hint


def test_what_a_service_has_not_got_is_not_asked_for_again():
    found = answered(501, "NotImplemented", message="A header you provided")
    assert isinstance(found, StoreRefused)


@pytest.mark.parametrize("table", ["store", "mirror", "route"])
def test_cures_name_the_table_that_the_bucket_stands_in(table):
    settings = StoreSettings(type="s3", provider="oss", bucket="blog", region="cn-hangzhou")
    address = address_of(settings, table)
    codes = ["InvalidAccessKeyId", "NoSuchBucket", "PermanentRedirect", "InvalidBucketName", "Odd"]
    for code in [*codes, "AccessControlListNotSupported", "InvalidStorageClass"]:
        hint = problem(Refusal(400, code), address, "k").hint
        assert f"[{table}]" in hint or f"{table}." in hint
        assert "{" not in hint
