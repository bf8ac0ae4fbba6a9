"""The copies of images that one snapshot names, as a migration wants them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from migrator.model import Kept, TransferTask
from migrator.plan import Plan
from migrator.reasons import Reason
from migrator.snapshots.manifest import Image, name_of
from migrator.snapshots.vault import Vault


@dataclass(frozen=True, slots=True)
class SnapshotCopies:
    """What ``snapshot`` in ``vault`` has of ``images``, which are by ``url_sha256``."""

    vault: Vault
    snapshot: str
    images: Mapping[str, Image]

    @classmethod
    def of(cls, vault: Vault, snapshot: str) -> "SnapshotCopies":
        """Read the snapshot of this name.

        Raises:
            BackupDamaged: it is not whole.
            StoreError: the store cannot say now.
        """
        return cls(vault, snapshot, {each.url_sha256: each for each in vault.images(snapshot)})

    @property
    def label(self) -> str:
        """What it is, for people."""
        return f"the backup {self.snapshot} in {self.vault.label}"

    def kept(self, image: Image) -> Kept | None:
        """The good copy of ``image``, be it lost by now; ``None`` if there never was one."""
        asset = image.asset
        if asset is None or image.object is None:
            return None
        source = f"backup:{self.vault.label}/{image.object}"
        return Kept(asset, self.vault.key(image.object), source)

    def reason_to_stay(self, url: str) -> Reason | None:
        """What keeps the image at ``url`` from being restored."""
        return None if self._kept_of(url) else Reason.NOT_IN_BACKUP

    def given_to(self, plan: Plan) -> Plan:
        """``plan`` with the copy of each image, which comes from nowhere else.

        What the store has of an image counts where it is the same.
        """
        return replace(plan, tasks=tuple(self._given_to(task, plan) for task in plan.tasks))

    def _given_to(self, task: TransferTask, plan: Plan) -> TransferTask:
        kept, known = self._kept_of(task.url), plan.ready(task).known
        same = known and kept and known.asset.sha256 == kept.asset.sha256
        return replace(task, kept=kept, is_known=bool(same))

    def _kept_of(self, url: str) -> Kept | None:
        image = self.images.get(name_of(url))
        return self.kept(image) if image else None
