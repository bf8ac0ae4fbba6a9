"""Backups: a vault of images, and a snapshot for each time that posts were looked at."""

from migrator.snapshots.manifest import Header, Image, State
from migrator.snapshots.vault import Vault

__all__ = ["Header", "Image", "State", "Vault"]
