"""A blog whose images are on a real server that is set up as image hosts are."""

import signal
import time

import pytest
from rig import hosts, images, nginx

pytestmark = pytest.mark.skipif(bool(nginx.why_not()), reason=nginx.why_not())

POST = """\
![one]({host}/one.png) ![two]({host}/few503/two.png)
![guarded]({host}/guarded/three.png)
![gone]({host}/stand-in/2019/a.png) ![gone]({host}/stand-in/2020/b.png)
![missing]({host}/none.png) ![folder]({host}/list/)
"""


@pytest.fixture
def server(tmp_path):
    with nginx.running(tmp_path / "nginx") as server:
        (server.files / "one.png").write_bytes(images.image("PNG", 1))
        (server.files / "two.png").write_bytes(images.image("PNG", 2))
        (server.files / "three.png").write_bytes(images.image("PNG", 3))
        (server.files / "placeholder.png").write_bytes(images.image("PNG", 9))
        yield server


def test_what_is_an_image_moves_and_all_else_stays_with_its_reason(site, server):
    site.environment["MIGRATOR_ALLOW_PRIVATE"] = server.authority
    (site.root / "posts/deep/two.md").unlink()
    post = site.root / "posts/one.md"
    post.write_text(POST.format(host=server.url("")))
    ended = site.migrator("migrate", "posts", "--yes", "--json")
    assert ended.status == 3, ended.err
    found = {
        image["url"].removeprefix(server.url("")): (image["state"], image["reason"])
        for image in ended.json["images"]
    }
    stand_ins = [found.pop("/stand-in/2019/a.png"), found.pop("/stand-in/2020/b.png")]
    assert [state for state, _ in stand_ins] == ["held", "held"]
    assert found == {
        "/one.png": ("stored", None),
        "/few503/two.png": ("stored", None),
        "/guarded/three.png": ("failed", "forbidden"),
        "/none.png": ("failed", "not-found"),
        "/list/": ("failed", "not-an-image"),
    }
    text = post.read_text()
    assert text.count("migrated-images/") == 2
    assert text.count(server.url("")) == 5
    # A referer for this host, and the guarded image moves, too.
    site.write(
        "migrator.toml", '[[host]]\nmatch = "127.0.0.1"\nreferer = ["https://blog.example/"]\n'
    )
    again = site.migrator("migrate", "posts", "--yes", "--json")
    assert post.read_text().count("migrated-images/") == 3, again.err


def test_ctrl_c_does_not_wait_for_the_pause_that_a_host_asked_for(site):
    path = "/busy.png"
    url = site.host.on(path, hosts.status(429, "Retry-After: 100"))
    (site.root / "posts/one.md").write_text(f"![]({url}) ![]({site.host.url('/a.png')})\n")
    process = site.start("migrate", "posts", "--yes")
    while not site.host.count(path):
        time.sleep(0.05)
        assert process.poll() is None
    time.sleep(0.5)  # now it waits
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=80)
    assert process.returncode == 130, err
    assert "migrator resume" in out + err
