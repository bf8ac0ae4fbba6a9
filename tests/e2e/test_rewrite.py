import json

import pytest


@pytest.fixture
def links(site):
    new = "https://new.example/图(1).png"
    return {
        site.host.url("/a.png"): new,
        site.host.url("/b.jpg"): "https://new.example/b.jpg?a=1&b=2",
    }


def write_map(site, links, name="map.json"):
    text = (
        json.dumps(links)
        if name.endswith("json")
        else "".join(f'"{a}",{b}\n' for a, b in links.items())
    )
    return site.write(name, text)


@pytest.mark.parametrize("name", ["map.json", "map.csv"])
def test_links_follow_the_map_and_the_rest_stays(site, links, name):
    write_map(site, links, name)
    ended = site.migrator("rewrite", "posts", "--map", name, "--yes", "--json")
    assert ended.status == 0
    scanned = site.migrator("scan", "posts", "--json").out.splitlines()
    assert [json.loads(line)["url"] for line in scanned] == [
        links[site.host.url("/a.png")],
        links[site.host.url("/a.png")],
        links[site.host.url("/b.jpg")] + "#pic_center",
        site.host.url("/c.gif"),
    ]
    states = {each["url"]: (each["state"], each["reason"]) for each in ended.json["images"]}
    assert states[site.host.url("/c.gif")] == ("skipped", "not-mapped")
    assert site.host.asked == []


def test_a_rewrite_can_be_rolled_back(site, links):
    write_map(site, links)
    before = site.tree()
    site.migrator("rewrite", "posts", "--map", "map.json", "--yes")
    assert site.tree() != before
    assert site.migrator("rollback", "--yes").status == 0
    assert site.tree() == before


def test_a_dry_run_shows_the_difference_and_changes_nothing(site, links):
    write_map(site, links)
    before = site.tree()
    ended = site.migrator("rewrite", "posts", "--map", "map.json", "--dry-run", "--diff")
    assert (ended.status, site.tree()) == (0, before)
    assert "+![first](https://new.example/" in ended.out


def test_a_space_is_written_as_every_place_can_bear_it(site):
    site.write("posts/one.md", "![](https://h.example/a.png)\n<img src=https://h.example/a.png>\n")
    write_map(site, {"https://h.example/a.png": "https://new.example/a b.png"})
    assert site.migrator("rewrite", "posts", "--map", "map.json", "--yes").status == 0
    assert (site.root / "posts/one.md").read_text().count("https://new.example/a%20b.png") == 2


def test_the_same_url_in_another_spelling_is_found(site):
    site.write("posts/one.md", "![](//h.example/%E4%B8%AD.png#x)")
    write_map(site, {"https://h.example/中.png": "https://new.example/a.png"})
    assert site.migrator("rewrite", "posts", "--map", "map.json", "--yes").status == 0
    assert (site.root / "posts/one.md").read_text() == "![](https://new.example/a.png#x)"


def test_an_exact_key_comes_first(site):
    site.write("posts/one.md", "![](https://h.example/a%2Db.png)")
    write_map(
        site,
        {
            "https://h.example/a-b.png": "https://new.example/loose.png",
            "https://h.example/a%2Db.png": "https://new.example/exact.png",
        },
    )
    site.migrator("rewrite", "posts", "--map", "map.json", "--yes")
    assert "exact.png" in (site.root / "posts/one.md").read_text()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "JSON"),
        ('{"a": 1}', "URL in quotes"),
        ("a,b,c\n", "two columns"),
        ('{"a": "two\\nlines"}', "line breaks"),
        ('{"a": ""}', "empty"),
        ('["a", "b"]', "JSON object"),
        ('{"a": "b", "a": "c"}', "two new URLs"),
        ("a,b\na,c\n", "two new URLs"),
        ('{"a": "b", "b": "c"}', "that becomes c"),
        ("a;b\n", "comma"),
        ('"a,b\n', "quotation mark"),
        ('{"a": "javascript:alert(1)"}', "http"),
        ('{"https://h/x": "https://n/x#f", "https://n/x": "https://m/y"}', "that becomes"),
        ('{"https://h/x": "https://n/%7Ex", "https://n/~x": "https://m/y"}', "that becomes"),
    ],
)
def test_a_map_that_is_none_is_named(site, content, says):
    (site.root / "map").write_text(content)
    before = site.tree()
    ended = site.migrator("rewrite", "posts", "--map", "map", "--yes")
    assert (ended.status, site.tree()) == (2, before)
    assert says in ended.err


def test_a_missing_map_is_named(site):
    ended = site.migrator("rewrite", "posts", "--map", "nowhere.csv", "--yes")
    assert (ended.status, "nowhere.csv" in ended.err) == (2, True)


def test_a_map_to_itself_is_nothing_to_do(site):
    write_map(site, {site.host.url("/a.png"): site.host.url("/a.png")})
    before = site.tree()
    ended = site.migrator("rewrite", "posts", "--map", "map.json", "--dry-run", "--json")
    assert ended.json["counts"]["planned"] == 0
    assert "Nothing to do" in site.migrator("rewrite", "posts", "--map", "map.json", "--yes").out
    assert site.tree() == before
    assert site.migrator("runs", "--json").json == []
