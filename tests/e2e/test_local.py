"""Images that lie beside their posts move as well, in trees of real generators and editors."""

import hashlib
import re
import shlex
from pathlib import Path

import pytest
from rig.images import SVG, image

from migrator.urls import is_external

PNG, JPEG, GIF = image("PNG"), image("JPEG"), image("GIF")
FENCE = re.compile(r"```sh\n(.*?)```", re.DOTALL)
LINK = re.compile(r"(?:\.\./)*migrated-images/[0-9a-f]{2}/([0-9a-f]{64})\.\w+")

HEXO = {
    "_config.yml": "title: 博客\npost_asset_folder: true\n",
    "source/_posts/hello.md": """\
---
title: 你好
cover: /images/封面.jpg
---
![内](inside.png) ![外](../images/logo.gif "t") ![远]({host}/b.jpg)

{% asset_img inside.png 题 %}
""",
    "source/_posts/hello/inside.png": PNG,
    "source/images/封面.jpg": JPEG,
    "source/images/logo.gif": GIF,
}
HUGO = {
    "hugo.toml": 'baseURL = "https://example.com"\n',
    "content/posts/trip/index.md": """\
+++
title = "Trip"
image = "map.jpg"
+++
![map](map.jpg) {{< figure src="/img/a.png" title="a" >}}
<img src="/img/a.png" srcset="/img/a.png 1x, /img/b.gif 2x">
""",
    "content/posts/trip/map.jpg": JPEG,
    "static/img/a.png": PNG,
    "static/img/b.gif": GIF,
}
JEKYLL = {
    "_config.yml": "baseurl: ''\n",
    "_posts/2024-01-02-hello.md": """\
---
header:
  teaser: /assets/images/cat%20one.png
---
![cat][c]

[c]: /assets/images/cat%20one.png "a cat"
""",
    "assets/images/cat one.png": PNG,
}
TYPORA = {
    "笔记/hello.md": """\
![image-1](hello.assets/image-1.png)
![image-2](hello.assets\\image-2.jpg)
<img src="hello.assets/截图 3.gif" style="zoom:50%;" />
![](./hello.assets/%E6%88%AA%E5%9B%BE%203.gif)
""",
    "笔记/hello.assets/image-1.png": PNG,
    "笔记/hello.assets/image-2.jpg": JPEG,
    "笔记/hello.assets/截图 3.gif": GIF,
}
OBSIDIAN = {
    ".obsidian/app.json": "{}",
    "daily/2024-01-02.md": "![[Pasted image 1.png|300]] and ![](photo.jpg), see [[other note]]\n",
    "attachments/Pasted image 1.png": PNG,
    "attachments/2024/photo.jpg": JPEG,
}
# the files, the images that move, the notes
TREES = {
    "hexo": (HEXO, {PNG, JPEG, GIF}, ["asset_img"]),
    "hugo": (HUGO, {PNG, JPEG, GIF}, []),
    "jekyll": (JEKYLL, {PNG}, []),
    "typora": (TYPORA, {PNG, JPEG, GIF}, []),
    "obsidian": (OBSIDIAN, {PNG, JPEG}, []),
}


@pytest.fixture
def tree(site):
    """``tree(files)``: the site with these files instead of its posts."""

    def grow(files):
        for name in ("posts/one.md", "posts/deep/two.md"):
            (site.root / name).unlink()
        for name, content in files.items():
            path = site.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                path.write_bytes(content)
            else:
                site.write(name, content)
        return site

    return grow


@pytest.mark.parametrize("kind", TREES)
def test_files_beside_posts_move_and_only_the_links_change(tree, kind):
    files, images, notes = TREES[kind]
    site = tree(files)
    before = site.tree()
    planned = site.migrator("migrate", ".", "--local", "--dry-run", "--json")
    assert site.tree() == before
    ended = site.migrator("migrate", ".", "--local", "--yes", "--json")
    assert ended.status == (3 if notes else 0), ended.err
    for note, warning in zip(notes, ended.json["warnings"], strict=True):
        assert note in warning
    assert set(site.stored().values()) == images
    assert [each["url"] for each in planned.json["images"]] == [
        each["url"] for each in ended.json["images"]
    ]
    for each in planned.json["images"]:
        if not is_external(each["url"]):
            assert each["size"] == (site.root / each["url"].removeprefix("file:")).stat().st_size
    (name,) = (name for name in files if name.endswith(".md"))
    now = (site.root / name).read_text("utf-8")
    links = list(LINK.finditer(now))
    assert links
    for link in links:
        assert (
            hashlib.sha256(((site.root / name).parent / link[0]).read_bytes()).hexdigest()
            == link[1]
        )
    assert LINK.split(now)[0] == before[name].decode()[: links[0].start()]
    assert {name: site.tree()[name] for name in before if not name.endswith(".md")} == {
        name: data for name, data in before.items() if not name.endswith(".md")
    }

    second = site.migrator("migrate", ".", "--local", "--yes")
    assert second.status == ended.status
    assert len(site.migrator("runs", "--json").json) == 1
    assert site.migrator("rollback", "--yes").status == 0
    assert {name: site.tree()[name] for name in before} == before


def test_a_second_run_says_that_nothing_is_to_do(tree):
    site = tree(TYPORA)
    site.migrator("migrate", ".", "--local", "--yes")
    ended = site.migrator("migrate", ".", "--local", "--yes")
    assert (ended.status, "Nothing to do" in ended.out) == (0, True)


def test_links_below_the_site_s_own_address_are_known_again(tree):
    site = tree(HEXO)
    site.write("migrator.toml", '[store]\npath = "source/img"\npublic_url = "/blog/img"\n')
    assert site.migrator("migrate", ".", "--local", "--yes").status == 3  # asset_img stays
    moved = (site.root / "source/_posts/hello.md").read_text()
    assert moved.count("(/blog/img/") == 3
    ended = site.migrator("migrate", ".", "--local", "--yes", "--json")
    assert (ended.status, ended.json["run"]) == (3, None)
    assert {each["reason"] for each in ended.json["images"]} == {"already-there"}


def test_folders_of_posts_get_the_files_that_lie_elsewhere(tree):
    site = tree(HEXO)
    settings = '[store]\npath = "source/_posts"\nkey = "{stem}{ext}"\n'
    site.write("migrator.toml", f'{settings}[rewrite]\nlinks = "asset-folder"\n')
    ended = site.migrator("migrate", ".", "--local", "--yes", "--json")
    assert ended.status == 3
    (warning,) = ended.json["warnings"]
    assert "hello.md:3: /images/封面.jpg stays as it is, for Hexo finds images" in warning
    now = (site.root / "source/_posts/hello.md").read_text()
    assert '![内](inside.png) ![外](logo.gif "t") ![远](b.jpg)' in now
    assert (site.root / "source/_posts/hello/logo.gif").read_bytes() == GIF
    assert "{% asset_img inside.png 题 %}" in now


def test_without_the_option_files_of_the_site_stay(tree):
    site = tree(HEXO)
    ended = site.migrator("migrate", ".", "--yes", "--json")
    assert [each["url"] for each in ended.json["images"]] == [site.host.url("/b.jpg")]


def test_a_plan_says_that_files_of_the_site_move_and_how_large_they_are(tree):
    ended = tree(TYPORA).migrator("migrate", ".", "--local", "--dry-run")
    assert "files of this site (3)" in ended.out
    assert "Would try to move 3 images, " in ended.out
    assert "unknown size" not in ended.out


def test_a_missing_file_is_told_with_its_place_and_the_rest_moves(tree):
    site = tree({"a.md": "![](no.png)\n![](../out.png)\n![](yes.png)", "yes.png": PNG})
    (site.root.parent / "out.png").write_bytes(PNG)
    planned = site.migrator("migrate", ".", "--local", "--dry-run")
    ended = site.migrator("migrate", ".", "--local", "--yes")
    assert ended.status == 3
    for out in (planned.out, ended.out):
        assert "the site has no such file\n       a.md:1  file:no.png" in out
        assert re.search(r"outside of the site.*\n.*a\.md:2  file:\.\./out\.png", out)
    assert (site.root / "a.md").read_text().startswith("![](no.png)\n![](../out.png)\n![](migrated")
    report = site.migrator("report", "--json").json
    assert {each["url"]: (each["state"], each["reason"]) for each in report["images"]} == {
        "file:no.png": ("skipped", "no-file"),
        "file:../out.png": ("skipped", "outside-site"),
        "file:yes.png": ("stored", None),
    }
    again = site.migrator("migrate", ".", "--local", "--yes", "--json")
    assert (again.status, again.json["run"]) == (3, None)


def test_what_a_file_is_decides_and_not_its_name(tree):
    site = tree(
        {
            "a.md": "![](page.png) ![](cut.png) ![](x.svg) ![](photo.png)",
            "page.png": "<html>no image</html>",
            "cut.png": PNG[:-20],
            "x.svg": SVG,
            "photo.png": JPEG,
        }
    )
    ended = site.migrator("migrate", ".", "--local", "--yes", "--json")
    assert ended.status == 3
    states = {each["url"]: (each["state"], each["reason"]) for each in ended.json["images"]}
    assert states == {
        "file:page.png": ("failed", "not-an-image"),
        "file:cut.png": ("failed", "truncated"),
        "file:x.svg": ("held", "svg"),
        "file:photo.png": ("stored", None),
    }
    assert [name.rpartition(".")[2] for name in site.stored()] == ["jpg"]


def test_a_file_that_is_let_through_moves(tree):
    site = tree({"a.md": "![](x.svg)", "x.svg": SVG})
    assert site.migrator("migrate", ".", "--local", "--yes").status == 3
    assert site.migrator("accept", "file:x.svg").status == 0
    assert site.migrator("migrate", ".", "--local", "--yes").status == 0
    assert list(site.stored().values()) == [SVG]


def test_copies_of_one_picture_are_no_placeholders(tree):
    names = [f"{letter}.png" for letter in "abcdef"]
    site = tree({"a.md": "\n".join(f"![]({name})" for name in names), **dict.fromkeys(names, PNG)})
    assert site.migrator("migrate", ".", "--local", "--yes").status == 0
    assert list(site.stored().values()) == [PNG]


def test_a_file_that_was_changed_is_another_image(tree):
    site = tree({"a.md": "![](a.png)", "a.png": PNG})
    site.migrator("migrate", ".", "--local", "--yes")
    (site.root / "a.png").write_bytes(image("PNG", 9))
    site.write("b.md", "![](a.png)")
    assert site.migrator("migrate", ".", "--local", "--yes").status == 0
    assert set(site.stored().values()) == {PNG, image("PNG", 9)}
    assert hashlib.sha256(PNG).hexdigest() in (site.root / "a.md").read_text()
    assert hashlib.sha256(image("PNG", 9)).hexdigest() in (site.root / "b.md").read_text()


def test_hosts_choose_between_files_and_other_places(tree):
    site = tree({"a.md": "![]({host}/a.png) ![](a.gif)", "a.gif": GIF})

    def moving(*options):
        planned = site.migrator("migrate", ".", "--local", "--dry-run", "--json", *options).json
        return [each["url"] for each in planned["images"] if each["state"] == "planned"]

    there, here = site.host.url("/a.png"), "file:a.gif"
    assert moving() == [there, here]
    assert moving("--host", "127.0.0.1") == [there]
    assert moving("--host", "local") == [here]
    assert moving("--host", "local", "--host", "127.0.0.1") == [there, here]
    site.write("migrator.toml", '[scan]\nskip_hosts = ["local"]\n')
    assert moving() == [there]
    site.write("migrator.toml", '[scan]\nhosts = ["local"]\n')
    assert moving() == [here]


def test_links_to_image_files_move_on_request(tree):
    site = tree({"a.md": "[full](a.png) [doc](a.pdf)", "a.png": PNG, "a.pdf": "pdf"})
    assert "Nothing to do" in site.migrator("migrate", ".", "--local", "--yes").out
    assert site.migrator("migrate", ".", "--local", "--links", "--yes").status == 0
    assert re.fullmatch(
        rf"\[full\]\({LINK.pattern}\) \[doc\]\(a\.pdf\)", (site.root / "a.md").read_text()
    )


def test_embeds_of_a_vault_keep_names_where_links_are_addresses(tree):
    site = tree(OBSIDIAN)
    site.write("migrator.toml", '[store]\npublic_url = "https://img.example.com"\n')
    ended = site.migrator("migrate", ".", "--local", "--yes", "--json")
    assert ended.status == 3
    assert "![[...]] shows only files of the site" in ended.json["warnings"][0]
    now = (site.root / "daily/2024-01-02.md").read_text()
    assert now.startswith("![[Pasted image 1.png|300]] and ![](https://img.example.com/")


def test_an_interrupted_run_goes_on_with_the_files_of_the_site(tree):
    site = tree({f"{n}.md": f"![](a{n}.png)" for n in range(40)})
    for n in range(40):
        (site.root / f"a{n}.png").write_bytes(image("PNG", n))
    process = site.start("migrate", ".", "--local", "--yes")
    while not site.stored():
        assert process.poll() is None
    process.kill()
    process.wait()
    assert site.migrator("resume", "--yes").status == 0
    assert len(site.stored()) == 40
    assert all("migrated-images/" in (site.root / f"{n}.md").read_text() for n in range(40))
    assert site.migrator("rollback", "--yes").status == 0
    assert (site.root / "7.md").read_text() == "![](a7.png)"


def test_the_how_to_works_as_it_stands(tree):
    site = tree(TYPORA)
    before = site.tree()
    page = (Path(__file__).parents[2] / "docs/how-to/from-local-folders.md").read_text()
    commands = [shlex.split(line, comments=True)[1:] for line in FENCE.search(page)[1].splitlines()]
    ended = [
        site.migrator(*command, *([] if "--dry-run" in command else ["--yes"]))
        for command in commands
    ]
    assert [each.status for each in ended] == [0, 0, 0, 0]
    assert "3 images" in ended[0].out
    assert "Moved 3 images" in ended[1].out
    assert "Nothing to do" in ended[2].out
    assert {name: site.tree()[name] for name in before} == before
