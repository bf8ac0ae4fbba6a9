"""Fetches images. The only package that knows httpx."""

from migrator.downloader.downloader import Downloader

__all__ = ["Downloader"]
