"""Fetches images. The only package that knows httpx."""

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
