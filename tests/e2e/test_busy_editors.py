"""Editors that save again and again while whole commands replace their posts and put them back."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

EDITOR = Path(__file__).parents[1] / "rig/editor.py"
STYLES = ("rename", "in-place", "append")


@pytest.mark.torture
def test_no_save_is_lost_while_commands_run(site, thorough, figure):
    posts, saves = (12, 500) if thorough else (3, 25)
    (site.root / "posts/one.md").unlink()
    (site.root / "posts/deep/two.md").unlink()
    (site.root / "posts/deep").rmdir()
    files = [site.write(f"posts/{n}.md", "![]({host}/a.png)\n") for n in range(posts)]
    editors = [
        subprocess.Popen([sys.executable, "-I", EDITOR, file, style, str(saves), "0.25"])
        for file, style in zip(files, STYLES * (posts // 3), strict=True)
    ]
    ends = Counter()
    try:
        while any(editor.poll() is None for editor in editors):
            for command in (("migrate", "posts"), ("rollback",)):
                ended = site.migrator(*command, "--yes")
                assert ended.status in {0, 2, 4}, ended  # 2: there is nothing to put back
                ends[command[0], ended.status] += 1
    finally:
        for editor in editors:
            editor.kill()
            editor.wait()
    assert [editor.returncode for editor in editors] == [0] * posts
    site.migrator("migrate", "posts", "--yes")  # settles what the last command left

    for file in files:
        kept = [path for path in site.root.rglob("*") if path.is_file() and path.stem == file.stem]
        kept += list(file.parent.glob(f".{file.name}*"))
        texts = [path.read_bytes() for path in kept]
        found = {int(n) for text in texts for n in re.findall(rb"save (\d+)\n", text)}
        assert found == set(range(saves)), file
    beside = {path.name for path in (site.root / "posts").iterdir()}
    assert {name for name in beside if not name.startswith(".")} == {file.name for file in files}
    commands = ", ".join(f"{n} x {name} ended with {status}" for (name, status), n in ends.items())
    figure(f"{posts * saves} saves, 0 lost; {commands}")
