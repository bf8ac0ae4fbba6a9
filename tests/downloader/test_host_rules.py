from pathlib import Path

import pytest

from migrator.config import HostSettings
from migrator.downloader.host_rules import ARCHIVE, NONE, ORIGIN, RULES, HostRules
from migrator.downloader.host_rules import SITE as SITE_URL
from migrator.errors import ConfigError
from migrator.scanner.hosts import PROVIDERS

SITE = "https://blog.example/"
ARCHIVED = f"https://{ARCHIVE}/web/0id_/http://a.example/b.png"


def test_every_known_host_has_its_rule_and_no_other():
    assert set(RULES) == PROVIDERS


@pytest.mark.parametrize(
    ("url", "referers"),
    [
        ("https://img.example/a.png", ["", "https://img.example/", SITE]),
        ("http://img.example:8080/a.png?x=/", ["", "http://img.example:8080/", SITE]),
        ("//img.example/a.png", ["", "https://img.example/", SITE]),
        ("https://my-b.oss-cn-beijing.aliyuncs.com/a.png", ["", SITE]),
        ("https://wx1.sinaimg.cn/large/a.jpg", ["https://weibo.com/", ""]),
        ("https://i.imgur.com/abcdefg.png", [""]),
        ("https://gitee.com/u/r/raw/master/a.png", ["https://gitee.com/", ""]),
        ("https://mmbiz.qpic.cn/mmbiz_png/x/640", ["", "https://mp.weixin.qq.com/"]),
        (ARCHIVED, [""]),
    ],
)
def test_referers_in_the_order_in_which_they_are_tried(url, referers):
    assert HostRules((), SITE).referers(url) == referers
    assert HostRules().referers(url) == [each for each in referers if each != SITE]


def test_what_worked_is_tried_first_on_that_host():
    hosts = HostRules((), SITE)
    hosts.worked("https://img.example/a.png", SITE)
    assert hosts.referers("https://IMG.example/b.png") == [SITE, "", "https://img.example/"]
    assert hosts.referers("https://img2.example/b.png")[0] == ""
    hosts.worked("https://img.example/a.png", "")
    assert hosts.referers("https://img.example/b.png")[0] == ""


def test_what_the_user_says_goes_before_what_is_known_and_the_rest_stays():
    hosts = HostRules(
        [
            HostSettings("img.example", referer=("https://a/", "{site}", "", "{origin}")),
            HostSettings("imgur", user_agent="curl/8"),
            HostSettings("i*.example", rate=2.5, referer=("https://b/",)),
        ],
        SITE,
    )
    assert hosts.referers("https://img.example/a") == [
        *("https://a/", SITE, "", "https://img.example/")
    ]
    assert hosts.referers("https://x.img.example/a")[0] == "https://a/"
    assert hosts.referers("https://i2.example/a") == ["https://b/"]
    imgur = hosts.rule("https://i.imgur.com/a.png")
    assert (imgur.user_agent, imgur.referers, imgur.rate) == ("curl/8", ("",), 1)


def test_a_host_that_wants_a_page_we_do_not_know_is_asked_all_the_same():
    assert HostRules([HostSettings("h.example", referer=(SITE_URL,))]).referers(
        "https://h.example/a"
    ) == [""]


def test_a_rate_is_of_a_host():
    hosts = HostRules([HostSettings("img.example", rate=2.5), HostSettings("github", rate=3)])
    assert hosts.rate("img.example") == 2.5
    assert hosts.rate("i.imgur.com") == 1
    assert hosts.rate("web.archive.org") == 1
    assert hosts.rate("raw.githubusercontent.com") == 3
    assert hosts.rate("other.example") is None


def test_only_wechat_takes_any_name_for_an_image():
    hosts = HostRules()
    assert not hosts.rule("https://mmbiz.qpic.cn/mmbiz_png/x/640").decoy
    assert hosts.rule("https://img.example/a.png").decoy


def test_an_original_is_where_the_user_says():
    hosts = HostRules([HostSettings("img.example", original=(r"_s(\.\w+)$", r"\1"))])
    assert hosts.original("https://img.example/a_s.png#x") == "https://img.example/a.png"
    assert hosts.original("https://img.example/a.png") is None
    assert hosts.original("https://img.example/a_s.png?token=1") is None
    assert hosts.original("https://i0.hdslb.com/a.jpg@1w.webp") == "https://i0.hdslb.com/a.jpg"


@pytest.mark.parametrize(
    "original", [("(", ""), ("a",), ("a", "b", "c"), ("a", r"\1"), ("a", r"\g<x>"), ("a", "\\q")]
)
def test_an_original_that_cannot_be_understood_is_refused_with_an_example(original):
    with pytest.raises(ConfigError, match=r"img\.example: original") as raised:
        HostRules([HostSettings("img.example", original=original)])
    assert "original = [" in raised.value.hint


WORDS = {NONE: "none", ORIGIN: "its own", SITE_URL: "`site_url`"}


@pytest.mark.parametrize(("name", "rule"), [*RULES.items(), (ARCHIVE, HostRules().rule(ARCHIVED))])
def test_the_page_shows_every_rule(name, rule):
    referers = ", ".join(WORDS.get(each, f"`{each}`") for each in rule.referers)
    known = rule.fact + (f" ({rule.origin})" if rule.origin else "")
    page = Path(__file__).parents[2] / "docs/reference/sources.md"
    assert f"| `{name}` | {referers} | {rule.rate or ''} | {known} |" in page.read_text("utf-8")
