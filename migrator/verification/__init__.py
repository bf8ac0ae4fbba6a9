"""Comparing, and changing nothing: posts, ledger and stores; posts and backups."""

from migrator.verification.differences import Difference, Kind, Verified
from migrator.verification.reading import Limits

__all__ = ["Difference", "Kind", "Limits", "Verified"]
