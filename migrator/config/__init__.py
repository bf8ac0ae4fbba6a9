"""Typed settings, read from TOML: ``settings`` is their shape, ``loading`` reads them."""

from migrator.config.settings import (
    DownloadSettings,
    HostSettings,
    RewriteSettings,
    RouteSettings,
    SafetySettings,
    ScanSettings,
    Settings,
)
from migrator.config.store_settings import BackupSettings, MirrorSettings, StoreSettings

__all__ = [
    "BackupSettings",
    "DownloadSettings",
    "HostSettings",
    "MirrorSettings",
    "RewriteSettings",
    "RouteSettings",
    "SafetySettings",
    "ScanSettings",
    "Settings",
    "StoreSettings",
]
