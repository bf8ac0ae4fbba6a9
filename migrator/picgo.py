"""What PicGo and PicList know of the user's image host, as answers for a first configuration. Pure.

Their files: https://picgo.github.io/PicGo-Core-Doc/guide/config.html (``picBed``), since PicGo 2.4
also ``uploader.TYPE.configList``; the S3 plugin: https://github.com/wayjam/picgo-plugin-s3; the
one for MinIO: https://github.com/Herbertzz/picgo-plugin-minio. Of what is secret there, nothing is
read.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from migrator.errors import UsageError
from migrator.init import Answers
from migrator.uploader.providers import PROVIDERS

_Found = Mapping[str, Any]

# Qiniu's zones by the names of its S3 regions (developer.qiniu.com/kodo/4088/s3-access-domainname).
_QINIU = {
    "z0": "cn-east-1",
    "cn-east-2": "cn-east-2",
    "z1": "cn-north-1",
    "z2": "cn-south-1",
    "na0": "us-north-1",
    "as0": "ap-southeast-1",
}
# What is at most a page with a form, and no store that can be read back and listed.
_NO_STORES = {
    "smms": "SM.MS",
    "imgur": "Imgur",
    "github": "GitHub",
    "gitee": "Gitee",
    "local": "a folder of this machine",
    "lskyplist": "Lsky Pro",
    "webdavplist": "WebDAV",
    "sftpplist": "SFTP",
    "piclist": "another PicList",
    "alistplist": "AList",
    "advancedplist": "an upload form",
    "picgo-cloud": "PicGo Cloud",
}


@dataclass(frozen=True, slots=True)
class Imported:
    """``answers``, what PicGo calls the two keys that they need, and what the user should know."""

    answers: Answers
    keys: tuple[str, str]
    notes: tuple[str, ...] = ()


def imported(config: _Found) -> Imported:
    """The store that PicGo or PicList uploads to, as its parsed ``config`` says.

    Raises:
        UsageError: it uploads to nothing that speaks S3, or what is needed is not there.
    """
    beds = config.get("picBed")
    if not isinstance(beds, Mapping):
        raise UsageError("this is no configuration of PicGo or PicList: it has no picBed")
    current = str(beds.get("uploader") or beds.get("current") or "")  # in the order of PicGo
    found = _chosen(config, current)
    if current in _READERS and found:
        return _READERS[current](found)
    if current in _READERS:
        raise UsageError(
            f"PicGo uploads to {current}, but says nothing about it",
            "Set it up in PicGo first, or answer the questions: migrator init",
        )
    others = [name for name in _READERS if _chosen(config, name)]
    also = (
        f" Also set up in PicGo: {', '.join(others)}; choose one of these there." if others else ""
    )
    if current and current not in _NO_STORES:
        raise UsageError(
            f"PicGo uploads by the plugin {current}, whose settings Migrator cannot read",
            f"If it fills a bucket that speaks S3, say which one: migrator init asks for it.{also}",
        )
    where = _NO_STORES.get(current, "nothing")
    raise UsageError(
        f"PicGo uploads to {where}, which does not speak S3",
        f"Pictures can move to a bucket or a folder: migrator init.{also}",
    )


def _chosen(config: _Found, name: str) -> _Found:
    """What is set up for this uploader: the default one of several, or the only one."""
    several = _table(_table(config.get("uploader")).get(name))
    configs = several.get("configList")
    if isinstance(configs, list):
        tables = [each for each in map(_table, configs) if each]
        chosen = [each for each in tables if each.get("_id") == several.get("defaultId")]
        if chosen or tables:
            return (chosen or tables)[0]
    return _table(_table(config.get("picBed")).get(name))


def _table(value: object) -> _Found:
    return value if isinstance(value, Mapping) else {}


def _text(found: _Found, *names: str) -> str:
    """The first of these that says something."""
    values = (found.get(name) for name in names)
    return next((text for each in values if isinstance(each, str) and (text := each.strip())), "")


def _url(text: str) -> str:
    """A domain as people write it, with a scheme and without a slash at its end."""
    if text and "://" not in text:
        text = f"https://{text.removeprefix('//')}"
    return text.rstrip("/")


def _oss(found: _Found) -> Imported:
    answers = Answers(
        "oss",
        bucket=_text(found, "bucket"),
        region=_text(found, "area").removeprefix("oss-").removesuffix("-internal"),
        public_url=_url(_text(found, "customUrl")),
        prefix=_prefix(_text(found, "path")),
    )
    return Imported(answers, ("accessKeyId", "accessKeySecret"), _suffix(found))


def _cos(found: _Found) -> Imported:
    bucket, app = _text(found, "bucket"), _text(found, "appId")
    if app and not bucket.endswith(f"-{app}"):
        bucket = f"{bucket}-{app}"
    answers = Answers(
        "cos",
        bucket=bucket,
        region=_text(found, "area"),
        public_url=_url(_text(found, "customUrl")),
        prefix=_prefix(_text(found, "path")),
    )
    notes = _suffix(found)
    if _text(found, "version") == "v4":
        notes += (f"the region {answers.region} is of COS v4: look up its new name, ap-...",)
    return Imported(answers, ("secretId", "secretKey"), notes)


def _kodo(found: _Found) -> Imported:
    area, url = _text(found, "area"), _text(found, "url")
    answers = Answers(
        "kodo",
        bucket=_text(found, "bucket"),
        region=_QINIU.get(area, area),
        public_url=url.rstrip("/") if "://" in url or not url else f"http://{url.rstrip('/')}",
        prefix=_prefix(_text(found, "path")),
    )
    return Imported(answers, ("accessKey", "secretKey"), _suffix(found))


def _upyun(found: _Found) -> Imported:
    answers = Answers(
        "upyun",
        bucket=_text(found, "bucket"),
        public_url=_url(_text(found, "url")),
        prefix=_prefix(_text(found, "path")),
    )
    note = "operator and password are no S3 keys: make an AccessKey for S3 in Upyun's console"
    return Imported(answers, ("AccessKey", "SecretAccessKey"), (*_suffix(found), note))


def _s3(found: _Found) -> Imported:
    endpoint = _url(_text(found, "endpoint"))
    provider, there = _service(endpoint)
    bucket = _text(found, "bucketName", "bucket")
    answers = Answers(
        provider,
        bucket=bucket,
        region=there or _text(found, "region") or ("us-east-1" if provider == "custom" else ""),
        endpoint="" if PROVIDERS[provider].endpoint else endpoint,
        public_url=_shown_by_s3(found, bucket),
        prefix=_prefix(_text(found, "uploadPath")),
    )
    return Imported(answers, ("accessKeyID", "secretAccessKey"))


def _shown_by_s3(found: _Found, bucket: str) -> str:
    """Where the S3 plugin says that readers see the root of the bucket; empty if it does not."""
    pattern = _text(found, "outputURLPattern").partition("{")[0]
    if pattern.startswith("http"):
        return _url(pattern)
    shown = _url(_text(found, "urlPrefix"))
    in_path = found.get("pathStyleAccess") is True and not found.get("disableBucketPrefixToURL")
    return f"{shown}/{bucket}" if shown and in_path else shown


def _service(endpoint: str) -> tuple[str, str]:
    """The service at ``endpoint``, and the region that its name says, if it does."""
    there = endpoint.partition("://")[2]
    if not there or there == "s3.amazonaws.com":
        return "aws", ""
    if there.endswith(".r2.cloudflarestorage.com"):
        return "r2", ""
    for name, provider in PROVIDERS.items():
        host = provider.endpoint.partition("://")[2]
        for known in (host, host.removeprefix("s3.")):  # OSS goes by both
            pattern = re.escape(known).replace(r"\{region\}", "([a-z0-9-]+)")
            if host and (match := re.fullmatch(pattern, there)):
                return name, "".join(match.groups())
    return "custom", ""


def _minio(found: _Found) -> Imported:
    secure = str(found.get("useSSL", "")).lower() in ("true", "yes")
    port = str(found.get("port") or "").strip()
    host = _text(found, "endPoint").partition("://")[2] or _text(found, "endPoint")
    host = host.rstrip("/") + (f":{port}" if port and port not in ("80", "443") else "")
    answers = Answers(
        "minio",
        bucket=_text(found, "bucket", "bucketName"),
        endpoint=f"http{'s' if secure else ''}://{host}" if host else "",
        prefix=_prefix(_text(found, "baseDir", "directory")),
    )
    own = _text(found, "customDomain")
    note = f"if readers see the bucket at {own}, add --public-url: its root, as they see it"
    return Imported(answers, ("accessKey", "secretKey"), (note,) if own else ())


def _prefix(path: str) -> str:
    """The folders before every name, as far as they are the same for all images."""
    folders = path.strip("/").split("/")
    fixed = [each for each in folders[: -1 if "{" in folders[-1] else None] if each]
    moving = next((place for place, each in enumerate(fixed) if "{" in each), len(fixed))
    return "/".join(fixed[:moving])


def _suffix(found: _Found) -> tuple[str, ...]:
    options = _text(found, "options")
    return (f"links get no {options} at their end, as in PicGo",) if options else ()


_READERS: dict[str, Callable[[_Found], Imported]] = {
    "aliyun": _oss,
    "tcyun": _cos,
    "qiniu": _kodo,
    "upyun": _upyun,
    "aws-s3": _s3,
    "aws-s3-plist": _s3,
    "s3-uploader": _s3,
    "minio": _minio,
}
