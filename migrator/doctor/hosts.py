"""Do the image hosts that posts refer to answer? One image of each is asked for, as a run would."""

import socket
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from migrator.config import Settings
from migrator.downloader.proxy import proxy_for
from migrator.finding import Area, Finding, note, ok, problem
from migrator.model import Failed, Fetched, Held, Post, TransferTask
from migrator.reasons import Reason
from migrator.redact import redact
from migrator.report.quantities import counted
from migrator.scanner.hosts import provider, selected
from migrator.transfer import Transfer, TransferSpec
from migrator.urls import canonical, host

MOST = 20  # hosts, those with the most images first
SECONDS = 10.0  # for one host
_AT_ONCE = 10

_ELSEWHERE = (
    'If you have the images elsewhere: a [[route]] with match = "{prefix}" and from = a folder of '
    'the site ("file:dump/"), another address, or "wayback".'
)
_QINIU = (
    "Qiniu's test domains end after 30 days, but the bucket still has the images: a [[route]] with "
    'match = "{prefix}", from = "s3://BUCKET", provider = "kodo" and your region.'
)
_OTHER_REFERER = (
    'It may show its images on certain sites only: a [[host]] with match = "{host}" and '
    'referer = ["https://SITE/"], or site_url in [scan]. '
)
_CURES = {
    Reason.DNS: _ELSEWHERE,
    Reason.CONNECT: "Does it show in a browser? Then look at your connection. " + _ELSEWHERE,
    Reason.TIMEOUT: "Try again later, or from another network.",
    Reason.TLS: 'If images show over http: a [[route]] with match = "{prefix}" and '
    'from = "http://{host}/".',
    Reason.FORBIDDEN: _OTHER_REFERER + _ELSEWHERE,
    Reason.RATE_LIMITED: "Set a rate in [[host]], or try again later.",
    Reason.NOT_AN_IMAGE: "Look at the address in a browser. " + _ELSEWHERE,
}
_NO_ANSWER = {Reason.DNS, Reason.CONNECT, Reason.TIMEOUT, Reason.TLS, Reason.BLOCKED_ADDRESS}
_PLAIN = {Reason.DNS}  # whose words say it all
_NAMED = 4  # hosts that a finding names
_GONE = {Reason.NOT_FOUND, Reason.GONE}


@dataclass(frozen=True, slots=True)
class Asked:
    """A host, an image there, and how many images of it posts show."""

    host: str
    url: str
    images: int


def hosts_of(posts: Sequence[Post], settings: Settings, public_root: str | None) -> list[Asked]:
    """The hosts that images would be moved from, those with the most images first. Pure."""
    images: dict[str, str] = {}
    for post in posts:
        for reference in post.references:
            url = reference.url
            there = public_root and canonical(url).startswith(canonical(public_root))
            if host(url) and not there:
                images.setdefault(canonical(url), url)
    scan = settings.scan
    wanted = [url for url in images.values() if selected(url, scan.hosts, scan.skip_hosts)]
    counts = Counter(str(host(url)) for url in wanted)
    first = {str(host(url)): url for url in reversed(wanted)}
    return [Asked(name, first[name], number) for name, number in counts.most_common()]


def check_hosts(asked: Sequence[Asked], settings: Settings, root: Path) -> Iterator[Finding]:
    """Fetch one image of each host, all at the same time and within a limit of time."""
    some = asked[:MOST]
    if not some and settings.scan.hosts:
        yield note(
            Area.HOSTS,
            f"no post shows an image of {', '.join(settings.scan.hosts)}, so nothing would move",
            "hosts in [scan]",
            "Compare it with the hosts that migrator scan names.",
        )
        return
    if not some:
        yield ok(Area.HOSTS, "no post shows an image of another host")
        return
    proxy = proxy_for(settings.download.proxy)
    if proxy:
        try:
            socket.create_connection((proxy.host, proxy.port), SECONDS).close()
        except OSError as error:
            yield problem(
                Area.HOSTS,
                f"the proxy {proxy} cannot be reached: {error.strerror or error}",
                cure="Start it, or correct proxy in [download] (or the variable MIGRATOR_PROXY).",
            )
            return
        yield ok(Area.HOSTS, f"through the proxy {proxy}, which resolves names itself")
    refused: dict[tuple[Reason, str], list[tuple[Asked, Failed]]] = {}
    answers = 0
    for each, outcome in _outcomes(some, settings, root):
        if isinstance(outcome, Failed) and outcome.reason not in _GONE:
            cure = _QINIU if _has_expired(each, outcome) else _CURES.get(outcome.reason, "")
            refused.setdefault((outcome.reason, cure), []).append((each, outcome))
            continue
        answers += 1
        if isinstance(outcome, Failed):
            yield note(
                Area.HOSTS,
                f"{each.host} answers, but the image asked for is gone; it has "
                f"{counted(each.images, 'image')}",
                redact(each.url),
            )
        else:
            referer = outcome.referer if isinstance(outcome, Fetched) else ""
            sent = f", asked as {referer} does" if referer else ""
            yield ok(Area.HOSTS, f"{each.host} ({counted(each.images, 'image')}{sent})")
    for (reason, cure), cases in refused.items():
        # While others answer, a run goes on without the images of these.
        make = note if answers or reason not in _NO_ANSWER else problem
        yield make(Area.HOSTS, *_told(reason, cure, cases))
    if len(asked) > MOST:
        rest = sum(each.images for each in asked[MOST:])
        yield note(
            Area.HOSTS,
            f"{counted(len(asked) - MOST, 'more host')} with {counted(rest, 'image')} not asked",
        )


def _outcomes(
    some: Sequence[Asked], settings: Settings, root: Path
) -> Iterator[tuple[Asked, Fetched | Held | Failed]]:
    """What became of each, as soon as it is known; each fetched as a run would do it."""
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as spool,
        closing(Transfer(TransferSpec(quick(settings), root, Path(spool)))) as transfer,
    ):
        executor = ThreadPoolExecutor(_AT_ONCE, "doctor-host")
        try:
            waiting = {
                executor.submit(transfer.fetch, TransferTask(each.url)): each for each in some
            }
            deadline = time.monotonic() + SECONDS * 3
            while waiting and (left := deadline - time.monotonic()) > 0:
                done, _ = wait(waiting, timeout=left, return_when=FIRST_COMPLETED)
                for future in done:
                    yield waiting.pop(future), future.result()
            for each in waiting.values():
                yield each, Failed(each.url, Reason.TIMEOUT, "no answer in time")
        finally:
            executor.shutdown(wait=False, cancel_futures=True)


def quick(settings: Settings) -> Settings:
    """The settings for one try that does not take long."""
    timeout = min(SECONDS, settings.download.timeout)
    return replace(settings, download=replace(settings.download, timeout=timeout, retries=0))


def _has_expired(asked: Asked, outcome: Failed) -> bool:
    return outcome.reason in _NO_ANSWER and provider(asked.url) == "qiniu"


def _told(reason: Reason, cure: str, cases: Sequence[tuple[Asked, Failed]]) -> tuple[str, str, str]:
    """What, where and the cure of hosts that refused for one reason."""
    first, outcome = cases[0]
    named = [f"{each.host} ({counted(each.images, 'image')})" for each, _ in cases[:_NAMED]]
    more = f" and {counted(len(cases) - _NAMED, 'more host')}" if len(cases) > _NAMED else ""
    detail = f" ({outcome.detail})" if reason not in _PLAIN else ""
    what = f"{reason.words}: {', '.join(named)}{more}{detail}"
    if reason is Reason.BLOCKED_ADDRESS:  # whose detail holds the cure
        said, _, cure = outcome.detail.replace("(fake-IP): ", "(fake-IP); ").partition("; ")
        what = f"{', '.join(named)}{more}: {said}"
    prefix = "/".join([*canonical(first.url).split("/")[:3], ""])
    return what, redact(first.url), cure.replace("{prefix}", prefix).replace("{host}", first.host)
