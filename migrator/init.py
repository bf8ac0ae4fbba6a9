"""The first configuration: from answers to the text of a migrator.toml. Pure."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

from migrator.sites import Generator
from migrator.uploader.providers import PROVIDERS

FOLDER = "folder"  # the answer that is no provider
DEFAULT_FOLDER = "migrated-images"

# What people call a service; the others go by the name that the configuration has.
TITLES = {
    FOLDER: "a folder of this site, published with it",
    "oss": "Aliyun OSS",
    "cos": "Tencent Cloud COS",
    "kodo": "Qiniu Kodo",
    "upyun": "Upyun",
    "obs": "Huawei Cloud OBS",
    "tos": "Volcengine TOS",
    "r2": "Cloudflare R2",
    "b2": "Backblaze B2",
    "aws": "Amazon S3",
    "aws-cn": "Amazon S3 in China",
    "gcs": "Google Cloud Storage",
    "spaces": "DigitalOcean Spaces",
    "wasabi": "Wasabi",
    "supabase": "Supabase",
    "minio": "MinIO",
    "ceph": "Ceph",
    "garage": "Garage",
    "seaweedfs": "SeaweedFS",
    "custom": "any other that speaks S3",
}
# Templates for names, and what they make of an image.
NAMES = {
    "{sha256:2}/{sha256}{ext}": "by content: ab/abcd….png",
    "{year}/{month}/{sha256:16}{ext}": "by the month of the post: 2024/05/abcd….png",
    "{year}/{month}/{stem}-{sha256:16}{ext}": "that, with the old name: 2024/05/cat-abcd….png",
}
LINKS = {
    "relative": "from the post: ../../images/a.png",
    "site-absolute": "from the root of the site: /images/a.png",
}


@dataclass(frozen=True, slots=True)
class Answers:
    """What the user wants; what is empty is left to the defaults.

    ``provider`` is ``FOLDER`` or a service; ``hosts`` are those whose images move, all if empty.
    ``generator`` is the program that makes the site, for a comment.
    """

    provider: str
    bucket: str = ""
    region: str = ""
    endpoint: str = ""
    public_url: str = ""
    profile: str = ""
    prefix: str = ""
    store_path: str = ""
    links: str = ""
    key: str = ""
    hosts: tuple[str, ...] = ()
    site_url: str = ""
    generator: str = ""


def choices() -> list[str]:
    """Where images can go: a folder, then the services, the well-known ones first."""
    return [*TITLES, *(name for name in PROVIDERS if name not in TITLES)]


def needed(answers: Answers) -> list[str]:
    """The fields that a bucket of this service needs and that are still empty."""
    if answers.provider == FOLDER:
        return []
    provider = PROVIDERS[answers.provider]
    wanted = {
        "bucket": True,
        "region": not provider.region,
        "endpoint": not provider.endpoint,
        "public_url": not (provider.public_url and provider.shows_images),
    }
    return [name for name, is_needed in wanted.items() if is_needed and not getattr(answers, name)]


def fitting(answers: Answers, generator: Generator) -> Answers:
    """``answers``, and for a folder what fits ``generator`` and was not said otherwise."""
    if answers.provider != FOLDER or answers.public_url or answers.links:
        return answers
    if answers.store_path not in ("", generator.store_path):
        return replace(answers, public_url=generator.address_of(answers.store_path) or "")
    return replace(
        answers,
        store_path=generator.store_path,
        public_url=generator.public_url,
        links=generator.links,
    )


def config_text(answers: Answers) -> str:
    """The text of the configuration: what differs from the defaults, and what helps to go on."""
    return "\n".join([*_head(answers), *_scan(answers), *_store(answers), *_links(answers)])


def _head(answers: Answers) -> Iterator[str]:
    what = f" for this {answers.generator} site" if answers.generator else ""
    yield f"# Migrator's configuration{what}, made by `migrator init`."
    yield "# Every key is explained in docs/reference/configuration.md."
    yield "# After a change: migrator trust, then migrator doctor."
    if answers.provider != FOLDER and not answers.profile:
        yield "# Your keys never stand here. They go into the variables AWS_ACCESS_KEY_ID and"
        yield '# AWS_SECRET_ACCESS_KEY, or into a profile of ~/.aws: profile = "NAME" below.'
    yield ""


def _scan(answers: Answers) -> Iterator[str]:
    if not answers.hosts and not answers.site_url:
        return
    yield "[scan]"
    if answers.hosts:
        yield "# Only images on these hosts move."
        yield _line("hosts", list(answers.hosts))
    if answers.site_url:
        yield "# Where the posts are read: hosts with a list of allowed sites want to know."
        yield _line("site_url", answers.site_url)
    yield ""


def _store(answers: Answers) -> Iterator[str]:
    yield "[store]"
    if answers.provider == FOLDER:
        yield "# Images become files here, from this file's folder. Publish it with the site."
        yield _line("path", answers.store_path or DEFAULT_FOLDER)
        if answers.public_url:
            yield _line("public_url", answers.public_url)
    else:
        yield 'type = "s3"'
        yield _line("provider", answers.provider)
        yield from (
            _line(name, value)
            for name in ("bucket", "region", "endpoint", "profile")
            if (value := getattr(answers, name))
        )
        yield "# Where readers see the bucket's root: a domain of your own, else the service's."
        example = '#public_url = "https://img.example.com"'
        yield _line("public_url", answers.public_url) if answers.public_url else example
    if answers.prefix:
        yield _line("prefix", answers.prefix)
    if answers.key and answers.key != next(iter(NAMES)):
        yield "# How images are named."
        yield _line("key", answers.key)
    yield ""


def _links(answers: Answers) -> Iterator[str]:
    if answers.links:
        yield "[rewrite]"
        yield "# How links to images are written."
        yield _line("links", answers.links)
        yield ""


def _line(key: str, value: object) -> str:
    """A line of TOML, in which text and lists of it are written like JSON."""
    return f"{key} = {json.dumps(value, ensure_ascii=False)}"
