"""What a worker in another process does: a task comes in, an outcome goes out.

It touches no ledger and no post, and keeps nothing but the connections of the jobs it worked on.
"""

import shutil
import tempfile
import threading
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import uuid4

from migrator import __version__
from migrator.errors import MigratorError
from migrator.model import Outcome, TransferTask
from migrator.transfer import Transfer, TransferSpec

_KEPT = 8  # jobs; a worker of a cluster may outlive many, and have some at the same time

_opening = threading.Lock()
_open: dict[str, Transfer] = {}


@dataclass(frozen=True, slots=True)
class Job:
    """``job(task)`` moves one image, in whatever process it is called; picklable, without secrets.

    ``elsewhere`` says that it may be another machine, which has neither the site's folder nor its
    spool.
    """

    spec: TransferSpec
    elsewhere: bool = False
    name: str = field(default_factory=lambda: uuid4().hex)

    def __call__(self, task: TransferTask) -> Outcome:
        """See ``Transfer``.

        Raises:
            MigratorError: what stops the whole run; among it, that this machine lacks a variable, a
                profile or a file that the settings name.
        """
        return self._transfer()(task)

    def check(self, version: str) -> Sequence[str]:
        """What keeps this worker from the job, and what to do about it; empty if nothing does.

        Whoever asks has this ``version`` of Migrator.
        """
        if version != __version__:
            words = f"it has Migrator {__version__}, and this is {version}"
            return words, "install the same version on both"
        try:
            self._transfer().check()
        except MigratorError as error:
            return str(error), error.hint
        return ()

    def _transfer(self) -> Transfer:
        transfer = _open.get(self.name)
        if transfer is None:
            with _opening:
                transfer = _open.get(self.name) or self._opened()
                _open[self.name] = transfer
                while len(_open) > _KEPT:
                    del _open[next(iter(_open))]  # whoever is at work with it has it still
        return transfer

    def _opened(self) -> Transfer:
        if not self.elsewhere:
            return Transfer(self.spec)
        spool = Path(tempfile.mkdtemp(prefix="migrator-"))
        try:
            transfer = Transfer(replace(self.spec, spool=spool, root=spool))
        except BaseException:
            spool.rmdir()
            raise
        weakref.finalize(transfer, shutil.rmtree, spool, ignore_errors=True)
        return transfer
