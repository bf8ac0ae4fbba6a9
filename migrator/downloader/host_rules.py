"""How image hosts want to be asked: which Referer, how often. Data with its sources, and a look-up.

What a user writes about a host in ``[[host]]`` goes before what stands here.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from migrator.config import HostSettings
from migrator.downloader.originals import original
from migrator.errors import ConfigError
from migrator.scanner.hosts import providers, selected
from migrator.signed import is_signed
from migrator.urls import absolute, canonical, host, without_fragment

NONE = ""  # no Referer at all
ORIGIN = "{origin}"  # the host's own front page
SITE = "{site}"  # the blog that shows the image: site_url of [scan]
ARCHIVE = "web.archive.org"


@dataclass(frozen=True, slots=True)
class HostRule:
    """What is known of a host.

    ``referers`` are tried in this order. ``rate`` is how many requests it gets in a second,
    ``None`` if it is like others; an empty ``user_agent`` is the one for all. ``decoy`` is whether
    a host that is asked for a made-up name beside an image can say that there is none.
    """

    referers: tuple[str, ...] = (NONE, ORIGIN, SITE)
    rate: float | None = None
    user_agent: str = ""
    decoy: bool = True
    fact: str = ""
    origin: str = ""  # of the fact


UNKNOWN = HostRule()
_OWNED = HostRule(
    (NONE, SITE),
    fact="serves whom its owner lists, and often whoever sends no Referer",
    origin="help.aliyun.com: hotlink protection of OSS",
)
_OPEN = HostRule((NONE,))


def _platform(front_page: str, fact: str, origin: str = "") -> HostRule:
    """A platform that shows its users' images on its own pages, and refuses other sites."""
    return HostRule((NONE, front_page), fact=fact, origin=origin)


RULES: Mapping[str, HostRule] = {
    **dict.fromkeys(("oss", "cos", "upyun", "obs", "tos", "bos"), _OWNED),
    **dict.fromkeys(("b2", "spaces", "aws", "wasabi", "gcs", "firebase", "azure"), _OPEN),
    **dict.fromkeys(("supabase", "github"), _OPEN),
    "qiniu": HostRule(
        (NONE, SITE),
        fact="test domains end after 30 days; then only the bucket has the images",
        origin="github.com/qiniu/qshell/issues/188",
    ),
    "r2": HostRule(
        (NONE,),
        rate=10,
        fact="r2.dev addresses are slowed down",
        origin="developers.cloudflare.com/r2: public buckets",
    ),
    "jsdelivr": HostRule(
        (NONE,),
        fact="a copy of GitHub, which is asked when it has nothing",
        origin="jsdelivr.com/documentation",
    ),
    "gitee": HostRule(
        ("https://gitee.com/", NONE),
        fact="shows its logo, with status 200, to other Referers and to none",
        origin="reports of March 2022",
    ),
    "imgur": HostRule(
        (NONE,),
        rate=1,
        fact="refuses foreign Referers (403) and answers 429 to programs; an image that is gone "
        "is a redirect to removed.png",
        origin="github.com/mikf/gallery-dl/issues/4686, "
        "github.com/Serene-Arc/bulk-downloader-for-reddit/issues/864",
    ),
    "smms": _OPEN,
    "sina": HostRule(
        ("https://weibo.com/", NONE),
        fact="refuses all Referers but Weibo's, and none at all (403)",
        origin="github.com/DIYgod/RSSHub/issues/11096",
    ),
    "yuque": _platform(
        "https://www.yuque.com/",
        "refuses foreign Referers (403)",
        "github.com/x-cold/yuque-hexo/issues/41",
    ),
    "wechat": HostRule(
        (NONE, "https://mp.weixin.qq.com/"),
        decoy=False,
        fact="gives foreign Referers a notice in place of the image, with status 200; the last "
        "part of the path is a size, and anything will do there",
        origin="github.com/wechat-article/wechat-article-exporter/issues/21",
    ),
    "zhihu": _platform("https://www.zhihu.com/", "answers without a Referer"),
    "csdn": _platform(
        "https://blog.csdn.net/",
        "refuses foreign Referers",
        "github.com/halo-dev/halo/issues/4077",
    ),
    "jianshu": _platform("https://www.jianshu.com/", "refuses foreign Referers (403)"),
    "bytedance": HostRule(
        ("https://juejin.cn/", NONE),
        fact="addresses with x-signature expire, and are fetched first",
    ),
    "qcloudimg": HostRule(
        ("https://cloud.tencent.com/", NONE),
        fact="needs its own Referer",
        origin="github.com/Molunerfinn/PicGo/issues/773",
    ),
    "cnblogs": _platform(
        "https://www.cnblogs.com/",
        "refuses foreign Referers (403)",
        "github.com/halo-dev/halo/issues/70",
    ),
    "bilibili": _platform(
        "https://www.bilibili.com/",
        "refuses foreign Referers (403)",
        "github.com/DIYgod/RSSHub/issues/1297",
    ),
    "sspai": HostRule(
        (ORIGIN, "https://sspai.com/"),
        fact="refuses whoever sends no Referer (403); its own front page will do",
        origin="github.com/fantasy-ke/obsidian-cf-imgbed/pull/18",
    ),
}
_ARCHIVE = HostRule(
    (NONE,),
    rate=1,
    decoy=False,
    fact="more than one request a second gets 429, and going on gets blocked for an hour",
    origin="github.com/edgi-govdata-archiving/wayback/issues/137",
)


class HostRules:
    """What is known of hosts, what the user says of them, and which Referer worked in this run.

    One object for all threads. ``site_url`` is the public address of the blog.

    Raises:
        ConfigError: an ``original`` cannot be understood.
    """

    def __init__(self, hosts: Sequence[HostSettings] = (), site_url: str = "") -> None:
        self._hosts = [(each, _replacement(each)) for each in hosts]
        self._site_url = site_url
        self._worked: dict[str, str] = {}  # by host

    def rule(self, url: str) -> HostRule:
        """What is known of the host of ``url``."""
        name = host(url) or ""
        known = [RULES[provider] for provider in providers(name)]
        rule = _ARCHIVE if name == ARCHIVE else (known[0] if known else UNKNOWN)
        said = self._said(url)
        if said is None:
            return rule
        return HostRule(
            said.referer or rule.referers,
            said.rate or rule.rate,
            said.user_agent or rule.user_agent,
            rule.decoy,
        )

    def referers(self, url: str) -> list[str]:
        """The Referers to send for ``url``, in this order; what worked before on its host first."""
        front_page = "/".join([*canonical(url).split("/")[:3], ""])
        places = {ORIGIN: front_page, SITE: self._site_url}
        listed = [
            places.get(each, each) for each in self.rule(url).referers if places.get(each, "-")
        ]
        worked = self._worked.get(host(url) or "")
        return list(dict.fromkeys(listed if worked is None else [worked, *listed])) or [NONE]

    def other_pages(self, url: str, referer: str) -> tuple[str, ...]:
        """The Referers with which another page would ask for what came with ``referer``.

        None where the host is known to need its Referers, or the user named a single one for it.
        """
        rule, said = self.rule(url), self._said(url)
        several = said is not None and len(said.referer) > 1
        needed = bool(referer) or any("://" in each for each in rule.referers)
        if needed and not several:
            return ()
        places = {ORIGIN: "/".join([*canonical(url).split("/")[:3], ""]), SITE: self._site_url}
        pages = [places[SITE], *(places.get(each, each) for each in rule.referers if several)]
        if not needed:
            pages.insert(0, places[ORIGIN])
        return tuple(dict.fromkeys(each for each in pages if each and each != referer))

    def worked(self, url: str, referer: str) -> None:
        """Remember that the host of ``url`` gave an image to ``referer``."""
        self._worked[host(url) or ""] = referer

    def rate(self, name: str) -> float | None:
        """How many requests a second the host ``name`` gets, ``None`` if it is like others."""
        return self.rule(f"https://{name}/").rate

    def original(self, url: str) -> str | None:
        """What may be the original of the processed image at ``url``, as the user or we know it."""
        said = self._said(url)
        for settings, replacement in self._hosts:
            if settings is said and replacement and not is_signed(url):
                pattern, text = replacement
                plain = absolute(without_fragment(url.strip()))
                edited = pattern.sub(text, plain, count=1)
                return edited if edited != plain else None
        return original(url)

    def _said(self, url: str) -> HostSettings | None:
        if not self._hosts:  # nearly always, and this is asked several times for each image
            return None
        named = {*providers(host(url) or "")}
        return next(
            (
                each
                for each, _ in self._hosts
                if each.match in named or selected(absolute(url), (each.match,), ())
            ),
            None,
        )


def _replacement(settings: HostSettings) -> tuple[re.Pattern[str], str] | None:
    if not settings.original:
        return None
    try:
        pattern, text = settings.original
        found = re.compile(pattern)
        found.sub(text, "")
    except (ValueError, re.error, IndexError) as error:
        raise ConfigError(
            f"host {settings.match}: original = {list(settings.original)} is not a pattern and "
            f"what replaces it: {error}",
            r"write for example original = ['_small(\.\w+)$', '\1']",
        ) from error
    return found, text
