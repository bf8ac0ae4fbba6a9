"""The images of a backup come back, into the store and into posts, when their host is no more."""

import hashlib
import json
import os
import re
import shutil
import time
from urllib.parse import quote, urlsplit

import pytest
from rig import preview
from rig.hosts import answer, status
from rig.images import image
from rig.stores import ACCESS_KEY_ENV, SECRET_KEY_ENV

KINDS = {"a.png": "PNG", "b.jpg": "JPEG", "c.gif": "GIF"}


@pytest.fixture
def posts(site):
    """A site with a backup, whose image host is no more and must not be asked again."""
    site.backup = lambda *more, code=0: ran(site, "backup", "posts", "--json", *more, code=code)
    site.backup()
    site.host.asked.clear()
    yield site
    assert site.host.asked == []


def ran(site, *arguments, code=0):
    ended = site.migrator(*arguments)
    assert ended.status == code, ended.out + ended.err
    return ended.json if "--json" in arguments else ended


def restore(site, *arguments, code=0):
    return ran(site, "restore", "--yes", "--json", *arguments, code=code)


def shown(site, post):
    """The bytes behind each relative link of a post that leads to an image."""
    path = site.root / post
    links = re.findall(rb"[^(<\" ]*[0-9a-f]{2}/[0-9a-f]{64}\.\w+", path.read_bytes())
    return [(path.parent / link.decode()).read_bytes() for link in links]


def objects(site, folder="image-backup"):
    return sorted((site.root / folder / "objects").glob("*/*"))


def without(tree, folder):
    return {name: data for name, data in tree.items() if not name.startswith(folder)}


def test_posts_of_a_dead_host_show_the_images_of_the_backup_and_can_be_put_back(posts):
    before = posts.tree()
    report = restore(posts, "--rewrite", "posts")
    assert (report["command"], report["counts"]["stored"]) == ("restore", 3)
    assert all(each["source"].startswith("backup:image-backup/objec") for each in report["images"])
    one, two = shown(posts, "posts/one.md"), shown(posts, "posts/deep/two.md")
    assert [*one, *two] == [image(kind) for kind in ("PNG", "JPEG", "GIF", "PNG")]
    again = ran(posts, "restore", "--rewrite", "posts")
    assert "Nothing to do" in again.out
    ran(posts, "rollback", "--yes")
    assert without(posts.tree(), "migrated-images/") == before


def test_images_alone_come_back_under_the_names_of_the_store_and_later_runs_know_them(posts):
    before = posts.tree()
    report = restore(posts)
    assert without(posts.tree(), "migrated-images/") == before
    assert sorted(posts.stored().values()) == sorted(image(kind) for kind in KINDS.values())
    places = {
        (each["path"], each["line"]) for one in report["images"] for each in one["references"]
    }
    assert ("posts/one.md", 5) in places
    assert restore(posts)["counts"]["reused"] == 3
    migrated = ran(posts, "migrate", "posts", "--yes", "--json")
    assert migrated["counts"]["reused"] == 3  # without a question to the host


def test_a_day_gives_the_bytes_of_that_day(site):
    first = ran(site, "backup", "posts", "--json")["snapshot"]
    folder = site.root / "image-backup/snapshots"
    for ending in ("jsonl", "sha256"):  # as if it had been made long ago
        text = (folder / f"{first}.{ending}").read_text()
        (folder / f"2025-03-01T021500Z.{ending}").write_text(text)
        (folder / f"{first}.{ending}").unlink()
    site.host.on("/a.png", answer(image("PNG", seed=9)))
    site.host.on("/b.jpg", status(404))
    newest = ran(site, "backup", "posts", "--json", code=3)["snapshot"]

    def restored(*which):
        shutil.rmtree(site.root / "old", ignore_errors=True)
        report = restore(site, "--to", "old", *which)
        assert report["counts"]["stored"] == 3
        return {path.read_bytes() for path in (site.root / "old").rglob("*.*")}

    then, now = image("PNG"), image("PNG", seed=9)
    for which in ("2025-03-01", "2025-12-31", "2025-03-01T021500Z"):
        assert then in restored("--snapshot", which)
    for which in ([], ["--snapshot", newest], ["--snapshot", newest[:10]]):
        assert {now, image("JPEG")} < restored(*which)  # what is lost comes from its last copy
    for which, hint in (
        ("2025-02-28", "The oldest is 2025-03-01T021500Z"),
        ("2025-03-01T021500", "Did you mean 2025-03-01T021500Z"),
        ("yesterday", "migrator snapshots"),
        ("2025-13-45", "Did you mean"),
    ):
        ended = site.migrator("restore", "--yes", "--snapshot", which)
        assert (ended.status, hint in ended.err) == (2, True), ended.err


def test_an_image_that_is_known_by_other_bytes_comes_from_the_backup_all_the_same(site):
    ran(site, "backup", "posts")
    site.host.on("/a.png", answer(image("PNG", seed=9)))
    ran(site, "migrate", "posts", "--yes")
    ran(site, "rollback", "--yes")
    report = restore(site, "--rewrite", "posts")
    assert report["counts"] | {"stored": 1, "reused": 2} == report["counts"]
    assert shown(site, "posts/deep/two.md") == [image("PNG")]


def test_what_the_backup_does_not_have_stays_and_is_named(posts):
    posts.write("posts/new.md", "![]({host}/a.png) ![]({host}/new.png)\n")
    report = restore(posts, "--rewrite", "posts", code=3)
    (stayed,) = [each for each in report["images"] if each["state"] == "skipped"]
    assert (stayed["url"][-8:], stayed["reason"]) == ("/new.png", "not-in-backup")
    text = (posts.root / "posts/new.md").read_bytes()
    assert (text.count(b"/new.png"), text.count(b"/a.png")) == (1, 0)
    told = ran(posts, "restore", "--rewrite", "posts", "--yes", code=3).out
    assert "the backup has no copy" in told


@pytest.mark.parametrize("spoil", ["changed", "gone"])
def test_a_damaged_copy_is_never_linked_and_costs_no_other(posts, spoil):
    (spoilt,) = [path for path in objects(posts) if path.suffix == ".jpg"]
    data = spoilt.read_bytes()
    spoilt.unlink()
    if spoil == "changed":
        spoilt.write_bytes(data[:-1] + b"x")
    report = restore(posts, "--rewrite", "posts", code=5)
    (failed,) = [each for each in report["images"] if each["state"] == "failed"]
    assert ("/b.jpg" in failed["url"], failed["reason"]) == (True, "backup-damaged")
    assert shown(posts, "posts/one.md") == [image("PNG"), image("GIF")]
    assert b"/b.jpg#pic_center" in (posts.root / "posts/one.md").read_bytes()
    spoilt.write_bytes(data)
    restore(posts, "--rewrite", "posts")
    assert len(shown(posts, "posts/one.md")) == 3


def test_a_dry_run_writes_nothing_and_says_what_the_run_does(posts):
    before = posts.tree()
    planned = ran(posts, "restore", "--rewrite", "posts", "--dry-run", "--json", "--diff")
    ended = ran(posts, "restore", "--rewrite", "posts", "--dry-run", "--diff")
    assert "from" in ended.out
    assert "image-backup" in ended.out
    assert "xxx" not in ended.out
    assert "Next:  migrator restore" in ran(posts, "restore", "--dry-run").out
    assert posts.tree() == before
    assert not (posts.root / ".migrator/spool").exists() or not any(
        (posts.root / ".migrator/spool").iterdir()
    )
    links = re.findall(r"^\+[^+].*", ended.out, re.MULTILINE)
    report = restore(posts, "--rewrite", "posts")
    assert {each["url"] for each in planned["images"]} == {each["url"] for each in report["images"]}
    texts = "".join(path.read_bytes().decode() for path in (posts.root / "posts").rglob("*.md"))
    assert len(links) > 2
    assert all(line[1:].strip("\r\n") in texts for line in links)


def test_nothing_is_written_before_the_user_agrees(posts):
    before = posts.tree()
    for more in ([], ["--rewrite", "posts"]):
        ended = posts.migrator("restore", *more)
        assert (ended.status, "--yes" in ended.err) == (2, True)
        assert posts.tree() == before


def test_a_restore_from_nowhere_says_where_it_looked(site):
    ended = site.migrator("restore", "--yes")
    assert (ended.status, "there is no backup in image-backup" in ended.err) == (2, True)
    for option in ("--from", "--to"):
        ended = site.migrator("restore", option, " ", "--yes")
        assert (ended.status, f"{option} names no store" in ended.err) == (2, True)


@pytest.mark.parametrize("what", [["--rewrite", "posts"], ["--old-names"]])
def test_a_restore_from_a_disk_elsewhere_goes_on_with_the_snapshot_that_it_began_with(
    site, tmp_path, what
):
    many = 24
    for number in range(many):
        site.host.on(f"/{number}.png", answer(image("PNG", seed=number)))
    site.write("posts/many.md", "".join(f"![]({{host}}/{n}.png)\n" for n in range(many)))
    vault = tmp_path / "disk"
    ran(site, "backup", "posts", "--to", vault)
    before = site.tree()
    process = site.start("restore", "--from", vault, "--yes", *what)
    while process.poll() is None and len(site.stored()) < many // 2:
        time.sleep(0.002)
    process.kill()
    process.communicate()
    site.host.on("/0.png", answer(image("PNG", seed=99)))
    ran(site, "backup", "posts", "--to", vault)  # newer than what the run began with
    assert process.returncode < 0
    ran(site, "resume")
    images = [image("PNG", seed=number) for number in range(many)]
    assert set(site.stored().values()) == {*images, *(image(kind) for kind in KINDS.values())}
    if what == ["--old-names"]:
        assert site.stored().keys() == {*KINDS, *(f"{number}.png" for number in range(many))}
    else:
        assert shown(site, "posts/many.md") == images
        ran(site, "rollback", "--yes")
    assert without(site.tree(), "migrated-images/") == before


def test_images_get_their_old_names_for_a_server_of_the_old_host(posts, tmp_path):
    for url in ("/photos/2019/caf%C3%A9%20noir.png", "/a.png?size=2", "/show.php?id=7"):
        number = len(url)
        posts.host.on(url, answer(image("PNG", seed=number)))
        posts.write(f"posts/{number}.md", f"![](<{{host}}{url}>)\n")
    posts.backup()
    posts.host.asked.clear()
    report = restore(posts, "--old-names", "--to", tmp_path / "old", code=3)
    names = {
        each["url"].partition("//")[2].partition("/")[2]: each["key"] for each in report["images"]
    }
    (folder,) = (tmp_path / "old").iterdir()
    assert folder.name == "127.0.0.1"
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*.*")}
    assert {"b.jpg", "c.gif", "photos/2019/café noir.png", "a.png"} < files
    (told,) = report["warnings"]
    assert "show.php?id=7 is 127.0.0.1/" in told
    assert len(files) == len(names) == 6
    right = {}
    with preview.serving(folder) as address:  # what nginx and others do with root
        for one in report["images"]:
            path = urlsplit(one["url"]).path
            got = preview.fetch(address + quote(path, safe="/%"))
            if got and hashlib.sha256(got).hexdigest() == one["sha256"]:
                right[path] = one["url"]
    assert [*sorted(right)] == ["/a.png", "/b.jpg", "/c.gif", "/photos/2019/caf%C3%A9%20noir.png"]
    again = restore(posts, "--old-names", "--to", tmp_path / "old", code=3)
    assert again["counts"]["reused"] == 4
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*.*")} == files


def test_urls_that_lost_their_secrets_are_restored_each(site):
    for number in (1, 2):
        url = f"/t.png?token=not-for-your-eyes-{number}"
        site.host.on(url, answer(image("PNG", seed=number)))
        site.write(f"posts/{number}.md", f"![]({{host}}{url})\n")
    ran(site, "backup", "posts")
    report = restore(site)
    assert report["counts"]["stored"] == 5
    assert "not-for-your-eyes" not in json.dumps(report)
    assert len({each["sha256"] for each in report["images"]}) == 5
    linked = restore(site, "--rewrite", "posts")
    assert linked["counts"]["stored"] + linked["counts"]["reused"] == 5
    assert shown(site, "posts/2.md") == [image("PNG", seed=2)]


def test_images_that_live_with_posts_come_back_beside_each_of_them(site):
    site.write("migrator.toml", '[store]\npath = "content"\n[rewrite]\nlinks = "page-bundle"\n')
    for name in ("one", "two"):
        site.write(f"content/{name}/index.md", "![]({host}/a.png)\n")
    ran(site, "backup", "content")
    restore(site)
    digest = hashlib.sha256(image("PNG")).hexdigest()
    for name in ("one", "two"):
        kept = site.root / "content" / name / digest[:2] / f"{digest}.png"
        assert kept.read_bytes() == image("PNG")


def test_an_image_that_the_host_replaced_comes_back_as_it_was(site):
    ran(site, "backup", "posts")
    for path in ("/a.png", "/b.jpg", "/c.gif"):  # the same notice for all of them
        site.host.on(path, answer(image("PNG", seed=5)))
    assert ran(site, "backup", "posts", "--json", code=3)["counts"]["held"] == 3
    restore(site, "--rewrite", "posts")
    assert shown(site, "posts/one.md") == [image(kind) for kind in ("PNG", "JPEG", "GIF")]


@pytest.mark.parametrize("backed_up", ["before", "after"])
def test_what_the_store_lost_gets_the_name_that_posts_link_to(site, backed_up):
    public = site.host.url("/pub")
    site.write("migrator.toml", f'[store]\npublic_url = "{public}"\nkey = "pics/{{stem}}{{ext}}"\n')
    if backed_up == "before":
        ran(site, "backup", "posts")
    ran(site, "migrate", "posts", "--yes")
    stored = {name: data for name, data in site.tree().items() if name.startswith("migrated-")}
    assert "migrated-images/pics/a.png" in stored
    for name, data in stored.items():
        site.host.on(f"/pub/{name.partition('/')[2]}", answer(data))
    if backed_up == "after":
        site.host.on("/pub/..%2Fx.png", answer(image("PNG", seed=8)))
        site.write("posts/hostile.md", "![]({host}/pub/..%2Fx.png)\n")
        ran(site, "backup", "posts")
    shutil.rmtree(site.root / "migrated-images")
    site.write("migrator.toml", f'[store]\npublic_url = "{public}"\n')  # names have changed since
    hostile = backed_up == "after"  # it gets a name of the store's own
    assert restore(site)["counts"]["stored"] == 3 + hostile
    assert {name: site.tree()[name] for name in stored} == stored
    assert len(site.stored()) == 3 + hostile


def test_only_images_of_one_host_are_restored_if_that_is_asked(posts):
    report = restore(posts, "--host", "elsewhere.example")
    assert {each["reason"] for each in report["images"]} == {"not-selected"}
    assert posts.stored() == {}
    assert restore(posts, "--host", "127.0.0.1")["counts"]["stored"] == 3


def table(name, store_site, keys, **more):
    """A table of the configuration for the bucket of a store site."""
    settings = store_site.settings
    values = {
        "type": "s3",
        "provider": settings.provider,
        "bucket": settings.bucket,
        "region": settings.region,
        "endpoint": settings.endpoint,
        "access_key_env": keys[0],
        "secret_key_env": keys[1],
        "prefix": f"blog/{name}",
        **more,
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items() if value != ""]
    return "\n".join([f"[{name}]", *lines, ""])


@pytest.mark.parametrize(
    ("vault_kind", "store_kind"), [("ceph_site", "rclone_site"), ("rclone_site", "ceph_site")]
)
def test_a_full_circle_from_one_bucket_into_another(site, request, vault_kind, store_kind):
    vault = request.getfixturevalue(vault_kind)
    site.environment |= {"VAULT": os.environ[ACCESS_KEY_ENV], "SAFE": os.environ[SECRET_KEY_ENV]}
    store = request.getfixturevalue(store_kind)
    public = {"public_url": "https://img.example.com", "check_public": False}
    names = (ACCESS_KEY_ENV, SECRET_KEY_ENV)
    text = table("backup", vault, ("VAULT", "SAFE"))
    site.write("migrator.toml", text + table("store", store, names, **public))
    before = site.tree()
    ran(site, "backup", "posts", "--trust-config")
    site.host.__exit__()  # refuses connections from here on
    report = restore(site, "--rewrite", "posts", "--trust-config")
    assert report["counts"]["stored"] == 3
    there = store.contents()
    for one in report["images"]:
        kind = KINDS[one["url"].partition("#")[0].rpartition("/")[2]]
        assert there[one["key"]] == image(kind)
        assert {each["new_url"].partition("#")[0] for each in one["references"]} == {
            f"https://img.example.com/{one['key']}"
        }
    (damaged,) = [key for key in vault.contents() if key.endswith(".gif")]
    ran(site, "rollback", "--yes")
    assert site.tree() == before
    site.write("migrator.toml", text + table("store", store, names, **public, prefix="again"))
    vault.plant(damaged, b"GIF89a and nothing else")
    report = restore(site, "--rewrite", "posts", "--trust-config", code=5)
    assert {one["url"][-6:]: one["reason"] for one in report["images"] if one["reason"]} == {
        "/c.gif": "backup-damaged"
    }
