"""The installed ``migrator doctor`` against what is wrong in earnest."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from rig import internet
from rig.front import Answer, Rules, error, serving
from rig.hosts import answer, silence, status
from rig.images import image

FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)


def found(ended, level="problem", area=None):
    """The texts of findings: what, where and cure in one."""
    return [
        " ".join((each["what"], each["where"], each["cure"]))
        for each in ended.json["findings"]
        if each["level"] == level and area in (None, each["area"])
    ]


def one(ended, level="problem", area=None):
    texts = found(ended, level, area)
    assert len(texts) == 1, texts
    return texts[0]


@pytest.fixture
def doctor(site):
    """``doctor(...)``: run it with --json; nothing of the site changes, whatever it finds."""

    def run(*arguments):
        before = site.tree()
        had_state = (site.root / ".migrator").exists()
        ended = site.migrator("doctor", "--json", "--trust-config", *arguments)
        assert site.tree() == before
        assert (site.root / ".migrator").exists() == had_state
        assert ended.status == ended.json["status"]
        return ended

    return run


@pytest.fixture
def configure(site):
    """``configure(store_site, **changes)``: let the site store there."""

    def write(store_site, **changes):
        settings = store_site.settings
        names = ("provider", "bucket", "region", "endpoint", "access_key_env", "secret_key_env")
        values = {"type": "s3"} | {name: getattr(settings, name) for name in names} | changes
        lines = [f"{key} = {json.dumps(value)}" for key, value in values.items() if value != ""]
        site.write("migrator.toml", "\n".join(["[store]", *lines, ""]))
        return store_site.contents

    return write


@pytest.fixture
def public_bucket(ceph_site, ceph_server, configure):
    """A bucket that readers see; ``public_bucket(**changes)`` returns its contents' door."""
    address = f"http://127.0.0.1:{ceph_server.port}/{ceph_site.settings.bucket}"

    def make(**changes):
        return configure(ceph_site, **{"acl": "public-read", "public_url": address, **changes})

    return make


@pytest.fixture
def behind(ceph_server, ceph_site, configure, tls_authority):
    """``behind(rules)``: the bucket, and its public address, behind a server of those rules."""
    started = []

    def make(rules_class, **changes):
        rules = rules_class(ceph_server.port)
        serve = serving(rules)
        port = serve.__enter__()
        started.append(serve)
        address = f"http://127.0.0.1:{port}"
        bucket = ceph_site.settings.bucket
        values = {"endpoint": address, "public_url": f"{address}/{bucket}", "acl": "public-read"}
        return rules, configure(ceph_site, **{**values, **changes})

    yield make
    for serve in started:
        serve.__exit__(None, None, None)


def is_reader(request):
    return request.method == "GET" and "authorization" not in request.headers


def test_a_sound_site_has_no_problem_and_keeps_no_trace(site, doctor):
    ended = doctor()
    assert ended.status == 0, ended.out
    assert found(ended) == []
    assert "3 images" in one(ended, "ok", "hosts")
    assert any("2 posts with 4 image links" in each for each in found(ended, "ok", "posts"))


def test_text_puts_problems_first_and_fits_a_screen(site):
    (site.root / "posts/one.md").chmod(0o444)
    site.write("migrator.toml", '[store]\ntype = "local"\nbucket = "unused"\n')
    ended = site.migrator("doctor", "posts")
    lines = ended.out.splitlines()
    assert ended.status == 6
    assert lines[0] == "1 problem, and 1 note."
    assert lines.index("Problems") < lines.index("Notes") < lines.index("Fine")
    assert "-> Make the files and their folders writable" in ended.out
    assert "Next:  migrator doctor" in ended.out
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    assert "Examining: 5 parts done" in ended.err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[store]\nbukket = 'x'\n", "did you mean `bucket`?"),
        ("[store]\ntype = 's3'\nprovider = 'os'\nbucket = 'blog'\n", "did you mean"),
        ("[store]\ntype = 's3'\nprovider = 'oss'\nbucket = 'blog'\n", "region"),
        ("[store]\nkey = '{sha256'\n", "key"),
        ("[rewrite]\nlinks = 'public'\n", "public_url"),
        ("[store\n", "line 1"),
    ],
)
def test_a_configuration_that_does_not_fit_is_named_and_nobody_is_asked(site, doctor, text, says):
    site.write("migrator.toml", text)
    ended = doctor()
    assert ended.status == 2
    assert says in one(ended, area="config")
    assert site.host.asked == []
    assert found(ended, "ok", "posts")  # what needs no configuration is examined all the same


def test_without_a_configuration_it_says_where_images_would_go(site, doctor):
    (site.root / "migrator.toml").unlink()
    ended = doctor(".")
    assert ended.status == 0
    assert "migrated-images" in one(ended, "note")
    assert "migrator init" in one(ended, "note")


def test_keys_without_effect_are_noted(site, doctor):
    site.write("migrator.toml", '[store]\ntype = "local"\nacl = "public-read"\nregion = "r"\n')
    ended = doctor()
    assert ended.status == 0
    assert "region, acl do nothing" in one(ended, "note", "config")


def test_a_configuration_of_a_stranger_sends_no_keys(site, configure, ceph_site, behind):
    rules, _ = behind(Rules)
    ended = site.migrator("doctor", "--json")
    assert ended.status == 2
    assert "migrator trust" in one(ended, area="config")
    assert rules.requests == []
    assert site.host.asked == []


def test_a_sound_bucket_is_empty_again_afterwards(public_bucket, doctor):
    contents = public_bucket(prefix="blog")
    ended = doctor()
    assert ended.status == 0, ended.out
    assert contents() == {}
    said = "; ".join(found(ended, "ok"))
    assert "gives the same bytes back" in said
    assert "readers see the image" in said
    assert "never replaces" in said


@pytest.mark.parametrize("kind", ["rclone_site", "swift_site", "oss_site"])
def test_every_kind_of_bucket_is_left_as_it_was(site, configure, doctor, request, kind):
    store_site = request.getfixturevalue(kind)
    store_site.plant("mine.png", b"mine")
    contents = configure(store_site, public_url="http://127.0.0.1:9")
    # names below localhost, which this machine may not resolve for another process
    ended = doctor()
    assert contents() == {"mine.png": b"mine"}
    if kind != "oss_site":
        assert "gives the same bytes back" in "; ".join(found(ended, "ok", "store")), ended.out
        assert "cannot be reached" in one(ended, area="public")
        assert ended.status == 8


def test_a_backup_that_is_configured_is_examined_as_well(site, doctor):
    site.write("migrator.toml", '[backup]\npath = "posts/one.md"\n')
    ended = doctor()
    assert ended.status == 8
    assert "posts/one.md is a file, not a folder" in ended.out
    assert "[backup]" in ended.out


def test_mirrors_are_examined_as_well(site, doctor, public_bucket):
    public_bucket()
    text = (site.root / "migrator.toml").read_text()
    mirror = text.replace("[store]", "[[mirror]]").replace('bucket = "', 'bucket = "not-there-')
    lines = [line for line in mirror.splitlines() if not line.startswith("public_url")]
    site.write("migrator.toml", "\n".join([text, *lines, ""]))
    ended = doctor()
    assert ended.status == 8
    assert "there is no bucket not-there-" in one(ended)
    assert "[mirror]" in one(ended)


@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        ({"secret_key_env": "WRONG"}, 8, "the secret key is wrong"),
        ({"access_key_env": "WRONG"}, 8, "does not know the access key"),
        ({"secret_key_env": "UNSET_VARIABLE"}, 2, "UNSET_VARIABLE"),
        ({"bucket": "no-such-bucket-here"}, 8, "there is no bucket"),
        ({"profile": "nobody", "access_key_env": "", "secret_key_env": ""}, 2, "nobody"),
        ({"access_key_env": "", "secret_key_env": ""}, 8, "credentials"),
        ({"endpoint": "http://127.0.0.1:9"}, 8, "cannot be reached"),
    ],
)
def test_a_store_that_refuses_is_named_with_the_cure(
    site, public_bucket, doctor, changes, status, says
):
    public_bucket(**changes)
    site.environment["WRONG"] = "not-the-secret"
    ended = doctor()
    assert says in one(ended)
    assert (ended.status, found(ended, area="public")) == (status, [])
    assert "not-the-secret" not in ended.out + ended.err


@pytest.mark.skipif(not FAKETIME, reason="libfaketime is not installed")
def test_a_wrong_clock_is_told_in_minutes(site, public_bucket, doctor):
    public_bucket()
    site.environment |= {"LD_PRELOAD": str(FAKETIME), "FAKETIME": "+20m"}
    ended = doctor()
    assert ended.status == 8
    assert "20 minutes fast" in one(ended)
    assert "set the clock" in one(ended)


def test_the_right_region_is_named(behind, doctor):
    class Elsewhere(Rules):
        def handle(self, _request):
            return error(400, "AuthorizationHeaderMalformed", Region="eu-west-1")

    behind(Elsewhere)
    ended = doctor()
    assert ended.status == 8
    assert "but in eu-west-1" in one(ended)


def test_a_bucket_that_readers_may_not_read_is_a_problem(public_bucket, doctor):
    contents = public_bucket(acl="")
    ended = doctor()
    assert (ended.status, contents()) == (8, {})
    assert "readers are denied (403)" in one(ended, area="public")
    assert "ublic for reading" in one(ended, area="public")


def test_a_forced_download_is_a_problem(behind, doctor):
    class Downloads(Rules):
        def handle(self, request):
            answer = self.forward(request)
            if is_reader(request):
                answer.headers["content-disposition"] = "attachment"
            return answer

    behind(Downloads)
    ended = doctor()
    assert ended.status == 8
    assert "makes browsers download" in one(ended)
    assert "domain of your own" in one(ended)


def test_a_redirect_and_its_goal_are_named(behind, doctor):
    class Moved(Rules):
        def handle(self, request):
            if is_reader(request):
                return Answer(301, {"location": "https://new.example.com/a.png"})
            return self.forward(request)

    behind(Moved)
    ended = doctor()
    assert ended.status == 8
    assert "redirects (301) to https://new.example.com/a.png" in one(ended, area="public")


class OnlySites(Rules):
    """Shows images to the pages of some sites; ``None`` is a browser that names none."""

    sites: tuple[str | None, ...] = ()

    def handle(self, request):
        self.requests.append(request)
        if is_reader(request) and request.headers.get("referer") not in self.sites:
            return error(403, "AccessDenied", "You are denied by bucket referer policy.")
        return self.forward(request)


MINE = "https://blog.example.com/"


@pytest.mark.parametrize(
    ("sites", "status", "says"),
    [
        ((None, MINE), 0, f"on the pages of {MINE}, and not on those of other sites"),
        ((None,), 8, f"the pages of {MINE} are denied"),
        ((MINE,), 8, f"those on {MINE} not"),
        ((), 8, "readers are denied"),
    ],
)
def test_a_list_of_allowed_sites_is_noticed(site, behind, doctor, sites, status, says):
    behind(type("Listed", (OnlySites,), {"sites": sites}))
    text = (site.root / "migrator.toml").read_text()
    site.write("migrator.toml", f'{text}[scan]\nsite_url = "{MINE}"\n')
    ended = doctor()
    assert ended.status == status
    fine = "; ".join(found(ended, "ok", "public"))
    assert says in (one(ended, area="public") if status else fine)
    assert ("on the pages of" in fine) == (status == 0)


def test_without_a_site_url_a_list_of_allowed_sites_is_a_note(behind, doctor):
    behind(type("Listed", (OnlySites,), {"sites": (None,)}))
    ended = doctor()
    assert ended.status == 0
    assert "site_url" in one(ended, "note", "public")


def test_an_address_that_nobody_keeps_is_noted(behind, doctor):
    class Forgetful(Rules):
        def handle(self, request):
            answer = self.forward(request)
            if is_reader(request):
                answer.headers["cache-control"] = "no-store"
            return answer

    behind(Forgetful)
    assert "no-store" in one(doctor(), "note", "public")


def test_a_probe_that_may_not_be_deleted_is_named(behind, doctor):
    class Undeletable(Rules):
        def handle(self, request):
            if request.method == "DELETE":
                return error(403, "AccessDenied")
            return self.forward(request)

    _, contents = behind(Undeletable)
    ended = doctor()
    (left,) = contents()
    assert ended.status == 0, ended.out
    assert left in one(ended, "note", "store")


def test_other_bytes_than_were_given_are_a_problem(behind, doctor):
    class Converting(Rules):
        def handle(self, request):
            answer = self.forward(request)
            if request.method == "GET" and answer.status == 200:
                answer.body += b"more"
            return answer

    _, contents = behind(Converting)
    ended = doctor()
    assert (ended.status, contents()) == (8, {})
    assert "it gives back other bytes" in one(ended)


def test_ctrl_c_takes_the_probe_away(site, behind):
    asked = threading.Event()

    class Slow(Rules):
        def handle(self, request):
            if is_reader(request):
                asked.set()
                time.sleep(0.5)
            return self.forward(request)

    _, contents = behind(Slow)
    process = site.start("doctor", "--trust-config")
    assert asked.wait(30)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Nothing of yours was changed" in err
    assert contents() == {}
    assert not (site.root / ".migrator").exists()


def test_a_folder_that_cannot_be_one_is_a_problem(site, doctor):
    site.write("images", "a file")
    site.write("migrator.toml", '[store]\npath = "images"\n')
    ended = doctor()
    assert "is a file, not a folder" in one(ended, area="store")
    assert ended.status == 8


def test_a_folder_store_is_tried_and_left_as_it_was(site, doctor):
    site.write("migrated-images/mine.png", "mine")
    ended = doctor()
    assert ended.status == 0
    assert "gives the same bytes back" in "; ".join(found(ended, "ok", "store"))


@pytest.mark.parametrize(
    ("scenario", "says"),
    [(status(403), "refuses"), (silence, "took too long"), (status(404), "gone")],
)
def test_a_host_that_does_not_give_its_image_is_noted_while_others_do(site, doctor, scenario, says):
    with type(site.host)("127.0.0.2") as other:
        other.on("/x.png", scenario)
        site.write("posts/other.md", f"![x]({other.url('/x.png')})")
        site.environment["MIGRATOR_ALLOW_PRIVATE"] += f",{other.authority}"
        site.write("migrator.toml", "[download]\ntimeout = 2\n")
        ended = doctor()
        assert 1 <= other.count("/x.png") <= 3  # with and without a Referer
    assert ended.status == 0
    assert says in one(ended, "note", "hosts")
    assert "127.0.0.2" in one(ended, "note", "hosts")


def test_a_certificate_that_nobody_knows_is_named(site, doctor, tls_authority):
    with type(site.host)("127.0.0.2", tls=tls_authority.context) as other:
        site.write("posts/other.md", f"![x]({other.url('/x.png')})")
        site.environment["MIGRATOR_ALLOW_PRIVATE"] += f",{other.authority}"
        ended = doctor()
    assert ended.status == 0
    assert "the certificate of 127.0.0.2" in one(ended, "note", "hosts")
    assert f'[[route]] with match = "https://{other.authority}/"' in one(ended, "note", "hosts")


def test_a_host_that_wants_a_referer_is_asked_with_the_one_it_wants(site, doctor):
    def only_for(connection):
        mine = connection.asked.headers.get("referer") == MINE
        connection.send(answer(image("PNG")) if mine else status(403))

    site.host.on("/a.png", only_for)
    site.write("posts/deep/two.md", "")
    site.write("posts/one.md", "![]({host}/a.png)")
    assert "site_url" in one(doctor(), "note", "hosts")
    site.write("migrator.toml", f'[scan]\nsite_url = "{MINE}"\n')
    assert f"asked as {MINE} does" in one(doctor(), "ok", "hosts")


def test_it_is_a_problem_if_no_host_answers(site, doctor):
    site.environment["MIGRATOR_ALLOW_PRIVATE"] = "127.0.0.1:9"
    for name in ("posts/one.md", "posts/deep/two.md"):
        site.write(name, "![x](http://127.0.0.1:9/a.png)")
    ended = doctor()
    assert ended.status == 6
    assert "cannot be reached: 127.0.0.1 (1 image)" in one(ended)


def test_a_proxy_that_is_not_there_is_a_problem(site, doctor):
    site.environment |= {"MIGRATOR_PROXY": "http://me:pw@127.0.0.1:9", "MIGRATOR_ALLOW_PRIVATE": ""}
    ended = doctor()
    assert ended.status == 6
    assert "the proxy http://127.0.0.1:9 cannot be reached" in one(ended, area="hosts")
    assert "pw" not in ended.out + ended.err


def test_only_the_hosts_of_the_posts_named_are_asked(site, doctor):
    site.write("posts/three.md", "no picture")
    ended = doctor("posts/three.md")
    assert ended.status == 0
    assert site.host.asked == []


def test_names_that_lead_nowhere_or_astray_are_told_apart(site):
    if reason := internet.why_not():
        pytest.skip(reason)
    for name in ("posts/one.md", "posts/deep/two.md"):
        (site.root / name).unlink()
    urls = ["http://fake.test/a.png", "http://old.bkt.clouddn.com/b.png", "http://gone.test/c.png"]
    site.write("posts/three.md", " ".join(f"![]({url})" for url in urls))
    report = json.loads(internet.inside("rig.fake_ip", str(site.root)))
    texts = [" ".join((each["what"], each["cure"])) for each in report["findings"]]
    fake, expired, gone = (
        next(text for text in texts if name in text)
        for name in ("fake.test", "old.bkt.clouddn.com", "gone.test")
    )
    assert report["status"] == 6
    assert "198.18.0.7" in fake
    assert "proxy" in fake.lower()
    assert "30 days" in expired
    assert "[[route]]" in expired
    assert "cannot be resolved" in gone


def test_posts_that_would_stay_are_counted_by_reason(site, doctor):
    (site.root / "posts/one.md").chmod(0o444)
    two = site.root / "posts/deep/two.md"
    os.link(two, site.root / "posts/deep/two.txt")
    (site.root / "posts/three.md").symlink_to("one.md")
    site.write("posts/four.md", "<!-- migrator-ignore -->\n![]({host}/a.png)")
    ended = doctor()
    assert ended.status == 6
    assert "posts/one.md" in one(ended, area="posts")
    notes = "; ".join(found(ended, "note", "posts"))
    for says in ("hard links", "a symbolic link", "asks to be left alone"):
        assert says in notes


def git(site, *arguments, check=True):
    names = ["-c", "user.name=A", "-c", "user.email=a@example.com"]
    subprocess.run(["git", *names, "-C", site.root, *arguments], check=check, capture_output=True)


def test_uncommitted_posts_are_noted_and_a_merge_is_a_problem(site, doctor):
    (site.root / "posts/three.md").symlink_to("one.md")
    git(site, "init", "-q", "-b", "main")
    git(site, "add", "-A")
    git(site, "commit", "-qm", "one")
    assert doctor().status == 0
    post = site.root / "posts/one.md"
    post.write_bytes(post.read_bytes() + b"\nmore\n")
    ended = doctor()
    assert ended.status == 0
    (uncommitted,) = [each for each in found(ended, "note") if "not committed to git" in each]
    assert "posts/one.md" in uncommitted
    git(site, "commit", "-qam", "two")
    git(site, "checkout", "-q", "-b", "side", "HEAD~1")
    post.write_bytes(post.read_bytes() + b"\nother\n")
    git(site, "commit", "-qam", "three")
    git(site, "merge", "main", check=False)
    ended = doctor()
    assert "in the middle of a merge" in one(ended, area="posts")
    assert "a symbolic link" in one(ended, "note", "posts")  # and goes on
    assert ended.status == 2


def test_an_interrupted_run_is_named_with_its_cure(site, doctor):
    asked = threading.Event()

    def hang(connection):
        asked.set()
        silence(connection)

    site.host.on("/a.png", hang)
    process = site.start("migrate", "posts", "--yes")
    assert asked.wait(30)
    process.kill()
    process.wait()
    site.host.on("/a.png", status(404))
    ended = doctor("posts")
    assert "migrator resume" in one(ended, "note", "disk")
    assert not list((site.root / ".migrator/spool").glob("doctor*"))


def test_a_run_at_work_is_noted(site):
    state = site.root / ".migrator"
    state.mkdir()
    with (state / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended = site.migrator("doctor", "--json")
    assert ended.status == 0
    assert "another run" in one(ended, "note", "disk")


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
@pytest.mark.parametrize(
    ("faults", "level", "says"),
    [
        (["renameat2:error=EINVAL"], "note", "cannot swap two files at once"),
        (["renameat2:error=EINVAL", "link,linkat:error=EPERM"], "problem", "no safe way"),
        (["flock:error=ENOLCK"], "problem", "does not support locks"),
    ],
)
def test_a_file_system_without_what_a_run_needs_is_named(site, faults, level, says):
    """Such as network disks: here the kernel is made to say so."""
    traced = ",".join(fault.partition(":")[0] for fault in faults)
    command = ["strace", "-f", "-qqq", "-o", os.devnull, "-e", f"trace={traced}"]
    command += [word for fault in faults for word in ("-e", f"inject={fault}")]
    command += [sys.executable, "-m", "migrator", "doctor", "--json", "--quiet"]
    environment = {**os.environ, **site.environment}
    done = subprocess.run(command, cwd=site.root, env=environment, capture_output=True, check=False)
    report = json.loads(done.stdout)
    (said,) = [each for each in report["findings"] if each["level"] == level]
    assert says in said["what"] + said["cure"]
    assert done.returncode == report["status"] == (6 if level == "problem" else 0)


def test_a_full_disk_is_a_problem(site, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "migrator-test", small]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small file system can only be mounted by root")
    try:
        (small / "post.md").write_bytes(
            site.write("posts/one.md", "![]({host}/a.png)").read_bytes()
        )
        ended = site.migrator("doctor", small, "--json")
    finally:
        subprocess.run(["umount", small], check=True)
    assert ended.status == 6
    assert "the disk is full" in one(ended, area="disk")


def test_variables_that_surprise_are_noted(site, doctor):
    site.environment |= {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "HTTPS_PROXY": "http://u:pw@p:1"}
    ended = doctor()
    notes = "; ".join(found(ended, "note", "environment"))
    assert "AWS_ENDPOINT_URL" in notes
    assert "HTTPS_PROXY" in notes
    assert "pw" not in ended.out + ended.err


@pytest.mark.parametrize("spoil", [Path.unlink, lambda file: file.write_bytes(b"x" * 9000)])
def test_a_lost_or_damaged_ledger_is_a_problem_with_its_cure(site, doctor, spoil):
    assert site.migrator("migrate", "posts", "--limit", "1", "--yes").status == 0
    spoil(site.root / ".migrator" / "ledger.db")
    ended = doctor()
    assert ended.status == 6
    assert "`migrator resume` makes a new ledger" in one(ended, "problem", "disk")
    assert found(ended, "ok", "posts")
