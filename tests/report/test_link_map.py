import csv

import pytest

from migrator.relinking import LinkMap
from migrator.report.link_map import left_out, left_out_text, map_csv
from migrator.report.summary import ImageReport, Place, Report

NEW = "https://new.example/a.png"


def report(*images):
    return Report("r", "migrate", dry_run=False, started="", finished="", counts={}, images=images)


def image(url, *new_urls):
    places = tuple(Place("a.md", line, new) for line, new in enumerate(new_urls, 1))
    return ImageReport(url, "stored", references=places)


@pytest.mark.parametrize(
    ("url", "new_urls"),
    [
        ("https://a.example/a.png", [NEW]),
        ("//a.example/图 片.png", [NEW, None]),
        ('https://a.example/a,b".png?x=1&y=2', [NEW]),
        ("https://a.example/a.png#pic_center", [f"{NEW}#pic_center", NEW]),
        (" https://a.example/a\n b.png ", [NEW]),
        ("https://a.example/\x1b[2J\u202e.png", [NEW]),
        ("https://a.example/b\udcff.png", [NEW]),
    ],
)
def test_the_map_says_of_each_url_where_its_image_is(tmp_path, url, new_urls):
    file = tmp_path / "map.csv"
    file.write_text("".join(map_csv(report(image(url, *new_urls)))), encoding="utf-8")
    new_url = LinkMap.read(file).get(url)
    assert new_url == NEW + ("#pic_center" if url.endswith("#pic_center") else "")


def test_links_from_the_top_of_a_site_are_the_same_in_every_post():
    lines = list(map_csv(report(image("https://a.example/a.png", "/images/a.png"))))
    assert lines == ["https://a.example/a.png,/images/a.png\n"]


def test_what_a_map_cannot_hold_is_counted():
    found = report(
        image("https://a.example/1.png", "../images/1.png", "images/1.png"),
        image("https://a.example/2.png", "images/2.png"),
        image("file:posts/3.png", "https://new.example/3.png"),
        image("https://a.example/4.png?Signature=abcdefgh&Expires=1", NEW),
        image("https://a.example/5.png", None),
        image("https://a.example/6.png"),
    )
    assert list(map_csv(found)) == []
    assert sorted(left_out(found).values()) == [1, 1, 2]
    text = left_out_text(left_out(found))
    assert "Not in the map: 2 images linked by a path that differs from post to post." in text
    assert "public_url" in text
    assert "abcdefgh" not in text


def test_no_cell_is_a_formula_and_each_line_is_one_row():
    urls = ["https://a.example/=1+1,\n@x.png", "HTTPS://a.example/\r.png", "//-1"]
    lines = list(map_csv(report(*(image(url, NEW) for url in urls))))
    rows = list(csv.reader(lines, strict=True))
    assert [len(row) for row in rows] == [2, 2, 2]
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
