"""The main job into real S3 servers, behind TLS where it matters."""

import hashlib
import time
from contextlib import ExitStack
from dataclasses import replace
from urllib.parse import unquote

import pytest
from rig import ceph
from rig.front import Answer, Rules, error, serving
from rig.hosts import answer
from rig.images import image


@pytest.fixture
def bucket_of(site, request, tls_authority):
    """Let the site store into the bucket of a store site; returns its door behind our back."""

    def use(store_site, **changes):
        site.write("migrator.toml", store_site.toml(**changes))
        return store_site.contents

    return use


@pytest.mark.parametrize("kind", ["ceph_site", "swift_site", "rclone_site"])
def test_images_go_to_the_bucket_and_links_to_its_public_address(site, bucket_of, request, kind):
    contents = bucket_of(request.getfixturevalue(kind))
    ended = site.migrator("migrate", "posts", "--yes", "--json", "--trust-config")
    assert ended.status == 0, ended.err
    assert set(contents().values()) == {image(k) for k in ("PNG", "JPEG", "GIF")}
    for each in ended.json["images"]:
        assert each["new_url"] == f"https://img.example.com/{each['key']}"
        assert each["key"] in contents()
    assert b"https://img.example.com/" in (site.root / "posts/one.md").read_bytes()
    again = site.migrator("migrate", "posts", "--yes", "--trust-config")
    assert (again.status, "Nothing to do" in again.out) == (0, True)


@pytest.mark.parametrize(
    ("changes", "says"),
    [({"bucket": "no-such-bucket-here"}, "bucket"), ({"secret_key_env": "WRONG"}, "key")],
)
def test_a_store_that_refuses_ends_the_run_before_anything_moves(
    site, bucket_of, ceph_site, changes, says
):
    bucket_of(ceph_site, **changes)
    site.environment["WRONG"] = "not-the-secret"
    before = site.tree()
    ended = site.migrator("migrate", "posts", "--yes", "--trust-config")
    assert (ended.status, site.tree()) == (8, before)
    assert says in ended.err
    assert "not-the-secret" not in ended.err + ended.out
    assert site.host.asked == []


class Readers(Rules):
    """What readers get: the bucket's objects, unless ``twist(answer)`` makes something else."""

    def __init__(self, contents, twist):
        super().__init__(0)
        self._contents = contents
        self._twist = twist

    def handle(self, request):
        data = self._contents().get(unquote(request.path[1:]))
        if data is None:
            return Answer(404)
        return self._twist(Answer(200, {"content-type": "image/png"}, data))


def headed(answer, **headers):
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return replace(answer, headers={**answer.headers, **more})


PUBLIC = {
    "nothing there": (lambda _: Answer(404), "store.public_url must be the address of the root"),
    "old bytes": (lambda answer: replace(answer, body=b"old"), "a cache may hold an old object"),
    "a web page": (
        lambda answer: replace(headed(answer, content_type="text/html"), body=b"<html>"),
        "a web page is served",
    ),
    "another type": (lambda answer: headed(answer, content_type="text/plain"), "text/plain"),
    "converted": (
        lambda answer: replace(headed(answer, content_type="image/avif"), body=b"avif"),
        "converts images",
    ),
    "a download": (
        lambda answer: headed(answer, content_disposition="attachment", server="AliyunOSS"),
        "Aliyun OSS does that",
    ),
    "a forced download": (lambda answer: headed(answer, x_oss_force_download="true"), "download"),
    "allowed sites": (
        lambda _: error(403, "AccessDenied", "You are denied by bucket referer policy."),
        "防盗链",
    ),
    "a redirect": (lambda _: Answer(301, {"location": "https://b.example/"}), "to b.example"),
}


@pytest.fixture
def read_by(site, bucket_of, rclone_site):
    """``read_by(twist)``: let readers get what it makes of the objects in the bucket."""
    with ExitStack() as servers:

        def use(twist):
            port = servers.enter_context(serving(Readers(rclone_site.contents, twist)))
            bucket_of(rclone_site, public_url=f"http://127.0.0.1:{port}", check_public=True)

        yield use


@pytest.mark.parametrize(("twist", "says"), PUBLIC.values(), ids=PUBLIC)
def test_no_post_links_to_what_readers_do_not_get(site, read_by, twist, says):
    read_by(twist)
    before = site.tree()
    ended = site.migrator("migrate", "posts", "--yes", "--trust-config")
    assert (ended.status, says in ended.out + ended.err) == (3, True), ended.out + ended.err
    del before["migrator.toml"]
    assert {name: site.tree()[name] for name in before} == before
    report = site.migrator("report", "--json").json
    assert {(each["state"], each["reason"]) for each in report["images"]} == {
        ("failed", "public-url")
    }


def test_what_readers_get_is_linked_once_it_is_right(site, read_by):
    read_by(lambda _: Answer(404))
    assert site.migrator("migrate", "posts", "--yes", "--trust-config").status == 3
    read_by(lambda answer: answer)
    ended = site.migrator("migrate", "posts", "--yes", "--trust-config")
    assert ended.status == 0, ended.out + ended.err
    assert b"http://127.0.0.1" in (site.root / "posts/one.md").read_bytes()


@pytest.fixture
def durable_ceph(tmp_path):
    if reason := ceph.why_not():
        pytest.skip(reason)
    with ceph.running(tmp_path / "ceph", "bluestore") as server:
        yield server


@pytest.fixture
def uploading(site, bucket_of, durable_ceph, bucket_on):
    """A run that stores large images, with the store's daemons all killed in the middle of it.

    Yields the site, the run's process, the images by name, and the door to the bucket.
    """
    images = [image("PNG", seed=number, size=(900, 600)) for number in range(24)]
    for number, data in enumerate(images):
        site.host.on(f"/{number}.png", answer(data))
    site.write("posts/many.md", "".join(f"![]({{host}}/{n}.png)\n" for n in range(len(images))))
    store_site = bucket_on(durable_ceph, f"http://127.0.0.1:{durable_ceph.port}", kind="ceph")
    contents = bucket_of(store_site)
    process = site.start("migrate", "posts/many.md", "--yes", "--trust-config")
    while all(".migrator-" in key for key in contents()):
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    durable_ceph.kill()
    return process, {hashlib.sha256(data).hexdigest(): data for data in images}, contents


def whole(contents, images):
    """How many images are in the bucket; none is there in part."""
    there = {key: data for key, data in contents().items() if ".migrator-" not in key}
    for key, data in there.items():
        assert data == images[key.rpartition("/")[2].removesuffix(".png")]
    return len(there)


def test_a_store_that_dies_and_comes_back_is_waited_for(uploading, durable_ceph, site):
    process, images, contents = uploading
    durable_ceph.start()
    assert whole(contents, images) > 0
    out, err = process.communicate(timeout=180)
    assert process.returncode == 0, out + err
    assert whole(contents, images) == len(images)
    assert b"https://img.example.com/" in (site.root / "posts/many.md").read_bytes()


def test_store_and_run_killed_together_leave_nothing_in_part(uploading, durable_ceph, site):
    process, images, contents = uploading
    process.kill()
    process.communicate()
    before = (site.root / "posts/many.md").read_bytes()
    durable_ceph.start()
    some = whole(contents, images)
    assert 0 < some < len(images)
    assert site.host.url("").encode() in before
    ended = site.migrator("resume", "--yes", "--trust-config")
    assert ended.status == 0, ended.out + ended.err
    assert whole(contents, images) == len(images)
    after = (site.root / "posts/many.md").read_bytes()
    assert (site.host.url("").encode() in after, after.count(b"img.example.com")) == (False, 24)
