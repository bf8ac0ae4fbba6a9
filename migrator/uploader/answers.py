"""What an S3 service's refusal means, in words for a person. Pure."""

from dataclasses import dataclass
from http import HTTPStatus

from migrator.errors import StoreRefused
from migrator.reasons import Reason
from migrator.uploader.base import StoreError
from migrator.uploader.providers import Address

_CLOCK_LIMIT = 300  # seconds; services allow 15 minutes, and a few minutes are no accident
_PASSING = {
    "BadDigest",
    "ConditionalRequestConflict",
    "IncompleteBody",
    "InternalError",
    "OperationAborted",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequests",
    "XAmzContentSHA256Mismatch",
}
# A refusal that is about how checksums are sent, by the words of several services.
_CHECKSUMS = (
    "aws-chunked",
    "x-amz-sdk-checksum",
    "x-amz-trailer",
    "x-amz-content-sha256",
    "content-md5",
    "trailer",
)
_ONE_OBJECT = {"EntityTooLarge", "KeyTooLongError"}

_KEYS_CURE = "look at {keys}; keys are copied from the service's console, without spaces"
_REGION_CURE = (
    "write the region (and, if you gave one, the endpoint) of the bucket into [{table}] "
    "as the service's console shows it"
)
_EXPIRED = (
    "the credentials of {where} have expired",
    "get new ones (for a profile with sign-in: sign in again), then resume",
)
_UNPAID = (
    "{where} is closed to you: the service says that the account is suspended",
    "look into the service's console for an unpaid bill or a notice",
)
_WRONG_REGION = ("{where} is not in the region {region}", _REGION_CURE)

# code of the service -> what happened, what to do
_DOOMED: dict[str, tuple[str, str]] = {
    "InvalidAccessKeyId": ("{where} does not know the access key", _KEYS_CURE),
    "SignatureDoesNotMatch": (
        "{where} does not accept the signature: the secret key is wrong",
        _KEYS_CURE,
    ),
    "NoSuchBucket": (
        "there is no bucket {bucket} at {endpoint}",
        "create it in the service's console, or correct {table}.bucket and {table}.region",
    ),
    "ExpiredToken": _EXPIRED,
    "InvalidToken": _EXPIRED,
    "TokenRefreshRequired": _EXPIRED,
    "PermanentRedirect": _WRONG_REGION,
    "TemporaryRedirect": _WRONG_REGION,
    "AuthorizationHeaderMalformed": _WRONG_REGION,
    "IllegalLocationConstraintException": _WRONG_REGION,
    "SecondLevelDomainForbidden": (
        "{endpoint} wants the bucket's name in front of the address",
        'write the service\'s name into [{table}], such as provider = "oss", instead of custom',
    ),
    "InvalidBucketName": (
        "{bucket} is not a name for a bucket",
        "correct {table}.bucket; for Tencent COS it ends in -APPID",
    ),
    "AccessControlListNotSupported": (
        "{where} has no access lists for single objects",
        "remove acl from [{table}] and make the bucket public in the service's console",
    ),
    "InvalidStorageClass": (
        "{where} does not know this storage class",
        "correct or remove {table}.storage_class",
    ),
    "UserDisable": _UNPAID,
    "AccountProblem": _UNPAID,
    "AllAccessDisabled": _UNPAID,
    "QuotaExceeded": ("{where} is full", "raise the quota in the service's console, then resume"),
}
_READ = "GetObject, and ListBucket, without which some services deny that an object is missing"
# what was asked for -> the name of the right to it
_RIGHTS = {
    "PUT": "PutObject (and PutObjectAcl, if acl is set)",
    "DELETE": "DeleteObject",
    "LIST": "ListBucket",
}
_CHECKSUMS_REFUSED = (
    "{where} does not take uploads with this kind of checksum ({code})",
    'write checksums = "md5" into [{table}], or "none" if that is what is there',
)
_DENIED = (
    "{where} denies access ({code})",
    "give the access key the right to do that with this bucket: {right}",
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error answer: its status, the service's code and words (either may be empty).

    ``operation`` is what was asked for: a method, or LIST. ``clock`` is the service's clock minus
    ours in seconds, ``None`` if it did not say; ``region`` is where the service says the bucket is.
    """

    status: int
    code: str
    message: str = ""
    clock: float | None = None
    region: str = ""
    operation: str = "PUT"


def problem(refusal: Refusal, address: Address, key: str) -> StoreError | StoreRefused:
    """What to raise for an answer that is neither success nor about the object being there."""
    code, status = refusal.code, refusal.status
    if code == "RequestTimeTooSkewed" or _is_clock(refusal):
        return StoreRefused(
            f"{address.endpoint} refuses because this machine's clock is {_off(refusal.clock)}",
            "set the clock (let the system take the time from the network), then resume",
        )
    if _may_pass(refusal):
        return StoreError(
            Reason.STORE_UNAVAILABLE, f"{address.endpoint} answers {status} {code}".rstrip()
        )
    words = (
        _CHECKSUMS_REFUSED
        if _is_about_checksums(refusal)
        else _DOOMED.get(code) or (_WRONG_REGION if status in (301, 307) else None)
    )
    if words is None and status in (401, 403):
        words = _DENIED
    if words is not None:
        said, cure = (
            text.format(
                where=address.where,
                bucket=address.bucket,
                endpoint=address.endpoint,
                region=address.region,
                code=code or status,
                table=address.table,
                keys=address.keys,
                right=_RIGHTS.get(refusal.operation, _READ),
            )
            for text in words
        )
        if refusal.region and words is _WRONG_REGION:
            said += f" but in {refusal.region}"
        return StoreRefused(said, cure)
    said = f"{address.where} answers {status} {code}: {refusal.message}".rstrip(": ")
    if code in _ONE_OBJECT:
        return StoreError(Reason.STORE_REJECTED, f"{said} ({key})")
    return StoreRefused(
        said, f"look at the settings in [{address.table}]; is this address an S3 service?"
    )


def _may_pass(refusal: Refusal) -> bool:
    status = refusal.status
    broken = status >= HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.NOT_IMPLEMENTED
    slow = status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
    return broken or slow or refusal.code in _PASSING


def _is_about_checksums(refusal: Refusal) -> bool:
    refused = refusal.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_IMPLEMENTED)
    said = refused and any(word in refusal.message.lower() for word in _CHECKSUMS)
    return said or refusal.code == "MissingContentLength"


def is_denial(refusal: Refusal) -> bool:
    """Whether the service lacks a permission of ours, and nothing else is known to be wrong."""
    return refusal.code == "AccessDenied" and not _is_clock(refusal)


def _is_clock(refusal: Refusal) -> bool:
    """Some services call it denied access when the clock is what is wrong."""
    signature = refusal.status in (400, 401, 403)
    return signature and refusal.clock is not None and abs(refusal.clock) > _CLOCK_LIMIT


def _off(clock: float | None) -> str:
    if clock is None or abs(clock) < 60:  # noqa: PLR2004 - seconds in a minute
        return "wrong"
    return f"{round(abs(clock) / 60)} minutes {'slow' if clock > 0 else 'fast'}"
