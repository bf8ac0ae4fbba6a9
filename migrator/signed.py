"""Which URLs carry a signature or a token, until when it holds, and which object they mean. Pure.

Two questions, of different strictness. May this URL be edited? Not if anything in it might be a
signature (`is_signed`). Are these two URLs one image? Only if what differs is known to be a
signature, by all parts of it and their shapes (`without_signature`): a lone ``token=`` may as well
be the image's name. The shapes are from the services' pages on signed URLs.
"""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit

Parameters = Mapping[str, str]  # names in lower case, values decoded

_ANY = ".+"
_EPOCH = r"[0-9]{9,11}"  # seconds since 1970
_HEX_EPOCH = "[0-9a-f]{8}"
_MD5 = "[0-9a-f]{32}"
_JWT = r"[\w-]+\.([\w-]+)\.[\w-]*"  # RFC 7519, 3
_DATE = "%Y%m%dT%H%M%SZ"
_BAIDU = r"bce-auth-v1/[^/]+/([^/]+)/(\d+)/[^/]*/[0-9a-f]+"
# What may be a signature, whatever else stands beside it.
_SUSPECT = re.compile(
    r"(?i)[?&;](?:[\w-]*(?:sign|signature|token|authkey|auth_key|accesskeyid|credential)|"
    r"e|sig|ssig|se|jwt|auth|authorization|expires?|x-expires|policy|hm|_upt|hdnt[sl]|q-ak)="
)


@dataclass(frozen=True, slots=True)
class _Scheme:
    """One way to sign: all of ``marks`` must be there, with values of these shapes.

    ``extras`` are the other names that belong to the signature. ``until`` reads the end of its
    validity in seconds since 1970. ``place`` is where alone this is a signature, as host and path.
    """

    marks: Mapping[str, str]
    until: Callable[[Parameters], float | None]
    extras: str = "(?!)"
    place: str = ".*"

    def signs(self, place: str, parameters: Parameters) -> bool:
        return all(
            name in parameters and re.fullmatch(shape, parameters[name])
            for name, shape in self.marks.items()
        ) and bool(re.fullmatch(self.place, place, re.DOTALL))

    def owns(self, name: str) -> bool:
        return name in self.marks or bool(re.fullmatch(self.extras, name))


def _at(name: str, base: int = 10) -> Callable[[Parameters], float]:
    return lambda parameters: int(parameters[name], base)


def _part(name: str, separator: str, index: int) -> Callable[[Parameters], float]:
    return lambda parameters: int(parameters[name].split(separator)[index])


def _lasting(vendor: str) -> Callable[[Parameters], float]:
    """The date of signing and the seconds that it holds from then."""

    def until(parameters: Parameters) -> float:
        signed = datetime.strptime(parameters[f"x-{vendor}-date"], _DATE).replace(tzinfo=UTC)
        return signed.timestamp() + int(parameters[f"x-{vendor}-expires"])

    return until


def _iso(text: str) -> float:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _baidu(parameters: Parameters) -> float | None:
    match = re.fullmatch(_BAIDU, parameters["authorization"])
    return _iso(match[1]) + int(match[2]) if match else None


def _claim(name: str) -> Callable[[Parameters], float | None]:
    """``exp`` of a JSON Web Token (RFC 7519, 4.1.4)."""

    def until(parameters: Parameters) -> float | None:
        match = re.fullmatch(_JWT, parameters[name])
        payload = match[1] if match else ""
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return float(claims["exp"])

    return until


_SCHEMES = (
    *(  # OSS, S3, Google, OBS, Kingsoft, CloudFront: version 1 or 2 of each
        _Scheme(
            {key: _ANY, "signature": _ANY, "expires": _EPOCH},
            _at("expires"),
            r"security-token|x-(?:amz|obs|kss)-security-token|callback",
        )
        for key in (
            *("ossaccesskeyid", "awsaccesskeyid", "googleaccessid", "accesskeyid"),
            *("kssaccesskeyid", "key-pair-id"),
        )
    ),
    *(  # version 4 of each
        _Scheme(
            {
                f"x-{vendor}-signature": "[0-9A-Fa-f]+",
                f"x-{vendor}-credential": _ANY,
                f"x-{vendor}-date": r"\d{8}T\d{6}Z",
                f"x-{vendor}-expires": r"\d{1,9}",
            },
            _lasting(vendor),
            rf"x-{vendor}-(?:algorithm|signedheaders|signature-version|additional-headers|"
            "security-token|content-sha256)",
        )
        for vendor in ("amz", "goog", "oss", "tos", "obs")
    ),
    _Scheme(
        {"x-oss-signature": _ANY, "x-oss-access-key-id": _ANY, "x-oss-expires": _EPOCH},
        _at("x-oss-expires"),
        "x-oss-(?:signature-version|additional-headers)",
    ),
    _Scheme(  # COS: valid from;until
        {"q-sign-algorithm": "sha1", "q-signature": _ANY, "q-sign-time": rf"{_EPOCH};{_EPOCH}"},
        _part("q-sign-time", ";", 1),
        "q-(?:ak|key-time|header-list|url-param-list)|x-cos-security-token",
    ),
    _Scheme({"authorization": _BAIDU}, _baidu, "x-bce-security-token"),
    _Scheme({"e": _EPOCH, "token": r"[\w-]+:[\w-]+=*"}, _at("e")),  # Qiniu
    _Scheme({"x-expires": _EPOCH, "x-signature": _ANY}, _at("x-expires")),  # byteimg
    # Alibaba's and Tencent's CDN: the time is that of signing or of the end, as the site's owner
    # set it up, so the URL holds at least until then and may hold for some time longer.
    *(
        _Scheme({name: rf"{_EPOCH}-\w+-\w+-{_MD5}"}, _part(name, "-", 0))
        for name in ("auth_key", "sign")
    ),
    # Qiniu's CDN (the end) and Tencent's (the time of signing).
    _Scheme({"sign": _MD5, "t": _HEX_EPOCH}, _at("t", 16)),
    _Scheme({"sign": _MD5, "t": _EPOCH}, _at("t")),
    _Scheme({"_upt": rf"[0-9a-f]{{8}}{_EPOCH}"}, lambda found: int(found["_upt"][8:])),  # Upyun
    _Scheme({"kid": _ANY, "ssig": _ANY, "expires": _EPOCH}, _at("expires")),  # Sina
    _Scheme(  # Azure
        {"sig": _ANY, "se": r"\d{4}-\d\d-\d\d(?:T[\d:.]+Z)?", "sv": _ANY},
        lambda found: _iso(found["se"]),
        "s[rpti]|spr|sip|sdd|skoid|sktid|skt|ske|sks|skv",
    ),
    _Scheme(  # Discord
        {"ex": _HEX_EPOCH, "is": _HEX_EPOCH, "hm": "[0-9a-f]{64}"}, _at("ex", 16)
    ),
    _Scheme(  # Notion, in milliseconds
        {"expirationtimestamp": rf"{_EPOCH}\d{{3}}", "signature": _ANY},
        lambda found: int(found["expirationtimestamp"]) / 1000,
    ),
    _Scheme({"jwt": _JWT}, _claim("jwt"), place=r"private-user-images\.githubusercontent\.com/.*"),
    _Scheme({"token": _JWT}, _claim("token"), place=r"[^/]+/storage/v1/object/sign/.*"),  # Supabase
)
# A token anywhere may expire, but elsewhere it may also be what names the image.
_TOKENS = tuple(_Scheme({name: _JWT}, _claim(name)) for name in ("jwt", "token"))


def is_signed(url: str) -> bool:
    """Whether ``url`` may carry a signature: then it is asked for as it stands, or not at all."""
    return "?" in url and bool(_SUSPECT.search(url))


def without_signature(url: str) -> str:
    """What names the object behind ``url``: equal for all signed URLs of one object.

    Never to be asked for. A URL whose signature is not known for sure is returned as it is.
    """
    if not is_signed(url):
        return url
    place, parameters = _parsed(url)
    schemes = [scheme for scheme in _SCHEMES if scheme.signs(place, parameters)]
    if not schemes:
        return url
    before, _, rest = url.partition("?")
    query, mark, fragment = rest.partition("#")
    kept = "&".join(
        pair for pair in query.split("&") if not any(scheme.owns(_name(pair)) for scheme in schemes)
    )
    return before + ("?" if kept else "") + kept + mark + fragment


def expires(url: str) -> datetime | None:
    """When the signature in ``url`` ends, at the earliest; ``None`` if it has none that says so."""
    if not is_signed(url):
        return None
    place, parameters = _parsed(url)
    return min(_ends(place, parameters), default=None)


def _ends(place: str, parameters: Parameters) -> Iterator[datetime]:
    for scheme in (*_SCHEMES, *_TOKENS):
        if scheme.signs(place, parameters):
            try:
                until = scheme.until(parameters)
                if until is not None:
                    yield datetime.fromtimestamp(until, UTC)
            except (ValueError, LookupError, TypeError, OverflowError, OSError, RecursionError):
                continue  # only looks like a time


def _parsed(url: str) -> tuple[str, Parameters]:
    """Host and path, and the parameters."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", {}
    pairs = (pair.partition("=") for pair in parts.query.split("&"))
    return (
        parts.netloc.lower() + parts.path,
        {unquote(name).lower(): unquote(value) for name, _, value in pairs},
    )


def _name(pair: str) -> str:
    return unquote(pair.partition("=")[0]).lower()
