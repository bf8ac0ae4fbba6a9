"""The work of the command line, called from Python, as its page shows it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import migrator

PAGE = Path(__file__).parents[2] / "docs/reference/python.md"
SCAN, MIGRATE = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def python(site, code, *options):
    """Run ``code`` in the folder of ``site``."""
    done = subprocess.run(
        [sys.executable, *options, "-c", code],
        cwd=site.root,
        env={**migrator_environment(), **site.environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def migrator_environment():
    return {name: value for name, value in os.environ.items() if name != "PYTHONUTF8"}


def test_the_example_of_scan_lists_what_the_command_lists(site):
    status, out, err = python(site, SCAN)
    assert (status, err) == (0, "")
    found = [json.loads(line) for line in site.migrator("scan", ".", "--json").out.splitlines()]
    assert out.splitlines() == [
        f"{each['path']}:{each['line']}: {each['kind']} {each['url']}" for each in found
    ]


def test_the_example_of_migrate_makes_a_run_that_can_be_put_back(site):
    site.host.on("/b.jpg", b"HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n")
    before = site.tree()
    status, out, err = python(site, MIGRATE)
    assert (status, err) == (0, "")
    run, *said = out.splitlines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d-1 2 images, 2 posts", run)
    assert [line.partition(" stayed: ")[2].split()[0] for line in said] == ["not-found"]
    assert site.migrator("report", "--json").json["counts"]["stored"] == 2
    assert site.migrator("rollback", "--yes").status == 0
    assert {name: site.tree()[name] for name in before} == before


def test_a_dry_run_changes_nothing(site):
    before = site.tree()
    code = (
        "from migrator import migrate; report = migrate('posts', dry_run=True); print(report.run)"
    )
    assert python(site, f"{code}; print(len(report.images))") == (0, "None\n3\n", "")
    assert site.tree() == before
    assert not (site.root / ".migrator").exists()


def test_what_stops_a_run_is_raised_with_its_cure(site):
    status, _, err = python(site, MIGRATE.replace('"posts"', '"nowhere"'))
    assert (status, "nowhere" in err, "Traceback" in err) == (1, True, False)
    status, out, err = python(
        site,
        "import os; os.environ.pop('MIGRATOR_ALLOW_PRIVATE'); from migrator import migrate;"
        "print({image.reason for image in migrate('posts').images})",
    )
    assert (status, out) == (0, "{'blocked-address'}\n"), err


def test_what_selects_nothing_is_refused_as_on_the_command_line(site):
    code = "from migrator import migrate; migrate('posts', hosts=['aliyun'])"
    status, _, err = python(site, code)
    assert (status, "Migrator calls it oss" in err) == (1, True), err


def test_the_command_that_goes_on_goes_to_the_same_place(site):
    drawing = (
        b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0h9"/></svg>'
    )
    site.host.on(
        "/b.jpg", b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(drawing) + drawing
    )
    name = site.host.authority.partition(":")[0]
    code = f"migrate('posts', to='pictures', hosts=['{name}'], links=True, limit=9)"
    status, _, err = python(site, f"from migrator import migrate; {code}")
    assert status == 0, err
    told = " ".join(site.migrator("accept", f"svg:{site.host.authority}").out.split())
    options = f"--to {site.root / 'pictures'} --host {name} --limit 9 --links --only-failed"
    assert f"migrator migrate {site.root / 'posts'} {options}" in told, told


def test_names_of_files_that_would_be_read_wrongly_are_refused(site):
    site.environment |= {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0"}
    code = "from migrator import scan; print(len(list(scan('posts'))))"
    status, _, err = python(site, code, "-X", "utf8=0")
    assert (status, "reads the names of files as ascii" in err) == (1, True)
    assert python(site, code, "-X", "utf8")[:2] == (0, "2\n")


def test_importing_the_package_loads_nothing_of_it():
    code = "import sys, migrator; print(sorted(n for n in sys.modules if 'migrator' in n))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = json.loads(done.stdout.replace("'", '"'))
    assert [name for name in loaded if name.startswith("migrator")] == ["migrator"]


def test_all_that_may_be_imported_is_there():
    for name in migrator.__all__:
        assert getattr(migrator, name).__name__ == name
