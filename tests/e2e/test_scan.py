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


def test_a_forbidden_host_is_told_with_places_and_what_to_do(site):
    ended = site.migrator("scan", "posts", "--fail-on-host", "127.0.0.1")
    assert "4 images of 127.0.0.1 in 2 posts:\n  posts/deep/two.md:3:9\n" in ended.err
    assert "To move them: migrator migrate posts --host 127.0.0.1\n" in ended.err
    assert "::error" not in ended.out + ended.err


def test_github_is_told_where_they_are_in_the_repository(site):
    (site.root.parent / ".git").mkdir()
    page = site.root.parent / "page.md"
    site.environment |= {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(page)}
    site.write("posts/odd, name.md", "![]({host}/x.png)")
    site.write("posts/broken.md", "---\ncover: [http://a/b.png\n---\n")
    ended = site.migrator("scan", "posts", "--fail-on-host", "127.0.0.1")
    lines = [line for line in ended.out.splitlines() if line.startswith("::")]
    where = r"::error file=site/posts/odd%2C name.md,line=1,col=5,endColumn="
    assert ended.status == 3
    assert len(lines) == 6
    assert any(line.startswith(where) for line in lines)
    assert any("file=site/posts/broken.md,line=" in line for line in lines)
    assert page.read_text().startswith("### Migrator: 6 places to look at\n")


def test_json_stays_json_in_github(site):
    site.environment["GITHUB_ACTIONS"] = "true"
    ended = site.migrator("scan", "posts", "--fail-on-host", "127.0.0.1", "--json")
    assert len([json.loads(line) for line in ended.out.splitlines()]) == 4
    assert ended.err.count("::error file=") == 4
    silent = site.migrator("scan", "posts", "--fail-on-host", "127.0.0.1", "--no-annotations")
    assert "::error" not in silent.out + silent.err


def test_all_includes_local_paths(site):
    site.write("posts/local.md", "![](img/a.png)")
    assert "img/a.png" in site.migrator("scan", "posts", "--all").out
    assert "img/a.png" not in site.migrator("scan", "posts").out


def test_a_summary_lists_hosts_and_no_images(site):
    full = site.migrator("scan", "posts").out
    summary = site.migrator("scan", "posts", "--summary").out
    assert summary == full[full.rindex("4 references in ") :]
    assert "127.0.0.1" in summary
    assert "one.md" not in summary


def test_a_summary_still_looks_for_forbidden_hosts(site):
    ended = site.migrator("scan", "posts", "--summary", "--fail-on-host", "127.0.0.1")
    assert ended.status == 3
    assert "one.md:" in ended.err


def test_a_summary_is_not_json(site):
    ended = site.migrator("scan", "posts", "--summary", "--json")
    assert ended.status == 2
    assert "--json lists every image" in ended.err
