"""XML of services: errors, lists, and what is neither."""

from dataclasses import replace

import pytest

from migrator.uploader.documents import Page, error_in, page_in
from migrator.uploader.providers import PROVIDERS

CUSTOM = PROVIDERS["custom"]
BOMB = b"""<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;'>]>
<Error><Code>&b;</Code></Error>"""
FILE = b"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><Error><Code>&a;</Code></Error>"


@pytest.mark.parametrize(
    "body",
    [
        b"<Error><Code>NoSuchKey</Code><Message>gone</Message><Region/></Error>",
        b"<Error xmlns='x'><Message>gone</Message><Code>NoSuchKey</Code></Error>",
        b"<ErrorResponse><Error><Code>NoSuchKey</Code><Message>gone</Message></Error></ErrorResponse>",
        "<?xml version='1.0' encoding='UTF-16'?><Error><Code>NoSuchKey</Code>"
        "<Message>gone</Message></Error>".encode("utf-16"),
    ],
)
def test_an_error_is_read_in_all_its_forms(body):
    said = error_in(body)
    assert (said["Code"], said["Message"], said.get("Region", "")) == ("NoSuchKey", "gone", "")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Bad gateway",
        b"<html><body>Bad gateway</body></html>",
        b'{"Code": "NoSuchKey"}',
        b"<Error><Code>NoSuch",
        b"<?xml version='1.0' encoding='x-none'?><Error><Code>a</Code></Error>",
        b"\0\xff\xfe",
        BOMB,
        FILE,
    ],
)
def test_what_is_no_error_of_s3_says_nothing(body):
    assert error_in(body) == {}


def listing(*keys, more="", name="ListBucketResult"):
    objects = "".join(f"<Contents><Key>{k}</Key><Size>7</Size></Contents>" for k in keys)
    return f"<{name} xmlns='http://x/'>{more}{objects}</{name}>".encode()


def test_a_last_part():
    assert page_in(listing("a", "b"), CUSTOM) == Page([("a", 7), ("b", 7)], {})
    assert page_in(listing(more="<IsTruncated>false</IsTruncated>"), CUSTOM) == Page(
        [], {}, is_whole=True
    )


@pytest.mark.parametrize(
    ("more", "version", "onward"),
    [
        ("<NextContinuationToken>t%2B+=</NextContinuationToken>", "v2", "t%2B+="),
        ("<NextMarker>m</NextMarker>", "v1", "m"),
        ("", "v1", "b"),
    ],
)
def test_what_to_ask_next(more, version, onward):
    body = listing("a", "b", more=f"<IsTruncated>true</IsTruncated>{more}")
    name = {"v1": "marker", "v2": "continuation-token"}[version]
    assert page_in(body, replace(CUSTOM, listing=version)).onward == {name: onward}


def test_keys_are_decoded_only_where_both_sides_speak_of_it():
    encoded = listing("%E5%9B%BE/a+b%2B", more="<EncodingType>url</EncodingType>")
    plain = replace(CUSTOM, list_encoding="plain")
    assert page_in(encoded, CUSTOM).objects == [("图/a b+", 7)]
    assert page_in(encoded, plain).objects == [("%E5%9B%BE/a+b%2B", 7)]
    assert page_in(listing("a+b%2B"), CUSTOM).objects == [("a+b%2B", 7)]


@pytest.mark.parametrize(
    "body", [b"", b"<html/>", listing("a", name="Other"), listing("a")[:-9], BOMB]
)
def test_what_is_no_list(body):
    with pytest.raises(ValueError, match=r"^"):
        page_in(body, CUSTOM)


def test_an_object_without_a_size_is_no_list():
    with pytest.raises(ValueError, match="int"):
        page_in(b"<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>", CUSTOM)
