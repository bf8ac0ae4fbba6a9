import shutil
import time

import pytest
from rig.hosts import answer
from rig.images import image


@pytest.fixture
def copy(site):
    for number in range(6):
        site.host.on(f"/{number}.png", answer(image("PNG", seed=number)))
        site.write(f"posts/many/{number}.md", f"![]({{host}}/{number}.png)\n![]({{host}}/a.png)\n")
    shutil.copytree(site.root, site.root.parent / "copy")
    return site.root.parent / "copy"


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".migrator" not in path.parts
    }


def test_a_copy_is_migrated_killed_and_put_back_and_the_verdict_is_plain(site, copy):
    before = files(copy)
    ended = site.migrator("selftest", "--root", copy, "--kills", "4", timeout=280)
    assert ended.status == 0, ended.out + ended.err
    assert "Nothing was lost" in ended.out
    assert "killed 0" not in ended.out
    assert files(copy) == before
    assert files(site.root) == before
    assert not (copy / "migrated-images").exists()


def test_what_is_lost_is_named_and_ends_with_1(site, copy):
    process = site.start("selftest", "--root", copy, "--kills", "0", "--json")
    deadline = time.monotonic() + 60
    while not (copy / ".migrator/runs").exists():  # the run has begun: now harm a file it leaves
        assert time.monotonic() < deadline
        time.sleep(0.01)
    (copy / "migrator.toml").write_text("# somebody was here\n")
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "migrator.toml" in out


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (shutil.rmtree, "not a folder"),
        (lambda copy: (copy / ".migrator").mkdir(), "history"),
    ],
)
def test_what_is_no_fresh_copy_is_refused(site, copy, make, words):
    make(copy)
    ended = site.migrator("selftest", "--root", copy)
    assert ended.status == 2
    assert words in ended.err
