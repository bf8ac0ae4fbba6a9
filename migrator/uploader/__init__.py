"""Stores: where images go, and the proof that they arrived."""

from migrator.uploader.base import Store, StoreError
from migrator.uploader.keys import names_a_date, old_name
from migrator.uploader.open_store import open_store, with_store
from migrator.uploader.stores import Stores

__all__ = ["Store", "StoreError", "Stores", "names_a_date", "old_name", "open_store", "with_store"]
