"""What a backup has found out so far, on this machine: so that the next one goes on from there."""

from collections.abc import Iterable
from pathlib import Path

from migrator.durable import problems_told
from migrator.errors import BackupDamaged
from migrator.snapshots.manifest import Image, image_line, read_image


class Draft:
    """The lines of a manifest that is not finished, in the file ``path``.

    It is a help, not a proof: what it says of copies is looked up in the vault. A line that a kill
    cut short is left out.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def images(self) -> dict[str, Image]:
        """What an interrupted backup found, by ``url_sha256``."""
        found = {}
        try:
            lines = self._path.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]
        except FileNotFoundError:
            return {}
        for line in lines:
            try:
                image = read_image(line, str(self._path))
            except BackupDamaged:
                continue
            found[image.url_sha256] = image
        return found

    def add(self, images: Iterable[Image]) -> None:
        """Remember ``images``."""
        lines = b"".join(b"\n" + image_line(image).encode() for image in images)
        with problems_told(self._path), self._path.open("ab") as file:
            file.write(lines)  # after a line end: the line before may be cut short

    def end(self) -> None:
        """Forget it all: there is a snapshot now."""
        self._path.unlink(missing_ok=True)
