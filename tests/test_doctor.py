import io
import os
import threading
from pathlib import Path

import pytest
from PIL import Image
from rig.someone import as_someone, let_in

from migrator.config import (
    BackupSettings,
    MirrorSettings,
    RewriteSettings,
    RouteSettings,
    ScanSettings,
    Settings,
    StoreSettings,
)
from migrator.config.loading import Loaded
from migrator.doctor.checkup import Checkup, examine
from migrator.doctor.config import check_config
from migrator.doctor.guarded import guarded
from migrator.doctor.hosts import check_hosts, hosts_of
from migrator.doctor.machine import check_disk, check_environment
from migrator.doctor.posts import check_posts, check_routes
from migrator.doctor.probe import make_probe
from migrator.doctor.store import check_store
from migrator.errors import StoreRefused
from migrator.finding import Area, Level, ok
from migrator.model import SkippedPost
from migrator.reasons import Reason
from migrator.scanner.scan import scan
from migrator.state import Site
from migrator.uploader import StoreError, open_store


def texts(findings, level=Level.PROBLEM):
    return [f"{each.what} {each.where} {each.cure}" for each in findings if each.level is level]


def loaded(root, settings):
    return Loaded(settings, root / "migrator.toml", "0" * 64, ())


# how checks run


@pytest.mark.parametrize(
    ("error", "status", "says"),
    [
        (StoreRefused("no keys", "set them"), 8, "no keys"),
        (StoreError(Reason.STORE_UNAVAILABLE, "slow"), 8, "slow"),
        (PermissionError(13, "Permission denied", "/x"), 8, "/x: Permission denied"),
        (ZeroDivisionError("oh"), 8, "this check itself failed"),
    ],
)
def test_a_check_that_fails_is_a_finding_after_what_it_found(error, status, says):
    def check():
        yield ok(Area.STORE, "so far")
        raise error

    first, second = guarded(Area.STORE, "here", check, 10)
    assert (first.what, second.status) == ("so far", status)
    assert says in second.what


def test_a_check_that_takes_too_long_is_a_finding_and_is_closed_when_it_wakes(monkeypatch):
    awake, closed = threading.Event(), threading.Event()

    def check():
        try:
            yield ok(Area.STORE, "so far")
            awake.wait(30)
            yield ok(Area.STORE, "late")
        finally:
            closed.set()

    monkeypatch.setattr("migrator.doctor.guarded._TO_CLEAN_UP", 0.2)
    first, second = guarded(Area.STORE, "the bucket", check, 0.2)
    assert first.what == "so far"
    assert "no end after" in second.what
    assert second.where == "the bucket"
    assert "may be left there" in second.cure
    awake.set()
    assert closed.wait(10)


# configuration


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (
            Settings(store=StoreSettings(type="local", bucket="b", acl="public-read")),
            "bucket, acl do nothing",
        ),
        (
            Settings(
                store=StoreSettings(
                    type="s3", provider="aws", bucket="blog", region="r", path="images"
                )
            ),
            'path does nothing with type = "s3"',
        ),
        (Settings(store=StoreSettings(public_url="http://img.example.com")), "over https"),
        (
            Settings(mirror=(MirrorSettings(path="copies", public_url="https://img.example.com"),)),
            "links go to [store]",
        ),
        (
            Settings(
                backup=BackupSettings(bucket="kept", endpoint="https://s3.e.com", key="x{ext}")
            ),
            "key does nothing in [backup]",
        ),
        (
            Settings(backup=BackupSettings(keep_daily=7, storage_class="COLD")),
            'storage_class does nothing with type = "local"',
        ),
        (
            Settings(
                store=StoreSettings(
                    type="s3", provider="aws", bucket="blog", region="r", check_public=False
                )
            ),
            "nobody looks whether readers see",
        ),
        (
            Settings(store=StoreSettings(type="s3", provider="oss", bucket="blog", region="r")),
            "own domain of oss, where browsers download",
        ),
    ],
)
def test_keys_that_do_not_do_what_one_would_think_are_noted(tmp_path, settings, says):
    findings = list(check_config(loaded(tmp_path, settings), tmp_path, trusted=True))
    assert texts(findings) == []
    assert says in "; ".join(texts(findings, Level.NOTE))


@pytest.mark.parametrize(
    ("store", "links", "fits"),
    [
        (StoreSettings(), "", False),
        (StoreSettings(path="source/images"), "", False),
        (StoreSettings(path="source/images", public_url="/images"), "", True),
        (StoreSettings(path="source/images"), "site-absolute", True),
    ],
)
def test_a_folder_that_a_hexo_site_does_not_show_is_a_problem(tmp_path, store, links, fits):
    (tmp_path / "source/_posts").mkdir(parents=True)
    (tmp_path / "_config.yml").write_text("title: Mine\nsource_dir: source\n")
    settings = Settings(store=store, rewrite=RewriteSettings(links=links))
    problems = texts(check_config(loaded(tmp_path, settings), tmp_path, trusted=True))
    assert bool(problems) != fits


def test_links_that_would_lead_out_of_the_site_are_a_problem(tmp_path):
    def problems(**store):
        settings = Settings(store=StoreSettings(**store))
        return texts(check_config(loaded(tmp_path, settings), tmp_path, trusted=True))

    assert "out of the site" in problems(path="../images")[0]
    assert problems(path="../images", public_url="https://img.example.com") == []
    assert problems(path=str(tmp_path / "images")) == []


def test_folders_of_posts_that_hexo_would_not_look_into_are_a_problem(tmp_path):
    (tmp_path / "source/_posts").mkdir(parents=True)
    config = tmp_path / "_config.yml"
    config.write_text("title: Mine\nsource_dir: source\npost_asset_folder: true\n")
    settings = Settings(
        store=StoreSettings(path="source/_posts", key="{stem}{ext}"),
        rewrite=RewriteSettings(links="asset-folder"),
    )
    found = texts(check_config(loaded(tmp_path, settings), tmp_path, trusted=True))
    assert "postAsset: true" in found[0]
    config.write_text(config.read_text() + "marked:\n  prependRoot: true\n  postAsset: true\n")
    assert texts(check_config(loaded(tmp_path, settings), tmp_path, trusted=True)) == []


@pytest.mark.parametrize(("bundles", "level"), [(0, Level.PROBLEM), (1, Level.NOTE)])
def test_posts_without_a_folder_for_images_are_counted(tmp_path, bundles, level):
    image = "![](https://img.example.com/a.png)\n"
    names = ["a.md", "b.md", *(f"{number}/index.md" for number in range(bundles))]
    for name in names:
        path = tmp_path / "content" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(image)
    settings = Settings(
        store=StoreSettings(path="content", key="{stem}{ext}"),
        rewrite=RewriteSettings(links="page-bundle"),
        scan=ScanSettings(skip_hosts=("img.example.com",)),
    )
    site = Site(tmp_path)
    found = examine(Checkup(site, loaded(tmp_path, settings), [], lambda _: None, {}))
    said = [each for each in found if "2 posts would stay" in each.what]
    assert [each.level for each in said] == [level]
    assert "index.md" in said[0].cure


def test_hosts_that_no_image_is_of_are_named(tmp_path):
    settings = Settings(scan=ScanSettings(hosts=("typo.example.com",)))
    (found,) = check_hosts([], settings, tmp_path)
    assert found.level is Level.NOTE
    assert "typo.example.com" in found.what


def test_a_file_in_place_of_a_mirror_is_called_one_and_the_cure_names_the_mirror(tmp_path):
    (tmp_path / "copies").write_text("a file")
    settings = MirrorSettings(path="copies")
    (found,) = [
        each
        for each in check_store(open_store(settings, tmp_path), settings, "[mirror] copies", None)
        if each.level is Level.PROBLEM
    ]
    assert "is a file, not a folder" in found.what
    assert "[[mirror]]" in found.cure


# the probe and the folder


def test_the_probe_is_a_real_image_and_never_the_same():
    first, second = make_probe(), make_probe()
    with Image.open(io.BytesIO(first.content)) as image:
        image.load()
        assert (image.format, image.size) == ("PNG", (1, 1))
    assert first.asset.sha256 != second.asset.sha256


def folder_findings(root, path="images", **more):
    settings = StoreSettings(path=path, **more)
    return list(check_store(open_store(settings, root), settings, "[store]", None))


def test_a_folder_that_is_not_there_is_not_made(tmp_path):
    assert texts(folder_findings(tmp_path)) == []
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_left_as_it_was(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images/a.png").touch()
    findings = folder_findings(tmp_path)
    assert texts(findings) == []
    assert "gives the same bytes back" in "; ".join(texts(findings, Level.OK))
    assert [each.name for each in (tmp_path / "images").iterdir()] == ["a.png"]


def test_folders_that_may_not_be_written_are_problems(tmp_path):
    there, missing = tmp_path / "there", tmp_path / "closed/missing"
    for folder in (there, missing.parent):
        folder.mkdir()
        folder.chmod(0o555)
    let_in(tmp_path)
    said = as_someone(
        lambda: [
            (each.status, each.what)
            for path in ("there", "closed/missing")
            for each in folder_findings(tmp_path, path)
            if each.level is Level.PROBLEM
        ]
    )
    assert said.count("(6, 'no permission to write") == 1, said
    assert "is not writable" in said


@pytest.mark.parametrize(("key", "matters"), [("{stem}{ext}", True), ("{sha256}{ext}", False)])
def test_a_file_system_that_does_not_tell_case_is_noted_where_it_matters(
    tmp_path, monkeypatch, key, matters
):
    (tmp_path / "images").mkdir()
    exists = os.path.lexists

    def exists_in_some_case(path):  # there is no such file system here
        return exists(path) or exists(Path(path).with_name(Path(path).name.lower()))

    monkeypatch.setattr(os.path, "lexists", exists_in_some_case)
    notes = texts(folder_findings(tmp_path, key=key), Level.NOTE)
    assert ("does not tell A from a" in "; ".join(notes)) == matters


# hosts and posts


def posts_at(root, **files):
    for name, text in files.items():
        (root / f"{name}.md").write_text(text)
    return list(scan([root], root, ScanSettings()))


def test_hosts_are_counted_by_images_and_the_largest_comes_first(tmp_path):
    posts = posts_at(
        tmp_path,
        one="![](https://a.test/1.png) ![](https://b.test/1.png) ![](https://b.test/1.png#x)",
        two="![](https://b.test/2.png) ![](https://img.test/blog/x.png) ![](local.png)",
    )
    asked = hosts_of(posts, Settings(), "https://img.test/blog/")
    assert [(each.host, each.images) for each in asked] == [("b.test", 2), ("a.test", 1)]
    assert asked[0].url == "https://b.test/1.png"
    only = Settings(scan=ScanSettings(hosts=("a.test",)))
    assert [each.host for each in hosts_of(posts, only, None)] == ["a.test"]


def test_posts_are_grouped_by_what_keeps_them(tmp_path):
    posts = posts_at(tmp_path, **{f"p{number}": "![](https://a.test/1.png)" for number in range(5)})
    findings = list(
        check_posts(posts, lambda post: SkippedPost(post.path, post.name, Reason.READ_ONLY))
    )
    (said,) = texts(findings)
    assert "5 posts would stay as they are" in said
    assert "p0.md, p1.md, p2.md and 2 more" in said


def test_posts_without_images_are_no_reason_to_complain(tmp_path):
    posts = posts_at(tmp_path, one="no picture")
    refused = check_posts(posts, lambda post: SkippedPost(post.path, "", Reason.READ_ONLY))
    assert texts(refused) == []


def test_a_route_that_no_image_takes_is_noted(tmp_path):
    posts = posts_at(tmp_path, one="![](https://A.test:443/1.png) ![](https://b.test/1.png)")
    routes = [
        RouteSettings(match, "wayback") for match in ("https://a.test/", "http://b.test/", "//c/")
    ]
    first, second = texts(check_routes(posts, routes), Level.NOTE)
    assert "begins with http://b.test/ route 2" in first
    assert "//c/ route 3" in second


def test_a_route_that_cannot_work_is_a_problem_of_the_configuration(tmp_path):
    settings = Settings(route=(RouteSettings("https://a.test/", "s3://my-b", provider="kodo"),))
    findings = check_config(loaded(tmp_path, settings), tmp_path, trusted=True)
    assert "route 1.region is missing" in texts(findings)[0]


def test_a_place_without_posts_is_noted(tmp_path):
    assert "there is no post here" in texts(check_posts([], lambda _: None), Level.NOTE)[0]


# disk and machine


def test_the_disk_is_left_as_it_was(tmp_path):
    (tmp_path / "post.md").touch()
    assert texts(check_disk(Site(tmp_path))) == []
    assert [each.name for each in tmp_path.iterdir()] == ["post.md"]


def test_what_a_state_folder_holds_stays(tmp_path):
    state = Site(tmp_path).state
    state.mkdir()
    for name in (".gitignore", "kept"):
        (state / name).touch()
    assert texts(check_disk(Site(tmp_path))) == []
    assert {".gitignore", "kept"} <= {each.name for each in state.iterdir()}


def test_a_site_that_may_not_be_written_is_a_problem(tmp_path):
    (tmp_path / "site").mkdir(mode=0o555)
    let_in(tmp_path)
    check = as_someone(
        lambda: [
            (each.status, each.what)
            for each in guarded(Area.DISK, "disk", lambda: check_disk(Site(tmp_path / "site")), 10)
            if each.level is Level.PROBLEM
        ]
    )
    assert "(6, 'cannot use the state folder" in check


@pytest.mark.parametrize(
    ("environ", "level", "says"),
    [
        ({"AWS_ENDPOINT_URL": "x"}, Level.NOTE, "AWS_ENDPOINT_URL is set and does nothing"),
        ({"AWS_REQUEST_CHECKSUM_CALCULATION": "x"}, Level.NOTE, "checksums in [store] counts"),
        ({"AWS_CA_BUNDLE": "/no/such/file"}, Level.PROBLEM, "cannot be read"),
        ({"AWS_ACCESS_KEY_ID": "x"}, Level.NOTE, "without AWS_SECRET_ACCESS_KEY"),
        ({"https_proxy": "http://u:pw@p:1"}, Level.NOTE, "https_proxy is set"),
    ],
)
def test_variables_that_surprise_are_named_without_their_values(environ, level, says):
    (said,) = texts(check_environment(environ), level)
    assert says in said
    assert "pw" not in said


def test_a_proxy_of_ours_makes_the_others_no_surprise():
    assert texts(check_environment({"HTTP_PROXY": "http://p:1"}, proxy="x"), Level.NOTE) == []


def test_an_environment_without_surprises_is_fine():
    findings = list(check_environment({}))
    assert [each.level for each in findings] == [Level.OK]
