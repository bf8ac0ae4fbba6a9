"""What bash completes, asked as bash asks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from migrator.ledger import Ledger


def completed(folder, *words):
    """What the program offers for the last of ``words``."""
    done = subprocess.run(
        [Path(sys.executable).with_name("migrator")],
        cwd=folder,
        env={
            **os.environ,
            "_MIGRATOR_COMPLETE": "complete_bash",
            "COMP_WORDS": " ".join(["migrator", *words]),
            "COMP_CWORD": str(len(words)),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


@pytest.fixture
def site(tmp_path):
    (tmp_path / ".migrator").mkdir()
    with Ledger.open(tmp_path / ".migrator/ledger.db") as ledger:
        for _ in range(2):
            ledger.finish(ledger.begin("migrate", {}))
    return tmp_path


def test_commands_options_runs_stores_and_services(site):
    assert completed(site, "mig") == ["migrate"]
    assert "--dry-run" in completed(site, "migrate", "--dry")
    first, second = completed(site, "report", "2")
    assert first > second
    assert completed(site, "rollback", second) == [second]
    assert completed(site, "migrate", "posts", "--to", "m") == ["mirror"]
    assert completed(site, "init", "--provider", "sup") == ["supabase"]


def test_where_no_run_was_none_is_offered_and_nothing_is_made(tmp_path):
    assert completed(tmp_path, "report", "") == []
    assert list(tmp_path.iterdir()) == []
