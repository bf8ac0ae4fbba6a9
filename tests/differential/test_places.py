"""Images where generators have places for them: built before and after, fetched by a reader."""

from contextlib import contextmanager
from itertools import zip_longest
from urllib.parse import urljoin

import pytest
from rig import hexo, hugo, preview
from rig.blog import Blog, same
from rig.hosts import Host
from rig.shown import Page

from migrator.urls import is_external

HUGO = {
    "config.toml": """
baseURL = "{address}/"
disableKinds = ["taxonomy", "term", "RSS", "sitemap", "robotsTXT", "404", "home"]
[markup.goldmark.renderer]
unsafe = true
[markup.goldmark.parser]
autoHeadingID = false
""",
    "layouts/_default/single.html": """
<title>{{ .Title }}</title>
{{ with .Params.cover }}<img src="{{ . }}" class="cover">{{ end }}
<article>{{ .Content }}</article>
""",
    "layouts/_default/list.html": "<article>{{ .Content }}</article>",
    "layouts/shortcodes/img.html": '<img src="{{ .Get 0 }}">',
    "layouts/shortcodes/gallery.html": "<div>\n{{ .Inner | markdownify }}\n</div>",
}
HUGO_POST = """\
---
title: NAME
slug: "another-NAME"
cover: https://pics.example.com/cover/NAME.png
---
"""
HEXO = {
    "_config.yml": """
title: A blog
url: {address}
permalink: :year/:month/:title/
theme: plain
""",
    "themes/plain/layout/post.njk": """
<title>{{ page.title }}</title>
{% if page.cover %}<img src="{{ page.cover }}" class="cover">{% endif %}
<article>{{ page.content | safe }}</article>
""",
    "themes/plain/layout/index.njk": """
{% for post in page.posts.toArray() %}<article>{{ post.content | safe }}</article>{% endfor %}
""",
}
HEXO_POST = """\
---
title: NAME
date: 2024-05-01 08:00:00
cover: https://pics.example.com/cover/NAME.png
---
"""
ASSETS = "post_asset_folder: true\nmarked:\n  prependRoot: true\n  postAsset: true\n"


@contextmanager
def blog_of(generator, files, folder):
    if reason := generator.why_not():
        pytest.skip(reason)
    with Host() as host, preview.serving(folder / "public") as address:
        blog = Blog(folder, generator.build, host, address)
        for name, text in files.items():
            blog.write(name, text.replace("{address}", address))
        yield blog


def moved(blog, posts):
    """The pages before and after all images of ``posts`` moved that can."""
    served = blog.serve_images(posts)
    before = blog.pages()
    report = blog.migrate(posts)
    return served, before, blog.pages(), report


def assert_nothing_but_addresses_differs(before, after):
    assert before.keys() == after.keys()
    for name, html in before.items():
        events = (Page(each, lambda _: "").events for each in (html, after[name]))
        for was, now in zip_longest(*events):
            assert was == now, name


def fetched(blog, served, before, after):
    """The old addresses of the images that are at new places, each fetched from there."""
    seen = set()
    for name, html in before.items():
        for was, now in zip(Page(html).images, Page(after[name]).images, strict=True):
            if was != now:
                url = urljoin(f"{blog.address}/{name}", now)
                assert url.startswith(f"{blog.address}/"), f"{name}: {was} became {now}"
                assert preview.fetch(url) == served[same(was)], f"{name}: {was} became {now}"
                seen.add(same(was))
    return seen


def still_elsewhere(after):
    return {same(url) for html in after.values() for url in Page(html).images if is_external(url)}


def test_hugo_shows_images_from_its_static_folder(tmp_path):
    with blog_of(hugo, HUGO, tmp_path) as blog:
        blog.write_posts("content/posts", "hugo", [HUGO_POST])
        blog.configure(
            '[store]\npath = "static/images"\npublic_url = "/images"\nkey = "{post}/{stem}{ext}"\n'
        )
        served, before, after, _ = moved(blog, "content")
        assert_nothing_but_addresses_differs(before, after)
        assert fetched(blog, served, before, after) == served.keys()


def test_hugo_shows_images_from_page_bundles(tmp_path):
    with blog_of(hugo, HUGO, tmp_path) as blog:
        blog.write_posts("content/posts", "hugo", [HUGO_POST])
        for post in list((tmp_path / "content/posts").glob("*.md")):
            name = "_index" if post.stem == "tables" else "index"
            post.with_suffix("").mkdir()
            post.rename(post.with_suffix("") / f"{name}.md")
        blog.configure(
            '[store]\npath = "content"\nkey = "{sha256:2}/{stem}{ext}"\nprefix = "图"\n'
            '[rewrite]\nlinks = "page-bundle"\n'
        )
        served, before, after, report = moved(blog, "content")
        assert_nothing_but_addresses_differs(before, after)
        covers = {url for url in served if "cover/tables" in url}  # lists show no cover here
        assert fetched(blog, served, before, after) == served.keys() - covers
        for image in report["images"]:
            for place in image["references"]:
                folder = (tmp_path / place["path"]).parent
                assert (folder / image["key"]).is_file()


def test_hugo_shows_no_image_from_beside_a_post_without_a_bundle(tmp_path):
    with blog_of(hugo, HUGO, tmp_path) as blog:
        blog.write("content/posts/one.md", "---\ntitle: one\n---\n")
        blog.write("content/posts/one.png", "what one.md itself would link to")
        blog.write("content/posts/two.md", "---\ntitle: two\n---\n![](one.png)\n")
        pages = blog.pages()
        (wrong,) = Page(pages["posts/two/index.html"]).images
        there = urljoin(f"{blog.address}/posts/two/", wrong)
        assert preview.fetch(there) is None  # so we must not write that


def test_hexo_shows_images_from_below_its_source_folder(tmp_path):
    with blog_of(hexo, HEXO, tmp_path) as blog:
        blog.write_posts("source/_posts", "none", [HEXO_POST])
        blog.configure(
            '[store]\npath = "source/images"\npublic_url = "/images"\n'
            'key = "{year}/{month}/{stem}{ext}"\n'
        )
        served, before, after, _ = moved(blog, "source/_posts")
        assert_nothing_but_addresses_differs(before, after)
        assert fetched(blog, served, before, after) == served.keys()


def test_hexo_shows_images_from_the_folders_of_posts(tmp_path):
    files = HEXO | {"_config.yml": HEXO["_config.yml"] + ASSETS}
    with blog_of(hexo, files, tmp_path) as blog:
        blog.write_posts("source/_posts", "none", [HEXO_POST])
        blog.configure(
            '[store]\npath = "source/_posts"\nkey = "图/{stem}{ext}"\n'
            '[rewrite]\nlinks = "asset-folder"\n'
        )
        served = blog.serve_images("source/_posts")
        before = blog.pages()
        report = blog.migrate("source/_posts", status=3)  # covers stay
        after = blog.pages()
        assert_nothing_but_addresses_differs(before, after)
        seen = fetched(blog, served, before, after)
        assert len(seen) > 100
        keys = {image["url"].partition("//")[2]: image["key"] for image in report["images"]}
        assert keys["pics.example.com/a/5.png"] == keys["pics.example.com/t/5.png"] == "图/5.png"
        assert still_elsewhere(after) == served.keys() - seen
        left = " ".join(report["warnings"])
        assert all(url.partition("//")[2] in left for url in served.keys() - seen if "cover" in url)
