"""The ledger: one SQLite file that remembers every run. The only package that speaks SQL."""

from migrator.ledger.database import damaged, now
from migrator.ledger.ledger import Ledger
from migrator.ledger.records import Link, Relic, Run, Swap

__all__ = ["Ledger", "Link", "Relic", "Run", "Swap", "damaged", "now"]
