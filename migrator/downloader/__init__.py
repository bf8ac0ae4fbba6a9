"""Fetches images. The only package that knows httpx."""
# ruff: noqa: E402 - what is set first is for what is imported then

import sys

# httpx imports its own command line where it can, and with that rich and pygments: 50 ms of each
# start. It does without where there is none, which `None` says (the import system's reference).
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]

from migrator.downloader.decoding import Decoders
from migrator.downloader.downloader import Downloader
from migrator.downloader.host_rules import HostRules
from migrator.downloader.manners import Manners, rates
from migrator.downloader.proxying import proxy_for
from migrator.downloader.sources import Sources
from migrator.downloader.spool import discard

__all__ = [
    "Decoders",
    "Downloader",
    "HostRules",
    "Manners",
    "Sources",
    "discard",
    "proxy_for",
    "rates",
]
