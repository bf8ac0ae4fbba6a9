"""A small site, an image host of raw sockets, and the installed command."""

import pytest
from rig.hosts import Host, answer
from rig.images import image
from rig.site import Site

POST = """\
---
title: Three pictures
---

![first]({host}/a.png "title") and ![second]({host}/b.jpg#pic_center)

```
![code]({host}/a.png)
```

<img src="{host}/c.gif" width=300> <!-- ![comment]({host}/a.png) -->
"""
SECOND = "\ufeff![again][pic]\r\n\r\n[pic]: <{host}/a.png>\r\n\r\nno newline at the end"


@pytest.fixture
def host():
    with Host() as host:
        for path, kind in (("/a.png", "PNG"), ("/b.jpg", "JPEG"), ("/c.gif", "GIF")):
            host.on(path, answer(image(kind)))
        yield host


@pytest.fixture
def site(tmp_path, host):
    site = Site(tmp_path / "site", host, {"MIGRATOR_ALLOW_PRIVATE": host.authority})
    site.write("migrator.toml", "")  # says where the site's root is
    site.write("posts/one.md", POST)
    site.write("posts/deep/two.md", SECOND)
    yield site
    site.end()
