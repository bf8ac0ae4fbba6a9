"""Do readers see what was stored? Asked without keys, as a browser on a page would."""

import re
from collections.abc import Iterator
from http import HTTPStatus

from migrator.finding import Area, Finding, note, ok, problem
from migrator.model import Asset
from migrator.served import PublicAnswer
from migrator.transfer import Transfer
from migrator.uploader.public import public_problem

_FOREIGN = "https://reader.example.com/"
_DENIED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
_MAX_AGE = re.compile(r"(?i)(?:s-maxage|max-age)\s*=\s*\"?(\d+)")
_LIST_CURE = (
    "In the service's console, look for the list of allowed sites (Referer, 防盗链): {what}."
)


def check_public(url: str, asset: Asset, transfer: Transfer, *, site_url: str) -> Iterator[Finding]:
    """What readers get at ``url``, where ``asset`` is; ``site_url`` is where the posts are read."""
    plain = transfer.public_answer(url)
    if plain.status in _DENIED and site_url:
        own = transfer.public_answer(url, referer=site_url)
        if public_problem(asset, own) is None:
            yield _only_with_referer(url, plain, site_url)
            return
    if HTTPStatus.MULTIPLE_CHOICES <= plain.status < HTTPStatus.BAD_REQUEST:
        to = plain.location or "nowhere"
        cure = "Write the address it leads to into public_url, as far as the root of the bucket."
        yield problem(Area.PUBLIC, f"it redirects ({plain.status}) to {to}", url, cure)
        return
    if said := public_problem(asset, plain):
        what, _, cure = said.partition("; ")
        yield problem(Area.PUBLIC, what, url, cure[:1].upper() + cure[1:])
        return
    yield ok(Area.PUBLIC, f"readers see the image at {url.rpartition('/')[0]}/…")
    yield from _check_sites(url, asset, transfer, site_url)
    yield from _check_cache(plain, url)


def _only_with_referer(url: str, plain: PublicAnswer, site_url: str) -> Finding:
    return problem(
        Area.PUBLIC,
        f"readers whose browser names no page are denied ({plain.status}), those on {site_url} not",
        url,
        _LIST_CURE.format(what="allow the empty Referer, for Migrator's own check and feed readers")
        + " Or write check_public = false into [store].",
    )


def _check_sites(url: str, asset: Asset, transfer: Transfer, site_url: str) -> Iterator[Finding]:
    """Whether the pages of some sites are denied."""
    if site_url:
        own = transfer.public_answer(url, referer=site_url)
        if public_problem(asset, own):
            yield problem(
                Area.PUBLIC,
                f"the pages of {site_url} are denied ({own.status or own.error})",
                url,
                _LIST_CURE.format(what=f"add {site_url}"),
            )
            return
    foreign = transfer.public_answer(url, referer=_FOREIGN)
    if not public_problem(asset, foreign):
        yield ok(Area.PUBLIC, "on the pages of every site")
    elif site_url:
        yield ok(Area.PUBLIC, f"on the pages of {site_url}, and not on those of other sites")
    else:
        yield note(
            Area.PUBLIC,
            f"the pages of other sites are denied ({foreign.status or foreign.error}); whether"
            " yours are is not known",
            url,
            _LIST_CURE.format(what="your site must be in it")
            + " With site_url in [scan], migrator doctor asks as your site.",
        )


def _check_cache(answer: PublicAnswer, url: str) -> Iterator[Finding]:
    said = answer.cache_control.lower()
    age = _MAX_AGE.search(said)
    if "no-store" in said or "no-cache" in said or (age and not int(age[1])):
        yield note(
            Area.PUBLIC,
            f"browsers are told to fetch every image anew (Cache-Control: {said})",
            url,
            "Look at cache_control in [store], and at the rules of the CDN.",
        )
    elif not age:
        yield note(
            Area.PUBLIC,
            "browsers are not told how long to keep images (no max-age in Cache-Control)",
            url,
            "Let the service or the CDN pass on the header that cache_control in [store] sets.",
        )
