"""The story of a restore: a migration whose images come from a backup."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from migrator.cli.asked import Asked
from migrator.cli.session import Session
from migrator.cli.vaults import vault_of, vault_place
from migrator.migration import Migration
from migrator.restoring import OLD_NAMES, Restoration
from migrator.snapshots.choosing import snapshot_meant
from migrator.snapshots.copies import SnapshotCopies
from migrator.transfer import Transfer, TransferSpec


@contextmanager
def restoration(asked: Asked, session: Session) -> Iterator[Migration]:
    """What ``asked`` means: posts at its paths get links to images of a backup, or none do."""
    place = vault_place(asked.source, session.settings)
    with vault_of(session, asked.source) as vault:
        copies = SnapshotCopies.of(vault, snapshot_meant(asked.snapshot, vault))
    settings = replace(session.settings, route=())  # what routes lead to is not asked either
    if asked.old_names:
        settings = replace(settings, store=replace(settings.store, key=OLD_NAMES))
    site = session.site
    spec = TransferSpec(settings, site.root, site.spool, backup=place)
    with closing(Transfer(spec)) as transfer:
        paths = [Path(path) for path in asked.paths]
        wanted = (site, settings, transfer, session.listener, paths)
        if paths:
            yield Migration(*wanted, hosts=asked.hosts, copies=copies)
        else:
            yield Restoration(*wanted, hosts=asked.hosts, copies=copies, old_names=asked.old_names)
