"""What is known about services that speak S3: facts as data. Pure.

The facts are from the services' documents and from reports of their users; where one is not sure,
the value is the careful one: ask before writing, sign and sum the whole body, delete one by one.
Every service gets plain bodies with a Content-MD5, and Amazon's own with a CRC32: the chunked
trailers that boto3 sends by default are refused by most, and some stored them as part of the image.
"""

import difflib
import re
from dataclasses import dataclass, replace

from migrator.config import StoreSettings
from migrator.errors import ConfigError
from migrator.uploader.credentials import whereabouts

# Headers that make a PUT fail if the object is there, by the name that store.create_only has.
PRECONDITIONS = {
    "if-none-match": ("If-None-Match", "*"),
    "x-oss-forbid-overwrite": ("x-oss-forbid-overwrite", "true"),
    "x-cos-forbid-overwrite": ("x-cos-forbid-overwrite", "true"),
}
# What [store] may say otherwise, field by field: of the same name here and there.
_OVERRIDABLE = (
    "addressing",
    "checksums",
    "create_only",
    "listing",
    "list_encoding",
    "payload_signing",
)
# Both become part of a host name, which must stay the service's own.
_REGION = re.compile(r"[A-Za-z0-9-]+")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")


@dataclass(frozen=True, slots=True)
class Provider:
    """One service; the words for values are those of ``StoreSettings``.

    ``endpoint`` may hold ``{region}``; ``public_url`` also ``{bucket}`` and ``{bucket_url}`` (where
    we reach the bucket); it is empty where the service has no address of its own for readers.
    ``shows_images`` is whether browsers show what is served there, rather than download it.
    ``create_only`` is how a PUT is kept from replacing an object, and ``heeded`` whether that is
    known to hold, always and atomically; elsewhere it is tried out. ``object_acl`` is whether
    objects have access lists of their own.
    """

    endpoint: str = ""
    endpoint_example: str = ""
    region: str = ""
    addressing: str = "path"
    create_only: str = "head"
    heeded: bool = False
    checksums: str = "md5"
    payload_signing: str = "on"
    listing: str = "v2"
    list_encoding: str = "url"
    object_acl: bool = True
    public_url: str = ""
    shows_images: bool = True


PROVIDERS: dict[str, Provider] = {
    "aws": Provider(
        endpoint="https://s3.{region}.amazonaws.com",
        addressing="virtual",
        create_only="if-none-match",
        heeded=True,
        checksums="crc32",
        payload_signing="off",
        public_url="https://{bucket}.s3.{region}.amazonaws.com",
    ),
    "aws-cn": Provider(
        endpoint="https://s3.{region}.amazonaws.com.cn",
        addressing="virtual",
        create_only="if-none-match",
        public_url="https://{bucket}.s3.{region}.amazonaws.com.cn",
    ),
    "oss": Provider(  # the header is ignored by buckets with versions
        endpoint="https://s3.oss-{region}.aliyuncs.com",
        addressing="virtual",
        create_only="x-oss-forbid-overwrite",
        public_url="https://{bucket}.oss-{region}.aliyuncs.com",
        shows_images=False,
    ),
    "cos": Provider(  # the bucket's name ends in -APPID
        endpoint="https://cos.{region}.myqcloud.com",
        addressing="virtual",
        create_only="x-cos-forbid-overwrite",
        listing="v1",
        public_url="https://{bucket}.cos.{region}.myqcloud.com",
        shows_images=False,
    ),
    "kodo": Provider(  # test domains expire after 30 days
        endpoint="https://s3.{region}.qiniucs.com", list_encoding="plain", object_acl=False
    ),
    "upyun": Provider(
        endpoint="https://s3.api.upyun.com",
        region="us-east-1",
        object_acl=False,
        public_url="https://{bucket}.b0.upaiyun.com",
    ),
    "obs": Provider(  # an encoded listing repeats its first page for ever
        endpoint="https://obs.{region}.myhuaweicloud.com",
        addressing="virtual",
        listing="v1",
        list_encoding="plain",
        public_url="https://{bucket}.obs.{region}.myhuaweicloud.com",
        shows_images=False,
    ),
    "tos": Provider(
        endpoint="https://tos-s3-{region}.volces.com",
        addressing="virtual",
        public_url="https://{bucket}.tos-{region}.volces.com",
    ),
    "r2": Provider(
        endpoint_example="https://ACCOUNT.r2.cloudflarestorage.com",
        region="auto",
        create_only="if-none-match",
        heeded=True,
        object_acl=False,
    ),
    "b2": Provider(endpoint="https://s3.{region}.backblazeb2.com", object_acl=False),
    "minio": Provider(
        endpoint_example="https://minio.example.com",
        region="us-east-1",
        create_only="if-none-match",
        object_acl=False,
        public_url="{bucket_url}",
    ),
    "ceph": Provider(
        endpoint_example="https://ceph.example.com",
        region="default",
        create_only="if-none-match",
        heeded=True,
        public_url="{bucket_url}",
    ),
    "garage": Provider(
        endpoint_example="https://garage.example.com", region="garage", object_acl=False
    ),
    "seaweedfs": Provider(
        endpoint_example="https://seaweedfs.example.com",
        region="us-east-1",
        create_only="if-none-match",
        listing="v1",
        list_encoding="plain",
        public_url="{bucket_url}",
    ),
    "wasabi": Provider(
        endpoint="https://s3.{region}.wasabisys.com",
        create_only="if-none-match",
        public_url="https://s3.{region}.wasabisys.com/{bucket}",
    ),
    "spaces": Provider(
        endpoint="https://{region}.digitaloceanspaces.com",
        addressing="virtual",
        create_only="if-none-match",
        list_encoding="plain",
        public_url="https://{bucket}.{region}.digitaloceanspaces.com",
    ),
    # Ignores If-None-Match, and refuses its own x-goog-if-generation-match beside the x-amz-
    # headers that the signature needs (ExcessHeaderValues), so there is no precondition.
    "gcs": Provider(
        endpoint="https://storage.googleapis.com",
        region="auto",
        public_url="https://storage.googleapis.com/{bucket}",
    ),
    "supabase": Provider(
        endpoint_example="https://PROJECT.storage.supabase.co/storage/v1/s3", object_acl=False
    ),
    "custom": Provider(
        endpoint_example="https://s3.example.com",
        region="us-east-1",
        create_only="if-none-match",
        public_url="{bucket_url}",
    ),
}


@dataclass(frozen=True, slots=True)
class Address:
    """A bucket, its service, and where it is reached: by us, and by readers.

    ``provider`` is as the settings want it. ``table`` is where those stand in the configuration,
    for messages, and ``keys`` what holds the keys. With ``cname`` the endpoint is the bucket's own
    domain. ``public_url`` is empty where it is not known.
    """

    provider: Provider
    bucket: str
    region: str
    endpoint: str
    public_url: str
    cname: bool = False
    table: str = "store"
    keys: str = ""

    @property
    def where(self) -> str:
        """The bucket and its service, for people."""
        return f"the bucket {self.bucket} at {self.endpoint}"


def address_of(settings: StoreSettings, table: str = "store") -> Address:
    """Where the bucket of ``settings`` is, which stand in ``[table]`` of the configuration.

    Raises:
        ConfigError: a setting is missing or unknown; names it and the cure.
    """
    name = settings.provider
    provider = PROVIDERS.get(name)
    if provider is None:
        near = difflib.get_close_matches(name.lower(), PROVIDERS, 1)
        guess = f"did you mean {near[0]!r}? " if near else ""
        raise ConfigError(
            f"{table}.provider = {name!r} is not known",
            f"{guess}known are {', '.join(PROVIDERS)}; use custom and endpoint for others",
        )
    _must_be_a_bucket(settings.bucket, table)
    if settings.acl and not provider.object_acl:
        raise ConfigError(
            f"{table}.acl = {settings.acl!r}: {name} has no access lists for single objects",
            f"remove acl from [{table}] and make the bucket public in the console of the service",
        )
    provider = _as_wanted(provider, settings)
    region = _region(settings, provider, table)
    endpoint = _endpoint(settings, provider, region, table)
    bucket_url = _bucket_url(settings, provider, endpoint)
    own = bucket_url if settings.cname else provider.public_url
    public_url = settings.public_url or own.format(
        region=region, bucket=settings.bucket, bucket_url=bucket_url
    )
    if not public_url and table == "store":  # posts link to no other
        raise ConfigError(
            f"store.public_url is missing; {name} shows images only under a domain of your own",
            'bind one to the bucket and add public_url = "https://img.example.com" to [store]',
        )
    return Address(
        provider,
        settings.bucket,
        region,
        endpoint,
        public_url.rstrip("/"),
        settings.cname,
        table,
        whereabouts(settings, table),
    )


def _as_wanted(provider: Provider, settings: StoreSettings) -> Provider:
    said = {name: value for name in _OVERRIDABLE if (value := getattr(settings, name))}
    heeded = provider.heeded and said.get("create_only", provider.create_only) == (
        provider.create_only
    )
    return replace(provider, **said, heeded=heeded)


def _must_be_a_bucket(bucket: str, table: str) -> None:
    if not bucket:
        raise ConfigError(f"{table}.bucket is missing", f'add bucket = "NAME" to [{table}]')
    if not _BUCKET.fullmatch(bucket):
        raise ConfigError(
            f"{table}.bucket = {bucket!r} is not a name for a bucket",
            "write it as the console of the service shows it; for Tencent COS it ends in -APPID",
        )


def _region(settings: StoreSettings, provider: Provider, table: str) -> str:
    # consoles show Aliyun's regions as oss-cn-hangzhou
    region = settings.region.removeprefix(f"{settings.provider}-") or provider.region
    if not region:
        raise ConfigError(
            f"{table}.region is missing; {settings.provider} needs it",
            f'add region = "..." to [{table}], '
            "as the console of the service shows it for the bucket",
        )
    if not _REGION.fullmatch(region):
        raise ConfigError(
            f"{table}.region = {region!r} is not a name for a region",
            "write it as the console of the service shows it, such as cn-hangzhou",
        )
    return region


def _endpoint(settings: StoreSettings, provider: Provider, region: str, table: str) -> str:
    given = settings.endpoint.rstrip("/")
    if settings.cname and not given:
        raise ConfigError(
            f"{table}.endpoint is missing; cname = true says that it is the bucket's own domain",
            f'add endpoint = "https://img.example.com" to [{table}], or remove cname',
        )
    endpoint = given or provider.endpoint.format(region=region)
    if not endpoint and settings.provider == "custom":
        raise ConfigError(
            f"[{table}] does not say which service the bucket {settings.bucket} is at",
            'add provider = "oss" (or cos, kodo, r2, aws, ...), or the address of any other that'
            f' speaks S3: endpoint = "{provider.endpoint_example}". Or let migrator init ask',
        )
    if not endpoint.startswith(("https://", "http://")):
        example = provider.endpoint_example or "https://..."
        raise ConfigError(
            f"{table}.endpoint = {endpoint!r} is not an address"
            if endpoint
            else f"{table}.endpoint is missing; {settings.provider} needs it",
            f'add it to [{table}], such as endpoint = "{example}"',
        )
    return endpoint


def _bucket_url(settings: StoreSettings, provider: Provider, endpoint: str) -> str:
    if settings.cname:
        return endpoint
    if provider.addressing == "path":
        return f"{endpoint}/{settings.bucket}"
    return endpoint.replace("://", f"://{settings.bucket}.", 1)
