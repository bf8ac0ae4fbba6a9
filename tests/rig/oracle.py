"""Says whether a site is sound, and believes only the disk, the store and the image host.

Neither the ledger nor the scanner is asked. Posts are built here, from literal pieces and slots
for URLs, so what may stand in them is known without parsing anything::

    oracle = Oracle(root, served, folder(root / "migrated-images"))
    oracle.write("posts/one.md", "![first](", Slot(url), ") and <", Slot(url + "#left", url), ">")
    ... start, kill, power off, resume ...
    assert oracle.look() == []

``look`` may be called at any instant, as often as wanted, and returns what is wrong, in words:

* a post that is neither what was written nor a legal rewritten version of it. Legal is: of each
  image all references moved or none; each moved one leads to one object of the store, whose bytes
  the host served for that image, and keeps its fragment; every other byte is equal;
* a post whose mode, owner or extended attributes differ;
* a rewritten post whose original lies nowhere below ``.migrator/runs/*/originals``;
* an object that changed or vanished since the last look, or does not have the hash in its name.

``finished`` adds what holds when nothing is left to do: `tree` equals that of an undisturbed run,
and so there are no temporary files beside posts.
"""

import glob
import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from urllib.parse import urldefrag, urljoin

Objects = Callable[[], Mapping[str, bytes]]
"""What lists the objects of a store: their bytes by the URL that leads to them."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for a URL: ``text`` is how it is written first, ``image`` the URL that is meant."""

    text: str
    image: str = ""

    @property
    def means(self) -> str:
        return self.image or urldefrag(self.text).url


Piece = str | bytes | Slot


@dataclass(frozen=True, slots=True)
class Written:
    """A post as its author wrote it last."""

    pieces: tuple[Piece, ...]
    content: bytes
    metadata: tuple[object, ...]

    def texts(self, content: bytes) -> list[str] | None:
        """What stands in the slots of ``content``; ``None`` if another byte differs, too."""
        pattern = b"".join(
            rb"([^\s<>()\"']+)" if isinstance(piece, Slot) else re.escape(_bytes(piece))
            for piece in self.pieces
        )
        found = re.fullmatch(pattern, content)
        return found and [text.decode() for text in found.groups()]

    @property
    def slots(self) -> list[Slot]:
        return [piece for piece in self.pieces if isinstance(piece, Slot)]


@dataclass
class Oracle:
    """Judges the site at ``root``.

    ``served`` has, by the URL of an image, each answer of its host that is right. A copy of the
    site, as after a power cut, is judged by ``replace(oracle, root=..., objects=..., seen={})``.
    """

    root: Path
    served: Mapping[str, Collection[bytes]]
    objects: Objects
    posts: dict[str, Written] = field(default_factory=dict)
    seen: dict[str, bytes] = field(default_factory=dict)

    def write(self, name: str, *pieces: Piece) -> Path:
        """Write a post as its author does, over the one that is there, and remember it.

        A piece of text that follows a slot begins with a space, a quote or a bracket.
        """
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = b"".join(map(_bytes, pieces))
        path.write_bytes(content)
        self.posts[name] = Written(pieces, content, _metadata(path))
        return path

    def took(self, name: str) -> tuple[Piece, ...]:
        """The pieces of a post as it stands now, for an author who goes on from there."""
        written = self.posts[name]
        texts = iter(written.texts((self.root / name).read_bytes()) or ())
        return tuple(
            Slot(next(texts), piece.means) if isinstance(piece, Slot) else piece
            for piece in written.pieces
        )

    def changed(self) -> list[str]:
        """The posts that are not as their author wrote them."""
        read = {name: _read(self.root / name) for name in self.posts}
        return [name for name, content in read.items() if content != self.posts[name].content]

    def look(self) -> list[str]:
        """All that is wrong now."""
        read = {name: _read(self.root / name) for name in self.posts}
        objects = self.objects()  # after the posts: a link must lead there before it is written
        wrong = list(self._objects_wrong(objects))
        for name, content in read.items():
            wrong += (f"{name}: {what}" for what in self._post_wrong(name, content, objects))
        return wrong

    def finished(self, undisturbed: Mapping[str, bytes]) -> list[str]:
        """All that is wrong after the end, where ``undisturbed`` was the `tree` after another."""
        now = tree(self.root)
        differ = {name for name in now | undisturbed if now.get(name) != undisturbed.get(name)}
        kinds = {False: "is there, but should not be", True: "is not as after an undisturbed run"}
        return [*self.look(), *(f"{name} {kinds[name in undisturbed]}" for name in sorted(differ))]

    def _objects_wrong(self, objects: Mapping[str, bytes]) -> Iterator[str]:
        for url, data in self.seen.items():
            if url not in objects:
                yield f"{url} vanished from the store"
            elif objects[url] != data:
                yield f"{url} was changed in the store"
        for url, data in objects.items():
            named = re.search(r"[0-9a-f]{64}", url)
            if named and named[0] != sha256(data).hexdigest():
                yield f"{url} holds other bytes than its name says"
        self.seen.update(objects)

    def _post_wrong(
        self, name: str, content: bytes | None, objects: Mapping[str, bytes]
    ) -> Iterator[str]:
        path, written = self.root / name, self.posts[name]
        if content is None:
            yield "is gone"
            return
        if (metadata := _metadata(path)) != written.metadata:
            yield f"had {written.metadata}, has {metadata}"
        if content == written.content:
            return
        texts = written.texts(content)
        if texts is None:
            yield f"is neither the original nor a rewritten version: {content[:200]!r}"
            return
        yield from self._links_wrong(path, list(zip(written.slots, texts, strict=True)), objects)
        originals = self.root.glob(f".migrator/runs/*/originals/{glob.escape(name)}*")
        if written.content not in map(_read, originals):
            yield "was rewritten, and what its author wrote is not kept"

    def _links_wrong(
        self, path: Path, now: Sequence[tuple[Slot, str]], objects: Mapping[str, bytes]
    ) -> Iterator[str]:
        ends: dict[str, set[str]] = {}
        for slot, text in now:
            link, fragment = urldefrag(urljoin(path.as_uri(), text))
            if text == slot.text:
                if link not in objects:  # else it had moved before
                    ends.setdefault(slot.means, set()).add("where it was")
                continue
            ends.setdefault(slot.means, set()).add(link)
            if link not in objects:
                yield f"{text} leads to nothing in the store"
            elif objects[link] not in self.served.get(slot.means, ()):
                yield f"{text} leads to other bytes than were served for {slot.means}"
            if fragment != urldefrag(slot.text).fragment:
                yield f"{text} has another fragment than {slot.text}"
        for image, links in ends.items():
            if len(links) > 1:
                yield f"the references of {image} did not move together: {sorted(links)}"


def folder(path: Path) -> Objects:
    """The objects of a store that is a folder; what has a hidden name is not there yet."""

    def objects() -> dict[str, bytes]:
        files = (file for file in path.rglob("[!.]*") if file.is_file())
        return {file.as_uri(): file.read_bytes() for file in files}

    return objects


def bucket(contents: Objects, public_url: str) -> Objects:
    """The objects of a bucket, by key in ``contents``, but for the one that tries it out."""
    return lambda: {
        f"{public_url}/{key}": data
        for key, data in contents().items()
        if not key.endswith(".migrator-probe")
    }


def tree(root: Path) -> dict[str, bytes]:
    """Every file of a site, with its bytes, but for the state folder.

    Hidden files in a store's own folders are not counted: a later run clears what a killed one left
    there. Beside posts, there must be none.
    """
    found = {}
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(set(folders) - {".migrator"})
        posts = any(name.endswith(".md") for name in names)
        for name in sorted(names):
            if posts or not name.startswith(".migrator-"):
                path = Path(folder, name)
                found[path.relative_to(root).as_posix()] = path.read_bytes()
    return found


def _bytes(piece: Piece) -> bytes:
    text = piece.text if isinstance(piece, Slot) else piece
    return text.encode() if isinstance(text, str) else text


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _metadata(path: Path) -> tuple[object, ...]:
    status = path.stat()
    attributes = {}
    if hasattr(os, "listxattr"):
        attributes = {name: os.getxattr(path, name) for name in os.listxattr(path)}
    return oct(status.st_mode), status.st_uid, status.st_gid, attributes
