"""The main job, with images that are not to be had by asking for their URL once."""

import json

import pytest
from rig import internet, old_web
from rig.hosts import Host, answer, redirect, status
from rig.images import image

from migrator.redact import redact

QINIU = "http://7xabcd.com1.z0.glb.clouddn.com"
DEAD = "http://127.0.0.1:1"
PNG = image("PNG")


@pytest.fixture
def post(site):
    """Make ``![](url)`` for each of ``urls`` the site's only post."""

    def write(*urls):
        (site.root / "posts/one.md").unlink()
        (site.root / "posts/deep/two.md").unlink()
        lines = [f"![]({url})\n" for url in urls]
        return site.write("posts/2013-05-01-old.md", "\n".join(lines))

    return write


def images(ended):
    assert ended.status == 0, ended.err + ended.out
    return {each["url"]: each for each in ended.json["images"]}


def test_hosts_are_asked_as_they_want_to_be(site, post):
    if reason := internet.why_not():
        pytest.skip(reason)
    large, missing = "http://wx1.sinaimg.cn/mw690/a.jpg", "http://wx1.sinaimg.cn/mw690/b.jpg"
    imgur, wechat = "http://i.imgur.com/abcdefgm.png", "http://mmbiz.qpic.cn/mmbiz_png/x/640"
    signed = f"http://p3-sign.byteimg.com{old_web.SIGNED}"
    post(large, missing, imgur, wechat, signed, old_web.GONE)
    site.write(
        "migrator.toml",
        '[[route]]\nmatch = "http://gone.example.com/"\n'
        'from = "wayback:http://web.archive.org/web/"\n[download]\nworkers = 1\n',
    )
    done = json.loads(internet.inside("rig.old_web", str(site.root)))
    assert done["status"] == 0, done
    images = json.loads(done["out"])["images"]
    assert {(each["width"], each["height"]) for each in images} == {(24, 16)}  # and no notice
    assert {each["url"]: each["source"] for each in images} == {
        large: "http://wx1.sinaimg.cn/large/a.jpg",
        missing: missing,
        imgur: "http://i.imgur.com/abcdefg.png",
        wechat: "http://mmbiz.qpic.cn/mmbiz_png/x/0",
        redact(signed): redact(signed),
        old_web.GONE: f"http://web.archive.org/web/2013id_/{old_web.GONE}",
    }
    asked = [tuple(each) for each in done["asked"]]
    assert asked[0] == ("p3-sign.byteimg.com", old_web.SIGNED, "https://juejin.cn/")
    first = {path: sent for _, path, sent in reversed(asked)}  # later ones look for placeholders
    for path in ("/large/a.jpg", "/large/b.jpg", "/mw690/b.jpg"):
        assert first[path] == "https://weibo.com/"
    assert first["/abcdefg.png"] == first["/mmbiz_png/x/0"] == ""
    assert not {"/mw690/a.jpg", "/abcdefgm.png", "/mmbiz_png/x/640"} & first.keys()


def test_an_expired_domain_does_not_matter_while_the_bucket_is_there(
    site, post, rclone_site, rclone_server
):
    rclone_site.plant("blog/图 1.png", PNG)
    rclone_site.plant("2.gif", image("GIF"))
    path = post(f"{QINIU}/%E5%9B%BE%201.png?imageView2/0/w/600", f"{QINIU}/2.gif-small")
    bucket = rclone_site.settings
    keys = f'endpoint = "{bucket.endpoint}"\naccess_key_env = "KEY"\nsecret_key_env = "SECRET"\n'
    site.write(
        "migrator.toml",
        "".join(
            f'[[route]]\nmatch = "{QINIU}/"\nfrom = "s3://{bucket.bucket}/{prefix}"\n{keys}'
            for prefix in ("blog", "")
        ),
    )
    site.environment |= {"KEY": rclone_server.access_key, "SECRET": rclone_server.secret_key}
    before = rclone_site.contents()
    ended = site.migrator("migrate", "posts", "--yes", "--json", "--trust-config")
    assert [each["source"] for each in images(ended).values()] == [
        f"s3://{bucket.bucket}/blog/图 1.png",
        f"s3://{bucket.bucket}/2.gif",
    ]
    assert set(site.stored().values()) == {PNG, image("GIF")}
    assert QINIU.encode() not in path.read_bytes()
    assert rclone_site.contents() == before


def test_a_bucket_that_refuses_costs_its_images_and_not_the_run(
    site, post, rclone_site, rclone_server
):
    path = post(f"{QINIU}/1.png", "{host}/a.png")
    bucket = rclone_site.settings
    site.write(
        "migrator.toml",
        f'[[route]]\nmatch = "{QINIU}/"\nfrom = "s3://{bucket.bucket}"\n'
        f'endpoint = "{bucket.endpoint}"\naccess_key_env = "KEY"\nsecret_key_env = "SECRET"\n',
    )
    site.environment |= {"KEY": rclone_server.access_key, "SECRET": "not-the-secret"}
    ended = site.migrator("migrate", "posts", "--yes", "--json", "--trust-config")
    assert ended.status == 3
    refused, moved = ended.json["images"]
    assert (refused["state"], refused["reason"]) == ("failed", "bucket-refused")
    assert moved["state"] == "stored"
    assert f"{QINIU}/1.png".encode() in path.read_bytes()
    assert "not-the-secret" not in ended.out + ended.err


def test_a_route_to_a_bucket_needs_trust_and_all_its_keys(site, post):
    post(f"{QINIU}/1.png")
    route = f'[[route]]\nmatch = "{QINIU}/"\nfrom = "s3://bucket"\n'
    site.write("migrator.toml", route + 'endpoint = "http://127.0.0.1:1"\n')
    assert site.migrator("migrate", "posts", "--yes").status == 2
    site.write("migrator.toml", route + 'provider = "kodo"\n')
    ended = site.migrator("migrate", "posts", "--yes")
    assert (ended.status, "region" in ended.err) == (2, True)
    assert "route" in ended.err


def test_a_dead_host_lives_on_in_an_archive(site, post):
    with Host() as archive:
        url = f"{DEAD}/a.png"
        moment = archive.on(f"/web/20130601000000id_/{url}", answer(PNG))
        archive.on(f"/web/2013id_/{url}", redirect(moment))
        post(url, f"{DEAD}/none.png")
        site.environment["MIGRATOR_ALLOW_PRIVATE"] = "127.0.0.1"
        site.write(
            "migrator.toml",
            f'[[route]]\nmatch = "{DEAD}/"\nfrom = "wayback:{archive.url("/web/")}"\n'
            "[download]\nretries = 0\n",
        )
        ended = site.migrator("migrate", "posts", "--yes", "--json")
        found, lost = ended.json["images"]
        assert found["source"] == archive.url(f"/web/2013id_/{url}")
        assert (lost["state"], lost["reason"], lost["source"]) == ("failed", "connect", None)
        text = site.migrator("report").out
        assert "also tried" in text
        assert "from elsewhere than the post says" in text
        assert archive.authority in text


def test_a_folder_of_old_copies_is_as_good_as_the_host(site, post):
    site.write("dump/2019/图.png", "")
    (site.root / "dump/2019/图.png").write_bytes(PNG)
    (site.root / "dump/flat").mkdir()
    (site.root / "dump/flat/20190503-ab12.jpg").write_bytes(image("JPEG"))
    path = post(f"{QINIU}/2019/%E5%9B%BE.png", f"{QINIU}/2018/20190503-ab12.jpg!w600")
    site.write("migrator.toml", f'[[route]]\nmatch = "{QINIU}/"\nfrom = "file:dump"\n')
    ended = site.migrator("migrate", "posts", "--yes", "--json")
    assert {each["state"] for each in images(ended).values()} == {"stored"}
    assert set(site.stored().values()) == {PNG, image("JPEG")}
    assert QINIU.encode() not in path.read_bytes()


def signed(path, expires):
    return f"{path}?OSSAccessKeyId=k&Expires={expires}&Signature=s{expires}%3D"


def test_two_signatures_of_one_object_are_one_image_and_the_one_that_holds_is_asked(site, post):
    site.host.on("/a.png", status(403))
    good = signed("/a.png", 4000000000)
    site.host.on(good, answer(PNG))
    expired = signed("/a.png", 1500000000)
    site.host.on(expired, status(403))
    soon = signed("/b.jpg", 3900000000)
    site.host.on(soon, answer(image("JPEG")))
    path = post("{host}/c.gif", f"{{host}}{expired}", f"{{host}}{good}", f"{{host}}{soon}")
    site.write("migrator.toml", "[download]\nworkers = 1\n")
    ended = site.migrator("migrate", "posts", "--yes", "--json")
    assert len(images(ended)) == 3
    assert [each.path for each in site.host.asked if "made" not in each.path][:3] == [
        soon,
        good,
        "/c.gif",
    ]
    assert expired not in [each.path for each in site.host.asked]
    assert site.host.url("").encode() not in path.read_bytes()
    again = site.migrator("migrate", "posts", "--yes")
    assert "Nothing to do" in again.out


def test_a_dry_run_and_the_run_mean_the_same_images(site, post):
    post("{host}/a.png!small", "{host}/c.gif")
    site.host.on("/a.png!small", answer(image("JPEG")))
    dry = site.migrator("migrate", "posts", "--dry-run", "--json")
    assert [each["size"] for each in dry.json["images"]] == [len(PNG), len(image("GIF"))]
    ended = site.migrator("migrate", "posts", "--yes", "--json")
    assert [each["size"] for each in images(ended).values()] == [len(PNG), len(image("GIF"))]
