"""The wheel, installed into an empty environment, is the whole program."""

import os
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


def test_installed_elsewhere_it_tells_the_whole_story(wheel, tmp_path):
    """Its libraries are those of the environment that tests run in."""
    python = tmp_path / "venv/bin/python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    (site,) = (tmp_path / "venv/lib").glob("python*/site-packages")
    zipfile.ZipFile(wheel).extractall(site)
    libraries = [path for path in sys.path if path.endswith("site-packages")]
    (site / "libraries.pth").write_text("\n".join(libraries))
    environment = {**os.environ, "PYTHONPATH": "", "HOME": str(tmp_path)}
    code = "import migrator; print(migrator.__file__)"
    found = subprocess.run(
        [python, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.startswith(str(site))
    ended = subprocess.run(
        [python, "-m", "migrator", "demo", tmp_path / "demo", "--local"],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
