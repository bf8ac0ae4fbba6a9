"""What a person is shown before the first change."""

import os
import sys

import pytest
from rig.hosts import answer
from rig.images import image
from rig.terminal import Terminal


@pytest.fixture
def person(site):
    """Somebody who typed ``migrator ...`` on a terminal."""
    terminals = []

    def at(*arguments):
        environment = {**os.environ, **site.environment}
        command = [sys.executable, "-m", "migrator", *arguments]
        terminals.append(Terminal(command, cwd=site.root, env=environment))
        return terminals[-1]

    yield at
    for terminal in terminals:
        terminal.__exit__()


def test_the_question_comes_with_bytes_hosts_files_and_what_is_expected(site, host, person):
    site.write("posts/gone.md", "![]({host}/gone.png) ![]({host}/large.png)")
    large = answer(image("PNG") + bytes(8000))
    host.on("/large.png", large)
    site.write("migrator.toml", "[download]\nmax_bytes = 8000\n")
    size = sum(len(image(kind)) for kind in ("PNG", "JPEG", "GIF"))
    before = site.tree()
    terminal = person("migrate", "posts")
    terminal.asked("Go ahead? [y/N]:", "n")
    assert terminal.end() == 130
    shown = " ".join(terminal.seen.split())
    assert f"Move 5 images, {size / 1000:.1f} kB" in shown
    assert "from 127.0.0.1 (5) to migrated-images: at most 5 new files" in shown
    assert "1 image to stay: the host says the image does not exist (404)" in shown
    assert "1 image to stay: the image is larger than the limit" in shown
    assert "Nothing was changed." in shown
    assert {asked.method for asked in host.asked} == {"HEAD"}
    assert {name: data for name, data in site.tree().items() if ".migrator" not in name} == before


def test_whoever_answers_beforehand_does_not_wait_for_sizes(site, host, person):
    terminal = person("migrate", "posts", "--yes")
    assert terminal.end() == 0
    assert "HEAD" not in {asked.method for asked in host.asked}
