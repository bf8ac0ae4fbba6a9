"""Typed settings, read from TOML: ``settings`` is their shape, ``loading`` reads them."""

from migrator.config.settings import (
    DownloadSettings,
    RewriteSettings,
    RouteSettings,
    SafetySettings,
    ScanSettings,
    Settings,
    StoreSettings,
)

__all__ = [
    "DownloadSettings",
    "RewriteSettings",
    "RouteSettings",
    "SafetySettings",
    "ScanSettings",
    "Settings",
    "StoreSettings",
]
