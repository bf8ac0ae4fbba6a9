"""The smallest migration there is: replaces "old" by "new" in every post of a site, with a ledger.

``toy_run.py SITE``: settles what an earlier run left, then goes on. Its ledger is a text file, so
that the swap can be killed and starved without anything else in the way.
Exit status 6: the disk refused.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from migrator.durable import sha256
from migrator.errors import EnvironmentProblem
from migrator.rewriter import gate, recovery, swap

RUN = "2026-11-22-1"


class Site:
    """A folder of posts and a state folder, which may be elsewhere."""

    def __init__(self, root: Path, state: Path | None = None) -> None:
        self.root = root
        self.posts = root / "posts"
        self.state = state or root / ".migrator"
        self.originals = self.state / "runs" / RUN / "originals"
        self.displaced = self.state / "runs" / RUN / "displaced"
        self.ledger = self.state / "ledger.txt"

    @classmethod
    def build(cls, root: Path, posts: int = 1) -> "Site":
        """A site in the empty folder ``root``; its posts have permissions and an attribute."""
        site = cls(root)
        site.posts.mkdir(parents=True)
        site.state.mkdir(mode=0o700)
        for number in range(posts):
            path = site.posts / f"{number}.md"
            path.write_bytes(b"\xef\xbb\xbfold %d\r\nold, and no end" % number)
            path.chmod(0o640)
            with suppress(AttributeError, OSError):  # not on every system
                os.setxattr(path, "user.mood", b"calm")
        return site

    def names(self) -> list[str]:
        return sorted(path.name for path in self.posts.glob("[!.]*.md"))

    def record(self, *words: str) -> None:
        descriptor = os.open(self.ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, ("\t".join(words) + "\n").encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def intend(self, prepared: swap.Prepared) -> None:
        hashes = (prepared.before_sha256, prepared.after_sha256)
        names = (prepared.path.name, prepared.temporary.name)
        self.record("intent", *names, *hashes, prepared.original.name)

    def unsettled(self) -> list[swap.Prepared]:
        intents = {}
        text = self.ledger.read_text() if self.ledger.exists() else ""
        for line in text.split("\n")[:-1]:  # a line without its end was never recorded
            kind, name, *rest = line.split("\t")
            if kind == "intent":
                temporary, before, after, original = rest
                path = self.posts / name
                intents[name] = swap.Prepared(
                    path, path.with_name(temporary), before, after, self.originals / original
                )
            elif kind == "result":
                del intents[name]
        return list(intents.values())

    def recover(self) -> list[Path]:
        for intent in self.unsettled():
            result = recovery.settle(intent, self.displaced / intent.path.name)
            self.record("result", intent.path.name, type(result).__name__)
        return recovery.sweep([self.posts, self.originals], {RUN: self.displaced})

    def rewrite(self, name: str) -> object:
        path = self.posts / name
        before = path.read_bytes()
        new = before.replace(b"old", b"new")
        if new == before:
            return None
        prepared = swap.prepare(path, sha256(before), new, original=self.originals / name, run=RUN)
        if isinstance(prepared, gate.Refused):
            self.record("refused", name, prepared.reason)
            return prepared
        try:
            self.intend(prepared)
        except BaseException:
            swap.discard(prepared)
            raise
        result = swap.swap(prepared, self.displaced / name)
        self.record("result", name, str(getattr(result, "reason", type(result).__name__)))
        return result

    def run(self) -> None:
        self.recover()
        for name in self.names():
            self.rewrite(name)


if __name__ == "__main__":
    try:
        Site(*map(Path, sys.argv[1:])).run()
    except EnvironmentProblem as problem:
        print(f"{problem}\n{problem.hint}")
        sys.exit(6)
    except OSError:  # the ledger's
        sys.exit(6)
