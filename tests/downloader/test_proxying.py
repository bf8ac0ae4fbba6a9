import socket
import ssl
from urllib.parse import quote

import pytest
import trustme
from rig import hosts, images
from rig.address_forms import address_forms
from rig.proxies import TestProxy

from migrator.config import RouteSettings
from migrator.downloader.proxy import Proxy, proxy_for
from migrator.errors import ConfigError
from migrator.model import Failed, Fetched
from migrator.reasons import Reason

PNG = images.image()


@pytest.fixture(params=["http", "socks5"])
def proxy(request, host):
    with TestProxy(request.param, ("127.0.0.1", host.port)) as proxy:
        yield proxy


def failed(downloader, url):
    result = downloader.fetch(url)
    assert isinstance(result, Failed), result
    return result


def test_images_come_through_the_proxy_which_resolves_names(host, downloader_for, proxy):
    host.on("/a.png", hosts.answer(PNG))
    host.on("/b.png", hosts.redirect("http://other.example/a.png"))
    downloader = downloader_for(allow=(), proxy=proxy.url)
    for path in ("/a.png", "/b.png", "/a.png"):
        fetched = downloader.fetch(f"http://img.example{path}")
        assert isinstance(fetched, Fetched)
        assert images.content(fetched.body) == PNG
    assert set(proxy.asked) == {"img.example:80", "other.example:80"}
    assert {asked.headers["host"] for asked in host.asked} == {"img.example", "other.example"}
    assert not any("proxy-authorization" in asked.headers for asked in host.asked)
    assert downloader.glance("http://img.example/a.png").size == len(PNG)


def test_an_internationalised_host_is_named_as_browsers_name_it(host, downloader_for, proxy):
    def only_from_its_own_page(connection):
        mine = connection.asked.headers.get("referer") == "http://xn--wcso9o.example/"
        connection.send(hosts.answer(PNG) if mine else hosts.status(403))

    host.on("/a.png", only_from_its_own_page)
    downloader = downloader_for(allow=(), proxy=proxy.url)
    assert isinstance(downloader.fetch("http://图床.example/a.png"), Fetched)
    asset = downloader.peek("http://图床.example/a.png", referer="http://图床.example/")
    assert asset is not None
    downloader.peek("http://图床.example/a.png", referer="http://图床.example/博客/?q=图#x")
    assert host.asked[-1].headers["referer"] == (
        "http://xn--wcso9o.example/%E5%8D%9A%E5%AE%A2/?q=%E5%9B%BE"
    )


def test_https_is_between_us_and_the_host_whatever_the_proxy(downloader_for, request):
    authority = trustme.CA()
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("img.example").configure_cert(serving)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with hosts.Host(tls=serving) as host:
        host.on("/a.png", hosts.answer(PNG))
        for scheme in ("http", "socks5"):
            with TestProxy(scheme, ("127.0.0.1", host.port)) as proxy:
                downloader = downloader_for(allow=(), proxy=proxy.url, tls=trusting)
                assert isinstance(downloader.fetch("https://img.example/a.png"), Fetched)
                assert isinstance(downloader.fetch("https://img.example/a.png"), Fetched)
                assert failed(downloader, "https://x.example/a.png").reason is Reason.TLS
                assert proxy.asked == ["img.example:443", "x.example:443"]
                downloader.close()


def test_the_public_address_of_the_store_is_read_through_the_proxy(host, downloader_for, proxy):
    host.on("/a.png", hosts.answer(PNG))
    downloader = downloader_for(allow=(), proxy=proxy.url)
    assert downloader.public_answer("http://cdn.example/a.png").size == len(PNG)
    assert proxy.asked == ["cdn.example:80"]


def test_hosts_of_the_users_own_network_are_asked_directly(host, downloader_for, proxy):
    downloader = downloader_for(proxy=proxy.url)
    assert isinstance(downloader.fetch(host.on("/a.png", hosts.answer(PNG))), Fetched)
    assert proxy.asked == []


INTERNAL = (
    "nas",
    "nas.local",
    "NAS.LAN",
    "x.localhost",
    "metadata.google.internal.",
    "1.0.0.127.in-addr.arpa",
)


def test_no_form_of_a_private_address_goes_through_the_proxy(host, downloader_for, proxy):
    downloader = downloader_for(allow=(), proxy=proxy.url, rate=0.0, retries=0)
    for form in (*address_forms(), *INTERNAL):
        host.on("/r", hosts.redirect(quote(f"http://{form}/a.png", safe="/:[]@\\%")))
        direct = failed(downloader, f"http://{form}/a.png")
        redirected = failed(downloader, "http://img.example/r")
        for result in (direct, redirected):
            assert result.reason in {Reason.BLOCKED_ADDRESS, Reason.BAD_URL, Reason.REDIRECT}, form
    assert set(proxy.asked) == {"img.example:80"}


def test_a_port_that_is_not_usual_is_refused_there_too(downloader_for, proxy):
    result = failed(downloader_for(allow=(), proxy=proxy.url), "http://img.example:8080/a.png")
    assert result.reason is Reason.BLOCKED_ADDRESS
    assert "--allow-private img.example:8080" in result.detail
    assert proxy.asked == []


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_a_password_comes_from_the_environment_and_is_for_the_proxy_alone(
    host, downloader_for, monkeypatch, scheme
):
    host.on("/a.png", hosts.answer(PNG))
    with TestProxy(scheme, ("127.0.0.1", host.port), login="me:CANARY%") as proxy:
        monkeypatch.setenv("MIGRATOR_PROXY", proxy.url.replace("%", "%25"))
        downloader = downloader_for(allow=(), proxy="http://127.0.0.1:1")
        assert isinstance(downloader.fetch("http://img.example/a.png"), Fetched)
        assert "CANARY" not in str(host.asked)
        for wrong in (f"{scheme}://me:no@{proxy.authority}", f"{scheme}://{proxy.authority}"):
            monkeypatch.setenv("MIGRATOR_PROXY", wrong)
            result = failed(downloader_for(allow=()), "http://img.example/a.png")
            assert result.reason is Reason.CONNECT
            assert proxy.authority in result.detail


def test_a_password_that_https_needs_is_asked_for_too(host, downloader_for):
    with TestProxy("http", ("127.0.0.1", host.port), login="me:word") as proxy:
        downloader = downloader_for(allow=(), proxy=f"http://{proxy.authority}")
        result = failed(downloader, "https://img.example/a.png")
        assert "407" in result.detail
        assert "MIGRATOR_PROXY" in result.detail
        result = failed(downloader, "http://img.example/a.png")
        assert "MIGRATOR_PROXY" in result.detail


def test_a_name_that_socks_cannot_hold_costs_an_image_and_no_more(downloader_for):
    with TestProxy("socks5", ("127.0.0.1", 1)) as proxy:
        url = f"http://{'a.' * 150}example.com/a.png"
        result = failed(downloader_for(allow=(), proxy=proxy.url, retries=0), url)
        assert result.reason is Reason.CONNECT


def test_a_proxy_that_does_not_listen_is_named_with_the_cure(downloader_for, time):
    downloader = downloader_for(allow=(), proxy="socks5://127.0.0.1:1")
    result = failed(downloader, "http://img.example/a.png")
    assert result.reason is Reason.CONNECT
    assert "socks5://127.0.0.1:1 cannot be reached" in result.detail
    assert "[download]" in result.detail


@pytest.mark.parametrize("says", [b"", b"nonsense\r\n\r\n", b"\5", b"\5\xff", b"\5\0\5\1\0\1"])
@pytest.mark.parametrize("scheme", ["http", "socks5"])
@pytest.mark.parametrize("url", ["http://img.example/a.png", "https://img.example/a.png"])
def test_a_proxy_that_talks_nonsense_costs_an_image_and_no_more(downloader_for, scheme, says, url):
    with TestProxy(scheme, ("127.0.0.1", 1), says=says) as proxy:
        result = failed(downloader_for(allow=(), proxy=proxy.url, retries=0), url)
        assert result.reason in {Reason.CONNECT, Reason.PROTOCOL}


@pytest.mark.parametrize("scheme", ["http", "socks5"])
@pytest.mark.parametrize("url", ["http://img.example/a.png", "https://img.example/a.png"])
def test_a_proxy_that_says_nothing_is_left_in_time_and_no_socket_stays(downloader_for, scheme, url):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        proxy = f"{scheme}://127.0.0.1:{silent.getsockname()[1]}"
        downloader = downloader_for(allow=(), proxy=proxy, timeout=0.5)
        assert failed(downloader, url).reason is Reason.TIMEOUT
        opened = silent.accept()[0]
        with opened:
            opened.settimeout(30)
            while opened.recv(1000):  # what we were sent, then the end
                pass


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("http://127.0.0.1:7890", "http://127.0.0.1:7890"),
        ("socks5://127.0.0.1:1080/", "socks5://127.0.0.1:1080"),
        ("socks5h://proxy.lan:1080", "socks5://proxy.lan:1080"),
        ("http://me:SECRET@[::1]:1", "http://[::1]:1"),
    ],
)
def test_a_proxy_is_shown_without_its_password(text, said):
    proxy = Proxy.parse(text, "x")
    assert str(proxy) == said
    assert "SECRET" not in repr(proxy)


@pytest.mark.parametrize(
    "text",
    ["127.0.0.1:7890", "http://127.0.0.1", "https://h:1", "http://u:SECRET@h:x", "socks4://h:1"],
)
def test_what_is_no_proxy_is_said_without_repeating_it(text):
    with pytest.raises(ConfigError, match="MIGRATOR_PROXY") as raised:
        proxy_for("", {"MIGRATOR_PROXY": text})
    assert "SECRET" not in f"{raised.value}{raised.value.hint}"


def test_the_environment_goes_before_the_setting_and_may_say_none():
    setting = "http://127.0.0.1:1"
    assert str(proxy_for(setting, {"HTTP_PROXY": "http://h:2"})) == setting
    assert str(proxy_for(setting, {"MIGRATOR_PROXY": "http://h:2"})) == "http://h:2"
    assert proxy_for(setting, {"MIGRATOR_PROXY": ""}) is None
    assert proxy_for("", {}) is None


def test_a_route_leads_through_the_proxy_too(host, downloader_for, proxy):
    host.on("/b/a.png", hosts.answer(PNG))
    route = RouteSettings("https://dead.example/", "http://mirror.example/b/")
    downloader = downloader_for(route, allow=(), proxy=proxy.url)
    assert isinstance(downloader.fetch("https://dead.example/a.png"), Fetched)
    assert proxy.asked == ["mirror.example:80"]
