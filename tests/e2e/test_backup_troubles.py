"""Backups in trouble: killed, interrupted, damaged by hand, deceived by hosts, refused."""

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import threading
import time
from datetime import UTC, datetime, timedelta
from unittest.mock import ANY

import pytest
from rig.at import at, ran
from rig.front import Rules, error, serving
from rig.hosts import answer, status, versioned
from rig.images import image

from migrator import snapshots
from migrator.interruption import Stop
from migrator.snapshots.clearing import clear, clearance
from migrator.snapshots.retention import Keep
from migrator.uploader.local import LocalStore

SORRY = image("PNG", seed=7777, size=(300, 260))
TONIGHT = datetime(2026, 3, 1, 2, 15, tzinfo=UTC)


class Vault:
    """The backup of a site, read without the program."""

    def __init__(self, site, folder="image-backup"):
        self.site, self.folder = site, site.root / folder

    def names(self):
        return sorted(path.stem for path in (self.folder / "snapshots").glob("*.jsonl"))

    def lines(self, name=None):
        """The images of a snapshot (the newest), by the last part of their URLs."""
        text = (self.folder / f"snapshots/{name or self.names()[-1]}.jsonl").read_text()
        found = [json.loads(line) for line in text.splitlines()[1:]]
        return {each["url"].rpartition("/")[2]: each for each in found}

    def objects(self):
        return {
            path.name[:64]: path.read_bytes() for path in self.folder.glob("objects/*/[0-9a-f]*")
        }

    def drafted(self):
        """How many images a backup at work has noted."""
        drafts = (self.site.root / ".migrator").glob("backup-*.jsonl")
        return sum(path.read_bytes().count(b"}\n") for path in drafts)

    def is_whole(self):
        for name in self.names():
            command = ["sha256sum", "--quiet", "--strict", "-c", f"snapshots/{name}.sha256"]
            if subprocess.run(command, cwd=self.folder, check=False).returncode:
                return False
        return all(hashlib.sha256(data).hexdigest() == n for n, data in self.objects().items())


@pytest.fixture
def vault(site):
    return Vault(site)


@pytest.fixture
def blog(site):
    """One post of thirty images, served with ETags."""
    for name in ("posts/one.md", "posts/deep/two.md"):
        (site.root / name).unlink()
    for number in range(30):
        serve(site, number, number)
    site.write("posts/many.md", "".join(f"![]({{host}}/{number}.png)\n" for number in range(30)))
    return site


def serve(site, number, seed):
    data = image("PNG", seed=seed, size=(24 + seed % 50, 16))
    site.host.on(f"/{number}.png", versioned(data, f'"{seed}"'))
    return data


def backup(site, *arguments, code=0, when=None):
    with at(when or datetime.now(UTC)):
        ended, out, err = ran(site, "backup", "posts", "--json", *arguments)
    assert ended == code, out + err
    return json.loads(out)


def changes(found):
    return {each["url"].rpartition("/")[2]: each["change"] for each in found["events"]}


def whole_fetches(site):
    """How many images were asked for without saying what is known of them."""
    return sum(
        not {"if-none-match", "referer"} & each.headers.keys() and each.path[1:-4].isdigit()
        for each in site.host.asked
    )


def test_backups_killed_at_random_moments_keep_what_they_had(blog, vault):
    first = backup(blog)["snapshot"]
    for number in range(20):
        serve(blog, number, number + 100)
    blog.host.asked.clear()
    pick = random.Random(11)
    for _ in range(4):
        process = blog.start("backup", "posts")
        before, asked = len(blog.host.asked), pick.randrange(1, 30)
        while process.poll() is None and len(blog.host.asked) - before < asked:
            time.sleep(0.002)
        process.kill()
        process.communicate()
        assert vault.is_whole()
        assert first in vault.names()
    backup(blog)
    assert vault.is_whole()
    for number in range(20):
        data = image("PNG", seed=number + 100, size=(24 + (number + 100) % 50, 16))
        assert vault.objects()[vault.lines()[f"{number}.png"]["sha256"]] == data
    sent = [each for each in blog.host.asked if each.headers.get("if-none-match", "")[1:4] != "10"]
    assert len(sent) <= 30 * 5


def test_what_a_killed_first_backup_had_is_not_fetched_again(blog, vault):
    served = blog.host._scenarios["/29.png"]
    blog.host.on("/29.png", lambda connection: connection.stopped.wait(30))
    process = blog.start("backup", "posts")
    while vault.drafted() < 29:
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.communicate()
    assert vault.names() == []
    blog.host.on("/29.png", *served)
    blog.host.asked.clear()
    found = backup(blog)
    assert (whole_fetches(blog), found["counts"]["new"]) == (1, 30)
    assert vault.is_whole()


def test_ctrl_c_ends_a_backup_with_words_and_the_next_goes_on(blog, vault):
    served = blog.host._scenarios["/9.png"]
    blog.host.on("/9.png", lambda connection: connection.stopped.wait(30))
    process = blog.start("backup", "posts")
    while len(vault.objects()) < 20:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, vault.names()) == (130, []), out + err
    assert "Traceback" not in err
    assert "resume" not in out + err
    assert "backup" in out + err
    blog.host.on("/9.png", *served)
    blog.host.asked.clear()
    backup(blog)
    assert whole_fetches(blog) <= 30 - 20 + 1
    assert vault.is_whole()


@pytest.mark.parametrize("days", [(0,), (0, 2)], ids=["listed", "deleted"])
def test_a_prune_elsewhere_takes_nothing_from_a_backup_at_work(blog, vault, tmp_path, days):
    (served,) = blog.host._scenarios["/29.png"]
    pruned_since = threading.Event()

    def later(connection):
        pruned_since.wait(120)
        served(connection)

    blog.host.on("/29.png", later)
    process = blog.start("backup", "posts", "--json")
    while len(vault.objects()) < 29:
        assert process.poll() is None
        time.sleep(0.01)
    pruned = snapshots.Vault(LocalStore(vault.folder), "", "the backup")
    for day in days:
        now = datetime.now(UTC) + timedelta(days=day)
        clear(pruned, clearance(pruned, Keep(daily=1), now), now, Stop())
    assert len(vault.objects()) == (0 if 2 in days else 29)
    pruned_since.set()
    out, err = process.communicate(timeout=120)
    assert process.returncode == 3, out + err
    assert "29 copies" in json.loads(out)["warnings"][0]
    now = datetime.now(UTC) + timedelta(days=4)
    clear(pruned, clearance(pruned, Keep(daily=1), now), now, Stop())
    assert vault.is_whole()
    assert (len(vault.lines()), len(vault.objects())) == (30, 30)


@pytest.fixture
def small_disk(blog):
    folder = blog.root / "image-backup"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", folder], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_ends_a_backup_and_room_lets_the_next_go_on(blog, vault, small_disk):
    ended = blog.migrator("backup", "posts")
    assert ended.status == 6, ended.out
    assert "disk is full" in ended.err
    assert vault.names() == []
    subprocess.run(["mount", "-o", "remount,size=8m", small_disk], check=True)
    backup(blog)
    assert vault.is_whole()
    assert len(vault.lines()) == 30


def test_a_backup_that_was_deleted_is_made_anew(blog, vault):
    backup(blog)
    shutil.rmtree(vault.folder)
    found = backup(blog)
    assert (found["counts"]["new"], found["previous"]) == (30, None)
    assert vault.is_whole()


def test_a_copy_deleted_by_hand_is_fetched_again_and_that_is_said(blog, vault):
    backup(blog)
    victim = next(vault.folder.glob("objects/*/*"))
    victim.unlink()
    found = backup(blog, code=3)
    assert "1 copy that an earlier backup had made is gone" in found["warnings"][0]
    assert victim.exists()
    assert vault.is_whole()
    assert backup(blog)["events"] == []


@pytest.mark.parametrize("damage", ["cut", "emptied", "a number for a name", "no object"])
def test_a_manifest_damaged_by_hand_is_left_out_and_that_is_said(blog, vault, damage):
    older, newer = (backup(blog)["snapshot"] for _ in range(2))
    file = vault.folder / f"snapshots/{newer}.jsonl"
    data = file.read_bytes()
    first = data.splitlines()[1]
    file.write_bytes(
        {
            "cut": data[:-30],
            "emptied": b"",
            "a number for a name": data.replace(b'"object":"', b'"object":7,"objec":"', 1),
            "no object": data.replace(first, b"[]"),
        }[damage]
    )
    with at(datetime.now(UTC)):
        ended, out, err = ran(blog, "backup", "posts", "--json")
    found = json.loads(out)
    assert (ended, found["previous"], found["events"]) == (0, older, []), err
    assert newer in err


def test_a_host_that_is_down_for_days_costs_nothing_and_is_back_later(blog, vault):
    backup(blog)
    served = dict(blog.host._scenarios)
    blog.write("migrator.toml", "[download]\nretries = 0\n")
    for path in served:
        blog.host.on(path, lambda connection: connection.reset())
    found = backup(blog, code=3)
    assert set(changes(found).values()) == {"lost"}
    assert found["size"]
    assert backup(blog)["events"] == []
    blog.host._scenarios = served
    blog.host.asked.clear()
    found = backup(blog)
    assert set(changes(found).values()) == {"back"}
    assert (whole_fetches(blog), len(vault.objects())) == (0, 30)
    assert vault.is_whole()


def test_a_host_that_gives_one_picture_for_all_is_not_believed(blog, vault):
    good = backup(blog)
    copies = vault.objects()
    served = dict(blog.host._scenarios)

    class Any(dict):
        def get(self, _path, _default=None):
            return [answer(SORRY)]

    blog.host._scenarios = Any(served)
    found = backup(blog, code=3)
    assert set(changes(found).values()) == {"held"}
    for name, line in vault.lines().items():
        assert line["sha256"] == vault.lines(good["snapshot"])[name]["sha256"]
        assert line["suspect"].split("/")[2][:64] == hashlib.sha256(SORRY).hexdigest()
    assert copies.items() <= vault.objects().items()
    assert len(found["warnings"]) == 1
    again = backup(blog)
    assert (again["events"], again["warnings"]) == ([], [])
    blog.host._scenarios = served
    assert set(changes(backup(blog)).values()) == {"back"}
    assert vault.is_whole()


def test_a_picture_that_was_held_is_taken_by_the_next_backup_once_it_is_accepted(blog, vault):
    backup(blog)

    class Any(dict):
        def get(self, path, _default=None):
            return [answer(SORRY)] if not path[1:-4].isdigit() else super().get(path)

    blog.host._scenarios = Any(blog.host._scenarios)
    blog.host.on("/3.png", answer(SORRY))
    assert changes(backup(blog, code=3)) == {"3.png": "held"}
    listed = json.loads(ran(blog, "accept", "--json")[1])
    shutil.rmtree(blog.root / ".migrator")  # as on another machine
    assert backup(blog)["events"] == []
    assert json.loads(ran(blog, "accept", "--json")[1]) == {
        "held": [{**each, "run": ANY} for each in listed["held"]]
    }
    (held,) = listed["held"]
    assert held["sha256"] == hashlib.sha256(SORRY).hexdigest()
    ended, out, err = ran(blog, "accept", held["sha256"])
    assert ended == 0, out + err
    assert out.endswith("Next:  migrator backup posts\n")
    assert changes(backup(blog)) == {"3.png": "changed"}
    assert vault.lines()["3.png"]["sha256"] == held["sha256"]
    assert json.loads(ran(blog, "accept", "--json")[1])["held"] == []


def test_killed_before_it_judged_a_backup_does_not_take_a_placeholder_for_the_image(blog, vault):
    good = backup(blog)["snapshot"]

    class Any(dict):
        def get(self, path, _default=None):
            return super().get(path, [answer(SORRY)])

    blog.host._scenarios = Any(blog.host._scenarios)
    blog.host.on("/3.png", answer(SORRY))
    served = blog.host._scenarios["/29.png"]
    blog.host.on("/29.png", lambda connection: connection.stopped.wait(30))
    process = blog.start("backup", "posts")
    while vault.drafted() < 29:
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.communicate()
    blog.host.on("/29.png", *served)
    assert changes(backup(blog, code=3)) == {"3.png": "held"}
    assert vault.lines()["3.png"]["sha256"] == vault.lines(good)["3.png"]["sha256"]


def test_an_image_that_changes_back_has_its_first_copy_again(blog, vault):
    first = backup(blog)["snapshot"]
    serve(blog, 3, 500)
    assert changes(backup(blog)) == {"3.png": "changed"}
    serve(blog, 3, 3)
    assert changes(backup(blog)) == {"3.png": "changed"}
    assert vault.lines()["3.png"]["object"] == vault.lines(first)["3.png"]["object"]
    assert len(vault.objects()) == 31


def test_two_addresses_of_one_picture_share_a_copy(blog, vault):
    blog.host.on("/x.png", versioned(image("PNG", seed=0, size=(24, 16)), '"x"'))
    blog.write("posts/x.md", "![]({host}/x.png)\n")
    assert backup(blog, code=3)["counts"]["held"] == 2  # one picture for two may be a placeholder
    blog.write("migrator.toml", '[safety]\nplaceholders = "allow"\n')
    found = backup(blog)
    assert (found["images"], len(vault.objects())) == (31, 30)
    assert vault.lines()["x.png"]["object"] == vault.lines()["0.png"]["object"]


SECRETS = ("s3cr3tsignature", "s3cr3ttoken", "s3cr3tpassword")


def test_secrets_of_addresses_are_nowhere(blog, vault):
    signed = (
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A%2F20990101%2Fr%2Fs3%2Faws4_request"
    )
    signed += "&X-Amz-Date=20990101T000000Z&X-Amz-Expires=600&X-Amz-SignedHeaders=host"
    queries = [f"?{signed}&X-Amz-Signature={SECRETS[0]}", f"?token={SECRETS[1]}"]
    for number, query in enumerate(queries):
        blog.host.on(f"/signed{number}.png{query}", answer(image("PNG", seed=800 + number)))
        blog.write(f"posts/signed{number}.md", f"![]({{host}}/signed{number}.png{query})\n")
    gone = f"http://me:{SECRETS[2]}@{blog.host.authority}/gone.png?token={SECRETS[1]}"
    blog.write("posts/gone.md", f"![]({gone})\n")
    with at(TONIGHT):
        _, out, err = ran(blog, "backup", "posts", "--verbose")
        _, again, _ = ran(blog, "backup", "posts", "--json")
    written = b"".join(path.read_bytes() for path in vault.folder.rglob("*") if path.is_file())
    draft = b"".join(path.read_bytes() for path in (blog.root / ".migrator").glob("*.jsonl"))
    for secret in SECRETS:
        assert secret not in out + err + again
        assert secret.encode() not in written + draft
    lines = vault.lines()
    assert len(lines) == 33
    assert sum(each.get("sha256") is not None for each in lines.values()) == 32


def test_names_that_are_no_text_are_no_obstacle(blog, vault):
    blog.host.on("/%FF%20.png", answer(image("PNG", seed=900)))
    name = os.fsencode(blog.root) + b"/posts/\xff.md"
    with open(name, "wb") as file:  # noqa: PTH123 - bytes
        file.write(b"![](" + blog.host.url("/0.png").encode() + b")\n")
    odd = b"![](" + blog.host.url("/%FF%20.png").encode() + b") \xff ![](http://\xff/x.png)\n"
    (blog.root / "posts/latin.md").write_bytes(odd)
    ended, out, err = ran(blog, "backup", "posts", "--json")
    assert ended == 3, err
    assert json.loads(out)["posts"][0]["reason"] == "file-name"
    assert len(vault.objects()) == 31
    assert vault.is_whole()


def test_of_two_backups_at_once_the_second_steps_aside(blog, vault):
    blog.host.on("/9.png", lambda connection: connection.stopped.wait(30))
    process = blog.start("backup", "posts")
    while len(vault.objects()) < 5:
        assert process.poll() is None
        time.sleep(0.01)
    ended, _, err = ran(blog, "backup", "posts")
    assert (ended, "another run" in err) == (7, True)
    ended, _, err = ran(blog, "prune", "--keep-daily", "1", "--yes")
    process.kill()
    process.communicate()


def test_names_of_snapshots_ascend_when_the_clock_goes_back(blog, vault):
    first = backup(blog, when=TONIGHT)["snapshot"]
    serve(blog, 1, 700)
    second = backup(blog, when=TONIGHT - timedelta(days=40))
    third = backup(blog, when=TONIGHT + timedelta(days=1))
    assert (second["previous"], third["previous"]) == (first, second["snapshot"])
    assert first < second["snapshot"] < third["snapshot"] == "2026-03-02T021500Z"
    assert second["started"] == "2026-01-20T02:15:00Z"
    assert third["events"] == []


def test_a_vault_that_cannot_be_written_ends_a_backup_with_words(blog):
    ended, _, err = ran(blog, "backup", "posts", "--to", "/proc/image-backup")
    assert (ended, "/proc/image-backup" in err) == (6, True)
    assert blog.host.asked == []


class NoDeletes(Rules):
    """Credentials that may not delete, as backups are best kept with."""

    def handle(self, request):
        denied = request.method == "DELETE"
        return error(403, "AccessDenied") if denied else super().handle(request)


@pytest.fixture
def no_deletes(blog, rclone_site):
    with serving(NoDeletes(int(rclone_site.settings.endpoint.rpartition(":")[2]))) as port:
        text = rclone_site.toml(endpoint=f"http://127.0.0.1:{port}", prefix="kept")
        blog.write("migrator.toml", text.replace("[store]", "[backup]"))
        yield rclone_site.contents


def test_a_bucket_for_backups_needs_no_address_that_readers_see(blog, rclone_site, monkeypatch):
    text = rclone_site.toml(provider="r2", prefix="kept").replace("[store]", "[backup]")
    lines = text.splitlines(keepends=True)
    wanted = ("[", "provider", "bucket", "prefix", "endpoint", "access_key_env", "secret_key_env")
    blog.write("migrator.toml", "".join(line for line in lines if line.startswith(wanted)))
    backup(blog, "--trust-config", when=TONIGHT)
    assert sum(name.startswith("kept/objects/") for name in rclone_site.contents()) == 30
    monkeypatch.delenv(rclone_site.settings.access_key_env, raising=False)
    ended, _, err = ran(blog, "backup", "posts", "--trust-config")
    assert (ended, "backup.access_key_env" in err) == (2, True), err


def test_a_bucket_that_may_not_be_deleted_from_is_good_for_backups_and_not_for_prunes(
    blog, no_deletes
):
    backup(blog, "--trust-config", when=TONIGHT)
    serve(blog, 3, 500)
    backup(blog, "--trust-config", when=TONIGHT + timedelta(days=1))
    assert sum(name.startswith("kept/objects/") for name in no_deletes()) == 31
    before = no_deletes()
    ended, out, err = ran(blog, "prune", "--trust-config", "--keep-daily", "1", "--yes")
    assert ended == 8, out + err
    assert "DeleteObject" in err
    assert no_deletes() == before


def test_other_commands_make_sense_after_backups(blog):
    backup(blog)
    serve(blog, 3, 500)
    blog.host.on("/4.png", status(404))
    backup(blog, code=3)
    runs = json.loads(ran(blog, "runs", "--json")[1])
    assert {(each["command"], each["state"]) for each in runs} == {("backup", "finished")}
    report = json.loads(ran(blog, "report", "--json")[1])
    assert report["command"] == "backup"
    states = {each["url"].rpartition("/")[2]: each["state"] for each in report["images"]}
    assert states == {"3.png": "stored", "4.png": "failed"}
    assert "Nothing was interrupted" in ran(blog, "resume", "--yes")[1]
    ended, out, err = ran(blog, "rollback", "--yes")
    assert ended in (0, 2), out + err
    assert "backup" not in (blog.root / "posts/many.md").read_text()


def test_a_scan_for_text_leaves_backups_alone(blog):
    blog.host.on(
        "/v.svg", answer(b'<svg xmlns="http://www.w3.org/2000/svg"><image href="x"/></svg>')
    )
    blog.write("posts/note.txt", "see {host}/7.png\n")
    backup(blog, "--to", "posts/kept")
    (blog.root / "posts/kept/objects/more.txt").write_text("http://other.example/a.png")
    found = ran(blog, "scan", "posts", "--text", "--all", "--json")[1]
    paths = {json.loads(line)["path"] for line in found.splitlines()}
    assert paths == {"many.md", "note.txt"}
    assert backup(blog, "--to", "posts/kept", "--text")["images"] == 30
