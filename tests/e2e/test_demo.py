import re

import pytest


@pytest.mark.parametrize("options", [[], ["--local"]])
def test_the_demo_tells_the_story_and_leaves_its_result(site, options):
    ended = site.migrator("demo", "shown", *options)
    assert ended.status == 0, ended.err
    blog = site.root / "shown/blog"
    posts = {path.name: path.read_text("utf-8") for path in blog.glob("source/_posts/*.md")}
    assert len(posts) == 5
    links = re.findall(r"[0-9a-f]{2}/([0-9a-f]{64}\.\w+)", "".join(posts.values()))
    stored = blog / "migrated-images" if options else site.root / "shown/store"
    assert set(links) == {path.name for path in stored.rglob("*.*") if path.is_file()}
    assert "migrator rollback" in ended.out


def test_a_folder_with_other_files_is_not_touched(site):
    before = site.tree()
    ended = site.migrator("demo", "posts")
    assert (ended.status, site.tree()) == (2, before)
    assert "posts" in ended.err
