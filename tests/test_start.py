"""How quickly a command begins depends on what it imports: seconds differ, modules do not."""

import re
import subprocess
import sys

import pytest

POST = b"---\ntitle: a\n---\n\n![](https://img.example.com/a.png)\n"
# Each of them takes longer to import than a post takes to scan.
SLOW = {
    *("httpx", "httpcore", "boto3", "botocore", "rich", "yaml", "frontmatter", "PIL", "sqlite3"),
    *("pydantic", "tenacity", "asyncio", "ssl", "socket", "http", "email", "multiprocessing"),
    *("concurrent", "importlib.metadata", "ctypes"),
}


def imported(*arguments):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "migrator", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(re.findall(r"^import time: +\d+ \| +\d+ \| +(\S+)$", done.stderr, re.MULTILINE))


def slow(modules):
    return {module for module in modules if {module, module.partition(".")[0]} & SLOW}


@pytest.fixture
def post(tmp_path):
    path = tmp_path / "post.md"
    path.write_bytes(POST)
    return path


def test_help_imports_nothing_that_only_a_command_needs():
    modules = imported("--help")
    assert not slow(modules)
    assert "migrator.cli.main" in modules
    assert "migrator.scanner" not in modules
    assert len(modules) < 230


def test_a_scan_imports_what_reads_posts_and_nothing_else(post):
    modules = imported("scan", post)
    assert not slow(modules)
    assert {"migrator.scanner", "pyromark"} <= modules
    assert not {m for m in modules if m.startswith(("migrator.uploader", "migrator.downloader"))}
    assert len(modules) < 300


def test_the_reader_of_front_matter_is_imported_for_front_matter_that_holds_an_address(post):
    post.write_bytes(POST.replace(b"title: a", b"cover: https://img.example.com/b.png"))
    assert slow(imported("scan", post)) == {
        module for module in imported("scan", post) if module.partition(".")[0] == "yaml"
    }


def test_a_migration_with_nothing_to_do_imports_nothing_that_fetches_or_stores(post, tmp_path):
    (tmp_path / "migrator.toml").write_text('[store]\npublic_url = "https://img.example.com/"\n')
    modules = imported("migrate", post, "--yes", "--trust-config")
    packages = {module.partition(".")[0] for module in modules}
    assert not packages & {"httpx", "httpcore", "tenacity", "asyncio", "ssl", "botocore", "rich"}
    assert "migrator.ledger" in modules
