"""What a shell may complete beside commands and options: runs, stores, services."""

from collections.abc import Iterator


def run_names(incomplete: str) -> Iterator[str]:
    """The names of the runs of the site around the current folder, newest first."""
    from migrator.cli.options import Common
    from migrator.cli.session import history, site_here
    from migrator.errors import MigratorError

    try:
        with history(site_here(Common())) as ledger:
            names = [run.name for run in ledger.runs()] if ledger else []
    except MigratorError:
        return  # the command itself will say it
    yield from (name for name in reversed(names) if name.startswith(incomplete))


def store_names(incomplete: str) -> Iterator[str]:
    """The stores that have a name."""
    from migrator.cli.asked import STORE_NAMES

    yield from (name for name in sorted(STORE_NAMES) if name.startswith(incomplete))


def services(incomplete: str) -> Iterator[str]:
    """Where ``migrator init`` can lead."""
    from migrator.init import choices

    yield from (name for name in choices() if name.startswith(incomplete))
