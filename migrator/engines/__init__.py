"""What moves the images of a run: threads, processes, or a cluster's workers."""

from difflib import get_close_matches
from importlib.util import find_spec

from migrator.config import Settings
from migrator.engines.base import Engine
from migrator.engines.here import InProcesses, Threads
from migrator.errors import UsageError
from migrator.parallel import processors

__all__ = ["Engine", "InProcesses", "Threads", "engine_named", "must_reach"]

_KINDS = ("threads", "processes", "dask")
_MOST = 64  # processes
_USUAL = 4


def engine_named(name: str) -> Engine:
    """The engine that the user calls so: threads, processes[:N], dask:ADDRESS; "" is threads.

    Raises:
        UsageError: there is none of this name, or it is not installed.
    """
    kind, _, rest = name.partition(":")
    if kind in {"", "threads"} and not rest:
        return Threads()
    if kind == "processes":
        number = rest or str(min(processors(), _USUAL))
        if number.isdecimal() and 0 < int(number) <= _MOST:
            return InProcesses(int(number))
        raise UsageError(
            f"--executor {name}: that is no number of processes",
            f"Write --executor processes:N, with N from 1 to {_MOST}.",
        )
    if kind == "dask" and rest.startswith(("tcp://", "tls://", "ws://", "wss://")):
        if find_spec("distributed") is None:
            raise UsageError(
                f"--executor {name} needs Dask, which is not installed",
                "Install it: pip install 'migrator[dask]'",
            )
        from migrator.engines.dask import Cluster

        return Cluster(rest)
    near = get_close_matches(kind, _KINDS, 1)
    raise UsageError(
        f"--executor {name}: there is no such executor"
        + (f"; did you mean {near[0]}?" if near and near[0] != kind else ""),
        "Write threads, processes, processes:N, or dask:tcp://HOST:8786.",
    )


def must_reach(settings: Settings, *, local: bool) -> None:
    """See that whatever workers on other machines need is not a folder of this one.

    ``local`` says that files of the site are to move.

    Raises:
        UsageError: something is.
    """
    stores = [("[store]", settings.store), *(("[[mirror]]", each) for each in settings.mirror)]
    folders = [name for name, store in stores if store.type == "local"]
    folders += ["--local"] if local else []
    folders += [
        f"the route to {each.source}" for each in settings.route if each.source.startswith("file:")
    ]
    if folders:
        raise UsageError(
            f"--executor dask: {', '.join(folders)} is about folders of this machine, which workers"
            " elsewhere do not have",
            "Use a bucket, or --executor processes.",
        )
