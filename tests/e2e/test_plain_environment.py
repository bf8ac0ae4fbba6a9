"""As under cron: no environment, no home, no terminal, streams closed, another locale."""

import json
import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from rig.hosts import answer
from rig.images import image

POST = "帖子/文章 一.md"
IMAGE = "图.png"
CHARMAP = Path("/usr/share/i18n/charmaps/GB2312.gz")
COMMANDS = (
    "scan {posts} --json",
    "migrate {posts} --dry-run",
    "migrate {posts}",  # would ask
    "migrate {posts} --yes",
    "backup {posts}",
    "schedule cron {posts}",
)
# ASCII without Python's own cure for it, as another locale has another encoding.
NOT_UTF8 = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}


@pytest.fixture
def chinese(site):
    """A site whose folders, posts and images have Chinese names."""
    site.host.on(quote(f"/{IMAGE}"), answer(image()))
    site.write(POST, f"![图]({{host}}/{IMAGE})\n")
    return site


def started(site, command, environment, **streams):
    words = [word.format(posts="帖子") for word in command.split()]
    return subprocess.run(
        [sys.executable, "-m", "migrator", *words],
        cwd=site.root,
        env={"MIGRATOR_ALLOW_PRIVATE": site.host.authority, **environment},
        check=False,
        timeout=120,
        **{"stdin": subprocess.DEVNULL, "capture_output": True, **streams},
    )


def ends(site, **environment):
    """How all the commands end, and what they print: times and names of runs left out."""
    said = {}
    site.write(POST, f"![图]({{host}}/{IMAGE})\n")
    for command in COMMANDS:
        ended = started(site, command, environment)
        assert b"Traceback" not in ended.stderr, command
        assert b"bug of ours" not in ended.stderr, command
        text = re.sub(r"\d{4}-\d\d-\d\d[-T\d:.+Z]*", "TIME", ended.stdout.decode())
        said[command] = (ended.returncode, text)
    shutil.rmtree(site.root / ".migrator")
    shutil.rmtree(site.root / "migrated-images")
    return said


def test_everywhere_everything_ends_as_where_all_is_as_it_mostly_is(chinese):
    home = {"HOME": str(chinese.root.parent)}  # shown in paths of `schedule`
    plainly = ends(chinese, LC_ALL="C.UTF-8", PATH="/usr/bin:/bin", **home)
    assert [status for status, _ in plainly.values()] == [0, 0, 2, 0, 0, 0]
    assert ends(chinese, **home) == plainly
    assert ends(chinese, **home, **NOT_UTF8) == plainly
    assert started(chinese, "schedule cron {posts}", {}).returncode == 0


@pytest.mark.parametrize(
    ("command", "closed"),
    [
        ("scan {posts}", "0"),
        ("scan {posts}", "1"),
        ("scan {posts}", "2"),
        ("migrate {posts} --yes", "0 1 2"),
        ("schedule cron", "0 1 2"),
    ],
)
def test_closed_streams_change_nothing_about_the_end(chinese, command, closed):
    words = [word.format(posts="帖子") for word in command.split()]
    closing = " ".join(f"{number}>&-" for number in closed.split())
    ended = subprocess.run(
        ["sh", "-c", f'exec "$@" {closing}', "sh", sys.executable, "-m", "migrator", *words],
        cwd=chinese.root,
        env={"MIGRATOR_ALLOW_PRIVATE": chinese.host.authority},
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert b"Traceback" not in ended.stderr


@pytest.mark.parametrize("command", ["scan {posts}", "migrate {posts} --yes"])
def test_a_full_disk_under_the_output_is_told_and_nothing_else(chinese, command):
    with Path("/dev/full").open("wb") as full:
        ended = started(
            chinese, command, {}, stdout=full, stderr=subprocess.PIPE, capture_output=False
        )
    assert ended.returncode == 6
    assert b"No space left" in ended.stderr
    assert b"Exception" not in ended.stderr


def test_a_terminal_of_another_encoding_shows_what_it_can(chinese, tmp_path):
    if not shutil.which("localedef") or not CHARMAP.exists():
        pytest.skip("there is no localedef with the charmap GB2312")
    subprocess.run(
        ["localedef", "-i", "zh_CN", "-f", "GB2312", tmp_path / "zh_CN.GB2312"], check=True
    )
    locale = {"LC_ALL": "zh_CN.GB2312", "LOCPATH": str(tmp_path)}
    main, worker = pty.openpty()
    ended = started(
        chinese, "scan {posts}", locale, stdout=worker, stderr=worker, capture_output=False
    )
    os.close(worker)
    shown = os.read(main, 10000)
    os.close(main)
    assert ended.returncode == 0
    assert "文章 一.md" in shown.decode("gb2312")
    ended = started(chinese, "scan {posts} --json", locale)
    found = json.loads(ended.stdout.decode("utf-8"))
    assert (found["path"], found["url"].rpartition("/")[2]) == ("文章 一.md", IMAGE)
