"""How a prune goes: what old runs keep, and what old backups keep; look, then let go."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from migrator.cli.session import Session, history
from migrator.cli.vaults import vault_of
from migrator.errors import UsageError
from migrator.interruption import Stop
from migrator.ledger import Ledger
from migrator.pruning import Old, old_runs, prune
from migrator.report.cleared import cleared_text, cleared_values
from migrator.report.old import old_json, old_text
from migrator.snapshots import Vault
from migrator.snapshots.clearing import Clearance, clear, clearance
from migrator.snapshots.retention import Keep


@dataclass(frozen=True, slots=True)
class Found:
    """What there is to let go of; ``cleared`` only where a backup is looked at, at ``place``."""

    runs: Sequence[Old]
    cleared: Clearance | None
    place: str

    def __bool__(self) -> bool:
        """Whether there is anything to do now."""
        return bool(self.cleared) or any(each.files for each in self.runs)

    def text(self, *, done: bool) -> str:
        """All of it in words."""
        if self.cleared is None:
            return old_text(self.runs, done=done)
        runs = old_text(self.runs, done=done) if any(each.files for each in self.runs) else ""
        return runs + cleared_text(self.cleared, self.place, done=done)

    def json(self, *, done: bool) -> str:
        """All of it as JSON."""
        if self.cleared is None:
            return old_json(self.runs, None, done=done)
        return old_json(self.runs, cleared_values(self.cleared, self.place), done=done)


@dataclass(frozen=True, slots=True)
class Pruning:
    """A prune at the site of ``session``; ``vault`` is the backup, if it is pruned too."""

    session: Session
    days: int
    keep: Keep
    vault: Vault | None

    @classmethod
    @contextmanager
    def of(cls, session: Session, days: int, keep: Keep, place: str) -> Iterator[Self]:
        """Open what is needed. ``place`` names the backup, which only a rule has us look at."""
        with ExitStack() as opened:
            vault = opened.enter_context(vault_of(session, place)) if keep else None
            if vault and place and not vault.names():
                raise UsageError(
                    f"there is no backup in {vault.label}", "Is --from spelt as it should be?"
                )
            yield cls(session, days, keep, vault)

    def found(self) -> Found:
        """What there is to do; nothing is changed."""
        with history(self.session.site) as ledger:
            runs = list(old_runs(self.session.site, ledger, self.days)) if ledger else []
        return Found(runs, self._cleared(datetime.now(UTC)), self._place)

    def carried_out(self, ledger: Ledger, stop: Stop) -> Found:
        """Do it, as things are now; the site is locked."""
        now = datetime.now(UTC)
        site = self.session.site
        done = Found(list(old_runs(site, ledger, self.days)), self._cleared(now), self._place)
        for each in done.runs:
            prune(site, ledger, each, stop)
        if self.vault and done.cleared is not None:
            clear(self.vault, done.cleared, now, stop)
        return done

    @property
    def _place(self) -> str:
        return self.vault.label if self.vault else ""

    def _cleared(self, now: datetime) -> Clearance | None:
        return clearance(self.vault, self.keep, now) if self.vault else None
