"""Which snapshot the user means."""

import re
from datetime import date
from difflib import get_close_matches

from migrator.errors import UsageError
from migrator.snapshots.vault import Vault

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def snapshot_meant(text: str, vault: Vault) -> str:
    """The name of the snapshot that ``text`` means: its name, or a day; empty: the newest.

    Of a day (UTC) that is the newest that began on it or before.

    Raises:
        UsageError: there is none.
        StoreError: the store cannot say now.
    """
    names = vault.names()
    if not names:
        raise UsageError(
            f"there is no backup in {vault.label}", "Name the place of the backup: --from STORE"
        )
    if text in names:
        return text
    if text and not _is_day(text):
        near = get_close_matches(text, names, 1) or names[-1:]
        raise UsageError(
            f"there is no snapshot {text!r} in {vault.label}",
            f"Did you mean {near[0]}? A day will do, too: --snapshot {near[0][:10]}. "
            "See the list: migrator snapshots",
        )
    found = [name for name in names if not text or name[:10] <= text]
    if not found:
        raise UsageError(
            f"no backup in {vault.label} is as old as {text}", f"The oldest is {names[0]}."
        )
    return found[-1]


def _is_day(text: str) -> bool:
    try:
        return bool(_DAY.fullmatch(text) and date.fromisoformat(text))
    except ValueError:
        return False
