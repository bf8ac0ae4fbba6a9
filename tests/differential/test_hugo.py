"""A Hugo site says the same after its images moved, and shows all of them from their new place."""

import re

import pytest
from rig import hugo, preview
from rig.blog import Blog, assert_images_answer, assert_only_urls_differ, moved_to
from rig.hosts import Host

pytestmark = pytest.mark.skipif(bool(hugo.why_not()), reason=hugo.why_not() or "it is there")

FRONT_MATTERS = (
    """\
---
title: NAME
cover:
  image: "https://pics.example.com/cover/NAME.png" # the large one
  alt: a cover
images: [https://pics.example.com/gallery/NAME-1.png, 'https://pics.example.com/gallery/NAME-2.png']
---
""",
    """\
+++
title = "NAME"
images = [
  "https://pics.example.com/gallery/NAME-1.png", # https://pics.example.com/no.png
  'https://pics.example.com/gallery/NAME-2.png',
]
[cover]
image = "https://pics.example.com/cover/NAME?size=1"
+++
""",
    """\
{
  "title": "NAME",
  "cover": {"image": "https://pics.example.com/cover/NAME.png"}
}
""",
)
SITE = {
    "config.toml": """
baseURL = "{address}/"
title = "A blog"
disableKinds = ["taxonomy", "term", "RSS", "sitemap", "robotsTXT", "404"]
[markup.goldmark.renderer]
unsafe = true
[[module.mounts]]
source = "static"
target = "static"
[[module.mounts]] # where the images go by default
source = "migrated-images"
target = "static/migrated-images"
""",
    "static/robots.txt": "",
    "layouts/_default/single.html": """
<!doctype html>
<title>{{ .Title }}</title>
{{ with .Params.cover }}<img src="{{ .image }}" class="cover">{{ end }}
{{ range .Params.images }}<img src="{{ . }}">{{ end }}
<article>{{ .Content }}</article>
""",
    "layouts/_default/list.html": "{{ range .Pages }}{{ .Content }}{{ end }}",
    "layouts/index.html": "{{ range site.RegularPages }}{{ .Summary }}{{ end }}",
    "layouts/shortcodes/img.html": '<img src="{{ .Get 0 }}">',
    "layouts/shortcodes/gallery.html": "<div>\n{{ .Inner | markdownify }}\n</div>",
}


@pytest.fixture
def blog(tmp_path):
    with Host() as host, preview.serving(tmp_path / "public") as address:
        blog = Blog(tmp_path, hugo.build, host, address)
        for name, text in SITE.items():
            blog.write(name, text.replace("{address}", address))
        blog.write_posts("content/posts", "hugo", FRONT_MATTERS)
        blog.configure('[rewrite]\nlinks = "site-absolute"\n')
        yield blog


def slug(url):
    """``url`` in the anchor of a heading: Hugo makes those of the text with the URLs in it."""
    return re.sub(r"[^a-z0-9_-]", "", url.lower())


def with_new_anchors(html, report):
    anchors = {slug(one["url"]): slug(one["references"][0]["new_url"]) for one in report["images"]}
    longest_first = "|".join(sorted(anchors, key=len, reverse=True))
    headings = re.compile(rf'(?<=<h\d id=")([^"]*?)({longest_first})')
    return headings.sub(lambda match: match[1] + anchors[match[2]], html)


@pytest.mark.parametrize("way", ["migrate", "rescue"])
def test_only_urls_change_and_every_image_answers(blog, way):
    served = blog.serve_images("content")
    before = blog.pages()
    report = getattr(blog, way)("content")
    after = blog.pages()
    before = {name: with_new_anchors(html, report) for name, html in before.items()}
    assert len(before) >= 12
    assert_only_urls_differ(before, after, moved_to(report))
    assert_images_answer(blog.address, before, after, served)
