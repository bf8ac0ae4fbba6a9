from migrator.model import Kind, Note, Reference, Spelling
from migrator.report.scanned import scan_post_text, scan_total_text


def test_a_scanned_post_shows_each_reference_in_columns():
    def reference(kind, url, line, column):
        return Reference(0, 1, kind, Spelling.MARKDOWN, url, url, line, column)

    references = [
        reference(Kind.IMAGE, "https://a.example/x.png", 3, 5),
        reference(Kind.FRONT_MATTER, "//b.example/图.png", 112, 15),
    ]
    assert scan_post_text("文章/a.md", references, [Note(7, "folded, left alone")]) == (
        "文章/a.md\n"
        "  3:5     image         https://a.example/x.png\n"
        "  112:15  front-matter  //b.example/图.png\n"
        "  line 7: folded, left alone\n"
    )


def test_a_scan_ends_with_the_hosts_most_frequent_first():
    assert scan_total_text({"b": 2, "a": 2, "c": 1200, None: 3}, posts=31) == (
        "1,207 references in 31 posts:\n  1,200  c\n      3  (no host)\n      2  a\n      2  b\n"
    )
    assert scan_total_text({}, posts=1) == "No images on other hosts in 1 post.\n"
