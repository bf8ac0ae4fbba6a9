"""Judges what the public address of a stored image serves to anonymous readers. Pure."""

import re
from http import HTTPStatus

from migrator import urls
from migrator.model import Asset
from migrator.served import PublicAnswer

_DOMAIN = "bind a domain of your own to the bucket and write it into store.public_url"
# What the header Server says -> whose own domains have everything downloaded, and for whom.
_DOWNLOADING = {
    "aliyunoss": "Aliyun OSS does that at its own domain",
    "tencent-cos": "Tencent COS does that at its own domain, for buckets made since 2024",
    "obs": "Huawei OBS does that at its own domain",
}
# Words of a refusal -> what it means and what to do.
_REFUSALS = {
    "referer": (
        "readers are denied because of the page they come from ({status}); add the address of your "
        "blog to the list of allowed sites (Referer, 防盗链) in the service's console, and allow "
        "the empty Referer"
    ),
    "no such domain": (
        "the domain is not bound to a bucket any more ({status}); test domains of Qiniu end after "
        f"30 days: {_DOMAIN}"
    ),
    "userdisable": (
        "the service has suspended the account ({status}); look into its console for an unpaid "
        "bill or a notice"
    ),
    "nosuchbucket": (
        "the service knows no bucket of that name ({status}); look at store.public_url"
    ),
    "invalidargument</code><message>authorization": (
        "that is the address for programs, not for readers ({status}); bind a domain to the bucket "
        "(Cloudflare R2: or turn on its r2.dev address), and write it into store.public_url"
    ),
}


def public_problem(asset: Asset, answer: PublicAnswer) -> str | None:
    """What keeps a reader from seeing ``asset``, "; " and the cure; ``None`` if nothing does."""
    if answer.status != HTTPStatus.OK:
        return _no_answer(answer)
    kind = answer.content_type.partition(";")[0].strip().lower()
    if answer.sha256 != asset.sha256:
        if kind in ("text/html", "application/xhtml+xml"):
            return (
                "a web page is served instead of the image; "
                "store.public_url must lead to the root of the bucket, not to a site or a console"
            )
        return _other_bytes(asset, answer, kind)
    if answer.forced or answer.disposition.partition(";")[0].strip().lower() == "attachment":
        who = _DOWNLOADING.get(answer.server.partition("/")[0].strip().lower())
        return (
            "the service makes browsers download the image instead of showing it"
            f"{f' ({who})' if who else ''}; {_DOMAIN}"
        )
    if not kind.startswith("image/"):
        return (
            f"it is served as {kind or 'no type at all'} instead of {asset.media_type}; "
            "the service or a proxy in front of it must keep the Content-Type"
        )
    return None


def _other_bytes(asset: Asset, answer: PublicAnswer, kind: str) -> str:
    if kind.startswith("image/") and kind != asset.media_type:
        return (
            f"another image is served: {kind} instead of {asset.media_type}; a CDN in front of the "
            "bucket converts images (to WebP, say): turn that off for this domain"
        )
    return (
        f"other bytes are served ({answer.size} instead of {asset.size}); a cache may hold an "
        "old object: empty it; or the service may convert images: turn that off for this domain"
    )


def _no_answer(answer: PublicAnswer) -> str:
    status = answer.status
    if status == 0:
        return f"it cannot be reached ({answer.error}); is store.public_url right?"
    said = re.sub(r"\s*([<>])\s*", r"\1", answer.refusal.lower())
    for words, meaning in _REFUSALS.items():
        if words in said:
            return meaning.format(status=status)
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return (
            f"readers are denied ({status}); make the bucket public for reading in the "
            "service's console, and see whether it only allows certain referring sites"
        )
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        to = urls.host(answer.location) or "another address"
        return (
            f"it redirects ({status}) to {to}; "
            "write the address that answers by itself into store.public_url"
        )
    if status == HTTPStatus.BAD_REQUEST:
        return f"the address takes no anonymous readers (400); {_DOMAIN}"
    if status == HTTPStatus.NOT_FOUND:
        return (
            "it is not found there (404); store.public_url must be the address of the root of "
            "the bucket, to which store.prefix and the key are added"
        )
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return f"the address is limited to few readers (429); {_DOMAIN}"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return f"the address has an error of its own ({status}); try again later"
    return f"it answers {status}; is store.public_url right?"
