"""The ledger: one SQLite file that remembers every run. The only package that speaks SQL."""

from migrator.ledger.ledger import Ledger, now
from migrator.ledger.records import Run, Swap

__all__ = ["Ledger", "Run", "Swap", "now"]
