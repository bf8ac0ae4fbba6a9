from ipaddress import ip_address

import pytest
from rig.address_forms import PRIVATE_V4, PRIVATE_V6

from migrator.downloader.addresses import is_public, objection, parse_exemptions
from migrator.errors import ConfigError


@pytest.mark.parametrize(
    "address",
    [
        *PRIVATE_V4,
        *PRIVATE_V6,
        "::ffff:127.0.0.1",
        "::ffff:192.168.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::808:808",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
        "2620:4f:8000::1",
        "192.88.99.1",
        "240.0.0.1",
    ],
)
def test_private_and_reserved_addresses_are_not_public(address):
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        *["1.1.1.1", "93.184.216.34", "172.32.0.1", "100.128.0.1", "11.0.0.1", "::ffff:1.1.1.1"],
        *["2606:4700::1111", "2400:3200::1", "2001:4860::8888", "2a00::1"],
    ],
)
def test_ordinary_addresses_are_public(address):
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    ("allowed", "host", "address", "port", "through"),
    [
        ("nas.local", "nas.local", "192.168.1.5", 80, True),
        ("nas.local", "NAS.local.", "192.168.1.5", 8080, True),
        ("nas.local", "other.local", "192.168.1.5", 80, False),
        ("nas.local:8080", "nas.local", "192.168.1.5", 8080, True),
        ("nas.local:8080", "nas.local", "192.168.1.5", 80, False),
        ("127.0.0.1", "localhost", "127.0.0.1", 80, True),
        ("127.0.0.1:8000", "127.0.0.1", "127.0.0.1", 8000, True),
        ("127.0.0.1:8000", "127.0.0.1", "127.0.0.1", 8001, False),
        ("127.0.0.1:8000", "x", "::ffff:127.0.0.1", 8000, True),
        ("127.0.0.1", "x", "127.0.0.2", 80, False),
        ("192.168.1.0/24", "x", "192.168.1.9", 80, True),
        ("192.168.1.7/24", "x", "192.168.1.9", 80, True),
        ("192.168.1.0/24", "x", "192.168.2.9", 80, False),
        ("192.168.1.0/24:81", "x", "192.168.1.9", 81, True),
        ("[::1]:8000", "::1", "::1", 8000, True),
        ("[::1]:8000", "::1", "::1", 8001, False),
        ("[::1]", "::1", "::1", 9, True),
        ("::1", "::1", "::1", 9, True),
        ("fd00::/8", "x", "fd00::7", 443, True),
        ("图.example", "xn--ngr.example", "10.0.0.1", 80, False),
        ("bücher.example", "xn--bcher-kva.example", "10.0.0.1", 80, True),
        ("img.example:8080", "img.example", "1.1.1.1", 8080, True),
        ("img.example:8080", "img.example", "1.1.1.1", 8081, False),
    ],
)
def test_exemptions_cover_what_they_name_and_no_more(allowed, host, address, port, through):
    refusal = objection(host, [ip_address(address)], port, parse_exemptions([allowed]))
    assert (refusal == "") is through


@pytest.mark.parametrize(
    "text",
    ["", "not a host", "a:0", "a:65536", "a:b", "http://a/", "[::1", "a@b", "10.0.0.0/33", "a:"],
)
def test_an_exemption_that_is_not_understood_is_an_error(text):
    with pytest.raises(ConfigError, match="allow_private"):
        parse_exemptions([text])


def test_one_private_address_condemns_a_name():
    addresses = [ip_address("1.1.1.1"), ip_address("10.0.0.1")]
    assert "10.0.0.1" in objection("h.example", addresses, 443, ())
    assert objection("h.example", addresses[:1], 443, ()) == ""


@pytest.mark.parametrize(
    ("host", "address", "cure"),
    [("h.example", "10.0.0.1", "h.example:80"), ("::1", "::1", "[::1]:80")],
)
def test_the_objection_names_host_address_and_cure(host, address, cure):
    words = objection(host, [ip_address(address)], 80, ())
    assert address in words
    assert words.endswith(f"--allow-private {cure}")


def test_an_unusual_port_needs_an_exemption():
    assert "8080" in objection("h.example", [ip_address("1.1.1.1")], 8080, ())
