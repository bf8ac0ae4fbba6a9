"""Hexo, the site generator, from npm."""

import os
import shutil
import subprocess

from rig import npm

why_not = npm.why_not


def build(site):
    """Build ``site`` and return the folder of its pages."""
    node = npm.installed()
    if not (site / "node_modules").exists():
        (site / "node_modules").symlink_to(node / "node_modules")
        shutil.copy(node / "package.json", site)
    shutil.rmtree(site / "public", ignore_errors=True)
    (site / "db.json").unlink(missing_ok=True)  # its cache of rendered posts
    done = subprocess.run(
        ["node", "node_modules/hexo/bin/hexo", "generate", "--bail"],
        cwd=site,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode or "ERROR" in done.stdout + done.stderr:
        raise RuntimeError(f"hexo failed:\n{done.stdout}{done.stderr}")
    return site / "public"
