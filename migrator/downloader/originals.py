"""The stored original of a processed image, and the same file at another address. Pure.

Image hosts scale, crop and watermark on the fly: what a post shows is often a variant. What is
returned here is a guess, to be asked for first, with the URL itself to fall back on. A URL that may
be signed is never edited: its signature covers the path and most of the query.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from migrator.scanner.hosts import provider
from migrator.signed import is_signed
from migrator.urls import absolute, is_external, without_fragment

_NAME = r"\.(?:png|apng|jpe?g|jfif|gif|webp|avif|svg|bmp|tiff?|heic|heif|ico)"


@dataclass(frozen=True, slots=True)
class _Edits:
    """What leads to an original: replacements in what precedes the query, parameters to drop."""

    path: tuple[tuple[str, str], ...] = ()
    drop: str = "(?!)"  # a whole parameter, decoded


# Parameters that name the service that takes them, whatever the host: OSS, OBS, TOS, BOS and
# Alibaba's CDN; Qiniu and COS. What makes a picture from a video or document is no variant.
_PROCESS = (
    r"(?i:x-(?:oss|image|tos|bce)-process)=(?:image|style)/.*|"
    r"image_process=[a-z-]+,.*|"
    r"(?:imageView2?|imageMogr2?|imageslim|imageSlim|watermark|roundPic)(?:/.*)?"
)
_ANYWHERE = _Edits(
    path=(
        (rf"(?i)({_NAME})![\w.-]+$", r"\1"),  # a style of OSS, COS, Qiniu, Upyun
        # OSS's image service of old: a.jpg@100w_1l.jpg, a.jpg@!style; not a@2x.jpg
        (rf"(?i)({_NAME})@(?:!.+|\d+[whpqlecrbo](?:_\d*[a-z]+\d*)*(?:\.\w+)?)$", r"\1"),
    ),
    drop=_PROCESS,
)
_BY_PROVIDER: Mapping[str, _Edits] = {
    "oss": _Edits(path=((r"(//[^/]*\.img-[^/]*/.*)@[^/@]*$", r"\1"),)),
    "qiniu": _Edits(path=((rf"(?i)({_NAME})[-_!@~=$^&*()+|/][\w.-]+$", r"\1"),)),
    "upyun": _Edits(path=((rf"(?i)({_NAME})!/.*$", r"\1"),)),
    "bos": _Edits(path=((rf"(?i)({_NAME})@[^/]+$", r"\1"),)),
    "supabase": _Edits(
        path=((r"/storage/v1/render/image/public/", "/storage/v1/object/public/"),),
        drop="(?:width|height|resize|quality|format)=.*",
    ),
    "github": _Edits(
        path=((r"(//github\.com/[^/]+/[^/]+)/blob/", r"\1/raw/"),), drop="(?:raw|plain)=.*"
    ),
    "gitee": _Edits(path=((r"(//gitee\.com/[^/]+/[^/]+)/blob/", r"\1/raw/"),)),
    # a letter after the five or seven of the name: imgur's documentation of thumbnails
    "imgur": _Edits(path=((r"(//i\.imgur\.com/(?:\w{5}|\w{7}))[sbtmlh](\.\w+)$", r"\1\2"),)),
    "sina": _Edits(
        path=(
            (
                (
                    r"(//(?:wx|ws|ww|tva|tvax)\d\.sinaimg\.cn)/(?:(?:orj|mw|thumb|wap|webp|sq)\d+|"
                    r"thumbnail|bmiddle|small|square|bthumb|crop\.[^/]+)/"
                ),
                r"\1/large/",
            ),
        )
    ),
    "yuque": _Edits(drop=".*"),
    "wechat": _Edits(
        path=((r"(//mmbiz\.q(?:pic|logo)\.cn/.+)/\d+$", r"\1/0"),), drop="(?:tp|wxfrom|wx_lazy)=.*"
    ),
    "zhihu": _Edits(
        path=(
            (r"(zhimg\.com)/\d+/", r"\1/"),
            (r"_(?:\d+w|b|hd|xl|xll|l|m|s|is|xs|qhd|im)(\.\w+)$", r"_r\1"),
        ),
        drop=".*",
    ),
    "csdn": _Edits(drop=".*"),
    "jianshu": _Edits(drop=".*"),
    "bytedance": _Edits(path=((r"~tplv-[^/]*$", ""),)),
    "bilibili": _Edits(path=((r"@[^/]*$", ""),)),
    "sspai": _Edits(drop=".*"),
}
_JSDELIVR = re.compile(r"(//[a-z]+\.jsdelivr\.net)/gh/([^/]+/[^/@]+)@([^/]+)/")


@dataclass(frozen=True, slots=True)
class _Query:
    """A URL in two: what precedes the query, and the parameters."""

    before: str
    pairs: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, url: str) -> "_Query":
        before, mark, query = url.partition("?")
        return cls(before, query.split("&") if mark else [])

    def edited(self, edits: _Edits) -> "_Query":
        before = self.before
        for pattern, replacement in edits.path:
            before = re.sub(pattern, replacement, before, count=1)
        kept = [pair for pair in self.pairs if not re.fullmatch(edits.drop, unquote(pair))]
        return _Query(before, kept)

    def __str__(self) -> str:
        return self.before + ("?" if self.pairs else "") + "&".join(self.pairs)


def original(url: str) -> str | None:
    """What may be the original of the processed image at ``url``; ``None`` if it is none."""
    if is_signed(url) or not is_external(url):
        return None
    url = absolute(without_fragment(url.strip()))
    edited = _Query.of(url)
    if any(mark in url for mark in "?!@"):  # no edit takes place without one of these
        edited = edited.edited(_ANYWHERE)
    if edits := _BY_PROVIDER.get(provider(url) or ""):
        edited = edited.edited(edits)
    return str(edited) if str(edited) != url else None


def elsewhere(url: str) -> str | None:
    """Another address of the same file, for when ``url`` does not answer.

    jsDelivr serves what GitHub has at a tag, branch or commit; without one it chooses itself, and
    then only it knows which.
    """
    url = absolute(without_fragment(url.strip()))
    if is_signed(url) or provider(url) != "jsdelivr":
        return None
    match = _JSDELIVR.search(url)
    if match is None:
        return None
    _, repository, ref = match.groups()
    path = url[match.end() :].partition("?")[0]
    return f"https://raw.githubusercontent.com/{repository}/{ref}/{path}"
