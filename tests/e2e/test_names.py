"""The main job under the names that users choose, and into the folders of posts."""

import hashlib
import json
import re
import time

import pytest
from rig.hosts import Host, answer
from rig.images import image

LINK = re.compile(r"""(?<=[("])([^("]+\.png)""")


@pytest.fixture
def other_host():
    with Host() as host:
        yield host


def serve(host, *paths, height=9):
    """Different images at these paths; returns their bytes."""
    images = [image("PNG", number, (9 + number, height)) for number in range(len(paths))]
    for path, data in zip(paths, images, strict=True):
        host.on(path, answer(data))
    return images


def configure(site, text):
    site.write("migrator.toml", text)


def migrated(site, *arguments, status=0):
    ended = site.migrator("migrate", ".", "--yes", "--json", "--trust-config", *arguments)
    assert ended.status == status, ended.out + ended.err
    return ended.json


def new_urls(report):
    places = (place for each in report["images"] for place in each["references"])
    return {(place["path"], place["line"]): place["new_url"] for place in places}


def fresh(site, **posts):
    """The site with these posts alone."""
    for path in (site.root / "posts").rglob("*.md"):
        path.unlink()
    for name, text in posts.items():
        site.write(f"{name}.md", text)


def test_in_a_bucket_images_may_keep_their_paths(site, other_host, rclone_site):
    site.environment["MIGRATOR_ALLOW_PRIVATE"] += f",{other_host.authority}"
    settings = rclone_site.settings
    configure(
        site,
        f"""
[store]
type = "s3"
bucket = "{settings.bucket}"
endpoint = "{settings.endpoint}"
access_key_env = "{settings.access_key_env}"
secret_key_env = "{settings.secret_key_env}"
public_url = "https://img.example.com"
check_public = false
key = "{{path}}"
""",
    )
    paths = ["/2020/01/IMG_1.png", "/%E5%9B%BE/a%20b.png", "/a/../c.png"]
    images = serve(site.host, paths[0], paths[1], "/c.png")
    (theirs,) = serve(other_host, "/2020/01/IMG_1.png", height=7)
    urls = [f"{site.host.url('')}{path}" for path in paths]
    lines = [f"![]({url}?x-oss-process=style/s#f)" for url in urls]
    fresh(site, **{"posts/one": "\n".join([*lines, f"![]({other_host.url('')}{paths[0]})"])})
    for path, data in zip((*paths[:2], "/c.png"), images, strict=True):
        site.host.on(f"{path}?x-oss-process=style/s", answer(data))
    report = migrated(site)
    contents = rclone_site.contents()
    keys = {each["url"]: each["key"] for each in report["images"]}
    ours, other = (keys[each] for each in keys if each.split("?")[0].endswith("IMG_1.png"))
    assert {contents[ours], contents[other]} == {images[0], theirs}
    assert "2020/01/IMG_1.png" in {ours, other}
    assert contents["图/a b.png"] == images[1]
    digest = hashlib.sha256(images[2]).hexdigest()
    assert contents[f"{digest[:2]}/{digest}.png"] == images[2]  # a/../c.png is no name
    text = (site.root / "posts/one.md").read_text()
    assert "https://img.example.com/%E5%9B%BE/a%20b.png#f" in text
    again = site.migrator("migrate", ".", "--yes", "--trust-config")
    assert (again.status, "Nothing to do" in again.out) == (0, True)
    assert rclone_site.contents() == contents


def test_images_are_named_by_the_month_of_the_post_and_their_old_name(site):
    configure(
        site,
        """
[store]
path = "static/images"
public_url = "/images"
key = "{year}/{month}/{stem}{ext}"
""",
    )
    images = serve(site.host, "/1/Cat.png", "/2/cat.PNG", "/1/截图 (1).png", "/1/dog.png")
    dated = "---\ndate: 2024-0{}-01\n---\n"
    text = "![](<{host}/1/Cat.png>) ![](<{host}/2/cat.PNG>)\n\n![](<{host}/1/截图 (1).png>)\n"
    fresh(site, **{"posts/a": dated.format(5) + text})
    site.host.on("/1/%E6%88%AA%E5%9B%BE%20(1).png", answer(images[2]))
    site.write("posts/b.md", dated.format(6) + "![]({host}/1/Cat.png) ![]({host}/1/dog.png)\n")
    report = migrated(site)
    names = {
        name.removeprefix("static/images/"): data
        for name, data in site.tree().items()
        if name.startswith("static/")
    }
    assert len(names) == 4
    assert set(names.values()) == set(images)
    plain = {"2024/05/cat.png", "2024/05/截图-1.png", "2024/06/dog.png"}
    (distinct,) = names.keys() - plain
    assert distinct.startswith("2024/05/cat-")
    assert {each["key"]: each["sha256"] for each in report["images"]}.keys() == names.keys()
    assert "/images/2024/05/%E6%88%AA%E5%9B%BE-1.png" in (site.root / "posts/a.md").read_text()

    site.write("posts/c.md", dated.format(7) + "![](<{host}/1/Cat.png>)\n")
    site.host.on("/1/Cat.png", answer(b"", code=404))
    (known,) = migrated(site)["images"]
    assert (known["state"], known["key"]) == ("reused", known["key"])
    assert known["key"].startswith("2024/05/cat")  # where it was, though this post is of July


def test_images_go_into_the_bundles_of_hugo_and_come_back_out_of_the_links(site):
    configure(
        site,
        """
[store]
path = "content"
key = "{stem}{ext}"
[rewrite]
links = "page-bundle"
""",
    )
    a, b = serve(site.host, "/1/cat.png", "/2/cat.png")
    shared = "![]({host}/1/cat.png#x)\n"
    fresh(
        site,
        **{
            "content/one/index": shared,
            "content/two/index": shared + "![]({host}/2/cat.png)\n",
            "content/three/index": '<img src="{host}/2/cat.png">\n',
            "content/_index": shared,
            "content/single": shared,
        },
    )
    before = site.tree()
    dry = site.migrator("migrate", ".", "--dry-run", "--diff")
    assert "cat.png#x" in dry.out
    assert site.tree() == before
    report = migrated(site, status=3)
    states = {post["path"]: post["state"] for post in report["posts"]}
    assert states.pop("content/single.md") == "skipped"
    assert set(states.values()) == {"rewritten"}
    tree = site.tree()

    def shown(name):
        """The images beside this post that it shows."""
        folder = name.rpartition("/")[0]
        return [tree[f"{folder}/{link}"] for link in LINK.findall(tree[name].decode())]

    assert shown("content/one/index.md") == shown("content/_index.md") == [a]
    assert shown("content/two/index.md") == [a, b]
    assert shown("content/three/index.md") == [b]
    assert tree["content/one/index.md"].endswith(b"#x)\n")
    assert tree["content/single.md"] == before["content/single.md"]
    told = site.migrator("report")
    assert "index.md" in told.out
    assert "content/single.md" in told.out

    assert site.migrator("rollback", "--yes").status == 0
    assert {name: site.tree()[name] for name in before} == before
    assert {name for name in site.tree() if name.endswith(".png")} == {
        name for name in tree if name.endswith(".png")
    }
    site.host.on("/1/cat.png", answer(b"", code=404))
    again = migrated(site, status=3)
    assert {each["state"] for each in again["images"]} == {"reused"}
    assert {name: site.tree()[name] for name in tree} == tree


def test_a_store_beside_the_posts_is_no_place_for_page_bundles(site):
    configure(site, '[rewrite]\nlinks = "page-bundle"\n')
    serve(site.host, "/a.png")
    fresh(site, **{"content/one/index": "![]({host}/a.png)\n"})
    before = site.tree()
    ended = site.migrator("migrate", ".", "--yes")
    assert ended.status == 2
    assert 'path = "content"' in ended.err
    assert site.tree() == before


def test_a_name_that_cannot_be_made_is_told_before_anything_moves(site):
    configure(site, '[store]\nkey = "{name}{ext}"\n')
    ended = site.migrator("migrate", ".", "--yes")
    assert ended.status == 2
    assert "{name} is not known" in ended.err
    assert "{stem}" in ended.err
    assert json.dumps(site.host.asked) == "[]"


@pytest.mark.parametrize("links", ["", "page-bundle"])
def test_a_run_killed_among_images_of_one_name_ends_with_each_in_its_place(site, links):
    configure(
        site,
        '[safety]\nplaceholders = "allow"\n[store]\npath = "content"\nkey = "{stem}{ext}"\n'
        + ('public_url = "/"\n' if not links else f'[rewrite]\nlinks = "{links}"\n'),
    )
    paths = [f"/{number}/{('cat', 'img')[number % 2]}.png" for number in range(40)]
    images = serve(site.host, *paths)
    site.host.on("/copy/of-7.png", answer(images[7]))
    paths, images = [*paths, "/copy/of-7.png"], [*images, images[7]]
    fresh(site)
    for post in range(8):
        shown = "\n".join(f"![]({{host}}{path})" for path in paths[post::8])
        site.write(f"content/{post}/index.md", shown + "\n")
    for stop, command in ((3, ["migrate", "."]), (25, ["resume"]), (44, ["resume"])):
        process = site.start(*command, "--yes")
        while process.poll() is None and _steps_done(site) < stop:
            time.sleep(0.002)
        process.kill()
        process.communicate()
    assert site.migrator("resume", "--yes").status == 0
    assert "Nothing to do" in site.migrator("migrate", ".", "--yes").out
    tree = site.tree()
    for post in range(8):
        links = LINK.findall(tree[f"content/{post}/index.md"].decode())
        top = f"content/{post}/" if not links[0].startswith("/") else "content"
        assert [tree[f"{top}{link}"] for link in links] == images[post::8]
    for each in site.migrator("report", "--json").json["images"]:
        assert {place["new_url"].lstrip("/") for place in each["references"]} <= {each["key"], ""}


def _steps_done(site):
    """How many images are stored and posts replaced so far."""
    posts = (path.read_bytes() for path in site.root.glob("content/*/index.md"))
    return sum(1 for _ in site.root.rglob("*.png")) + sum(b"http" not in post for post in posts)
