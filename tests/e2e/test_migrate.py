import hashlib
import re

import pytest
from rig.hosts import answer, redirect, status
from rig.images import image

LINK = re.compile(rb"(?:\.\./)+migrated-images/[0-9a-f]{2}/[0-9a-f]{64}\.\w+")


def test_a_dry_run_says_what_surely_stays(site):
    site.write("posts/no.md", "![](http://10.9.8.7/x.png) ![](http://me:word@h.example/y.png)")
    dry = site.migrator("migrate", "posts/no.md", "--dry-run", "--json").json
    reasons = {(each["state"], each["reason"]) for each in dry["images"]}
    assert reasons == {("failed", "bad-url"), ("failed", "blocked-address")}
    assert dry["posts"] == []


def test_images_move_and_only_the_links_change(site):
    before = {
        post: (site.root / post).read_bytes() for post in ("posts/one.md", "posts/deep/two.md")
    }
    assert site.migrator("migrate", "posts", "--yes").status == 0
    assert set(site.stored().values()) == {image(kind) for kind in ("PNG", "JPEG", "GIF")}
    for name, original in before.items():
        rewritten = (site.root / name).read_bytes()
        old = dict.fromkeys(LINK.findall(rewritten))
        for link, path in zip(old, ("/a.png", "/b.jpg", "/c.gif"), strict=False):
            rewritten = rewritten.replace(link, site.host.url(path).encode())
        assert rewritten == original
        assert old


def test_without_a_configuration_the_folder_is_the_site_and_rollback_finds_it(site):
    (site.root / "migrator.toml").unlink()
    before = site.tree()
    assert site.migrator("migrate", "posts", "--yes").status == 0
    assert (site.root / "posts/migrated-images").is_dir()
    assert site.migrator("rollback", "--yes").status == 0
    assert {name: site.tree()[name] for name in before} == before


def test_code_and_comments_stay(site):
    site.migrator("migrate", "posts", "--yes")
    post = (site.root / "posts/one.md").read_text()
    assert f"![code]({site.host.url('/a.png')})" in post
    assert f"![comment]({site.host.url('/a.png')})" in post


def test_every_new_link_leads_to_the_bytes_the_host_served(site):
    site.migrator("migrate", "posts", "--yes")
    post = site.root / "posts/deep/two.md"
    (link,) = LINK.findall(post.read_bytes())
    assert (post.parent / link.decode()).read_bytes() == image("PNG")
    assert hashlib.sha256(image("PNG")).hexdigest().encode() in link


def test_a_fragment_stays_with_its_reference(site):
    site.migrator("migrate", "posts", "--yes")
    assert b".jpg#pic_center)" in (site.root / "posts/one.md").read_bytes()


def test_a_second_run_does_nothing(site):
    site.migrator("migrate", "posts", "--yes")
    before, asked = site.tree(), site.host.count("/a.png")
    ended = site.migrator("migrate", "posts", "--yes")
    assert ended.status == 0
    assert "Nothing to do" in ended.out
    assert (site.tree(), site.host.count("/a.png")) == (before, asked)
    assert len(site.migrator("runs", "--json").json) == 1


def test_an_image_in_many_posts_is_fetched_once(site):
    site.migrator("migrate", "posts", "--yes")
    assert site.host.fetched("/a.png") == 1


def test_the_same_image_under_many_urls_is_stored_once(site):
    for path in ("/photo.png", "/copy.png", "/copy.png?x=1"):
        site.host.on(path, answer(image("PNG", size=(400, 300))))
    site.write(
        "posts/three.md", "![]({host}/photo.png) ![]({host}/copy.png) ![]({host}/copy.png?x=1)"
    )
    assert site.migrator("migrate", "posts", "--yes").status == 0
    assert len(site.stored()) == 4


@pytest.mark.parametrize(
    ("answered", "reason"),
    [
        (answer(b"<html><title>Hotlinking is not allowed</title>"), "not-an-image"),
        (status(404), "not-found"),
        (answer(image("PNG")[:-20]), "truncated"),
        (redirect("/gone"), "redirect"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", "encoding"),
    ],
)
def test_what_is_no_image_is_never_stored_and_its_link_stays(site, answered, reason):
    site.host.on("/a.png", answered)
    if reason == "redirect":
        site.host.on("/gone", redirect("/gone"))
    ended = site.migrator("migrate", "posts", "--yes", "--json")
    assert ended.status == 3
    (failed,) = [each for each in ended.json["images"] if each["state"] == "failed"]
    assert (failed["reason"], failed["new_url"], failed["sha256"]) == (reason, None, None)
    assert len(site.stored()) == 2
    one = (site.root / "posts/one.md").read_bytes()
    assert b"![first](" + site.host.url("/a.png").encode() in one
    assert len(LINK.findall(one)) == 2


def test_a_post_whose_only_image_failed_is_not_touched(site):
    site.host.on("/a.png", status(410))
    post = site.root / "posts/deep/two.md"
    before = post.stat()
    site.migrator("migrate", "posts", "--yes")
    assert (post.stat().st_ino, post.stat().st_ctime_ns) == (before.st_ino, before.st_ctime_ns)


def test_what_failed_moves_when_the_host_recovers(site):
    site.host.on("/a.png", status(418), answer(image("PNG")))
    assert site.migrator("migrate", "posts", "--yes").status == 3
    ended = site.migrator("migrate", "posts", "--only-failed", "--yes")
    assert ended.status == 0
    assert len(site.stored()) == 3
    assert site.host.fetched("/c.gif") == 1


def test_a_dry_run_changes_nothing_and_fetches_no_body(site):
    before = site.tree()
    ended = site.migrator("migrate", "posts", "--dry-run", "--diff")
    assert (ended.status, site.tree()) == (0, before)
    assert {asked.method for asked in site.host.asked} == {"HEAD"}
    assert "+![first](../migrated-images/" in ended.out
    assert "migrator migrate posts" in ended.out
    assert not (site.root / ".migrator").exists()


def test_a_dry_run_plans_what_the_run_does(site):
    planned = site.migrator("migrate", "posts", "--dry-run", "--json").json
    done = site.migrator("migrate", "posts", "--yes", "--json").json
    assert [each["url"] for each in planned["images"]] == [each["url"] for each in done["images"]]
    assert {each["state"] for each in planned["images"]} == {"planned"}
    assert [each["edits"] for each in planned["posts"]] == [each["edits"] for each in done["posts"]]
    assert planned["images"][0]["size"] == len(image("PNG"))


def test_json_has_the_shape_that_scripts_rely_on(site):
    report = site.migrator("migrate", "posts", "--yes", "--json").json
    assert list(report) == [
        "run", "command", "dry_run", "started", "finished", "counts", "images", "posts",
        "warnings", "notes",
    ]  # fmt: skip
    first = report["images"][0]
    assert first == {
        "url": site.host.url("/a.png"),
        "state": "stored",
        "reason": None,
        "sha256": hashlib.sha256(image("PNG")).hexdigest(),
        "size": len(image("PNG")),
        "media_type": "image/png",
        "width": 24,
        "height": 16,
        "key": first["key"],
        "new_url": None,
        "references": [
            {"path": "posts/deep/two.md", "line": 3, "new_url": "../../" + _path(first)},
            {"path": "posts/one.md", "line": 5, "new_url": "../" + _path(first)},
        ],
        "source": site.host.url("/a.png"),
    }
    assert report["counts"]["stored"] == 3
    assert {(post["path"], post["state"], post["edits"]) for post in report["posts"]} == {
        ("posts/one.md", "rewritten", 3),
        ("posts/deep/two.md", "rewritten", 1),
    }
    assert site.migrator("report", "--json").json == report


def _path(reported):
    return "migrated-images/" + reported["key"]


def test_without_a_terminal_it_needs_yes(site):
    before = site.tree()
    ended = site.migrator("migrate", "posts")
    assert (ended.status, site.tree()) == (2, before)
    assert "--yes" in ended.err


def test_hosts_and_limit_choose_what_moves(site):
    ended = site.migrator("migrate", "posts", "--yes", "--json", "--limit", "1")
    assert ended.json["counts"]["stored"] == 1
    ended = site.migrator("migrate", "posts", "--yes", "--json", "--host", "other.example")
    assert {each["reason"] for each in ended.json["images"]} == {"not-selected"}


def test_a_route_serves_an_address_that_is_gone(site):
    site.write("posts/old.md", "![](https://dead.clouddn.example/img/a.png)")
    site.write(
        "migrator.toml",
        '[[route]]\nmatch = "https://dead.clouddn.example/img/"\nfrom = "{host}/"\n',
    )
    ended = site.migrator("migrate", "posts/old.md", "--yes")
    assert ended.status == 0
    assert LINK.search((site.root / "posts/old.md").read_bytes())


def test_a_private_address_needs_the_users_word(site):
    site.environment.clear()
    ended = site.migrator("migrate", "posts", "--yes", "--json")
    assert ended.status == 3
    assert {each["reason"] for each in ended.json["images"]} == {"blocked-address"}
    assert site.host.asked == []


def test_links_and_text_files_move_when_asked_for(site):
    site.write("posts/linked.md", "[full size]({host}/a.png)\n")
    config = site.write("posts/_config.yml", "logo: {host}/b.jpg  # ours\n")
    site.migrator("migrate", "posts", "--yes")
    assert site.host.url("/b.jpg") in config.read_text()
    assert site.migrator("migrate", "posts", "--yes", "--links", "--text").status == 0
    assert "migrated-images/" in config.read_text()
    assert config.read_text().endswith(".jpg  # ours\n")
    assert LINK.search((site.root / "posts/linked.md").read_bytes())
    assert site.migrator("rollback", "--yes").status == 0
    assert site.host.url("/b.jpg") in config.read_text()


def test_the_command_that_continues_is_the_one_that_was_typed(site):
    ended = site.migrator("migrate", "posts", "--dry-run", "--to", "else where", "--limit", "1")
    assert "migrator migrate posts --to 'else where' --limit 1" in ended.out
    site.write("map.csv", "{host}/a.png,https://new.example/a.png\n")
    ended = site.migrator("rewrite", "posts", "--map", "map.csv", "--dry-run")
    assert "migrator rewrite posts --map map.csv" in ended.out


def test_fragments_are_reported_as_they_were_written(site):
    site.write("posts/one.md", "![]({host}/a.png#one)\n![]({host}/a.png#two)\n")
    report = site.migrator("migrate", "posts/one.md", "--yes", "--json").json
    assert [each["new_url"][-4:] for each in report["images"][0]["references"]] == ["#one", "#two"]


def test_a_changed_public_address_is_the_one_that_is_linked(site):
    site.write("migrator.toml", '[store]\npublic_url = "https://old.example"\n')
    site.migrator("migrate", "posts/one.md", "--yes")
    site.write("migrator.toml", '[store]\npublic_url = "https://new.example"\n')
    site.migrator("migrate", "posts/deep", "--yes")
    assert b"https://new.example/" in (site.root / "posts/deep/two.md").read_bytes()


def test_images_are_named_by_the_month_of_the_first_post_that_shows_them(site):
    site.write("migrator.toml", '[store]\nkey = "{year}/{month}/{sha256:32}{ext}"\n')
    site.write("posts/a.md", "---\ndate: 2023-04-05\n---\n![]({host}/a.png)\n")
    report = site.migrator("migrate", "posts", "--yes", "--json").json
    keys = {each["url"].rpartition("/")[2]: each["key"] for each in report["images"]}
    assert keys["a.png"].startswith("2023/04/")
    assert b"migrated-images/2023/04/" in (site.root / "posts/deep/two.md").read_bytes()


def test_a_dry_run_shows_the_link_of_an_image_that_an_earlier_run_stored(site):
    assert site.migrator("migrate", "posts", "--yes").status == 0
    site.write("posts/late.md", "![]({host}/a.png)\n")
    ended = site.migrator("migrate", "posts", "--dry-run", "--diff", "--json")
    assert (ended.status, ended.json["counts"]["planned"]) == (0, 1), ended.err
    stored = site.migrator("report", "--json").json["images"]
    key = next(each["key"] for each in stored if each["url"].endswith("/a.png"))
    assert f"+![](../migrated-images/{key})" in ended.err
    assert "xxx" not in ended.err
