"""How a new ledger is made: say what is wrong, ask, rebuild, put it in the place of the old."""

from migrator import durable
from migrator.cli import ending
from migrator.cli.screen import say
from migrator.cli.session import confirmed
from migrator.errors import LedgerDamaged
from migrator.ledger import Ledger
from migrator.rebuilding import rebuild
from migrator.report.escape import for_terminal
from migrator.report.quantities import counted
from migrator.state import Site, locked


def ledger_rebuilt(site: Site, damage: LedgerDamaged, *, yes: bool, json: bool) -> int:
    """Make a new ledger for ``site`` from what runs kept; the damaged one stays beside it.

    Returns the exit status.
    """
    say(f"migrator: {for_terminal(str(damage))}", err=True)
    question = f"Make a new ledger from the originals of {counted(len(site.runs()), 'run')}?"
    if not yes and not confirmed(question):
        say("Nothing was changed.", err=True)
        return ending.DECLINED
    with locked(site):
        for leftover in site.state.glob(f"{site.new_ledger.name}*"):
            leftover.unlink()
        with Ledger.open(site.new_ledger) as ledger:
            relics = rebuild(site, ledger)
        aside = site.set_ledger_aside()
        site.new_ledger.rename(site.ledger)
        durable.sync_folder(site.state)
    runs, unsure = counted(len(site.runs()), "run"), sum(not each.after for each in relics)
    said = f"Made a new ledger of {runs}; posts were not touched."
    if unsure:
        posts = counted(unsure, "post")
        said += f" {posts} changed in more than links since: rollback will refuse."
    if aside:
        said += f" The damaged one is {for_terminal(str(aside))}."
    said += "\nSee the runs: migrator runs. To put posts back: migrator rollback RUN"
    say(said, err=json)
    return 0
