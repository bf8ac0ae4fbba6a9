"""Which image host a URL belongs to, and whether the user asked for it.

A host is known by the shape of its name, some only together with the shape of the path. The
shapes were taken from the services' own documentation and from URLs in public blogs.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from migrator.urls import absolute, host


@dataclass(frozen=True, slots=True)
class Rule:
    """A whole host name, and a whole path if not every path there is meant.

    The groups ``bucket``, ``region`` and ``key`` say what the parts mean: for a Git host the
    repository, the branch and the file.
    """

    provider: str
    host: re.Pattern[str]
    path: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a URL says about its place: ``key`` is decoded, the others ``None`` if not told."""

    provider: str
    bucket: str | None
    region: str | None
    key: str


def _rule(provider: str, host: str, path: str = "") -> Rule:
    return Rule(provider, re.compile(host), re.compile(path, re.DOTALL) if path else None)


_LONGEST_NAME = 253  # RFC 1035, 2.3.4, without the final dot
_BUCKET = r"(?P<bucket>[a-z0-9][a-z0-9-]*)"
_DOTTED_BUCKET = r"(?P<bucket>[a-z0-9][a-z0-9._-]*?)"
_REGION = r"(?P<region>[a-z0-9-]+)"
_AWS_REGION = r"(?P<region>[a-z]{2}-[a-z-]+-\d)"
_IN_PATH = r"/(?P<bucket>[^/]+)/(?P<key>.+)"
_ACCOUNT = r"[0-9a-f]{32}"

RULES = (
    # object stores of the Chinese clouds
    _rule("oss", rf"{_BUCKET}\.(?:s3\.)?oss-(?P<region>accelerate(?:-overseas)?)\.aliyuncs\.com"),
    _rule(
        "oss",
        r"(?P<bucket>[a-z0-9][a-z0-9-]{1,61}[a-z0-9])"
        r"\.(?:s3\.)?oss-(?P<region>[a-z]{2}-[a-z0-9-]+?)(?:-internal)?\.aliyuncs\.com",
    ),
    _rule("oss", rf"{_BUCKET}\.img-{_REGION}\.aliyuncs\.com"),  # the image service of old
    _rule(
        "cos",
        r"(?P<bucket>[a-z0-9-]+-\d{5,})\.(?:cos|pic|file|cos-website)(?:-internal)?"
        rf"\.{_REGION}\.(?:myqcloud\.com|tencentcos\.cn)",
    ),
    _rule(
        "cos",
        r"(?P<bucket>[a-z0-9-]+-\d{5,})"
        r"\.(?:file|cos[a-z]{2,3}|picgz|picsh)\.myqcloud\.com",
    ),
    _rule("qiniu", rf"{_BUCKET}\.s3[.-]{_REGION}\.qiniucs\.com"),
    _rule("qiniu", r"[a-z0-9.-]+\.(?:clouddn|qiniudn|qiniucdn|qnssl|qiniuimg)\.com"),
    _rule("upyun", rf"{_BUCKET}\.(?:b0\.upaiyun\.com|b0\.aicdn\.com|test\.upcdn\.net)"),
    _rule("obs", rf"{_DOTTED_BUCKET}\.obs\.{_REGION}\.myhuaweicloud\.com"),
    _rule("tos", rf"{_BUCKET}\.tos-(?:s3-)?{_REGION}\.i?volces\.com"),
    _rule("bos", rf"{_BUCKET}\.(?:cdn|(?P<region>[a-z0-9]+))\.bcebos\.com"),
    # object stores elsewhere
    _rule("r2", rf"pub-{_ACCOUNT}\.r2\.dev"),
    _rule("r2", rf"{_ACCOUNT}(?:\.[a-z]+)?\.r2\.cloudflarestorage\.com", _IN_PATH),
    _rule("b2", r"f\d{3}\.backblazeb2\.com", rf"/file{_IN_PATH}"),
    _rule("b2", rf"{_BUCKET}\.s3\.(?P<region>[a-z]+-[a-z]+-\d+)\.backblazeb2\.com"),
    _rule(
        "spaces", rf"{_DOTTED_BUCKET}\.(?P<region>[a-z]{{3}}\d)(?:\.cdn)?\.digitaloceanspaces\.com"
    ),
    _rule(
        "aws",
        r"(?P<bucket>[a-z0-9.-]{3,63}?)\.s3(?:-accelerate|-website)?(?:\.dualstack)?"
        rf"(?:[.-]{_AWS_REGION})?\.amazonaws\.com(?:\.cn)?",
    ),
    _rule("aws", rf"s3(?:\.dualstack)?(?:[.-]{_AWS_REGION})?\.amazonaws\.com(?:\.cn)?", _IN_PATH),
    _rule("wasabi", rf"s3(?:\.{_REGION})?\.wasabisys\.com", _IN_PATH),
    _rule("gcs", r"storage\.(?:googleapis|cloud\.google)\.com", _IN_PATH),
    _rule("gcs", rf"{_DOTTED_BUCKET}\.storage\.googleapis\.com"),
    _rule(
        "firebase",
        r"firebasestorage\.googleapis\.com",
        r"/v0/b/(?P<bucket>[^/]+)/o/(?P<key>.+)",
    ),
    _rule(
        "supabase",
        r"[a-z0-9]{20}(?:\.storage)?\.supabase\.co",
        rf"/storage/v1/(?:object|render/image)/public{_IN_PATH}",
    ),
    _rule("azure", r"[a-z0-9]{3,24}\.blob\.core\.windows\.net", _IN_PATH),
    # files of Git hosts
    _rule(
        "github",
        r"raw\.githubusercontent\.com|raw\.github\.com",
        r"/(?P<bucket>[^/]+/[^/]+)/(?P<region>[^/]+)/(?P<key>.+)",
    ),
    _rule(
        "github",
        r"github\.com",
        r"/(?P<bucket>[^/]+/[^/]+)/(?:raw|blob)/(?P<region>[^/]+)/(?P<key>.+)",
    ),
    _rule("github", r"(?:user-images|private-user-images|camo|avatars\d*)\.githubusercontent\.com"),
    _rule("github", r"github\.com", r"/user-attachments/assets/(?P<key>[0-9a-f-]{36})"),
    _rule(
        "jsdelivr",
        r"(?:cdn|fastly|gcore|testingcf)\.jsdelivr\.net",
        r"/gh/(?P<bucket>[^/]+/[^/@]+)(?:@(?P<region>[^/]+))?/(?P<key>.+)",
    ),
    _rule("gitee", r"(?:images\.)?gitee\.com|[a-z0-9-]+\.gitee\.io"),
    # image hosts
    _rule("imgur", r"(?:i\.)?imgur\.com"),
    _rule("smms", r"(?:i|s2)\.loli\.net|i\.see\.you|vip\d\.loli\.(?:io|net)"),
    # platforms that serve their own users' images
    _rule("sina", r"[a-z]+\d*\.sinaimg\.cn", r"/[^/]+/(?P<key>.+)"),
    _rule("yuque", r"cdn\.nlark\.com|[a-z]+\.yuque\.com"),
    _rule("wechat", r"mmbiz\.q(?:pic|logo)\.cn"),
    _rule("zhihu", r"(?:pic\w?|pica)\d?\.zhimg\.com"),
    _rule("csdn", r"(?:img-blog|i-blog|imgconvert|img-ask|img)\.csdnimg\.cn"),
    _rule("jianshu", r"upload-images\.jianshu\.io"),
    _rule("bytedance", r"[a-z0-9-]+\.byteimg\.com"),
    _rule("qcloudimg", r"ask\.qcloudimg\.com"),
    _rule("cnblogs", r"(?:img\d{4}|images\d*|img)\.cnblogs\.com"),
    _rule("bilibili", r"i\d\.hdslb\.com"),
    _rule("sspai", r"cdn(?:file)?\.sspai\.com"),
)
_LOCAL = "local"
PROVIDERS = frozenset(rule.provider for rule in RULES)
# What people call some of them, and that is no host which has images.
_SPOKEN = {
    "aliyun": "oss",
    "tencent": "cos",
    "tcyun": "cos",
    "qcloud": "cos",
    "kodo": "qiniu",
    "upaiyun": "upyun",
    "huawei": "obs",
    "weibo": "sina",
    "sinaimg": "sina",
    "sm.ms": "smms",
    "weixin": "wechat",
    "juejin": "bytedance",
    "cloudflare": "r2",
    "backblaze": "b2",
    "s3": "aws",
}


def recognise(url: str) -> Recognised | None:
    """What ``url`` says about its place, ``None`` if its host is not a known one."""
    name = host(url)
    rules = _rules(name) if name else ()
    if not rules:
        return None
    path = urlsplit(absolute(url)).path
    for rule, groups in rules:
        match = rule.path.fullmatch(path) if rule.path else None
        if match or rule.path is None:
            parts = {**groups, **(match.groupdict() if match else {})}
            bucket, region = parts.get("bucket"), parts.get("region")
            key = unquote(parts.get("key") or path.removeprefix("/"))
            return Recognised(rule.provider, bucket and unquote(bucket), region, key)
    return None


def provider(url: str) -> str | None:
    """The name of the service that ``url`` belongs to: ``oss``, ``qiniu``, ``imgur`` ..."""
    recognised = recognise(url)
    return recognised.provider if recognised else None


def providers(name: str) -> list[str]:
    """The services that have images on the host ``name``."""
    return list(dict.fromkeys(rule.provider for rule, _ in _rules(name)))


def selected(url: str, hosts: Sequence[str], skip_hosts: Sequence[str]) -> bool:
    """Whether ``url`` is one of ``hosts`` (all if there are none) and none of ``skip_hosts``.

    Each is a host name, which its subdomains share (``example.com``, ``localhost:8000``), a
    provider (``oss``), or a pattern in which ``*`` stands for anything: of host names
    (``img*.example.com``) or, with a slash, of how URLs begin (``example.com/blog/``, ``http://``).
    ``local`` stands for all that has no host.
    """
    if host(url) is None:
        return (not hosts or _LOCAL in hosts) and _LOCAL not in skip_hosts
    return (not hosts or _choice(tuple(hosts)).takes(url)) and not (
        skip_hosts and _choice(tuple(skip_hosts)).takes(url)
    )


def spoken(entry: str) -> str | None:
    """The provider that people mean by ``entry``, where it is neither its name nor a host."""
    return _SPOKEN.get(entry.strip().lower())


def mistaken(hosts: Sequence[str], urls: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Those of ``hosts`` that select none of ``urls``, each with the host there that is nearest.

    That is empty where none is near.
    """
    if not hosts:
        return
    seen = {name: url for url in urls if (name := host(url))}
    there = {*seen, *(".".join(name.split(".")[-2:]) for name in seen)}
    there |= {each for name in seen for each in providers(name)}
    for each in hosts:
        if not any(selected(url, (each,), ()) for url in seen.values()):
            yield each, next(iter(get_close_matches(each.lower(), sorted(there), 1)), "")


class _Choice:
    """Entries of ``hosts`` or ``skip_hosts``, made ready for many URLs."""

    def __init__(self, entries: Iterable[str]) -> None:
        entries = {entry.strip().lower() for entry in entries}
        self._providers = entries & PROVIDERS
        urls = {entry for entry in entries if "/" in entry}
        patterns = {entry for entry in entries - urls if "*" in entry}
        self._names = entries - PROVIDERS - urls - patterns
        self._host = _any_of(patterns)
        self._url = _any_of(
            f"{'' if '://' in entry else '*//'}{entry.lstrip('/')}*" for entry in urls
        )

    def takes(self, url: str) -> bool:
        return bool(
            _takes_host(self, urlsplit(absolute(url)).netloc)
            or (self._providers and provider(url) in self._providers)
            or self._url.fullmatch(absolute(url))
        )

    def takes_host(self, netloc: str) -> bool:
        """Whether a host name or a pattern of one takes ``netloc``, with or without its port."""
        if len(netloc) > 2 * _LONGEST_NAME:
            return False
        name = host(f"//{netloc}") or ""
        domains = {*_domains(name), *_domains(netloc.lower().rpartition("@")[2])}
        return bool(domains & self._names or self._host.fullmatch(name))


def _domains(name: str) -> Iterator[str]:
    while name:
        yield name
        name = name.partition(".")[2]


def _any_of(globs: Iterable[str]) -> re.Pattern[str]:
    """What matches one of ``globs``; nothing if there are none."""
    either = "|".join(".*".join(map(re.escape, glob.split("*"))) for glob in globs)
    return re.compile(either or "(?!)", re.IGNORECASE | re.DOTALL)


@lru_cache(maxsize=8)
def _choice(entries: tuple[str, ...]) -> _Choice:
    return _Choice(entries)


@lru_cache(maxsize=10_000)
def _takes_host(choice: _Choice, netloc: str) -> bool:
    return choice.takes_host(netloc)


@lru_cache(maxsize=10_000)
def _rules(name: str) -> tuple[tuple[Rule, dict[str, str | None]], ...]:
    """The rules whose host pattern is ``name``, with what it says."""
    matches = ((rule, rule.host.fullmatch(name)) for rule in RULES)
    return tuple((rule, match.groupdict()) for rule, match in matches if match)
