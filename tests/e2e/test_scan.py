import json


def test_every_reference_is_one_line_with_its_span(site):
    ended = site.migrator("scan", "posts", "--json")
    lines = [json.loads(line) for line in ended.out.splitlines()]
    assert ended.status == 0
    assert list(lines[0]) == [
        "path", "line", "column", "start", "end", "kind", "url", "raw", "host", "provider",
    ]  # fmt: skip
    assert [(each["path"], each["kind"]) for each in lines] == [
        ("deep/two.md", "definition"),
        ("one.md", "image"),
        ("one.md", "image"),
        ("one.md", "html"),
    ]
    for each in lines:
        data = (site.root / "posts" / each["path"]).read_bytes()
        assert data[each["start"] : each["end"]].decode() == each["raw"]
        assert each["host"] == "127.0.0.1"


def test_paths_are_shown_from_the_file_the_folder_or_the_site(site):
    def paths(*arguments):
        out = site.migrator("scan", *arguments, "--json").out
        return {json.loads(line)["path"] for line in out.splitlines()}

    assert paths("posts/deep/two.md") == {"two.md"}
    assert paths("posts") == {"deep/two.md", "one.md"}
    assert paths("posts/deep", "posts/one.md") == {"posts/deep/two.md", "posts/one.md"}


def test_scanning_writes_nothing(site):
    before = site.tree()
    site.migrator("scan", "posts")
    assert site.tree() == before
    assert not (site.root / ".migrator").exists()


def test_a_forbidden_host_is_an_exit_status(site):
    assert site.migrator("scan", "posts", "--fail-on-host", "sinaimg.cn").status == 0
    assert site.migrator("scan", "posts", "--fail-on-host", "127.0.0.1").status == 3


def test_all_includes_local_paths(site):
    site.write("posts/local.md", "![](img/a.png)")
    assert "img/a.png" in site.migrator("scan", "posts", "--all").out
    assert "img/a.png" not in site.migrator("scan", "posts").out
