"""The page of a dry run, a run, a past run and a backup, from the command line."""

import json
import re

import pytest
from rig.hosts import answer
from rig.images import SVG, image

NOBODYS = "<p>My own page"


def blocks(file, name):
    found = re.findall(rf'<script type="application/json" class="{name}">(.*?)</script>', file)
    return [each for block in found for each in json.loads(block)]


@pytest.fixture
def page(site):
    return site.root / "report.html"


def test_a_page_of_a_run_has_its_pictures_and_what_changed(site, page):
    done = site.migrator("migrate", "posts", "--yes", "--html", page)
    assert done.status == 0
    assert f"Report: {page}" in done.err
    text = page.read_text()
    records = blocks(text, "images")
    assert {each["state"] for each in records} == {"stored"}
    pictures = blocks(text, "pictures")
    assert len(pictures) == 3
    assert all(each.startswith("data:image/webp;base64,") for each in pictures)
    diffs = dict(blocks(text, "diffs"))
    assert set(diffs) == {"posts/one.md", "posts/deep/two.md"}
    assert f"-![first]({site.host.url('/a.png')}" in diffs["posts/one.md"]


def test_a_past_run_has_the_same_page_and_asks_no_image_host(site, page):
    site.migrator("migrate", "posts", "--yes", "--html", page)
    before, asked = page.read_text(), len(site.host.asked)
    done = site.migrator("report", "--html", page)
    assert (done.status, done.out) == (0, "")
    assert len(site.host.asked) == asked
    for name in ("images", "pictures", "diffs", "posts"):
        assert blocks(page.read_text(), name) == blocks(before, name)


def test_a_store_that_is_gone_costs_pictures_and_no_report(site, page):
    site.migrator("migrate", "posts", "--yes")
    (site.root / "migrated-images").rename(site.root / "elsewhere")
    assert site.migrator("report", "--html", page).status == 0
    assert blocks(page.read_text(), "pictures") == ["", "", ""]


def test_without_pictures_no_store_is_read(site, page):
    site.migrator("migrate", "posts", "--yes")
    assert site.migrator("report", "--html", page, "--no-pictures").status == 0
    assert blocks(page.read_text(), "pictures") == ["", "", ""]
    assert not (site.root / ".migrator" / "thumbnails").exists()


def test_a_dry_run_has_a_page_and_leaves_nothing_else(site, page):
    before = site.tree()
    done = site.migrator("migrate", "posts", "--dry-run", "--html", page)
    assert done.status == 0
    assert "--html" not in done.out  # in the command that goes on
    text = page.read_text()
    assert {each["state"] for each in blocks(text, "images")} == {"planned"}
    assert "xxxx" in dict(blocks(text, "diffs"))["posts/one.md"]
    page.unlink()
    assert site.tree() == before
    assert not (site.root / ".migrator").exists()


def test_a_held_picture_is_shown_from_where_it_was_stored(site, page):
    for number in range(12):
        site.host.on(f"/p/{number}.png", answer(image("PNG", 77)))
    lines = "\n\n".join(f"![]({{host}}/p/{number}.png)" for number in range(12))
    site.write("posts/more.md", f"{lines}\n\n![]({{host}}/drawing.svg)\n")
    site.host.on("/drawing.svg", answer(SVG))
    done = site.migrator("migrate", "posts", "--yes", "--html", page)
    assert done.status == 3
    text = page.read_text()
    held = [each for each in blocks(text, "images") if each["state"] == "held"]
    assert {each["reason"] for each in held} == {"same-bytes", "svg"}
    decide = text.partition('id="decide"')[2].partition("</section>")[0]
    assert decide.count('<img src="data:image/webp;base64,') == 1
    (group,) = {each["group"] for each in held if each["reason"] == "same-bytes"}
    assert f"migrator accept {group}" in decide
    assert "No picture of it is kept" in decide


def test_pictures_come_out_of_a_bucket_as_well(site, page, rclone_site):
    site.write("migrator.toml", rclone_site.toml())
    assert site.migrator("migrate", "posts", "--yes", "--trust-config").status == 0
    assert site.migrator("report", "--html", page, "--trust-config").status == 0
    assert all(blocks(page.read_text(), "pictures"))


def test_a_bucket_that_refuses_costs_pictures_and_no_report(site, page, rclone_site):
    site.write("migrator.toml", rclone_site.toml())
    assert site.migrator("migrate", "posts", "--yes", "--trust-config").status == 0
    site.write("migrator.toml", rclone_site.toml(bucket="no-such-bucket"))
    done = site.migrator("report", "--html", page, "--trust-config")
    assert done.status == 0
    assert not any(blocks(page.read_text(), "pictures"))


def test_pictures_are_found_in_the_folders_of_posts(site, page):
    site.write("migrator.toml", '[store]\npath = "content"\n[rewrite]\nlinks = "page-bundle"\n')
    site.write("content/a/index.md", "![]({host}/a.png)\n")
    assert site.migrator("migrate", "content", "--yes", "--html", page).status == 0
    assert list((site.root / "content/a").rglob("*.png"))
    assert all(blocks(page.read_text(), "pictures"))


def test_a_backup_has_a_page_with_pictures_out_of_it(site, page):
    done = site.migrator("backup", "posts", "--to", "copies", "--html", page)
    assert done.status == 0
    text = page.read_text()
    assert "Copied 3 images" in text
    assert all(blocks(text, "pictures"))
    site.migrator("report", "--html", page)
    assert all(blocks(page.read_text(), "pictures"))


def test_a_file_that_is_no_report_is_not_replaced(site, page):
    page.write_text(NOBODYS)
    for command in (["migrate", "posts", "--yes"], ["backup", "posts", "--to", "copies"]):
        done = site.migrator(*command, "--html", page)
        assert done.status == 2
        assert "it is no report of Migrator" in done.err
    assert page.read_text() == NOBODYS
    assert site.stored() == {}
    done = site.migrator("migrate", "posts", "--yes", "--html", "no/folder/report.html")
    assert (done.status, site.stored()) == (2, {})


def test_a_page_among_posts_is_not_taken_for_one(site):
    site.migrator("migrate", "posts", "--yes", "--html", "posts/report.html")
    before = (site.root / "posts/report.html").read_bytes()
    assert site.migrator("migrate", "posts", "--yes").status == 0
    assert (site.root / "posts/report.html").read_bytes() == before
