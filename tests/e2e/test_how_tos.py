"""Every how-to is done as it stands, with the hosts that it names, on this machine alone."""

import hashlib
import json
import re
from pathlib import Path

import pytest
from rig import internet
from rig.how_to import BLOCK
from rig.images import image

PAGES = sorted((Path(__file__).parents[2] / "docs/how-to").glob("*.md"))
PICGO = Path(__file__).parents[1] / "cases/picgo/r2-plugin.json"
OSS = "https://my-old-blog.oss-cn-hangzhou.aliyuncs.com/2019/a.png"
SINA = "https://wx1.sinaimg.cn/large/006a.jpg"
QINIU = "http://xyz.bkt.clouddn.com/b.png"
SHOWN = {"expired-qiniu-domain": [OSS, SINA, QINIU], "from-local-folders": ["img/a.png"]}
# What the reader of a page has done already.
BEFORE = {
    "restore": "migrator backup source/_posts",
    "undo": "migrator migrate posts",
}


def links(site, folder="posts"):
    return re.findall(r"\]\(([^)]+)\)", (site / folder / "old.md").read_text())


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def in_bucket(done, prefix):
    return [each for each in done["objects"] if each.startswith(prefix)]


def moved_to_r2(site, done):
    new, *rest = links(site)
    assert (new[:24], rest) == ("https://img.example.com/", [SINA])
    assert in_bucket(done, "my-blog/") == [f"my-blog/{new[24:]}"]
    there = "my-old-blog.oss-cn-hangzhou.aliyuncs.com/2019/a.png"
    assert done["objects"][f"my-blog/{new[24:]}"] == done["pictures"][there]


def sina_moved(site, done):
    kept, new = links(site)
    assert kept == OSS
    assert sha256(site / "posts" / new) == done["pictures"]["wx1.sinaimg.cn/large/006a.jpg"]


def qiniu_moved(site, done):
    *kept, new = links(site)
    assert kept == [OSS, SINA]
    assert sha256(site / "posts" / new) == done["objects"]["my-qiniu-bucket/b.png"]


def in_picgos_bucket(site, done):
    assert all(link.startswith("https://img.example.com/img/") for link in links(site))
    assert len(in_bucket(done, "my-blog/img/")) == 2


def backed_up(site, done):
    assert links(site, "source/_posts") == [OSS, SINA]
    assert len(in_bucket(done, "my-backup/objects/")) == 2


def restored(site, done):
    assert all("migrated-images/" in link for link in links(site, "source/_posts"))
    assert len([path for path in site.glob("rescued/**/*") if path.is_file()]) == 2
    old = [path for path in site.parent.glob("home/old-images/**/*") if path.is_file()]
    assert {path.name for path in old} == {"a.png", "006a.jpg"}


def put_back(site, done):
    assert links(site) == [OSS, SINA]


def local_put_back(site, done):
    assert links(site) == ["img/a.png"]


AFTER = {
    "come-from-picgo": in_picgos_bucket,
    "expired-qiniu-domain": qiniu_moved,
    "from-local-folders": local_put_back,
    "mirror-images": put_back,
    "move-from-oss-to-r2": moved_to_r2,
    "nightly-backup": backed_up,
    "rescue-sinaimg-pictures": sina_moved,
    "restore": restored,
    "try-on-a-copy": put_back,
    "undo": put_back,
    "use-in-ci": put_back,
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_says_can_be_done(page, tmp_path):
    if reason := internet.why_not():
        pytest.skip(reason)
    site, home = tmp_path / "blog", tmp_path / "home"
    for folder in ("posts", "source/_posts"):
        (site / folder / "img").mkdir(parents=True)
        shown = "".join(f"\n![]({url})\n" for url in SHOWN.get(page.stem, [OSS, SINA]))
        (site / folder / "old.md").write_text(f"---\ntitle: 旧文章\n---\n{shown}")
        (site / folder / "img/a.png").write_bytes(image("PNG"))
    (home / ".picgo").mkdir(parents=True)
    config = json.loads(PICGO.read_text())["config"]
    config["picBed"]["aws-s3"] |= {"bucketName": "my-blog", "uploadPath": "img/{fullName}"}
    (home / ".picgo/config.json").write_text(json.dumps(config))
    before = BEFORE.get(page.stem, "")
    done = json.loads(internet.inside("rig.how_to", str(page), str(site), str(home), before))
    assert done["steps"] == len(BLOCK.findall(page.read_text("utf-8"))) > 0
    assert done["status"] == 0, "\n".join(done["said"])
    AFTER[page.stem](site, done)
