"""The ledger: one SQLite file that remembers every run. The only package that speaks SQL."""

from migrator.ledger.database import damaged
from migrator.ledger.ledger import Ledger, now
from migrator.ledger.records import Relic, Run, Swap

__all__ = ["Ledger", "Relic", "Run", "Swap", "damaged", "now"]
