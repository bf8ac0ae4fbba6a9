"""Comparing what runs and backups keep with what is there, with damage planted by hand."""

import contextlib
import errno
import hashlib
import io
import json
import shutil
import signal
import threading
from contextlib import redirect_stderr, redirect_stdout
from types import SimpleNamespace

import pytest
from rig.front import Rules, serving
from rig.hosts import answer, status
from rig.images import image

from migrator.cli.failing import explained
from migrator.cli.main import app
from migrator.errors import MigratorError


@pytest.fixture
def site(site, monkeypatch):
    """The same site, whose commands run in this process: there are many."""
    for name, value in site.environment.items():
        monkeypatch.setenv(name, value)

    def run(*arguments):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.chdir(site.root), redirect_stdout(out), redirect_stderr(err):
            try:
                ended = app(list(map(str, arguments)), standalone_mode=False) or 0
            except MigratorError as error:
                text, ended = explained(error)
                err.write(text)
        text = out.getvalue()
        found = json.loads(text) if "--json" in arguments and text else None
        return SimpleNamespace(status=ended, out=text, err=err.getvalue(), json=found)

    site.migrator = run
    return site


@pytest.fixture
def migrated(site):
    assert site.migrator("migrate", "posts", "--yes").status == 0
    return site


@pytest.fixture
def backed_up(site):
    assert site.migrator("backup", "posts").status == 0
    return site


def verify(site, *arguments, code=0):
    before = site.tree()
    ended = site.migrator("verify", *arguments, "--json")
    assert ended.status == code, ended.out + ended.err
    assert site.tree() == before
    assert ended.json["status"] == code
    return ended.json


def kinds(found):
    return [each["kind"] for each in found["differences"]]


def file_of(site, kind, folder="migrated-images"):
    sha256 = hashlib.sha256(image(kind)).hexdigest()
    return next((site.root / folder).rglob(f"{sha256}.*"))


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


# -- posts, ledger and store


def test_all_is_well_after_a_migration_and_quiet_says_nothing(migrated):
    found = verify(migrated, "--read-data")
    assert (found["objects"], found["posts"], found["differences"]) == (3, 2, [])
    assert found["read"] == {"objects": 3, "size": found["size"], "whole": True}
    assert found["size"] == sum(len(image(kind)) for kind in ("PNG", "JPEG", "GIF"))
    assert "All is as it was" in migrated.migrator("verify").out
    quiet = migrated.migrator("verify", "--quiet", "--read-data")
    assert (quiet.status, quiet.out, quiet.err) == (0, "", "")


def test_what_is_gone_is_named_with_its_places_and_the_cure_works(migrated):
    file_of(migrated, "PNG").unlink()
    found = verify(migrated, code=5)
    assert kinds(found) == ["missing"]
    (gone,) = found["differences"]
    assert gone["level"] == "damage"
    assert gone["name"].endswith(".png")
    assert {(each["path"], each["line"]) for each in gone["places"]} == {
        ("posts/deep/two.md", 3),
        ("posts/one.md", 5),
    }
    assert "missing" in migrated.migrator("verify", "-q").out
    run = migrated.migrator("runs", "--json").json[0]["run"]
    assert f"migrator rollback {run}" in gone["cure"]
    assert migrated.migrator("rollback", run, "--yes").status == 0
    assert migrated.migrator("migrate", "posts", "--yes").status == 0
    assert verify(migrated, "--read-data")["differences"] == []


def test_what_is_gone_comes_back_from_a_backup(backed_up):
    assert backed_up.migrator("migrate", "posts", "--yes").status == 0
    file_of(backed_up, "PNG").unlink()
    (gone,) = verify(backed_up, code=5)["differences"]
    assert gone["cure"].startswith("migrator restore ")
    assert backed_up.migrator("restore", "--yes").status == 0
    assert verify(backed_up, "--read-data")["differences"] == []


def test_a_flipped_bit_is_seen_by_reading_and_a_cut_file_without(migrated):
    flip(file_of(migrated, "GIF"))
    assert verify(migrated)["differences"] == []
    assert kinds(verify(migrated, "--read-data", code=5)) == ["damaged"]
    cut = file_of(migrated, "JPEG")
    cut.write_bytes(cut.read_bytes()[:-1])
    (found,) = verify(migrated, code=5)["differences"]
    assert (found["kind"], "size is" in found["detail"]) == ("damaged", True)
    assert found["places"] == [{"path": "posts/one.md", "line": 5}]
    cut.rename(migrated.root / "aside")
    run = migrated.migrator("runs", "--json").json[0]["run"]
    assert migrated.migrator("rollback", run, "--yes").status == 0
    assert migrated.migrator("migrate", "posts", "--yes").status == 3  # the GIF is still there
    flip(file_of(migrated, "GIF"))
    assert migrated.migrator("migrate", "posts", "--yes").status == 0
    assert verify(migrated, "--read-data")["differences"] == []


def test_only_what_looks_like_ours_is_an_orphan(migrated):
    folder = migrated.root / "migrated-images"
    ours = "ab/ab" + "0" * 62 + ".png"
    for name in (ours, "logo.png", "ab/notes.txt", "ab/" + "A" * 64 + ".png"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"x")
    (orphan,) = verify(migrated)["differences"]
    assert (orphan["kind"], orphan["level"]) == ("orphaned", "note")
    assert (orphan["name"], orphan["size"]) == (ours, 1)
    migrated.write("posts/deep/two.md", f"![by hand](../../migrated-images/{ours})\n")
    assert "orphaned" not in kinds(verify(migrated))


def test_a_post_that_was_edited_has_drifted_and_its_image_is_not_needed(migrated):
    gif = file_of(migrated, "GIF")
    post = migrated.root / "posts/one.md"
    lines = post.read_bytes().splitlines(keepends=True)
    post.write_bytes(b"new\n" + b"".join(line for line in lines if b"<img" not in line))
    gif.unlink()
    file_of(migrated, "JPEG").unlink()
    drifted, missing = verify(migrated, code=5)["differences"]
    assert (drifted["kind"], drifted["level"], drifted["name"]) == (
        "drifted",
        "note",
        "posts/one.md",
    )
    assert drifted["url"].endswith(gif.name)
    assert (missing["kind"], missing["places"]) == (
        "missing",
        [{"path": "posts/one.md", "line": 6}],
    )
    post.unlink()
    assert kinds(verify(migrated)) == ["drifted"]


def test_a_post_that_was_renamed_is_compared_where_its_folder_is_named(migrated):
    (migrated.root / "posts/one.md").rename(migrated.root / "posts/uno.md")
    file_of(migrated, "GIF").unlink()
    assert kinds(verify(migrated)) == ["drifted"]
    found = verify(migrated, "posts", code=5)
    assert kinds(found) == ["drifted", "missing"]
    assert found["differences"][1]["places"][0]["path"] == "posts/uno.md"


def test_only_the_posts_that_are_named_count(migrated):
    file_of(migrated, "GIF").unlink()
    assert verify(migrated, "posts/deep")["objects"] == 1
    assert kinds(verify(migrated, "posts/one.md", code=5)) == ["missing"]


def test_links_that_were_put_back_are_not_expected(migrated):
    assert migrated.migrator("rollback", "--yes").status == 0
    shutil.rmtree(migrated.root / "migrated-images")
    found = verify(migrated)
    assert (found["objects"], found["differences"]) == (0, [])


def test_a_later_move_takes_the_place_of_an_earlier_one(migrated):
    migrated.write("migrator.toml", '[store]\npath = "second"\n')
    assert migrated.migrator("migrate", "posts", "--local", "--yes").status == 0
    shutil.rmtree(migrated.root / "migrated-images")
    assert verify(migrated, "--read-data")["differences"] == []
    file_of(migrated, "PNG", "second").unlink()
    assert kinds(verify(migrated, code=5)) == ["missing"]


def test_a_store_that_is_not_configured_any_more_is_named(migrated):
    migrated.write("migrator.toml", '[store]\npath = "second"\n')
    found = verify(migrated, code=3)
    assert kinds(found) == ["elsewhere"] * 3
    assert str(migrated.root / "migrated-images") in found["differences"][0]["store"]
    assert verify(migrated, "--from", "migrated-images")["objects"] == 3


def test_a_site_that_moved_is_compared_where_it_is(migrated, tmp_path):
    migrated.root = migrated.root.rename(tmp_path / "moved")
    assert verify(migrated, "--read-data")["objects"] == 3
    file_of(migrated, "PNG").unlink()
    assert kinds(verify(migrated, code=5)) == ["missing"]


def test_images_that_live_with_posts_are_looked_for_there(site):
    shutil.rmtree(site.root / "posts")
    site.write("migrator.toml", '[store]\npath = "content"\n[rewrite]\nlinks = "page-bundle"\n')
    for name in ("a", "b"):
        site.write(f"content/{name}/index.md", "![x]({host}/a.png)\n")
    assert site.migrator("migrate", "content", "--yes").status == 0
    assert verify(site, "--read-data")["objects"] == 2
    next((site.root / "content/b").rglob("*.png")).unlink()
    (gone,) = verify(site, code=5)["differences"]
    assert gone["name"].startswith("b/")
    assert gone["places"] == [{"path": "content/b/index.md", "line": 1}]


def test_mirrors_are_compared_too(site):
    site.write("migrator.toml", '[[mirror]]\npath = "second"\nprefix = "p"\n')
    assert site.migrator("migrate", "posts", "--yes").status == 0
    found = verify(site, "--read-data")
    assert (found["objects"], found["stores"]) == (6, ["migrated-images", "second"])
    file_of(site, "PNG", "second").unlink()
    (gone,) = verify(site, code=5)["differences"]
    assert (gone["store"], gone["name"][:2]) == ("second", "p/")


def test_without_a_run_there_is_nothing_to_compare(site):
    ended = site.migrator("verify")
    assert (ended.status, "--backup" in ended.err) == (2, True)
    assert not (site.root / ".migrator").exists()


@pytest.mark.parametrize("options", [["--share", "5%"], ["--limit-time", "1"]])
def test_limits_are_of_reading(migrated, options):
    assert migrated.migrator("verify", *options).status == 2


@pytest.mark.parametrize("share", ["0", "101%", "x", "-1", "nan"])
def test_a_share_is_a_part_of_all(migrated, share):
    assert migrated.migrator("verify", "--read-data", "--share", share).status == 2


# -- a little every night


def test_nights_of_a_share_read_everything(migrated):
    sizes = sorted(len(image(kind)) for kind in ("PNG", "JPEG", "GIF"))
    flip(file_of(migrated, "GIF"))
    nights = [migrated.migrator("verify", "--read-data", "--share", "34%", "--json") for _ in "123"]
    read = [night.json["read"]["size"] for night in nights]
    assert all(size >= sum(sizes) * 0.34 for size in read)
    assert not any(night.json["read"]["whole"] for night in nights[:1])
    assert 5 in [night.status for night in nights]


def test_no_time_reads_nothing_and_stays_there(migrated):
    found = verify(migrated, "--read-data", "--limit-time", "0")
    assert found["read"] == {"objects": 0, "size": 0, "whole": False}
    text = migrated.migrator("verify", "--read-data", "--limit-time", "0").out
    assert "0 of 3 were read in full" in " ".join(text.split())


class Full(io.StringIO):
    def write(self, _text):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_what_could_not_be_told_is_found_again(migrated):
    flip(file_of(migrated, "GIF"))
    command = ["verify", "--read-data"]
    with (
        contextlib.chdir(migrated.root),
        redirect_stdout(Full()),
        pytest.raises(OSError, match="No space"),
    ):
        app(command, standalone_mode=False)
    assert not list((migrated.root / ".migrator").glob("verify-*"))
    assert kinds(verify(migrated, *command[1:], code=5)) == ["damaged"]
    assert list((migrated.root / ".migrator").glob("verify-*"))


# -- backups


def newest(site):
    return (site.root / "image-backup/latest").read_text().strip()


def test_a_backup_that_is_whole(backed_up):
    found = verify(backed_up, "posts", "--backup", "--read-data")
    assert (found["snapshots"], found["objects"], found["posts"]) == (1, 3, 2)
    assert (found["differences"], found["read"]["whole"]) == ([], True)
    assert backed_up.migrator("verify", "--backup", "-q").out == ""


def test_a_copy_that_is_gone_is_named_and_the_cure_works(backed_up):
    file_of(backed_up, "PNG", "image-backup").unlink()
    (gone,) = verify(backed_up, "--backup", code=5)["differences"]
    assert gone["kind"] == "missing"
    assert gone["url"] == backed_up.host.url("/a.png")
    assert len(gone["places"]) == 2
    assert gone["cure"].startswith("migrator backup posts ")
    assert backed_up.migrator("backup", "posts").status == 3  # it says that a copy was gone
    assert verify(backed_up, "--backup", "--read-data")["differences"] == []


def test_a_copy_with_other_bytes_is_named_and_the_cure_works(backed_up):
    flip(file_of(backed_up, "PNG", "image-backup"))
    assert verify(backed_up, "--backup")["differences"] == []
    (bad,) = verify(backed_up, "--backup", "--read-data", code=5)["differences"]
    assert (bad["kind"], bad["detail"]) == ("damaged", "it has other bytes")
    assert bad["cure"].startswith("move it away")
    (backed_up.root / "image-backup" / bad["name"]).rename(backed_up.root / "aside")
    backed_up.migrator("backup", "posts")
    assert verify(backed_up, "--backup", "--read-data")["differences"] == []


def test_snapshots_that_are_cut_changed_or_gone(backed_up):
    first = newest(backed_up)
    backed_up.host.on("/a.png", answer(image("PNG", seed=7)))
    assert backed_up.migrator("backup", "posts").status == 0
    folder = backed_up.root / "image-backup/snapshots"
    manifest, sums = folder / f"{first}.jsonl", folder / f"{first}.sha256"
    whole, proofs = manifest.read_bytes(), sums.read_bytes()

    def found():
        return [
            (each["kind"], each["name"])
            for each in verify(backed_up, "--backup", code=5)["differences"]
        ]

    manifest.write_bytes(whole[:-9])
    assert found() == [("damaged", f"snapshots/{first}.jsonl")]
    manifest.write_bytes(whole.replace(b'"line":5', b'"line":6'))
    assert found() == [("damaged", f"snapshots/{first}.jsonl")]
    manifest.unlink()
    assert found()[0] == ("missing", f"snapshots/{first}.jsonl")
    manifest.write_bytes(whole)
    sums.write_bytes(b"".join(proofs.splitlines(keepends=True)[:-1]))
    assert found() == [("damaged", f"snapshots/{first}.sha256")]
    sums.unlink()
    (note,) = verify(backed_up, "--backup")["differences"]
    assert (note["kind"], note["level"]) == ("unproven", "note")
    sums.write_bytes(proofs)
    assert verify(backed_up, "--backup")["differences"] == []
    file_of(backed_up, "PNG", "image-backup").unlink()  # which only the first one names
    (gone,) = verify(backed_up, "--backup", code=5)["differences"]
    assert "another copy of this backup" in gone["cure"]


def test_objects_that_no_snapshot_names_are_a_note_and_foreign_files_are_nothing(backed_up):
    objects = backed_up.root / "image-backup/objects"
    name = "ab/ab" + "0" * 62 + ".png"
    for each in (name, "notes.txt", "ab/.DS_Store", "ab/cd" + "0" * 62 + ".png"):
        (objects / each).parent.mkdir(exist_ok=True)
        (objects / each).write_bytes(b"x")
    (orphan,) = verify(backed_up, "--backup", "--read-data")["differences"]
    assert (orphan["kind"], orphan["name"]) == ("orphaned", f"objects/{name}")


def test_images_that_posts_show_since_are_not_backed_up(backed_up):
    backed_up.host.on("/new.png", answer(image("PNG", seed=5)))
    backed_up.write("posts/three.md", "![new]({host}/new.png)\n")
    assert verify(backed_up, "--backup")["differences"] == []
    (new,) = verify(backed_up, "posts", "--backup", code=3)["differences"]
    assert (new["kind"], new["url"]) == ("unbacked", backed_up.host.url("/new.png"))
    assert new["places"] == [{"path": "posts/three.md", "line": 1}]
    assert "migrator backup" in new["cure"]
    assert backed_up.migrator("backup", "posts").status == 0
    verify(backed_up, "posts", "--backup")


def test_a_lost_image_whose_copy_is_kept_is_fine(backed_up):
    backed_up.host.on("/a.png", status(404))
    assert backed_up.migrator("backup", "posts").status == 3
    assert verify(backed_up, "posts", "--backup", "--read-data")["snapshots"] == 2


def test_a_place_without_a_backup_is_damage(site):
    (missing,) = verify(site, "--backup", code=5)["differences"]
    assert "no backup" in missing["detail"]
    assert not (site.root / ".migrator").exists()


def test_a_backup_elsewhere_needs_no_site(backed_up, tmp_path):
    (backed_up.root / "image-backup").rename(tmp_path / "nas")
    backed_up.root = tmp_path / "empty"
    backed_up.root.mkdir()
    found = verify(backed_up, "--backup", "--from", tmp_path / "nas", "--read-data")
    assert (found["objects"], found["differences"]) == (3, [])
    assert file_of(backed_up, "PNG", tmp_path / "nas").exists()


# -- buckets


def bucket(site, store_site, table):
    settings = store_site.settings
    values = {
        "type": "s3",
        "provider": "custom",
        "bucket": settings.bucket,
        "endpoint": settings.endpoint,
        "access_key_env": settings.access_key_env,
        "secret_key_env": settings.secret_key_env,
        "prefix": "blog",
    }
    if table == "store":
        values |= {"public_url": "https://img.example.com", "check_public": False}
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    site.write("migrator.toml", "\n".join([f"[{table}]", *lines, ""]))


@pytest.mark.parametrize(("table", "command"), [("store", "migrate"), ("backup", "backup")])
def test_a_bucket_is_listed_and_read(site, rclone_site, table, command):
    bucket(site, rclone_site, table)
    yes = ["--yes"] if command == "migrate" else []
    assert site.migrator(command, "posts", *yes, "--trust-config").status == 0
    options = ["--trust-config", *(["--backup"] if table == "backup" else [])]
    assert verify(site, *options, "--read-data")["read"]["objects"] == 3
    png, gif = (
        next(key for key, data in rclone_site.contents().items() if data == image(kind))
        for kind in ("PNG", "GIF")
    )
    rclone_site.plant(png, image("PNG")[:-1] + b"?")
    rclone_site.plant(gif, b"short")
    found = verify(site, *options, code=5)
    assert [each["name"][-4:] for each in found["differences"]] == [".gif"]
    found = verify(site, *options, "--read-data", code=5)
    assert sorted(each["name"][-4:] for each in found["differences"]) == [".gif", ".png"]


class Stalls(Rules):
    """Holds back what the third request for an image would get, until it is let go of."""

    def __init__(self, port):
        super().__init__(port)
        self.images = []
        self.third = threading.Event()
        self.let_go = threading.Event()

    def handle(self, request):
        if request.method == "GET" and request.path.endswith((".png", ".jpg", ".gif")):
            self.images.append(request.path)
            if len(self.images) == 3:
                self.third.set()
                self.let_go.wait(60)
        return self.forward(request)


def test_an_interrupted_reading_tells_what_it_found_and_goes_on(site, rclone_site, rclone_server):
    stalls = Stalls(rclone_server.port)
    with serving(stalls) as port:
        bucket(site, rclone_site, "store")
        config = (site.root / "migrator.toml").read_text()
        behind = config.replace(str(rclone_server.port), str(port))
        site.write("migrator.toml", f"{config}[download]\nworkers = 1\n")
        assert site.migrator("migrate", "posts", "--yes", "--trust-config").status == 0
        first = min(rclone_site.contents())
        rclone_site.plant(first, b"?" * len(rclone_site.contents()[first]))
        site.write("migrator.toml", f"{behind}[download]\nworkers = 1\n")
        process = site.start("verify", "--read-data", "--trust-config", "--no-progress")
        assert stalls.third.wait(60)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        stalls.let_go.set()
        assert process.returncode == 130, out + err
        assert "damaged" in out
        assert "2 of 3 were read in full" in " ".join(out.split())
        assert "stopped by Ctrl-C" in err
        seen, stalls.images = stalls.images, []
        found = verify(site, "--read-data", "--trust-config", code=5)
        assert found["read"]["whole"]
        assert stalls.images[0] == seen[2]
