"""The shape of ``[store]``, ``[[mirror]]`` and ``[backup]``."""

from dataclasses import dataclass

from migrator.config.fields import ADDRESS, BUCKET, REGION, VARIABLE, setting

_ACLS = (
    "",
    "private",
    "public-read",
    "authenticated-read",
    "bucket-owner-read",
    "bucket-owner-full-control",
    "default",
)


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Where images go: a folder, or a bucket of an S3-compatible service."""

    type: str = setting(
        "",
        "local (a folder) or s3 (a bucket); empty: s3 if provider, bucket, region or endpoint is "
        "set, else local",
        example="s3",
        choices=("", "local", "s3"),
    )
    path: str = setting("migrated-images", "local: the folder, from the site root", folder="")
    provider: str = setting(
        "custom", "s3: the service, such as aws, oss, cos, r2; custom: any other", example="oss"
    )
    bucket: str = setting("", "s3: the bucket", example="my-blog", **BUCKET)
    region: str = setting("", "s3: the region", example="cn-hangzhou", **REGION)
    endpoint: str = setting(
        "",
        "s3: the service's address; needed for custom, else known",
        example="https://s3.example.com",
        trust=True,
        **ADDRESS,
    )
    cname: bool = setting(
        False,
        "s3: the endpoint is the bucket's own domain, so the bucket's name is not added to it; "
        "Aliyun wants that of new users in mainland China",
    )
    profile: str = setting("", "s3: the profile in ~/.aws to take credentials from", trust=True)
    access_key_env: str = setting(
        "", "s3: the environment variable that holds the access key", trust=True, **VARIABLE
    )
    secret_key_env: str = setting(
        "", "s3: the environment variable that holds the secret key", trust=True, **VARIABLE
    )
    prefix: str = setting("", "what comes before every key", example="blog")
    public_url: str = setting(
        "",
        "the address of the folder's or bucket's root as readers see it; of a folder of the site "
        "also a path that begins with /, such as /images for static/images",
        example="https://img.example.com",
        pattern=rf"{ADDRESS['pattern']}|/(?!/)[^?#\s]*",
        expected=f"{ADDRESS['expected']}, or a path on the site such as /images",
    )
    check_public: bool = setting(
        True, "s3: after an upload, fetch the public address and compare the bytes"
    )
    cache_control: str = setting(
        "public, max-age=31536000, immutable", "s3: the Cache-Control header of every object"
    )
    acl: str = setting(
        "",
        "s3: an access list for every object; where the service has them",
        example="public-read",
        choices=_ACLS,  # none that lets others write
    )
    storage_class: str = setting("", "s3: the storage class of every object")
    addressing: str = setting(
        "",
        "s3: where the bucket's name stands: virtual (before the endpoint's name) or path (after "
        "it); this key and the five below are for services that are not known or have changed",
        choices=("", "virtual", "path"),
    )
    create_only: str = setting(
        "",
        "s3: the header that keeps an upload from replacing an object: if-none-match, "
        "x-oss-forbid-overwrite or x-cos-forbid-overwrite; head: there is none, so look first",
        choices=("", "if-none-match", "x-oss-forbid-overwrite", "x-cos-forbid-overwrite", "head"),
    )
    checksums: str = setting(
        "",
        "s3: how the service can notice that an upload was damaged: md5 (the Content-MD5 header), "
        "crc32 (the x-amz-checksum-crc32 header, which Amazon wants most) or none",
        choices=("", "md5", "crc32", "none"),
    )
    payload_signing: str = setting(
        "",
        "s3: whether the signature covers the bytes of the image: on or off",
        choices=("", "on", "off"),
    )
    listing: str = setting(
        "", "s3: the version of the list request: v1 or v2", choices=("", "v1", "v2")
    )
    list_encoding: str = setting(
        "", "s3: how names come back in lists: url (encoded) or plain", choices=("", "url", "plain")
    )
    key: str = setting(
        "{sha256:2}/{sha256}{ext}",
        "the name of every object: {sha256}, {sha256:N} (its first N characters), {ext}, {stem} "
        "(the old name), {host} and {path} (the whole old path); {year}, {month} and {post} (the "
        "name) of the first post that shows the image",
    )

    def __post_init__(self) -> None:
        """Who names a bucket means a bucket."""
        if not self.type:
            service = "" if self.provider == "custom" else self.provider
            is_bucket = service or self.bucket or self.region or self.endpoint
            object.__setattr__(self, "type", "s3" if is_bucket else "local")

    @property
    def label(self) -> str:
        """Where images go, for people."""
        prefix = self.prefix.strip("/")
        place = f"s3://{self.bucket}/{prefix}" if self.type == "s3" else self.path
        return place.rstrip("/")


@dataclass(frozen=True, slots=True)
class MirrorSettings(StoreSettings):
    """A second store that gets every image too, under the same names; links go to the first."""


@dataclass(frozen=True, slots=True)
class BackupSettings(StoreSettings):
    """Where `migrator backup` keeps copies: a folder or a bucket, best not that of the store."""

    path: str = setting("image-backup", "local: the folder, from the site root", folder="")
    keep_daily: int = setting(
        0, "how many of the newest days `migrator prune` keeps a snapshot of", minimum=0
    )
    keep_weekly: int = setting(0, "likewise of weeks", minimum=0)
    keep_monthly: int = setting(0, "likewise of months; without any of them all stay", minimum=0)
