"""Every image in several stores: a folder, a bucket on a real server, another folder."""

import sqlite3

import pytest
from rig.hosts import answer
from rig.images import image
from rig.ports import free_port

FOLDERS = '[store]\npath = "images"\n\n[[mirror]]\npath = "copies"\nprefix = "x"\n'


def bucket(store_site, **changes):
    settings = store_site.settings
    values = {
        "type": "s3",
        "bucket": settings.bucket,
        "endpoint": settings.endpoint,
        "access_key_env": settings.access_key_env,
        "secret_key_env": settings.secret_key_env,
        **changes,
    }
    return "".join(f'{key} = "{value}"\n' for key, value in values.items())


def held(site, folder):
    return {
        name.removeprefix(f"{folder}/"): data
        for name, data in site.tree().items()
        if name.startswith(f"{folder}/")
    }


def placements(site):
    ledger = sqlite3.connect(site.root / ".migrator/ledger.db")
    try:
        return set(ledger.execute("SELECT store, key FROM placement"))
    finally:
        ledger.close()


def test_every_store_gets_every_image_and_posts_link_to_the_first(site, rclone_site):
    mirror = f"\n[[mirror]]\n{bucket(rclone_site, prefix='blog')}"
    site.write("migrator.toml", FOLDERS + mirror)
    ended = site.migrator("migrate", "posts", "--yes", "--trust-config")
    assert ended.status == 0, ended.err
    first = held(site, "images")
    assert set(first.values()) == {image(kind) for kind in ("PNG", "JPEG", "GIF")}
    assert held(site, "copies") == {f"x/{name}": data for name, data in first.items()}
    assert rclone_site.contents() == {f"blog/{name}": data for name, data in first.items()}
    assert "../images/" in (site.root / "posts/one.md").read_text()
    assert "copies" not in (site.root / "posts/one.md").read_text()
    stores = {store for store, _ in placements(site)}
    assert len(stores) == 3
    assert len(placements(site)) == 9
    words = f"to images, and mirrored to copies, s3://{rclone_site.settings.bucket}/blog."
    assert words in " ".join(ended.out.split())


def test_a_bucket_may_have_a_folder_for_its_mirror(site, rclone_site):
    store = bucket(rclone_site, public_url="https://img.example.com")
    site.write(
        "migrator.toml", f'[store]\n{store}check_public = false\n\n[[mirror]]\npath = "copies"\n'
    )
    assert site.migrator("migrate", "posts", "--yes", "--trust-config").status == 0
    assert held(site, "copies") == rclone_site.contents()
    assert "https://img.example.com/" in (site.root / "posts/one.md").read_text()


def test_a_dry_run_names_the_mirrors_and_writes_nothing(site):
    site.write("migrator.toml", FOLDERS)
    before = site.tree()
    ended = site.migrator("migrate", "posts", "--dry-run")
    assert "images, and mirrored to copies: at most 3 new files" in " ".join(ended.out.split())
    assert site.tree() == before


def test_a_mirror_that_is_down_stops_a_run_before_anything(site, rclone_site):
    endpoint = f"http://127.0.0.1:{free_port()}"
    site.write("migrator.toml", f"{FOLDERS}[[mirror]]\n{bucket(rclone_site, endpoint=endpoint)}")
    before = site.tree()
    ended = site.migrator("migrate", "posts", "--yes", "--trust-config")
    assert ended.status == 8
    assert f"the mirror s3://{rclone_site.settings.bucket}: " in " ".join(ended.err.split())
    assert {name: site.tree().get(name) for name in before} == before
    assert held(site, "images") == {}
    assert site.host.count("/a.png") == 0
    assert site.migrator("runs", "--json").json == []


def test_a_wrong_key_of_a_mirror_is_told_as_the_mirrors(site, rclone_site):
    site.environment["WRONG"] = "wrong"
    mirror = bucket(rclone_site, secret_key_env="WRONG")
    site.write("migrator.toml", f"{FOLDERS}[[mirror]]\n{mirror}")
    ended = site.migrator("migrate", "posts", "--yes", "--trust-config")
    assert ended.status == 8
    said = " ".join(ended.err.split())
    assert f"the mirror s3://{rclone_site.settings.bucket}: " in said
    assert "WRONG, which [mirror] names" in said


def test_a_mirror_that_lacks_one_image_keeps_that_image_from_being_linked(site):
    site.write("migrator.toml", FOLDERS)
    site.migrator("migrate", "posts", "--yes")
    name = next(name for name, data in held(site, "copies").items() if data == image("PNG"))
    site.migrator("rollback", "--yes")
    (site.root / "copies" / name).write_bytes(b"other bytes")
    ended = site.migrator("migrate", "posts", "--yes", "--json")
    assert ended.status == 3
    (failed,) = [each for each in ended.json["images"] if each["state"] == "failed"]
    assert (failed["url"], failed["reason"]) == (site.host.url("/a.png"), "store-conflict")
    assert "the mirror copies: " in site.migrator("report").out
    post = (site.root / "posts/one.md").read_text()
    assert f"![first]({site.host.url('/a.png')}" in post
    assert post.count("../images/") == 2
    assert held(site, "copies")[name] == b"other bytes"


def test_a_mirror_that_was_added_later_is_filled_without_asking_the_host(site):
    site.write("migrator.toml", FOLDERS.partition("[[mirror]]")[0])
    site.migrator("migrate", "posts", "--yes")
    site.write("migrator.toml", FOLDERS)
    site.write("posts/three.md", "![]({host}/a.png)")
    asked = len(site.host.asked)
    assert site.migrator("migrate", "posts", "--yes").status == 0
    assert len(site.host.asked) == asked
    assert list(held(site, "copies").values()) == [image("PNG")]
    assert "../images/" in (site.root / "posts/three.md").read_text()


def test_a_mirror_that_lost_an_image_gets_it_again(site):
    site.write("migrator.toml", FOLDERS)
    site.migrator("migrate", "posts", "--yes")
    before = held(site, "copies")
    for name in before:
        (site.root / "copies" / name).unlink()
    site.migrator("rollback", "--yes")
    asked = len(site.host.asked)
    assert site.migrator("migrate", "posts", "--yes").status == 0
    assert held(site, "copies") == before
    assert len(site.host.asked) == asked


def test_to_mirror_means_the_first_mirror_alone(site):
    site.write("migrator.toml", f'{FOLDERS}[[mirror]]\npath = "more"\n')
    ended = site.migrator("migrate", "posts", "--yes", "--to", "mirror")
    assert ended.status == 0
    assert len(held(site, "copies")) == 3
    assert (held(site, "images"), held(site, "more")) == ({}, {})
    assert "../copies/x/" in (site.root / "posts/one.md").read_text()


@pytest.mark.parametrize("name", ["mirror", "backup"])
def test_a_store_that_the_configuration_lacks_is_refused(site, name):
    ended = site.migrator("migrate", "posts", "--yes", "--to", name)
    assert (ended.status, f"--to ./{name}" in ended.err) == (2, True)


def test_a_mirror_of_a_copied_site_may_not_lead_out_without_trust(site, rclone_site):
    for mirror in ('path = "../out"\n', bucket(rclone_site)):
        site.write("migrator.toml", f"[[mirror]]\n{mirror}")
        assert site.migrator("migrate", "posts", "--yes").status == 2
    assert not (site.root.parent / "out").exists()


def test_a_run_that_was_killed_ends_with_every_image_in_every_store(site, rclone_site):
    for number in range(30):
        site.host.on(f"/{number}.png", answer(image("PNG", number)))
    site.write("posts/many.md", "".join(f"![]({{host}}/{number}.png)\n" for number in range(30)))
    site.write("migrator.toml", f"[[mirror]]\n{bucket(rclone_site)}")
    process = site.start("migrate", "posts", "--yes", "--trust-config")
    while len(rclone_site.contents()) < 5:
        assert process.poll() is None
    process.kill()
    process.wait()
    assert site.migrator("resume", "--yes").status == 0
    assert rclone_site.contents() == held(site, "migrated-images")
    assert (site.root / "posts/many.md").read_text().count("migrated-images/") == 30
