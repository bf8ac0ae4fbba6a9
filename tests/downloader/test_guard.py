import json
import socket
import threading
from ipaddress import ip_address

import pytest
from rig import hosts, images, internet
from rig.address_forms import PRIVATE_V4, PRIVATE_V6, address_forms

from migrator.downloader.addresses import objection
from migrator.downloader.deadline import Deadline
from migrator.downloader.faults import Unfetched
from migrator.downloader.guard import Guard, system_resolve
from migrator.model import Failed, Fetched
from migrator.reasons import Reason

PNG = images.image()


@pytest.fixture(scope="module")
def probed():
    """What came of trying everything in a network where every address answers."""
    reason = internet.why_not()
    if reason:
        pytest.skip(reason)
    return json.loads(internet.inside("rig.address_probe"))


def test_there_are_enough_forms():
    assert len(address_forms()) >= 250


def test_no_private_address_is_ever_connected_to(probed):
    assert probed["hits"] == sorted([internet.PUBLIC, internet.PUBLIC_V6])


def test_no_form_of_a_private_address_leads_to_an_image(probed):
    tried = {
        name: result
        for name, result in probed["results"].items()
        if name.startswith(("direct", "redirect")) and "public" not in name
    }
    fine = {"redirect both.test", "redirect alias.test"}
    wrong = {name for name, result in tried.items() if result == "Fetched"} - fine
    assert not wrong
    assert len(tried) >= 500


@pytest.mark.parametrize("address", [*PRIVATE_V4, *(f"[{address}]" for address in PRIVATE_V6)])
def test_a_private_address_is_said_to_be_blocked(probed, address):
    assert probed["results"][f"direct {address}"] == "blocked-address"
    assert probed["results"][f"redirect {address}"] == "blocked-address"


@pytest.mark.parametrize(
    ("name", "result"),
    [
        *((f"name private-{number}.test", "blocked-address") for number in range(31)),
        ("name public.test", "Fetched"),
        ("name public6.test", "Fetched"),
        ("name both.test", "Fetched"),
        ("name alias.test", "Fetched"),
        ("name mixed.test", "blocked-address"),
        ("name mixed6.test", "blocked-address"),
        ("name private-alias.test", "blocked-address"),
        ("name crowd.test", "blocked-address"),
        ("name loop.test", "dns"),
        ("name failing.test", "dns"),
        ("name silent.test", "dns"),
        ("name empty.test", "dns"),
        ("unknown", "dns"),
        ("rebinding first", "Fetched"),
        ("rebinding then", "blocked-address"),
        ("literal", "Fetched"),
        ("literal6", "Fetched"),
        ("port", "blocked-address"),
        ("redirect port", "blocked-address"),
    ],
)
def test_a_name_is_judged_by_all_its_addresses(probed, name, result):
    assert probed["results"][name] == result


def test_the_detail_names_the_address_and_the_cure(host, downloader_for):
    result = downloader_for(allow=()).fetch(host.url("/a.png"))
    assert isinstance(result, Failed)
    assert result.reason is Reason.BLOCKED_ADDRESS
    assert "127.0.0.1" in result.detail
    assert f"--allow-private {host.authority}" in result.detail
    assert host.connections == 0


def test_an_address_that_a_proxy_program_made_up_is_named_so_with_the_cure():
    no_public = backend(lambda *_: [ip_address("198.18.0.7")], exemptions=())
    said = fault(no_public, "img.example")
    assert said.reason is Reason.BLOCKED_ADDRESS
    assert "fake-IP" in said.detail
    assert "[download]" in said.detail
    assert "198.19.255.255" in objection("h", [ip_address("198.19.255.255")], 80, ())


@pytest.mark.parametrize("allowed", ["127.0.0.1:{port}", "127.0.0.1", "127.0.0.0/8"])
def test_what_the_user_allows_is_connected_to(host, downloader_for, allowed):
    downloader = downloader_for(allow=(allowed.format(port=host.port),))
    assert isinstance(downloader.fetch(host.on("/a.png", hosts.answer(PNG))), Fetched)


def test_a_redirect_to_a_private_address_is_vetted_like_any(host, downloader):
    with hosts.Host(address="127.0.0.2") as inner:
        url = host.on("/a.png", hosts.redirect(inner.on("/b.png", hosts.answer(PNG))))
        result = downloader.fetch(url)
        assert isinstance(result, Failed)
        assert result.reason is Reason.BLOCKED_ADDRESS
        assert inner.connections == 0


def backend(resolve, *, seconds=5.0, exemptions=None):
    deadline = Deadline()
    deadline.start(seconds)
    return Guard(exemptions, deadline, resolve)


def fault(backend, host="h.example", port=80):
    with pytest.raises(Unfetched) as raised:
        backend.connect(host, port)
    return raised.value


def test_a_name_is_resolved_once_for_a_connection(host):
    asked = []

    def resolve(name, port):
        asked.append((name, port))
        return [ip_address("127.0.0.1")]

    backend(resolve).connect("h.example", host.port).close()
    assert asked == [("h.example", host.port)]


def test_the_next_address_is_tried_when_one_is_dead(host):
    addresses = [ip_address("127.0.0.9"), ip_address("127.0.0.1")]
    backend(lambda *_: addresses).connect("h.example", host.port).close()
    dead = [ip_address("127.0.0.9")] * 4 + [ip_address("127.0.0.1")]
    assert fault(backend(lambda *_: dead), port=host.port).reason is Reason.CONNECT


def test_of_a_thousand_addresses_all_are_vetted_and_four_tried(host):
    public = [ip_address(f"93.184.{number // 250}.{number % 250}") for number in range(1000)]
    crowd = backend(lambda *_: [*public, ip_address("10.0.0.1")], exemptions=())
    assert fault(crowd).reason is Reason.BLOCKED_ADDRESS
    dead = [ip_address(f"127.9.{number // 250}.{number % 250}") for number in range(1000)]
    said = fault(backend(lambda *_: dead), port=host.port)
    assert said.reason is Reason.CONNECT
    assert "127.9.0.3" in said.detail


def test_a_resolver_that_hangs_is_left_behind():
    release = threading.Event()

    def resolve(*_):
        release.wait(30)
        return []

    said = fault(backend(resolve, seconds=0.2))
    release.set()
    assert said.reason is Reason.DNS
    assert "no name server answers" in said.detail


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (socket.gaierror(socket.EAI_AGAIN, "x"), True),
        (socket.gaierror(socket.EAI_NONAME, "x"), False),
        (UnicodeError("label too long"), False),
        (OSError(24, "Too many open files"), True),
    ],
)
def test_only_a_resolver_in_trouble_is_asked_again(error, again):
    def resolve(*_):
        raise error

    said = fault(backend(resolve))
    assert said.reason is Reason.DNS
    assert said.again is again


@pytest.mark.parametrize("name", ["", ".", "_", "a%00b", "fe80::1%lo", "a\nb", "\x7f"])
def test_what_is_not_the_name_of_a_host_is_never_resolved(name):
    def resolve(*_):
        raise AssertionError

    assert fault(backend(resolve), name).reason is Reason.BAD_URL


def test_the_system_resolves_names_to_vettable_addresses():
    assert ip_address("127.0.0.1") in system_resolve("localhost", 80)
    assert list(system_resolve("2130706433", 80)) == [ip_address("127.0.0.1")]
