"""The state folder ``.migrator/`` of a site: where things lie in it, and the lock on it."""

import fcntl
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from migrator import durable
from migrator.errors import AlreadyRunning, EnvironmentProblem, UsageError

FOLDER = ".migrator"
_LEDGER = "ledger.db"
_RUNS = "runs"
_RUN = re.compile(r"\d{4}-\d\d-\d\d-\d+")
_DEPTH = 3  # levels: content/posts/2024


@dataclass(frozen=True, slots=True)
class Site:
    """A site root and the places below its state folder; creates nothing by itself."""

    root: Path

    @property
    def state(self) -> Path:
        """The state folder, private to the user."""
        return self.root / FOLDER

    @property
    def ledger(self) -> Path:
        """The SQLite file that remembers every run."""
        return self.state / _LEDGER

    @property
    def new_ledger(self) -> Path:
        """Where a ledger is rebuilt; it counts once it has the name of the other."""
        return self.state / f"new-{_LEDGER}"

    @property
    def spool(self) -> Path:
        """Downloads on their way to a store."""
        return self.state / "spool"

    @property
    def lost_ledger(self) -> bool:
        """Whether runs left their originals here, but the ledger that names them is gone."""
        return bool(self.runs()) and not self.ledger.exists()

    def runs(self) -> list[str]:
        """The names of the runs that keep something here, oldest first."""
        try:
            names = [entry.name for entry in (self.state / _RUNS).iterdir()]
        except OSError:
            return []
        return sorted(filter(_RUN.fullmatch, names), key=_in_order)

    def kept_posts(self, run: str) -> Iterator[str]:
        """The names of the posts whose originals ``run`` keeps."""
        folder = self.state / _RUNS / run / "originals"
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield _outside(path.relative_to(folder).as_posix())

    def set_ledger_aside(self) -> Path | None:
        """Give a damaged ledger another name; returns that, ``None`` where there is no ledger."""
        number = next(n for n in count(1) if not self._aside(n).exists())
        for end in ("-wal", "-shm"):  # even alone: SQLite would take them for a new ledger's
            with suppress(FileNotFoundError):
                (self.state / f"{_LEDGER}{end}").rename(f"{self._aside(number)}{end}")
        return self.ledger.rename(self._aside(number)) if self.ledger.exists() else None

    def _aside(self, number: int) -> Path:
        return self.state / f"damaged-{number}-{_LEDGER}"

    def post(self, name: str) -> Path:
        """The file of the post with this name."""
        return self.root / name

    def original(self, run: str, name: str) -> Path:
        """Where ``run`` keeps the bytes that the post had before."""
        return self._kept(run, "originals", name)

    def displaced(self, run: str, name: str) -> Path:
        """Where ``run`` keeps the very file that it took out of the post's place."""
        return self._kept(run, "displaced", name)

    def _kept(self, run: str, what: str, name: str) -> Path:
        return self.root.joinpath(FOLDER, _RUNS, run, what, _inside(name))  # at once: for each post


def site_root(paths: Sequence[Path], config_file: Path | None) -> Path:
    """The site root: the config's folder, else the first PATH (of a file: its folder).

    A folder upwards that has a ledger already comes before the first PATH: a site stays one site,
    whichever part of it is named. Without PATH and without a ledger upwards, it is the only folder
    a few levels below that has one, where a run over `posts/` left it; else the current folder.

    Raises:
        UsageError: there are several below.
    """
    if paths and config_file is None:
        first = paths[0].resolve()
        start = first if first.is_dir() else first.parent
        return _upwards(start) or start
    here = config_file.resolve().parent if config_file else _current()
    if paths or _has_history(here):
        return here
    if config_file is None and (above := _upwards(here)):
        return above
    below = list(_sites(here, _DEPTH))
    if len(below) > 1:
        names = ", ".join(str(folder.relative_to(here)) for folder in below)
        raise UsageError(
            f"there are several sites here: {names}", "Go to the folder of the one you mean."
        )
    return below[0] if below else here


def _current() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise UsageError("the current folder no longer exists", "Go to another one.") from None


def _upwards(folder: Path) -> Path | None:
    """The nearest folder that has a ledger, from ``folder`` upwards."""
    return next(filter(_has_history, (folder, *folder.parents)), None)


def _has_history(folder: Path) -> bool:
    """Whether there is a ledger, or what is left of one that was lost."""
    state = folder / FOLDER
    # os.path, for it is False where we may not look
    return os.path.isfile(state / _LEDGER) or os.path.isdir(state / _RUNS)  # noqa: PTH112, PTH113


def _sites(folder: Path, depth: int) -> Iterator[Path]:
    """The folders with a ledger at most ``depth`` levels below; hidden folders are left out."""
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith(".") or entry.is_symlink() or not entry.is_dir():
            continue
        if _has_history(entry):
            yield entry
        elif depth > 1:
            yield from _sites(entry, depth - 1)


@contextmanager
def locked(site: Site) -> Iterator[None]:
    """Create the state folder if need be, and hold its lock.

    The lock is the kernel's (flock): it ends with the process, however that ends.

    Raises:
        AlreadyRunning: another run holds the lock.
        EnvironmentProblem: the folder cannot be created or locked.
    """
    try:
        descriptor = _take_lock(site)
    except OSError as error:
        raise EnvironmentProblem(
            f"cannot use the state folder {site.state}: {error.strerror}",
            "Migrator keeps its memory there: it must be a folder that you can write to.",
        ) from error
    _locks.add(descriptor)
    try:
        yield
    finally:
        _locks.remove(descriptor)
        os.close(descriptor)


_locks: set[int] = set()  # that this process holds


def _let_go() -> None:
    """A fork shares the lock: without this, a child would hold it still when we were killed."""
    for descriptor in _locks:
        os.close(descriptor)
    _locks.clear()


os.register_at_fork(after_in_child=_let_go)


def make_state(site: Site) -> None:
    """Make the state folder of ``site``, private and out of git, if it is not there."""
    site.state.mkdir(mode=0o700, exist_ok=True)
    ignored = site.state / ".gitignore"
    if not ignored.exists():
        ignored.write_text("*\n")


def forget(site: Site) -> None:
    """Remove a state folder in which nothing is recorded; the caller holds its lock.

    The lock goes last: from then on the folder may be another command's.
    """
    shutil.rmtree(site.spool, ignore_errors=True)
    for path in site.state.glob("verify-*"):  # how far a comparison came
        path.unlink(missing_ok=True)
    drafts = any(site.state.glob("backup-*"))  # of a backup that was interrupted: they stay
    hiding = () if drafts else (".gitignore",)
    for name in (_LEDGER, f"{_LEDGER}-wal", f"{_LEDGER}-shm", *hiding, "lock"):
        (site.state / name).unlink(missing_ok=True)
    with suppress(OSError):  # something of someone else's is there: it stays
        site.state.rmdir()


def _take_lock(site: Site) -> int:
    """The descriptor of the lock, held; the folder is ready for use.

    A command that ends may remove the file (``forget``) between our opening and locking it, and
    then others would lock another: so we look whether it is still there.
    """
    lock = site.state / "lock"
    while True:
        site.state.mkdir(mode=0o700, exist_ok=True)
        durable.sync_folder(site.root)  # what it keeps shall be there after a power cut
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _flock(descriptor, site)
            if _is_at(lock, descriptor):
                site.spool.mkdir(exist_ok=True)
                make_state(site)
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _flock(descriptor: int, site: Site) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise AlreadyRunning(
            f"another run is working on {site.root}",
            "Wait for it to end, then run this command again.",
        ) from None
    except OSError as error:
        raise EnvironmentProblem(
            f"cannot lock {site.state / 'lock'}: {error.strerror}",
            "The file system does not support locks; move the site to a local disk.",
        ) from error


def _in_order(run: str) -> tuple[str, int]:
    day, _, number = run.rpartition("-")
    return day, int(number)


def _outside(path: str) -> str:
    """The name whose path inside a folder is ``path``."""
    return path.replace("%2E%2E", "..").replace("%25", "%")


def _inside(name: str) -> str:
    """``name`` as a path that stays inside a folder: posts may lie above the site root."""
    name = name.replace("%", "%25")
    if ".." not in name:
        return name
    return "/".join("%2E%2E" if part == ".." else part for part in name.split("/"))
