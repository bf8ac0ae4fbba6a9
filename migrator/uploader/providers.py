"""What is known about services that speak S3: facts as data. Pure.

The facts are from the services' documents and from reports of their users; where one is not sure,
the value is the careful one: ask before writing (``look_first``), sign and sum the whole body.
Every service gets plain bodies with a Content-MD5: the chunked trailers that boto3 sends by default
are refused by most of these services and were stored as part of the image by some.
"""

import difflib
import re
from dataclasses import dataclass

from migrator.config.settings import StoreSettings
from migrator.errors import ConfigError

_IF_NONE_MATCH = ("If-None-Match", "*")
# Both become part of a host name, which must stay the service's own.
_REGION = re.compile(r"[A-Za-z0-9-]+")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Provider:
    """One service. ``endpoint`` and ``public_url`` may hold ``{region}``, ``{bucket}``.

    ``public_url`` is empty where the service does not show images under an address of its own.
    ``create_only`` is a request header that makes a PUT fail if the object is there; without
    ``look_first`` it is known to be heeded, always and atomically.
    """

    endpoint: str = ""
    endpoint_example: str = ""
    region: str = ""
    virtual_host: bool = False
    create_only: tuple[str, str] | None = None
    look_first: bool = True
    object_acl: bool = True
    public_url: str = ""


PROVIDERS: dict[str, Provider] = {
    "aws": Provider(
        endpoint="https://s3.{region}.amazonaws.com",
        virtual_host=True,
        create_only=_IF_NONE_MATCH,
        look_first=False,
        public_url="https://{bucket}.s3.{region}.amazonaws.com",
    ),
    "aws-cn": Provider(
        endpoint="https://s3.{region}.amazonaws.com.cn",
        virtual_host=True,
        create_only=_IF_NONE_MATCH,
        public_url="https://{bucket}.s3.{region}.amazonaws.com.cn",
    ),
    "oss": Provider(  # the header is ignored by buckets with versions
        endpoint="https://s3.oss-{region}.aliyuncs.com",
        virtual_host=True,
        create_only=("x-oss-forbid-overwrite", "true"),
        public_url="https://{bucket}.oss-{region}.aliyuncs.com",
    ),
    "cos": Provider(  # the bucket's name ends in -APPID
        endpoint="https://cos.{region}.myqcloud.com",
        virtual_host=True,
        create_only=("x-cos-forbid-overwrite", "true"),
        public_url="https://{bucket}.cos.{region}.myqcloud.com",
    ),
    "kodo": Provider(  # test domains expire after 30 days
        endpoint="https://s3.{region}.qiniucs.com", object_acl=False
    ),
    "upyun": Provider(
        endpoint="https://s3.api.upyun.com",
        region="us-east-1",
        object_acl=False,
        public_url="https://{bucket}.b0.upaiyun.com",
    ),
    "obs": Provider(  # its own domain always downloads
        endpoint="https://obs.{region}.myhuaweicloud.com", virtual_host=True
    ),
    "tos": Provider(
        endpoint="https://tos-s3-{region}.volces.com",
        virtual_host=True,
        public_url="https://{bucket}.tos-{region}.volces.com",
    ),
    "r2": Provider(
        endpoint_example="https://ACCOUNT.r2.cloudflarestorage.com",
        region="auto",
        create_only=_IF_NONE_MATCH,
        look_first=False,
        object_acl=False,
    ),
    "b2": Provider(endpoint="https://s3.{region}.backblazeb2.com", object_acl=False),
    "minio": Provider(
        endpoint_example="https://minio.example.com",
        region="us-east-1",
        create_only=_IF_NONE_MATCH,
        object_acl=False,
        public_url="{endpoint}/{bucket}",
    ),
    "ceph": Provider(
        endpoint_example="https://ceph.example.com",
        region="default",
        create_only=_IF_NONE_MATCH,
        look_first=False,
        public_url="{endpoint}/{bucket}",
    ),
    "garage": Provider(
        endpoint_example="https://garage.example.com", region="garage", object_acl=False
    ),
    "seaweedfs": Provider(
        endpoint_example="https://seaweedfs.example.com",
        region="us-east-1",
        create_only=_IF_NONE_MATCH,
        public_url="{endpoint}/{bucket}",
    ),
    "wasabi": Provider(
        endpoint="https://s3.{region}.wasabisys.com",
        public_url="https://s3.{region}.wasabisys.com/{bucket}",
    ),
    "spaces": Provider(
        endpoint="https://{region}.digitaloceanspaces.com",
        virtual_host=True,
        create_only=_IF_NONE_MATCH,
        public_url="https://{bucket}.{region}.digitaloceanspaces.com",
    ),
    "gcs": Provider(
        endpoint="https://storage.googleapis.com",
        region="auto",
        create_only=("x-goog-if-generation-match", "0"),
        public_url="https://storage.googleapis.com/{bucket}",
    ),
    "supabase": Provider(
        endpoint_example="https://PROJECT.storage.supabase.co/storage/v1/s3", object_acl=False
    ),
    "custom": Provider(
        endpoint_example="https://s3.example.com",
        region="us-east-1",
        create_only=_IF_NONE_MATCH,
        public_url="{endpoint}/{bucket}",
    ),
}


@dataclass(frozen=True, slots=True)
class Address:
    """A bucket, its service, and where it is reached: by us, and by readers."""

    provider: Provider
    bucket: str
    region: str
    endpoint: str
    public_url: str


def address_of(settings: StoreSettings) -> Address:
    """Where the bucket of ``settings`` is.

    Raises:
        ConfigError: a setting is missing or unknown; names it and the cure.
    """
    name = settings.provider
    provider = PROVIDERS.get(name)
    if provider is None:
        near = difflib.get_close_matches(name.lower(), PROVIDERS, 1)
        guess = f"did you mean {near[0]!r}? " if near else ""
        raise ConfigError(
            f"store.provider = {name!r} is not known",
            f"{guess}known are {', '.join(PROVIDERS)}; use custom and store.endpoint for others",
        )
    if not settings.bucket:
        raise ConfigError("store.bucket is missing", 'add bucket = "NAME" to [store]')
    if not _BUCKET.fullmatch(settings.bucket):
        raise ConfigError(
            f"store.bucket = {settings.bucket!r} is not a name for a bucket",
            "write it as the console of the service shows it; for Tencent COS it ends in -APPID",
        )
    # consoles show Aliyun's regions as oss-cn-hangzhou
    region = settings.region.removeprefix(f"{name}-") or provider.region
    if not region:
        raise ConfigError(
            f"store.region is missing; {name} needs it",
            'add region = "..." to [store], as the console of the service shows it for the bucket',
        )
    if not _REGION.fullmatch(region):
        raise ConfigError(
            f"store.region = {region!r} is not a name for a region",
            "write it as the console of the service shows it, such as cn-hangzhou",
        )
    endpoint = settings.endpoint.rstrip("/") or provider.endpoint.format(region=region)
    if not endpoint.startswith(("https://", "http://")):
        raise ConfigError(
            f"store.endpoint = {endpoint!r} is not an address"
            if endpoint
            else f"store.endpoint is missing; {name} needs it",
            f'add it to [store], such as endpoint = "{provider.endpoint_example or "https://..."}"',
        )
    if settings.acl and not provider.object_acl:
        raise ConfigError(
            f"store.acl = {settings.acl!r}: {name} has no access lists for single objects",
            "remove acl from [store] and make the bucket public in the console of the service",
        )
    public_url = settings.public_url or provider.public_url.format(
        region=region, bucket=settings.bucket, endpoint=endpoint
    )
    if not public_url:
        raise ConfigError(
            f"store.public_url is missing; {name} shows images only under a domain of your own",
            'bind one to the bucket and add public_url = "https://img.example.com" to [store]',
        )
    return Address(provider, settings.bucket, region, endpoint, public_url.rstrip("/"))
