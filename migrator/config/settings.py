"""The shape of the configuration: one dataclass a TOML table, one field a key.

A field's metadata is its documentation (``help``), its name in TOML where Python does not allow
that name (``key``), the values it may have (``choices``, ``minimum``, or a ``pattern`` and what it
``expected``), and a sample for the generated example (``example``). The site's own file may set a
key with ``trust`` only if the user trusts that file; likewise a path outside the site's folder,
where ``folder`` is what stands before the path.
"""

from collections.abc import Iterator
from dataclasses import Field, dataclass, field
from typing import Any, get_args, get_origin, get_type_hints

MIB = 1024 * 1024
_ADDRESS = {
    "pattern": r"https?://[^/?#\s]+(/[^?#\s]*)?",
    "expected": "an address such as https://img.example.com",
}
_VARIABLE = {
    "pattern": r"[A-Za-z_][A-Za-z0-9_]*",
    "expected": "the name of an environment variable, not the key itself",
}
_SHA256 = {"pattern": r"[0-9a-f]{64}", "expected": "a SHA-256: 64 digits from 0-9 and a-f"}
_PROXY = {
    "pattern": r"(http|socks5h?)://[^/?#\s@]+:[0-9]+/?",
    "expected": "an address such as http://127.0.0.1:7890 or socks5://127.0.0.1:1080",
}
# A region or bucket becomes part of a preset's host name, so it must not be able to change it.
_REGION = {"pattern": r"[A-Za-z0-9-]+", "expected": "a region such as cn-hangzhou"}
_BUCKET = {"pattern": r"[A-Za-z0-9_.-]+", "expected": "the bare name of a bucket"}
_ACLS = (
    "",
    "private",
    "public-read",
    "authenticated-read",
    "bucket-owner-read",
    "bucket-owner-full-control",
    "default",
)


def _setting(default: Any, help: str, **more: Any) -> Any:  # noqa: A002 - it is the word users see
    return field(default=default, metadata={"help": help, **more})


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """Which files are posts, and which references in them count."""

    include: tuple[str, ...] = _setting(
        (), "only files that match one of these patterns", example=["posts/**"]
    )
    exclude: tuple[str, ...] = _setting(
        (), "no files that match one of these patterns", example=["drafts/**"]
    )
    extensions: tuple[str, ...] = _setting(
        (".md", ".markdown", ".mdown", ".mkd", ".mdx", ".qmd", ".html", ".htm"),
        "what the name of a post ends with",
    )
    hosts: tuple[str, ...] = _setting(
        (),
        "only images on these hosts: names (with subdomains), providers such as oss, qiniu, sina, "
        "or local (files of the site)",
        example=["img.example.com", "sina"],
    )
    skip_hosts: tuple[str, ...] = _setting(
        (), "no images on these hosts: names, providers, or local", example=["cdn.example.com"]
    )
    site_url: str = _setting(
        "",
        "the address of the blog; sent as the Referer to hosts that want to see it",
        example="https://blog.example.com/",
        **_ADDRESS,
    )
    links: bool = _setting(
        False, "links to image files too, such as [full size](https://img.example.com/a.png)"
    )
    text: bool = _setting(False, "other text files too: _config.yml, theme templates, data files")
    literal: bool = _setting(
        True, "Markdown images inside HTML blocks too, which some generators show"
    )
    tags: tuple[str, ...] = _setting(
        (),
        "more tags that show an image: as they are written, {url} for its address, * for any text",
        example=['{{< photo * "{url}" >}}', "[img]{url}[/img]"],
    )
    image_keys: tuple[str, ...] = _setting(
        (),
        "more front matter keys whose value is an image, whatever its address ends with; "
        "cover, thumbnail, banner, top_img, photos and their like are known",
        example=["feature_pic"],
    )


@dataclass(frozen=True, slots=True)
class DownloadSettings:
    """How images are fetched."""

    workers: int = _setting(16, "images moved at the same time", minimum=1)
    per_host: int = _setting(4, "requests to one host at the same time", minimum=1)
    rate: float = _setting(
        20.0,
        "requests a second to one host, 0: any number; hosts in allow_private are not slowed down",
        minimum=0,
    )
    timeout: float = _setting(120.0, "seconds one image may take in all", minimum=0.1)
    max_bytes: int = _setting(32 * MIB, "largest image in bytes; larger ones are held", minimum=1)
    retries: int = _setting(3, "how often to try again what may pass", minimum=0)
    proxy: str = _setting(
        "",
        "the proxy to fetch through, except from hosts in allow_private; "
        "one that needs a password stands in MIGRATOR_PROXY instead",
        example="http://127.0.0.1:7890",
        trust=True,
        cure="A proxy's password does not stand in this file: export MIGRATOR_PROXY=http://...",
        **_PROXY,
    )
    user_agent: str = _setting("", "the User-Agent to send; empty: an ordinary browser's")
    originals: bool = _setting(
        True,
        "ask for the original of what an image host scaled, cropped or watermarked; "
        "where there is none, take what the URL gives",
    )


@dataclass(frozen=True, slots=True)
class RouteSettings:
    """Fetch images from another place than their URL says."""

    match: str = _setting(
        "", "URLs that begin with this", example="https://old.example.com/img/", required=True
    )
    source: str = _setting(
        "",
        "are fetched from here instead: a URL prefix; s3://BUCKET/PREFIX; file: and a folder of "
        "the site; or, once the URL is dead, wayback, or wayback: and another archive's address. "
        "Several routes with one match are tried in their order",
        key="from",
        example="https://mirror.example.com/img/",
        required=True,
        folder="file:",
    )
    provider: str = _setting("custom", "s3: as in [store]", example="kodo")
    region: str = _setting("", "s3: as in [store]", example="cn-east-1", **_REGION)
    endpoint: str = _setting("", "s3: as in [store]", trust=True, **_ADDRESS)
    profile: str = _setting("", "s3: as in [store]", trust=True)
    access_key_env: str = _setting("", "s3: as in [store]", trust=True, **_VARIABLE)
    secret_key_env: str = _setting("", "s3: as in [store]", trust=True, **_VARIABLE)


@dataclass(frozen=True, slots=True)
class HostSettings:
    """What an image host wants to be asked with. What is not set stays as it is known."""

    match: str = _setting(
        "",
        "the host: a name (with its subdomains), a pattern or a provider, as in hosts of [scan]",
        example="img.example.com",
        required=True,
    )
    referer: tuple[str, ...] = _setting(
        (),
        'the Referers to try, in this order: "" is none, {origin} the front page of the host, '
        "{site} the site_url of [scan]",
        example=["https://www.example.com/", ""],
        pattern="[!-~]*",
        expected="an address in ASCII",
    )
    user_agent: str = _setting("", "the User-Agent to send", pattern="[ -~]*", expected="ASCII")
    rate: float = _setting(0.0, "requests a second; 0: as it is known", minimum=0)
    original: tuple[str, ...] = _setting(
        (),
        "where the originals of its processed images are: a regular expression for URLs, and what "
        "replaces what it finds",
        example=[r"_small(\.\w+)$", r"\1"],
        trust=True,  # an expression can be made to take for ever
    )


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Where images go: a folder, or a bucket of an S3-compatible service."""

    type: str = _setting("local", "local (a folder) or s3 (a bucket)", choices=("local", "s3"))
    path: str = _setting("migrated-images", "local: the folder, from the site root", folder="")
    provider: str = _setting(
        "custom", "s3: the service, such as aws, oss, cos, r2; custom: any other", example="oss"
    )
    bucket: str = _setting("", "s3: the bucket", example="my-blog", **_BUCKET)
    region: str = _setting("", "s3: the region", example="cn-hangzhou", **_REGION)
    endpoint: str = _setting(
        "",
        "s3: the service's address; needed for custom, else known",
        example="https://s3.example.com",
        trust=True,
        **_ADDRESS,
    )
    cname: bool = _setting(
        False,
        "s3: the endpoint is the bucket's own domain, so the bucket's name is not added to it; "
        "Aliyun wants that of new users in mainland China",
    )
    profile: str = _setting("", "s3: the profile in ~/.aws to take credentials from", trust=True)
    access_key_env: str = _setting(
        "", "s3: the environment variable that holds the access key", trust=True, **_VARIABLE
    )
    secret_key_env: str = _setting(
        "", "s3: the environment variable that holds the secret key", trust=True, **_VARIABLE
    )
    prefix: str = _setting("", "what comes before every key", example="blog")
    public_url: str = _setting(
        "",
        "the address of the folder's or bucket's root as readers see it; of a folder of the site "
        "also a path that begins with /, such as /images for static/images",
        example="https://img.example.com",
        pattern=rf"{_ADDRESS['pattern']}|/(?!/)[^?#\s]*",
        expected=_ADDRESS["expected"],
    )
    check_public: bool = _setting(
        True, "s3: after an upload, fetch the public address and compare the bytes"
    )
    cache_control: str = _setting(
        "public, max-age=31536000, immutable", "s3: the Cache-Control header of every object"
    )
    acl: str = _setting(
        "",
        "s3: an access list for every object; where the service has them",
        example="public-read",
        choices=_ACLS,  # none that lets others write
    )
    storage_class: str = _setting("", "s3: the storage class of every object")
    addressing: str = _setting(
        "",
        "s3: where the bucket's name stands: virtual (before the endpoint's name) or path (after "
        "it); this key and the five below are for services that are not known or have changed",
        choices=("", "virtual", "path"),
    )
    create_only: str = _setting(
        "",
        "s3: the header that keeps an upload from replacing an object: if-none-match, "
        "x-oss-forbid-overwrite or x-cos-forbid-overwrite; head: there is none, so look first",
        choices=("", "if-none-match", "x-oss-forbid-overwrite", "x-cos-forbid-overwrite", "head"),
    )
    checksums: str = _setting(
        "",
        "s3: how the service can notice that an upload was damaged: md5 (the Content-MD5 header), "
        "crc32 (as Amazon's own programs do; most others refuse it) or none",
        choices=("", "md5", "crc32", "none"),
    )
    payload_signing: str = _setting(
        "",
        "s3: whether the signature covers the bytes of the image: on or off",
        choices=("", "on", "off"),
    )
    listing: str = _setting(
        "", "s3: the version of the list request: v1 or v2", choices=("", "v1", "v2")
    )
    list_encoding: str = _setting(
        "", "s3: how names come back in lists: url (encoded) or plain", choices=("", "url", "plain")
    )
    key: str = _setting(
        "{sha256:2}/{sha256}{ext}",
        "the name of every object: {sha256}, {sha256:N} (its first N characters), {ext}, {stem} "
        "(the old name), {path} (the whole old path); {year}, {month} and {post} (the name) of the "
        "first post that shows the image",
    )

    @property
    def label(self) -> str:
        """Where images go, for people."""
        place = f"s3://{self.bucket}/{self.prefix}" if self.type == "s3" else self.path
        return place.rstrip("/")


@dataclass(frozen=True, slots=True)
class MirrorSettings(StoreSettings):
    """A second store that gets every image too, under the same names; links go to the first."""


@dataclass(frozen=True, slots=True)
class RewriteSettings:
    """How new links are written."""

    links: str = _setting(
        "",
        "public (from public_url), relative (to the post), site-absolute, page-bundle (Hugo: "
        "beside index.md) or asset-folder (Hexo: in the post's folder); "
        "empty: public if public_url is set, else relative",
        choices=("", "public", "relative", "site-absolute", "page-bundle", "asset-folder"),
    )


@dataclass(frozen=True, slots=True)
class SafetySettings:
    """What is let through."""

    svg: str = _setting("hold", "SVG images: hold or allow", choices=("hold", "allow"))
    max_pixels: int = _setting(
        64_000_000, "largest image in pixels, width times height; larger ones are held", minimum=1
    )
    decode: str = _setting(
        "suspicious",
        "images to decode in full, in a process apart, before they are taken: suspicious ones "
        "(those whose end, size or proportions are odd), or always (slower; what cannot be decoded "
        "here, such as HEIC and JPEG XL, is held)",
        choices=("suspicious", "always"),
    )
    placeholders: str = _setting(
        "hold",
        "pictures that hosts seem to give instead of the image that was asked for: hold or allow",
        choices=("hold", "allow"),
    )
    known_placeholders: tuple[str, ...] = _setting(
        (),
        "the SHA-256 of more pictures to hold, whatever image they come for",
        example=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
        **_SHA256,
    )
    git: str = _setting(
        "refuse-dirty",
        "posts in a git work tree that hold changes you have not committed: leave them as they are "
        "(refuse-dirty), unless these are a run's own; or do not look (ignore)",
        choices=("refuse-dirty", "ignore"),
    )
    allow_private: tuple[str, ...] = _setting(
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
    rewrite: RewriteSettings = field(default_factory=RewriteSettings)
    safety: SafetySettings = field(default_factory=SafetySettings)


def key_of(setting: Field[Any]) -> str:
    """The name of a field in TOML."""
    return str(setting.metadata.get("key", setting.name))


def tables() -> Iterator[tuple[str, type]]:
    """Each table of the configuration with the header that opens it: ``[store]``, ``[[route]]``."""
    for name, kind in get_type_hints(Settings).items():
        many = get_origin(kind) is tuple
        yield (f"[[{name}]]", get_args(kind)[0]) if many else (f"[{name}]", kind)
