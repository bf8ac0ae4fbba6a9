"""The wheel holds the whole program; `test_ci` installs it into an empty environment."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder]
    subprocess.run(build, cwd=ROOT, check=True, stdin=subprocess.DEVNULL)
    (file,) = folder.glob("*.whl")
    return file


def test_the_wheel_holds_what_commands_read(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for path in (ROOT / "migrator").rglob("*"):
        name = path.relative_to(ROOT).as_posix()
        if path.is_file() and "__pycache__" not in name:
            assert name in names
    assert any(name.startswith("migrator/demo_blog/") for name in names)
    assert not any(name.startswith(("tests/", "benchmarks/")) for name in names)
