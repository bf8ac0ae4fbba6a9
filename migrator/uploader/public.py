"""Judges what the public address of a stored image serves to anonymous readers. Pure."""

from http import HTTPStatus

from migrator.model import Asset, PublicAnswer

_DOMAIN = "bind a domain of your own to the bucket and write it into store.public_url"


def public_problem(asset: Asset, answer: PublicAnswer) -> str | None:
    """What keeps a reader from seeing ``asset``, with the likely cause and cure; else ``None``."""
    if answer.status != HTTPStatus.OK:
        return _no_answer(answer)
    kind = answer.content_type.partition(";")[0].strip().lower()
    if answer.sha256 != asset.sha256:
        if kind in ("text/html", "application/xhtml+xml"):
            return (
                "a web page is served instead of the image; "
                "store.public_url must lead to the root of the bucket, not to a site or a console"
            )
        return (
            f"other bytes are served ({answer.size} instead of {asset.size}); a cache may hold an "
            "old object, or the service may convert images: turn that off for this domain"
        )
    if answer.disposition.partition(";")[0].strip().lower() == "attachment":
        return f"the service makes browsers download the image instead of showing it; {_DOMAIN}"
    if not kind.startswith("image/"):
        return (
            f"it is served as {kind or 'no type at all'} instead of {asset.media_type}; "
            "the service or a proxy in front of it must keep the Content-Type"
        )
    return None


def _no_answer(answer: PublicAnswer) -> str:
    if answer.status == 0:
        return f"it cannot be reached ({answer.error}); is store.public_url right?"
    if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return (
            f"readers are denied ({answer.status}); make the bucket public for reading in the "
            "service's console, and see whether it only allows certain referring sites"
        )
    if answer.status == HTTPStatus.BAD_REQUEST:
        return f"the address takes no anonymous readers (400); {_DOMAIN}"
    if answer.status == HTTPStatus.NOT_FOUND:
        return (
            "it is not found there (404); store.public_url must be the address of the root of "
            "the bucket, to which store.prefix and the key are added"
        )
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return f"the address is limited to few readers (429); {_DOMAIN}"
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return f"the address has an error of its own ({answer.status}); try again later"
    return f"it answers {answer.status}; is store.public_url right?"
