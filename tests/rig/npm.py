"""The npm packages that ``rig/node`` pins, installed once per machine below ``.cache``."""

import hashlib
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

_PINNED = Path(__file__).with_name("node")
_CACHE = Path(__file__).parents[2] / ".cache"  # git ignores it


def why_not():
    """Why it cannot run here; empty if it can."""
    missing = [name for name in ("node", "npm") if not shutil.which(name)]
    return f"{' and '.join(missing)} not installed (apt install nodejs npm)" if missing else ""


@cache
def installed():
    """The folder that holds ``node_modules``, and what else is in ``rig/node``."""
    files = sorted(path for path in _PINNED.iterdir() if path.is_file())
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()
    folder = _CACHE / f"node-{digest[:12]}"
    if not folder.exists():
        _CACHE.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=_CACHE, prefix="node-") as temporary:
            fresh = Path(temporary, "fresh")
            shutil.copytree(_PINNED, fresh)
            command = ["npm", "ci", "--prefer-offline", "--no-progress"]
            done = subprocess.run(command, cwd=fresh, capture_output=True, text=True, check=False)
            if done.returncode:
                raise RuntimeError(f"npm ci failed:\n{done.stdout}{done.stderr}")
            try:
                fresh.rename(folder)
            except OSError:  # another process was quicker
                if not folder.exists():
                    raise
    return folder
