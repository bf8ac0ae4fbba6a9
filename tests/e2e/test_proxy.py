"""Images through a proxy, as the installed command does it."""

import pytest
from rig.proxies import TestProxy

POST = "![first](http://img.example/a.png) ![second](http://img.example/b.jpg)\n"


@pytest.fixture
def proxy(host):
    with TestProxy("socks5", ("127.0.0.1", host.port), login="me:CANARY") as proxy:
        yield proxy


def test_a_migration_goes_through_the_proxy_and_says_so_once(site, proxy):
    site.write("posts/one.md", POST)
    (site.root / "posts/deep/two.md").unlink()
    site.environment = {"MIGRATOR_PROXY": proxy.url}
    ended = site.migrator("migrate", "posts", "--yes", "-v")
    assert ended.status == 0, ended.err
    assert len(site.stored()) == 2
    assert set(proxy.asked) == {"img.example:80"}
    assert ended.err.count(f"through the proxy socks5://{proxy.authority}") == 1
    assert "CANARY" not in ended.out + ended.err
    assert "proxy" not in site.migrator("scan", "posts").err  # fetches nothing


def test_a_site_cannot_choose_a_proxy_on_its_own_word(site, proxy):
    site.write("migrator.toml", f'[download]\nproxy = "socks5://{proxy.authority}"\n')
    ended = site.migrator("migrate", "posts", "--yes")
    assert ended.status == 2
    assert "proxy" in ended.err
    assert proxy.asked == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("http://me:CANARY@127.0.0.1:1", "MIGRATOR_PROXY"),
        ("http://me@127.0.0.1:1", "http://127.0.0.1:7890"),
        ("127.0.0.1:7890", "http://127.0.0.1:7890"),
    ],
)
def test_a_proxy_that_does_not_fit_is_refused_with_the_cure(site, text, said):
    site.write("migrator.toml", f'[download]\nproxy = "{text}"\n')
    ended = site.migrator("migrate", "posts", "--yes", "--trust-config")
    assert ended.status == 2
    assert said in ended.err
    assert "CANARY" not in ended.err


def test_a_proxy_of_the_environment_that_does_not_fit_is_refused_unrepeated(site):
    site.environment["MIGRATOR_PROXY"] = "ftp://me:CANARY@127.0.0.1"
    ended = site.migrator("migrate", "posts", "--yes")
    assert ended.status == 2
    assert "MIGRATOR_PROXY" in ended.err
    assert "CANARY" not in ended.err
