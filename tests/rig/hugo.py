"""Hugo, the site generator."""

import shutil
import subprocess


def why_not():
    """Why it cannot run here; empty if it can."""
    return "" if shutil.which("hugo") else "hugo is not installed (apt install hugo)"


def build(site):
    """Build ``site`` and return the folder of its pages."""
    public = site / "public"
    shutil.rmtree(public, ignore_errors=True)
    command = ["hugo", "--source", site, "--destination", public, "--cacheDir", site / "cache"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        raise RuntimeError(f"hugo failed:\n{done.stdout}{done.stderr}")
    return public
