"""Is this machine fit for a run: disk, locks, state folder, Python, certificates, variables?"""

import os
import platform
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from migrator import __version__
from migrator.doctor.store import check_room
from migrator.downloader.transport import shared_tls
from migrator.errors import AlreadyRunning, LedgerError
from migrator.finding import Area, Finding, note, ok, problem, trouble
from migrator.ledger import Ledger, damaged
from migrator.rewriter.exchange import Method, NoSafeWay, exchange
from migrator.state import Site, forget, locked

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
# What boto3 would do, and does not for us.
_NOT_HEEDED = {
    "AWS_ENDPOINT_URL": "the endpoint of migrator.toml counts",
    "AWS_ENDPOINT_URL_S3": "the endpoint of migrator.toml counts",
    "AWS_REQUEST_CHECKSUM_CALCULATION": "checksums in [store] counts",
    "AWS_RESPONSE_CHECKSUM_VALIDATION": "every object is read back and compared anyway",
    "AWS_REGION": "region in [store] counts",
    "AWS_DEFAULT_REGION": "region in [store] counts",
}


def check_disk(site: Site) -> Iterator[Finding]:
    """Space, the state folder, locks, and how files can be swapped where the site is."""
    yield from check_room(Area.DISK, site.root)
    yield from _check_history(site)
    had_state = site.state.exists()
    try:
        with locked(site):
            try:
                yield from _check_exchange(site.spool)
            finally:
                if not had_state:
                    forget(site)
    except AlreadyRunning:
        yield note(
            Area.DISK,
            "another run is working on this site now",
            str(site.root),
            "Wait for it to end before you start one.",
        )


def _check_history(site: Site) -> Iterator[Finding]:
    """Whether the ledger is there and can be read, and how the newest run ended."""
    try:
        if site.lost_ledger:
            raise damaged(site.ledger, "it is gone")
        ledger = Ledger.look(site.ledger)
        if ledger is None:
            return
        with closing(ledger):
            run = ledger.interrupted()
    except LedgerError as error:
        yield trouble(Area.DISK, error, str(site.root))
        return
    if run:
        yield note(
            Area.DISK,
            f"the run {run.name} was interrupted",
            str(site.root),
            "To finish it: migrator resume",
        )


def _check_exchange(folder: Path) -> Iterator[Finding]:
    """How a post can take another's place on this file system."""
    first, second = folder / "doctor-1", folder / "doctor-2"
    try:
        first.touch()
        second.touch()
        method = exchange(first, second)
    except NoSafeWay:
        yield problem(
            Area.DISK,
            "the file system has no safe way to replace a file",
            str(folder.parent.parent),
            "Copy the site to a local disk, and run Migrator there.",
        )
        return
    finally:
        first.unlink(missing_ok=True)
        second.unlink(missing_ok=True)
    if method is Method.REPLACE:
        yield note(
            Area.DISK,
            "the file system cannot swap two files at once",
            str(folder.parent.parent),
            "Close editors during a run: a save in the very moment of a swap could be lost.",
        )
    else:
        yield ok(Area.DISK, "files can be locked, and swapped in one step")


def check_environment(environ: Mapping[str, str], *, proxy: str = "") -> Iterator[Finding]:
    """Versions, certificates, and variables that surprise; ``proxy`` is the configured one."""
    python = platform.python_version()
    yield ok(Area.ENVIRONMENT, f"Migrator {__version__}, Python {python}, {sys.platform}")
    if not shared_tls().cert_store_stats()["x509_ca"]:
        yield problem(
            Area.ENVIRONMENT,
            "there are no certificate authorities to check https with",
            cure="Install Migrator again, with its package certifi.",
        )
    bundle = environ.get("AWS_CA_BUNDLE", "")
    if bundle and not os.access(bundle, os.R_OK):
        yield problem(
            Area.ENVIRONMENT,
            "AWS_CA_BUNDLE names a file that cannot be read",
            bundle,
            "Correct or unset the variable.",
        )
    for name, instead in _NOT_HEEDED.items():
        if environ.get(name):
            yield note(
                Area.ENVIRONMENT,
                f"{name} is set and does nothing here: {instead}",
                cure=f"unset {name}, if other programs do not need it.",
            )
    if environ.get("AWS_ACCESS_KEY_ID") and not environ.get("AWS_SECRET_ACCESS_KEY"):
        yield note(
            Area.ENVIRONMENT,
            "AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY",
            cure="Set both, or none.",
        )
    yield from _check_proxies(environ, proxy)


def _check_proxies(environ: Mapping[str, str], proxy: str) -> Iterator[Finding]:
    given = [each for name in _PROXIES for each in (name, name.lower()) if environ.get(each)]
    if given and not (proxy or environ.get("MIGRATOR_PROXY")):
        yield note(
            Area.ENVIRONMENT,
            f"{', '.join(given)} {'is' if len(given) == 1 else 'are'} set: a store is reached"
            " through that proxy, image hosts are not",
            cure='If these need it as well: proxy = "http://127.0.0.1:7890" in [download], or '
            "the variable MIGRATOR_PROXY.",
        )
