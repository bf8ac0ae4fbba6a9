import contextlib
import datetime as dt
import logging
import socket
import ssl
import threading

import pytest
import trustme
from rig import hosts, images

from migrator.model import Failed, Fetched
from migrator.reasons import Reason

PNG = images.image()
EARLY = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
TWO_LENGTHS = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def failed(downloader, url):
    result = downloader.fetch(url)
    assert isinstance(result, Failed), result
    return result


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed_with_the_same_plain_headers(host, downloader, code):
    start = hosts.status(code, "Location: /b.png?x=1#f", "Set-Cookie: id=1")
    host.on("/b.png?x=1", hosts.answer(PNG, "Set-Cookie: id=2"))
    fetched = downloader.fetch(host.on("/a.png", start))
    assert isinstance(fetched, Fetched)
    assert fetched.source == host.url("/a.png")
    assert fetched.final_url == host.url("/b.png?x=1")
    downloader.fetch(host.url("/b.png?x=1"))
    for asked in host.asked:
        assert set(asked.headers) == {
            "host",
            "connection",
            "user-agent",
            "accept",
            "accept-encoding",
        }


def test_five_redirects_are_followed_and_not_six(host, downloader):
    for hop in range(6):
        host.on(f"/{hop}", hosts.redirect(f"/{hop + 1}"))
    host.on("/6", hosts.answer(PNG))
    assert isinstance(downloader.fetch(host.url("/1")), Fetched)
    assert failed(downloader, host.url("/0")).reason is Reason.REDIRECT
    assert failed(downloader, host.on("/loop", hosts.redirect("/loop"))).reason is Reason.REDIRECT


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/a.png",
        "gopher://127.0.0.1:70/1",
        "data:image/png;base64,AAAA",
        "javascript:alert(1)",
        "http://user:secret@127.0.0.1/a.png",
        "http://[::1",
        "http://exa mple/a.png",
        "/" + "x" * 5000,
        "",
    ],
)
def test_a_redirect_to_what_must_not_be_followed_is_refused(host, downloader, location):
    result = failed(downloader, host.on("/a.png", hosts.redirect(location)))
    assert result.reason in {Reason.REDIRECT, Reason.BAD_URL}
    assert "secret" not in result.detail
    assert len(result.detail) < 300
    assert len(host.asked) == 1


def test_a_short_answer_that_is_no_image_does_not_cost_the_connection(host, downloader):
    host.on("/b.png", hosts.answer(PNG))
    downloader.fetch(host.on("/a.png", hosts.redirect("/b.png")))
    failed(downloader, host.on("/c.png", hosts.status(404, body=b"<html>" * 1000)))
    downloader.fetch(host.url("/b.png"))
    assert host.connections == 1


def test_a_redirect_without_a_location_or_with_a_broken_one_is_refused(host, downloader):
    assert failed(downloader, host.on("/a", hosts.status(302))).reason is Reason.REDIRECT
    huge = hosts.redirect("http://h/" + "x" * 1_000_000)
    assert failed(downloader, host.on("/b", huge)).reason is Reason.PROTOCOL
    smuggled = hosts.raw(b"HTTP/1.1 302 X\r\nLocation: /c\rSet-Cookie: a=b\r\n\r\n")
    assert failed(downloader, host.on("/c", smuggled)).reason in {Reason.PROTOCOL, Reason.REDIRECT}


@pytest.mark.parametrize(
    "url",
    [
        "ftp://h.example/a.png",
        "file:///etc/passwd",
        "http://",
        "http:///a.png",
        "http://user:secret@h.example/a.png",
        "http://h.example\\@127.0.0.1/",
        "http://h.example/a\nb.png",
        "http://h.example:99999/a.png",
        "http://h.example/" + "x" * 5000,
        "a.png",
        "",
        "http://%00/",
        "http://[fe80::1%25lo]/a.png",
    ],
)
def test_an_address_that_cannot_be_requested_is_said_to_be_bad(downloader, url):
    result = failed(downloader, url)
    assert result.reason is Reason.BAD_URL
    assert "secret" not in result.detail


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (hosts.answer(PNG, code=204), Reason.HTTP_STATUS),
        (hosts.answer(PNG, code=206), Reason.HTTP_STATUS),
        (hosts.answer(PNG, code=203), Reason.HTTP_STATUS),
        (hosts.answer(PNG, code=300), Reason.HTTP_STATUS),
        (hosts.answer(PNG, code=304), Reason.HTTP_STATUS),
        (hosts.answer(PNG, code=305), Reason.HTTP_STATUS),
        (hosts.answer(PNG, code=999), Reason.HTTP_STATUS),
        (hosts.answer(PNG, code=418), Reason.HTTP_STATUS),
        (hosts.answer(PNG, code=401), Reason.FORBIDDEN),
        (hosts.answer(PNG, code=403), Reason.FORBIDDEN),
        (hosts.answer(PNG, code=404), Reason.NOT_FOUND),
        (hosts.answer(PNG, code=410), Reason.GONE),
        (hosts.answer(PNG, code=408), Reason.TIMEOUT),
        (hosts.answer(PNG, code=429), Reason.RATE_LIMITED),
        (hosts.answer(PNG, code=500), Reason.SERVER_ERROR),
        (hosts.answer(PNG, code=522), Reason.SERVER_ERROR),
        (hosts.raw(b"HTTP/1.1 101 X\r\nUpgrade: x\r\n\r\n", PNG), Reason.PROTOCOL),
        (hosts.raw(EARLY * 2000, hosts.answer(PNG)), Reason.PROTOCOL),
        (hosts.raw(b"HTTP/1.1 100 C\r\n\r\n" * 6, hosts.answer(PNG)), Reason.PROTOCOL),
        (hosts.answer(PNG, "Content-Length: 1"), Reason.PROTOCOL),
        (hosts.raw(TWO_LENGTHS + b"%x\r\n%b\r\n0\r\n\r\n" % (len(PNG), PNG)), Reason.PROTOCOL),
        (hosts.answer(PNG, "X: a\0b"), Reason.PROTOCOL),
        (hosts.answer(PNG, *(f"X-{number}: y" for number in range(200))), Reason.PROTOCOL),
        (hosts.answer(PNG, "X: " + "y" * 70_000), Reason.PROTOCOL),
        (hosts.endless(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 1000), Reason.PROTOCOL),
        (hosts.endless(b"HTTP/1.1 ", b"2" * 1000), Reason.PROTOCOL),
        (hosts.raw(PNG), Reason.PROTOCOL),
        (hosts.raw(b"SSH-2.0-OpenSSH_9\r\n"), Reason.PROTOCOL),
        (hosts.raw(b"HTTP/2 200\r\n\r\n", PNG), Reason.PROTOCOL),
        (hosts.raw(CHUNKED + b"zz\r\n"), Reason.PROTOCOL),
        (hosts.raw(), Reason.PROTOCOL),
        (hosts.resets(b""), Reason.CONNECT),
    ],
)  # fmt: skip
def test_only_a_proper_200_is_an_image(host, downloader_for, answer, reason):
    result = failed(downloader_for(retries=0), host.on("/a.png", answer))
    assert result.reason is reason
    assert result.detail


def test_a_few_informational_answers_may_come_first(host, downloader):
    url = host.on("/a.png", EARLY * 5 + hosts.answer(PNG))
    assert isinstance(downloader.fetch(url), Fetched)
    assert isinstance(downloader.fetch(url), Fetched)
    assert host.connections == 1


@pytest.mark.parametrize("size", [64, 65, 100, 1000])
def test_headers_beyond_64_kib_are_too_long(host, downloader_for, size):
    long = hosts.raw(b"HTTP/1.1 200 OK\r\nX: " + b"y" * size * 1024 + b"\r\n\r\n", PNG)
    result = failed(downloader_for(retries=0), host.on("/a.png", long))
    assert "headers of the answer are too long" in result.detail


def test_headers_of_50_kib_are_not_too_long(host, downloader):
    fields = [f"X-{number}: {'y' * 1000}" for number in range(50)]
    assert isinstance(downloader.fetch(host.on("/a.png", hosts.answer(PNG, *fields))), Fetched)


def test_nobody_listening_is_a_host_that_cannot_be_reached(downloader_for):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        authority = f"127.0.0.1:{listener.getsockname()[1]}"
    result = failed(downloader_for(allow=(authority,)), f"http://{authority}/a.png")
    assert result.reason is Reason.CONNECT
    assert authority.partition(":")[2] in result.detail


def test_a_kept_connection_that_ends_when_it_is_used_costs_no_image(host, downloader_for):
    downloader = downloader_for(retries=0)
    for ends in (hosts.raw(), hosts.resets(b"")):
        assert isinstance(downloader.fetch(host.on("/a.png", hosts.answer(PNG))), Fetched)
        asked = len(host.asked)
        assert isinstance(downloader.fetch(host.on("/b.png", ends, hosts.answer(PNG))), Fetched)
        assert len(host.asked) == asked + 2
        failed(downloader_for(retries=0), host.on("/b.png", ends, hosts.answer(PNG)))


@pytest.mark.parametrize(
    "answer", [hosts.answer(PNG), CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(PNG), PNG)]
)
def test_images_come_one_after_the_other_over_one_connection(host, downloader, answer):
    for number in range(3):
        assert isinstance(downloader.fetch(host.on(f"/{number}.png", answer)), Fetched)
    assert host.connections == 1


def test_a_host_that_drops_connections_unanswered_is_ended(downloader_for):
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        address = listener.getsockname()
        for _ in range(3):  # the queue is full: from now on the kernel drops what comes
            client = stack.enter_context(socket.socket())
            client.settimeout(0)
            client.connect_ex(address)
        where = f"127.0.0.1:{address[1]}"
        downloader = downloader_for(allow=(where,), timeout=0.5)
        assert failed(downloader, f"http://{where}/a.png").reason is Reason.TIMEOUT


def test_addresses_and_redirects_beyond_ascii_are_asked_for_in_utf_8(host, downloader):
    host.on("/%E5%9B%BE%201.png?%E5%AD%97", hosts.redirect("/ae%cc.png".replace("%cc", "ä")))
    utf8 = b"HTTP/1.1 302 X\r\nContent-Length: 0\r\nLocation: /" + "图.png".encode() + b"\r\n\r\n"
    host.on("/ae%C3%A4.png", utf8)
    host.on("/%E5%9B%BE.png", hosts.answer(PNG))
    assert isinstance(downloader.fetch(host.url("/图 1.png?字")), Fetched)


def test_proxies_and_credentials_of_the_environment_are_not_used(
    host, downloader_for, monkeypatch, tmp_path
):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login u password p\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert isinstance(downloader_for().fetch(host.on("/a.png", hosts.answer(PNG))), Fetched)
    assert "authorization" not in host.asked[0].headers


def test_the_user_agent_is_the_users_or_a_browsers(host, downloader_for):
    url = host.on("/a.png", hosts.answer(PNG))
    downloader_for(user_agent="my agent/1").fetch(url)
    downloader_for().fetch(url)
    sent = [asked.headers["user-agent"] for asked in host.asked]
    assert sent[0] == "my agent/1"
    assert sent[1].startswith("Mozilla/5.0")


def test_no_secret_of_an_address_gets_into_details_or_logs(host, downloader_for, caplog):
    caplog.set_level(logging.DEBUG)
    downloader = downloader_for(retries=1)
    secret = "/a.png?X-Amz-Signature=CANARY&token=CANARY2"
    results = [downloader.fetch(host.on(secret, scenario)) for scenario in (
        hosts.status(403),
        hosts.status(500),
        hosts.redirect("http://u:CANARY3@h.example/"),
        hosts.redirect(secret),
        hosts.raw(b"nonsense\r\n\r\n"),
        hosts.framed(PNG, "length", 100),
        hosts.answer(PNG),
    )]  # fmt: skip
    results.append(downloader.fetch(f"http://u:CANARY4@{host.authority}/"))
    results.append(downloader.fetch("http://127.0.0.1:9" + secret))
    said = caplog.text + "".join(r.detail for r in results if isinstance(r, Failed))
    assert len(said) > 100
    assert "CANARY" not in said


@pytest.fixture
def authority():
    return trustme.CA()


def tls_host(certificate, **settings):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    for name, value in settings.items():
        setattr(context, name, value)
    certificate.configure_cert(context)
    return hosts.Host(tls=context)


@pytest.fixture
def trusting(authority):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def test_tls_works_with_a_trusted_certificate(authority, trusting, downloader_for):
    with tls_host(authority.issue_cert("127.0.0.1")) as host:
        downloader = downloader_for(allow=(host.authority,), tls=trusting)
        url = host.on("/a.png", hosts.answer(PNG))
        assert isinstance(downloader.fetch(url), Fetched)
        assert isinstance(downloader.fetch(url.removeprefix("https:")), Fetched)
        assert host.connections == 1


YESTERDAY = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"certificate": ("127.0.0.1",), "not_after": YESTERDAY}, "expired"),
        ({"certificate": ("img.example.com",)}, "127.0.0.1"),
        ({"certificate": ("127.0.0.1",), "untrusted": True}, "certificate"),
        ({"certificate": ("127.0.0.1",), "maximum_version": ssl.TLSVersion.TLSv1_1}, "TLS"),
    ],
)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_tls_that_is_not_valid_is_a_failure_that_is_not_tried_again(
    authority, trusting, downloader_for, time, settings, said
):
    settings = dict(settings)
    names = settings.pop("certificate")
    issuer = trustme.CA() if settings.pop("untrusted", False) else authority
    times = {key: settings.pop(key) for key in ("not_after",) if key in settings}
    if "maximum_version" in settings:
        settings = {"minimum_version": ssl.TLSVersion.TLSv1, **settings}
    with tls_host(issuer.issue_cert(*names, **times), **settings) as host:
        downloader = downloader_for(allow=(host.authority,), tls=trusting)
        result = failed(downloader, host.on("/a.png", hosts.answer(PNG)))
    assert result.reason is Reason.TLS
    assert said in result.detail
    assert time.slept == []
    assert host.asked == []


def test_a_host_that_does_not_send_its_chain_is_not_trusted(trusting, authority, downloader_for):
    leaf = authority.create_child_ca().issue_cert("127.0.0.1")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    with leaf.cert_chain_pems[0].tempfile() as alone, leaf.private_key_pem.tempfile() as key:
        context.load_cert_chain(alone, key)
    with hosts.Host(tls=context) as host:
        downloader = downloader_for(allow=(host.authority,), tls=trusting)
        result = failed(downloader, host.on("/a.png", hosts.answer(PNG)))
    assert result.reason is Reason.TLS
    assert "issuer" in result.detail
    assert host.asked == []


def test_a_host_that_speaks_no_tls_is_a_failure_of_tls(downloader_for):
    def answer():
        client, _ = listener.accept()
        with client:
            client.recv(100)
            client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        where = f"127.0.0.1:{listener.getsockname()[1]}"
        threading.Thread(target=answer, daemon=True).start()
        result = failed(downloader_for(allow=(where,)), f"https://{where}/a.png")
    assert result.reason is Reason.TLS


def test_a_handshake_that_never_ends_is_ended(downloader_for):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        where = f"127.0.0.1:{listener.getsockname()[1]}"
        downloader = downloader_for(allow=(where,), timeout=0.5)
        assert failed(downloader, f"https://{where}/a.png").reason is Reason.TIMEOUT


def test_a_redirect_from_https_to_http_is_refused(host, authority, trusting, downloader_for):
    host.on("/a.png", hosts.answer(PNG))
    with tls_host(authority.issue_cert("127.0.0.1")) as secure:
        downloader = downloader_for(allow=("127.0.0.1",), tls=trusting)
        url = secure.on("/a.png", hosts.redirect(host.url("/a.png")))
        result = failed(downloader, url)
        assert result.reason is Reason.REDIRECT
        assert host.asked == []
        back = host.on("/b.png", hosts.redirect(secure.on("/c.png", hosts.answer(PNG))))
        assert isinstance(downloader.fetch(back), Fetched)
