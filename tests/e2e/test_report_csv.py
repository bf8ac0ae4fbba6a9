import csv
import shutil

import pytest
from rig.site import Site

CONFIG = '[store]\npath = "pictures"\npublic_url = "https://new.example/blog"\n'


@pytest.fixture
def copy(site):
    shutil.copytree(site.root, site.root.parent / "copy")
    copy = Site(site.root.parent / "copy", site.host, site.environment)
    yield copy
    copy.end()


def posts(site):
    return {name: data for name, data in site.tree().items() if name.startswith("posts/")}


def test_the_map_of_a_run_changes_another_copy_to_the_same_bytes(site, copy):
    for each in (site, copy):
        each.write("migrator.toml", CONFIG)
        each.write(
            "posts/three.md",
            "![]({host}/%61.png)\n<img src='{host}/b.jpg#x'>\n![]({host}/gone.png)\n",
        )
    before = posts(copy)
    assert site.migrator("migrate", "posts", "--yes").status == 3  # one is gone
    ended = site.migrator("report", "--csv", "moved.csv")
    assert (ended.status, ended.out) == (0, "")
    assert ended.err == "moved.csv: 3 images with a new URL.\n"
    map_file = site.root / "moved.csv"
    assert copy.migrator("rewrite", "posts", "--map", map_file, "--yes").status == 0
    assert posts(copy) == posts(site) != before


def test_a_map_goes_to_standard_output(site):
    site.write("migrator.toml", CONFIG)
    site.migrator("migrate", "posts", "--yes")
    ended = site.migrator("report", "--csv", "-")
    assert (ended.status, ended.err) == (0, "")
    rows = list(csv.reader(ended.out.splitlines()))
    assert {old for old, _ in rows} == {
        site.host.url(f"/{name}") for name in ("a.png", "b.jpg", "c.gif")
    }
    assert all(new.startswith("https://new.example/blog/") for _, new in rows)


def test_links_that_differ_from_post_to_post_are_named_as_missing(site):
    site.migrator("migrate", "posts", "--yes")  # to a folder of the site, without an address
    ended = site.migrator("report", "--csv", "-")
    assert (ended.status, ended.out) == (3, "")
    assert "Not in the map: 3 images linked by a path" in ended.err
    assert "public_url" in ended.err


def test_no_file_but_an_older_map_is_replaced(site):
    site.write("migrator.toml", CONFIG)
    site.migrator("migrate", "posts", "--yes")
    before = site.tree()
    ended = site.migrator("report", "--csv", "posts/one.md")
    assert (ended.status, site.tree()) == (2, before)
    assert "Choose another name" in ended.err
    for _ in range(2):
        assert site.migrator("report", "--csv", "moved.csv").status == 0
    assert site.migrator("report", "--csv", "-", "--json").status == 2
