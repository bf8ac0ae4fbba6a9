"""Random histories of a site: posts come, change and go, hosts fail, commands crash and go on.

The oracle judges after each step. What it cannot know is checked here: a post that its author
deleted stays deleted; a rollback gives back bytes that were there before, or refuses; what ended
well left nothing to do.
"""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from rig import forked
from rig.ambush import Ambush
from rig.hosts import answer, status
from rig.images import image
from rig.oracle import Oracle, Slot, folder, tree

IMAGES = [f"/{number}.png" for number in range(6)]
POSTS = ["posts/a.md", "posts/b.md", "posts/deep/c.md", "posts/deep/d.md"]
MIGRATE, RESUME, ROLLBACK = (
    ("migrate", "posts", "--yes"),
    ("resume", "--yes"),
    ("rollback", "--yes"),
)
CALLS = {MIGRATE: 1900, RESUME: 1500, ROLLBACK: 900}  # about so many are watched (rig.forked)

SEED = 1  # of the quick size, so that it is the same each time
names = st.sampled_from(POSTS)
images = st.lists(st.sampled_from(IMAGES), min_size=1, max_size=3)
shares = st.integers(0, 99)  # of its calls, in percent, that a command makes before it crashes
commands = st.sampled_from([MIGRATE, RESUME, ROLLBACK])


class History(RuleBasedStateMachine):
    host: Ambush
    counts: dict[str, int]

    @initialize()
    def begin(self):
        self.folder = Path(tempfile.mkdtemp())
        self.root = self.folder / "site"
        (self.root / "posts").mkdir(parents=True)
        (self.root / "migrator.toml").write_text("[download]\nworkers = 1\n")
        self.served = {
            self.host.url(path): {image("PNG", seed)} for seed, path in enumerate(IMAGES)
        }
        self.oracle = Oracle(self.root, self.served, folder(self.root / "migrated-images"))
        self.deleted = set()
        self.down = set()
        self.past = {}
        for path in IMAGES:
            self._serve(path)
        self.write(POSTS[0], IMAGES[:2])

    def teardown(self):
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder)

    @rule(name=names, shown=images)
    def write(self, name, shown):
        pieces = [f"# {name}\r\n"]
        for path in shown:
            pieces += ["![](", Slot(self.host.url(path)), ")\n"]
        self.oracle.write(name, *pieces)
        self.deleted.discard(name)

    @precondition(lambda self: self.oracle.posts)
    @rule(name=names, shown=images)
    def edit(self, name, shown):
        if name in self.oracle.posts:
            pieces = [*self.oracle.took(name), "more: "]
            for path in shown:
                pieces += ["<img src='", Slot(self.host.url(path) + "#x"), "'>"]
            self.oracle.write(name, *pieces)

    @rule(name=names)
    def delete(self, name):
        if self.oracle.posts.pop(name, None):
            (self.root / name).unlink()
            self.deleted.add(name)

    @rule(path=st.sampled_from(IMAGES))
    def fail_or_mend(self, path):
        self.down ^= {path}
        self._serve(path)

    @rule(command=commands, share=shares)
    def crash(self, command, share):
        self._do(command, share)

    @rule(share=shares, again=shares)
    def crash_twice(self, share, again):
        self._do(MIGRATE, share)
        self._do(RESUME, again)

    @rule()
    def migrate(self):
        self._ended_well(self._do(MIGRATE))

    @rule()
    def resume_and_migrate(self):
        self._do(RESUME)
        if self._ended_well(self._do(MIGRATE)):
            before = tree(self.root)
            again = self._do(MIGRATE)
            assert (again.status, tree(self.root)) == (0, before)

    @rule()
    def roll_back(self):
        past = {name: set(contents) for name, contents in self.past.items()}
        self._do(ROLLBACK)
        for name in self.oracle.posts:
            assert (self.root / name).read_bytes() in past[name]

    @invariant()
    def is_sound(self):
        if not hasattr(self, "oracle"):
            return
        assert self.oracle.look() == []
        assert not [name for name in self.deleted if (self.root / name).exists()]
        for name in self.oracle.posts:
            self.past.setdefault(name, set()).add((self.root / name).read_bytes())

    def _do(self, command, share=None):
        crash = 0 if share is None else 1 + share * CALLS[command] // 100
        environment = {"MIGRATOR_ALLOW_PRIVATE": self.host.authority}
        ended = forked.start(self.root, environment, *command, crash=crash).end()
        self.counts["commands"] += 1
        if ended.status == -9:
            self.counts["crashes"] += 1
        else:
            nothing = (ROLLBACK, 2)  # nothing to put back
            assert ended.status in {0, 3, 4} or (command, ended.status) == nothing, ended
            beside = [name for name in tree(self.root) if "posts/" in name]
            assert set(beside) == set(self.oracle.posts), ended
        return ended

    def _ended_well(self, ended):
        """Whether a run ended with 0; then no image is left that could have moved."""
        if ended.status == 0:
            for name in self.oracle.posts:
                content = (self.root / name).read_text()
                assert not [url for url in self.served if f"{url})" in content], ended
        return ended.status == 0

    def _serve(self, path):
        (data,) = self.served[self.host.url(path)]
        self.host.on(path, status(404) if path in self.down else answer(data))


@pytest.mark.torture
def test_any_history_leaves_posts_and_store_sound(thorough, figure):
    History.counts = {"commands": 0, "crashes": 0}
    size = settings(
        max_examples=200 if thorough else 4,
        stateful_step_count=50 if thorough else 8,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    with Ambush() as History.host:
        run_state_machine_as_test(History if thorough else seed(SEED)(History), settings=size)
    figure(
        "{commands} commands in random histories, {crashes} of them killed".format(**History.counts)
    )
