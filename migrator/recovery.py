"""Settles what an interrupted command left; every command that changes something begins with it."""

import shutil
from collections.abc import Iterator

from migrator.events import Listener, Warned
from migrator.ledger import Ledger, Run, Swap
from migrator.posts import PostWriter, left_beside
from migrator.rewriter.recovery import NotSwapped, look_again, settle, sweep
from migrator.rewriter.swap import Prepared
from migrator.state import Site


def recover(site: Site, ledger: Ledger, listener: Listener) -> None:
    """Bring every intended swap to its end, tidy up, and say what a person should know."""
    for swap in ledger.swaps(state="intended"):
        _settle(site, ledger, swap, listener)
    shutil.rmtree(site.spool)
    site.spool.mkdir()
    newest = ledger.newest()
    if newest is None:
        return
    warnings = list(_late_saves(site, ledger, newest))
    if newest.finished is None:
        warnings += _sweep(site, ledger, newest)
    for text in warnings:
        listener(Warned(text))


def _settle(site: Site, ledger: Ledger, swap: Swap, listener: Listener) -> None:
    path = site.post(swap.name)
    intent = Prepared(
        path=path,
        temporary=path.with_name(swap.temporary),
        before_sha256=swap.before,
        after_sha256=swap.after,
        original=site.original(swap.run.name, swap.name),
    )
    result = settle(intent, site.displaced(swap.run.name, swap.name))
    if isinstance(result, NotSwapped):
        ledger.not_replaced(swap.run, swap.name)
    else:
        PostWriter(site, ledger, swap.run, listener).settled(swap, result)


def _late_saves(site: Site, ledger: Ledger, run: Run) -> Iterator[str]:
    displaced = (
        (path, swap.before)
        for swap in ledger.swaps(run, state="rewritten")
        for path in (site.displaced(run.name, swap.name), *left_beside(site, swap))
    )
    for path in look_again(displaced):
        yield (
            "A program had a post open while it was rewritten, and saved into the old file."
            f" What it saved is in {path}; compare it with the post."
        )


def _sweep(site: Site, ledger: Ledger, run: Run) -> Iterator[str]:
    names = ledger.post_names(run)
    folders = {site.post(name).parent for name in names}
    folders |= {site.original(run.name, name).parent for name in names}
    left = sweep(sorted(folders), {run.name: site.displaced(run.name, "")})
    known = {path for swap in ledger.swaps(run) for path in left_beside(site, swap)}
    for path in sorted({*left} - known):
        yield (
            f"{path} looks like a leftover of Migrator, of another site or because the state folder"
            " is on another disk; it was not touched."
        )
