"""The shape of the configuration: one dataclass a TOML table, one field a key."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import get_args, get_origin, get_type_hints

from migrator.config.fields import (
    ADDRESS,
    BEGINNING,
    PROXY,
    REGION,
    SHA256,
    SOURCE,
    VARIABLE,
    setting,
)
from migrator.config.store_settings import BackupSettings, MirrorSettings, StoreSettings

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """Which files are posts, and which references in them count."""

    include: tuple[str, ...] = setting(
        (), "only files that match one of these patterns", example=["posts/**"]
    )
    exclude: tuple[str, ...] = setting(
        (), "no files that match one of these patterns", example=["drafts/**"]
    )
    extensions: tuple[str, ...] = setting(
        (".md", ".markdown", ".mdown", ".mkd", ".mdx", ".qmd", ".html", ".htm"),
        "what the name of a post ends with",
    )
    hosts: tuple[str, ...] = setting(
        (),
        "only images on these hosts: names (with subdomains), providers such as oss, qiniu, sina, "
        "or local (files of the site)",
        example=["img.example.com", "sina"],
    )
    skip_hosts: tuple[str, ...] = setting(
        (), "no images on these hosts: names, providers, or local", example=["cdn.example.com"]
    )
    site_url: str = setting(
        "",
        "the address of the blog; sent as the Referer to hosts that want to see it",
        example="https://blog.example.com/",
        **ADDRESS,
    )
    links: bool = setting(
        False, "links to image files too, such as [full size](https://img.example.com/a.png)"
    )
    text: bool = setting(False, "other text files too: _config.yml, theme templates, data files")
    literal: bool = setting(
        True, "Markdown images inside HTML blocks too, which some generators show"
    )
    tags: tuple[str, ...] = setting(
        (),
        "more tags that show an image: as they are written, {url} for its address, * for any text",
        example=['{{< photo * "{url}" >}}', "[img]{url}[/img]"],
    )
    image_keys: tuple[str, ...] = setting(
        (),
        "more front matter keys whose value is an image, whatever its address ends with; "
        "cover, thumbnail, banner, top_img, photos and their like are known",
        example=["feature_pic"],
    )


@dataclass(frozen=True, slots=True)
class DownloadSettings:
    """How images are fetched."""

    workers: int = setting(16, "images moved at the same time", minimum=1)
    per_host: int = setting(4, "requests to one host at the same time", minimum=1)
    rate: float = setting(
        20.0,
        "requests a second to one host, 0: any number; hosts in allow_private are not slowed down",
        minimum=0,
    )
    timeout: float = setting(120.0, "seconds one image may take in all", minimum=0.1)
    max_bytes: int = setting(32 * MIB, "largest image in bytes; larger ones are held", minimum=1)
    retries: int = setting(3, "how often to try again what may pass", minimum=0)
    proxy: str = setting(
        "",
        "the proxy to fetch through, except from hosts in allow_private; "
        "one that needs a password stands in MIGRATOR_PROXY instead",
        example="http://127.0.0.1:7890",
        trust=True,
        cure="A proxy's password does not stand in this file: export MIGRATOR_PROXY=http://...",
        **PROXY,
    )
    user_agent: str = setting(
        "",
        "the User-Agent to send; empty: an ordinary browser's",
        pattern="[ -~]*",
        expected="ASCII",
    )
    originals: bool = setting(
        True,
        "ask for the original of what an image host scaled, cropped or watermarked; "
        "where there is none, take what the URL gives",
    )


@dataclass(frozen=True, slots=True)
class RouteSettings:
    """Fetch images from another place than their URL says."""

    match: str = setting(
        "",
        "URLs that begin with this",
        example="https://old.example.com/img/",
        required=True,
        **BEGINNING,
    )
    source: str = setting(
        "",
        "are fetched from here instead: a URL prefix; s3://BUCKET/PREFIX; file: and a folder of "
        "the site; or, once the URL is dead, wayback, or wayback: and another archive's address. "
        "Several routes with one match are tried in their order",
        key="from",
        example="https://mirror.example.com/img/",
        required=True,
        folder="file:",
        **SOURCE,
    )
    provider: str = setting("custom", "s3: as in [store]", example="kodo")
    region: str = setting("", "s3: as in [store]", example="cn-east-1", **REGION)
    endpoint: str = setting("", "s3: as in [store]", trust=True, **ADDRESS)
    profile: str = setting("", "s3: as in [store]", trust=True)
    access_key_env: str = setting("", "s3: as in [store]", trust=True, **VARIABLE)
    secret_key_env: str = setting("", "s3: as in [store]", trust=True, **VARIABLE)
    cname: bool = setting(False, "s3: as in [store]")
    addressing: str = setting("", "s3: as in [store]", choices=("", "virtual", "path"))


@dataclass(frozen=True, slots=True)
class HostSettings:
    """What an image host wants to be asked with. What is not set stays as it is known."""

    match: str = setting(
        "",
        "the host: a name (with its subdomains), a pattern or a provider, as in hosts of [scan]",
        example="img.example.com",
        required=True,
    )
    referer: tuple[str, ...] = setting(
        (),
        'the Referers to try, in this order: "" is none, {origin} the front page of the host, '
        "{site} the site_url of [scan]",
        example=["https://www.example.com/", ""],
        pattern="[!-~]*",
        expected="an address in ASCII",
    )
    user_agent: str = setting("", "the User-Agent to send", pattern="[ -~]*", expected="ASCII")
    rate: float = setting(0.0, "requests a second; 0: as it is known", minimum=0)
    original: tuple[str, ...] = setting(
        (),
        "where the originals of its processed images are: a regular expression for URLs, and what "
        "replaces what it finds",
        example=[r"_small(\.\w+)$", r"\1"],
        trust=True,  # an expression can be made to take for ever
    )


@dataclass(frozen=True, slots=True)
class RewriteSettings:
    """How new links are written."""

    links: str = setting(
        "",
        "public (from public_url), relative (to the post), site-absolute, page-bundle (Hugo: "
        "beside index.md) or asset-folder (Hexo: in the post's folder); "
        "empty: public if public_url is set, else relative",
        choices=("", "public", "relative", "site-absolute", "page-bundle", "asset-folder"),
    )


@dataclass(frozen=True, slots=True)
class SafetySettings:
    """What is let through."""

    svg: str = setting("hold", "SVG images: hold or allow", choices=("hold", "allow"))
    max_pixels: int = setting(
        64_000_000, "largest image in pixels, width times height; larger ones are held", minimum=1
    )
    decode: str = setting(
        "suspicious",
        "images to decode in full, in a process apart, before they are taken: suspicious ones "
        "(those whose end, size or proportions are odd), or always (slower; what cannot be decoded "
        "here, such as HEIC and JPEG XL, is held)",
        choices=("suspicious", "always"),
    )
    placeholders: str = setting(
        "hold",
        "pictures that hosts seem to give instead of the image that was asked for: hold or allow",
        choices=("hold", "allow"),
    )
    known_placeholders: tuple[str, ...] = setting(
        (),
        "the SHA-256 of more pictures to hold, whatever image they come for",
        example=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
        **SHA256,
    )
    git: str = setting(
        "refuse-dirty",
        "posts in a git work tree that hold changes you have not committed: leave them as they are "
        "(refuse-dirty), unless these are a run's own; or do not look (ignore)",
        choices=("refuse-dirty", "ignore"),
    )
    allow_private: tuple[str, ...] = setting(
        (),
        "private addresses images may be fetched from: HOST, HOST:PORT or a CIDR",
        example=["127.0.0.1:8000"],
        trust=True,
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration."""

    scan: ScanSettings = field(default_factory=ScanSettings)
    download: DownloadSettings = field(default_factory=DownloadSettings)
    route: tuple[RouteSettings, ...] = ()
    host: tuple[HostSettings, ...] = ()
    store: StoreSettings = field(default_factory=StoreSettings)
    mirror: tuple[MirrorSettings, ...] = ()
    backup: BackupSettings = field(default_factory=BackupSettings)
    rewrite: RewriteSettings = field(default_factory=RewriteSettings)
    safety: SafetySettings = field(default_factory=SafetySettings)


def tables() -> Iterator[tuple[str, type]]:
    """Each table of the configuration with the header that opens it: ``[store]``, ``[[route]]``."""
    for name, kind in get_type_hints(Settings).items():
        many = get_origin(kind) is tuple
        yield (f"[[{name}]]", get_args(kind)[0]) if many else (f"[{name}]", kind)
