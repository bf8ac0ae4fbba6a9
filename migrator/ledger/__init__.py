"""The ledger: one SQLite file that remembers every run. The only package that speaks SQL."""

from migrator.ledger.ledger import Ledger, Run, Swap, now

__all__ = ["Ledger", "Run", "Swap", "now"]
