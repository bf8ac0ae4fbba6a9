"""Fetches images. The only package that knows httpx."""

from migrator.downloader.downloader import Downloader
from migrator.downloader.host_rules import HostRules
from migrator.downloader.manners import Manners, rates

__all__ = ["Downloader", "HostRules", "Manners", "rates"]
