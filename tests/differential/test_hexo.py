"""A Hexo site says the same after its images moved, and shows all of them from their new place."""

import pytest
from rig import hexo, preview
from rig.blog import Blog, assert_images_answer, assert_only_urls_differ, moved_to
from rig.hosts import Host

pytestmark = pytest.mark.skipif(bool(hexo.why_not()), reason=hexo.why_not() or "it is there")

FRONT_MATTERS = (
    """\
---
title: NAME
date: 2024-05-01 08:00:00
cover: https://pics.example.com/cover/NAME.png # the large one
tags: [a, b]
---
""",
    """\
title: NAME
date: 2024-05-02 08:00:00
cover: 'https://pics.example.com/cover/NAME?size=1'
gallery:
  - https://pics.example.com/gallery/NAME-1.png
  - "https://pics.example.com/gallery/NAME-2.png"
---
""",
    """\
"title": "NAME",
"date": "2024-05-03",
"cover": "https://pics.example.com/cover/NAME.png"
;;;
""",
)
SITE = {
    "_config.yml": """
title: A blog
url: {address}
permalink: :title/
theme: plain
""",
    "themes/plain/layout/post.njk": """
<!doctype html>
<title>{{ page.title }}</title>
<img src="{{ page.cover }}" class="cover">
{% for one in page.gallery %}<img src="{{ one }}">{% endfor %}
<article>{{ page.content | safe }}</article>
<aside>{{ page.excerpt | safe }}</aside>
""",
    "scripts/tags.js": """
hexo.extend.tag.register('image', args => `<img src="${args[0].replace(/,$/, '')}">`);
const block = name => (args, content) =>
  hexo.render.render({ text: content, engine: 'markdown' })
    .then(html => `<div class="${name}">${html}</div>`);
hexo.extend.tag.register('gallery', block('gallery'), { ends: true, async: true });
hexo.extend.tag.register('note', block('note'), { ends: true, async: true });
""",
}


@pytest.fixture
def blog(tmp_path):
    with Host() as host, preview.serving(tmp_path / "public") as address:
        blog = Blog(tmp_path, hexo.build, host, address)
        for name, text in SITE.items():
            blog.write(name, text.replace("{address}", address))
        blog.write_posts("source/_posts", "hexo", FRONT_MATTERS)
        # Hexo publishes what lies in source/, so the store may lie there.
        blog.configure(
            f'[store]\npath = "source/pictures"\npublic_url = "{address}/pictures"\n',
        )
        yield blog


@pytest.mark.parametrize("way", ["migrate", "rescue"])
def test_only_urls_change_and_every_image_answers(blog, way):
    served = blog.serve_images("source/_posts")
    before = blog.pages()
    report = getattr(blog, way)("source/_posts")
    after = blog.pages()
    assert len(before) >= 12
    assert_only_urls_differ(before, after, moved_to(report))
    assert_images_answer(blog.address, before, after, served)
