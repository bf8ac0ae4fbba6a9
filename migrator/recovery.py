"""Settles what an interrupted command left; every command that changes something begins with it."""

from collections.abc import Iterator

from migrator.ledger import Ledger, Run, Swap
from migrator.reasons import Reason
from migrator.rewriter.recovery import NotSwapped, look_again, settle, sweep
from migrator.rewriter.swap import Conflict, Prepared
from migrator.state import Site


def recover(site: Site, ledger: Ledger) -> Iterator[str]:
    """Bring every intended swap to its end, tidy up, and yield what a person should know."""
    for swap in ledger.swaps(state="intended"):
        yield from _settle(site, ledger, swap)
    for leftover in site.spool.iterdir():
        leftover.unlink()
    newest = ledger.newest()
    if newest is None:
        return
    if newest.finished is None:
        yield from _sweep(site, ledger, newest)
    displaced = [
        (site.displaced(newest.name, swap.name), swap.before)
        for swap in ledger.swaps(newest, state="rewritten")
    ]
    for path in look_again(displaced):
        yield (
            f"A program had a post open while it was rewritten, and saved into the old file."
            f" What it saved is in {path}; compare it with the post."
        )


def _settle(site: Site, ledger: Ledger, swap: Swap) -> Iterator[str]:
    path = site.post(swap.name)
    intent = Prepared(
        path=path,
        temporary=path.with_name(swap.temporary),
        before_sha256=swap.before,
        after_sha256=swap.after,
        original=site.original(swap.run.name, swap.name),
    )
    match settle(intent, site.displaced(swap.run.name, swap.name)):
        case NotSwapped():
            ledger.left(swap.run, swap.name, "planned", None)
        case Conflict(detail=detail, kept=kept):
            ledger.left(swap.run, swap.name, "conflict", Reason.POST_CHANGED, detail)
            where = f" Other versions: {', '.join(map(str, kept))}." if kept else ""
            yield f"{swap.name}: {detail}; the newest version is in place.{where}"
        case _:
            ledger.rewrote(swap.run, swap.name)


def _sweep(site: Site, ledger: Ledger, run: Run) -> Iterator[str]:
    names = ledger.post_names(run)
    folders = {
        path.parent for name in names for path in (site.post(name), site.original(run.name, name))
    }
    swept = sweep(sorted(folders), {run.name: site.displaced(run.name, "")})
    for path in swept.left:
        yield f"{path} looks like a leftover of Migrator, but not of this site; it was not touched."
