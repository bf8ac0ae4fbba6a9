"""Typed settings, read from TOML: ``settings`` is their shape, ``loading`` reads them."""

from migrator.config.settings import (
    DownloadSettings,
    HostSettings,
    RewriteSettings,
    RouteSettings,
    SafetySettings,
    ScanSettings,
    Settings,
    StoreSettings,
)

__all__ = [
    "DownloadSettings",
    "HostSettings",
    "RewriteSettings",
    "RouteSettings",
    "SafetySettings",
    "ScanSettings",
    "Settings",
    "StoreSettings",
]
