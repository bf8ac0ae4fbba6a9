"""Images of a backup into the store, whatever posts say of them; no post changes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from migrator.homes import with_posts
from migrator.interruption import Stop
from migrator.ledger import Ledger, Run
from migrator.migration import Migration
from migrator.model import Kept, Mention, Placement, Skipped, Stored, TransferTask
from migrator.plan import Plan
from migrator.reasons import Reason
from migrator.scanner.hosts import selected
from migrator.snapshots import Image
from migrator.snapshots.copies import SnapshotCopies
from migrator.snapshots.manifest import name_of
from migrator.uploader import old_name
from migrator.urls import canonical, identity, is_external

OLD_NAMES = "{host}/{path}"  # a key template: what images were called where they were
_NAMED = 3  # images that a warning names


@dataclass(frozen=True, slots=True)
class Restoration(Migration):
    """A migration of all images of a snapshot, without posts.

    With ``old_names`` they shall have the names that they had.
    """

    old_names: bool = False

    def plan(self, ledger: Ledger | None, _run: Run | None) -> Plan:
        """See ``Story``; a run that goes on has the same images, for snapshots do not change."""
        copies = self._copies
        known: Mapping[str, Stored] = ledger.known(self.transfer.store.identity) if ledger else {}
        tasks: list[TransferTask] = []
        skipped: list[Skipped] = []
        mentions: list[Mention] = []
        for url, image in _by_url(copies.images.values()):
            kept = copies.kept(image)
            mentions += (Mention(identity(url), each.path, each.line) for each in image.references)
            if not selected(url, self.hosts, ()):
                skipped.append(Skipped(url, Reason.NOT_SELECTED))
            elif kept is None:
                skipped.append(Skipped(url, Reason.NOT_IN_BACKUP))
            else:
                post = image.references[0].path if image.references else ""
                before = known.get(identity(url))
                there = before or self._own(url, kept)
                same = there and there.asset.sha256 == kept.asset.sha256 and self._well_named(there)
                own = there if same and not before else None
                tasks.append(TransferTask(url, bool(same), post, kept=kept, known=own))
        plan = Plan(tuple(tasks), tuple(skipped), (), tuple(mentions), known=known)
        self._doubt(plan)
        shown = ((each.image, each.post) for each in mentions if not self.old_names)
        return with_posts(plan, self.settings, self.site, shown)

    def carry_out(self, plan: Plan, ledger: Ledger, run: Run, stop: Stop) -> tuple[str, ...]:
        """See ``Story``."""
        doubts = Migration.carry_out(self, plan, ledger, run, stop)
        if not self.old_names:
            return doubts
        renamed = [each for each in ledger.stored(run) if not self._well_named(each)]
        return (*doubts, *_renamed(renamed))

    def _own(self, url: str, kept: Kept) -> Stored | None:
        """The image at ``url``, if that is in the store: what it lost gets its name again."""
        store = self.transfer.store
        root = canonical((store.public_url("") or "").rstrip("/") + "/")
        name = old_name(url)  # empty where no key of ours can be
        if "?" in url or not name or not is_external(root) or not canonical(url).startswith(root):
            return None
        key = name.removeprefix(old_name(f"{root}a.png").removesuffix("a.png"))
        return Stored(
            url, kept.asset, Placement(store.identity, key, kept.asset.sha256), kept.source
        )

    @property
    def _copies(self) -> SnapshotCopies:
        assert self.copies is not None  # noqa: S101 - it is what a restoration is
        return self.copies

    def _well_named(self, stored: Stored) -> bool:
        """Whether it has its old name, where that is wanted."""
        prefix = self.settings.store.prefix.strip("/")
        name = old_name(stored.url)
        return not self.old_names or stored.placement.key == f"{prefix}/{name}".lstrip("/")


def _by_url(images: Iterable[Image]) -> Iterator[tuple[str, Image]]:
    """``images``, each behind the URL that it has in the ledger.

    A snapshot keeps URLs without their secrets; two that differ in these alone are told apart by
    the hash of the whole.
    """
    seen: set[str] = set()
    for image in images:
        url = image.url
        if name_of(url) != image.url_sha256 and identity(url) in seen:
            url += ("&" if "?" in url else "?") + f"url_sha256={image.url_sha256[:16]}"
        seen.add(identity(url))
        yield url, image


def _renamed(images: Sequence[Stored]) -> Iterator[str]:
    """What to say of images that could not have their old names."""
    if images:
        named = ", ".join(f"{each.url} is {each.placement.key}" for each in images[:_NAMED])
        more = f" and {len(images) - _NAMED:,} more" if len(images) > _NAMED else ""
        yield f"not under the old name, for no file or only one can have it: {named}{more}"
