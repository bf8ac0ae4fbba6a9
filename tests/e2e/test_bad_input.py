"""What goes wrong around the main job: a clear message, the right status, posts whole."""

import fcntl
import os
import pty
import shutil
import signal
import socket
import subprocess
import sys
import termios
from contextlib import suppress

import pytest


def unchanged(site, *arguments, status, says, where="err"):
    before = site.tree()
    ended = site.migrator(*arguments)
    assert ended.status == status, ended.err
    assert site.tree() == before
    for words in [says] if isinstance(says, str) else says:
        assert words in ended.out + ended.err if where == "both" else words in ended.err
    return ended


def test_a_missing_path_is_named(site):
    unchanged(site, "migrate", "post", "--yes", status=2, says=["post", "no such file"])


def test_an_unknown_key_is_named_with_the_nearest(site):
    site.write("migrator.toml", '[store]\nbuckett = "x"\n')
    unchanged(site, "migrate", "posts", "--yes", status=2, says=["buckett", "bucket"])


def test_a_store_without_a_name_is_not_the_default_one(site):
    unchanged(site, "migrate", "posts", "--yes", "--to", "", status=2, says="--to names no store")


def test_an_unknown_option_or_command_is_named(site):
    unchanged(site, "migrate", "posts", "--dryrun", status=2, says=["--dryrun", "--dry-run"])
    unchanged(site, "migrat", status=2, says=["migrat", "migrate"])


def test_an_untrusted_configuration_sends_no_credentials(site):
    site.write(
        "migrator.toml",
        '[store]\ntype = "s3"\nbucket = "b"\nendpoint = "{host}"\nregion = "x"\n'
        'public_url = "{host}"\n',
    )
    unchanged(site, "migrate", "posts", "--yes", status=2, says=["endpoint", "migrator trust"])
    assert site.host.asked == []


def test_trust_lasts_until_the_file_changes(site, tmp_path):
    site.environment = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    site.write("migrator.toml", '[safety]\nallow_private = ["127.0.0.1"]\n')
    assert site.migrator("scan", "posts").status == 2
    assert site.migrator("trust").status == 0
    assert site.migrator("scan", "posts").status == 0
    site.write("migrator.toml", '[safety]\nallow_private = ["127.0.0.2"]\n')
    assert site.migrator("scan", "posts").status == 2


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("posts/wide.md", "![](http://h/a.png)".encode("utf-16"), "utf-16"),
        ("posts/out.md", b"<!-- migrator-ignore -->\n![](http://h/a.png)", "opt-out"),
    ],
)
def test_posts_left_alone_are_reported_and_the_others_move(site, name, content, reason):
    (site.root / name).write_bytes(content)
    ended = site.migrator("migrate", "posts", "--yes", "--json")
    assert ended.status == (0 if reason == "opt-out" else 3)
    assert (site.root / name).read_bytes() == content
    states = {post["path"]: post["state"] for post in ended.json["posts"]}
    assert states[name] == "skipped"
    assert states["posts/one.md"] == "rewritten"


def test_a_read_only_post_stays_and_says_so(site):
    post = site.root / "posts/one.md"
    post.chmod(0o444)
    before = post.read_bytes()
    ended = site.migrator("migrate", "posts", "--yes")
    assert (ended.status, post.read_bytes()) == (3, before)
    assert "read-only" in ended.out


def test_a_post_that_is_a_symlink_stays_a_symlink(site, tmp_path):
    outside = tmp_path / "outside.md"
    shutil.move(site.root / "posts/one.md", outside)
    before = outside.read_bytes()
    (site.root / "posts/one.md").symlink_to(outside)
    ended = site.migrator("migrate", "posts", "--yes")
    assert ended.status == 3
    assert "symbolic link" in ended.out
    assert outside.read_bytes() == before
    assert (site.root / "posts/one.md").is_symlink()


def test_a_hard_link_stays(site):
    os.link(site.root / "posts/one.md", site.root / "posts/other.txt")
    before = (site.root / "posts/one.md").read_bytes()
    assert site.migrator("migrate", "posts", "--yes").status == 3
    assert (site.root / "posts/one.md").read_bytes() == before


def test_broken_front_matter_is_told_and_the_body_moves(site):
    post = site.write(
        "posts/one.md", "---\ntitle: [\ncover: {host}/b.jpg\n---\n![]({host}/a.png)\n"
    )
    ended = site.migrator("migrate", "posts", "--yes", "--json")
    assert ended.status == 3
    assert "posts/one.md" in ended.json["warnings"][0]
    assert b"migrated-images" in post.read_bytes()


def test_a_host_that_is_down_fails_its_images_alone(site):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    site.write("migrator.toml", "[download]\nretries = 0\n")
    site.environment["MIGRATOR_ALLOW_PRIVATE"] += f",127.0.0.1:{port}"
    site.write("posts/down.md", f"![](http://127.0.0.1:{port}/a.png)")
    ended = site.migrator("migrate", "posts", "--yes", "--json")
    assert ended.status == 3
    assert [each["reason"] for each in ended.json["images"] if each["state"] == "failed"] == [
        "connect"
    ]
    assert ended.json["counts"]["stored"] == 3


def test_a_closed_pipe_is_no_crash(site):
    process = site.start("scan", "posts", "--json")
    process.stdout.close()
    assert process.wait(60) in {0, 141}
    assert "Traceback" not in process.stderr.read()


def test_a_second_run_at_the_same_time_is_refused(site):
    site.host.on("/a.png", lambda connection: connection.stopped.wait(20))
    before = (site.root / "posts/one.md").read_bytes()
    site.start("migrate", "posts", "--yes")
    while not site.host.count("/a.png"):
        assert site.processes[0].poll() is None
    ended = site.migrator("migrate", "posts", "--yes")
    assert (ended.status, "another run" in ended.err) == (7, True)
    assert (site.root / "posts/one.md").read_bytes() == before


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_closed_stream_is_no_crash(site, stream):
    number = {"stdout": 1, "stderr": 2}[stream]
    shell = f"exec {sys.executable} -m migrator migrate posts --yes {number}>&-"
    ended = subprocess.run(
        ["sh", "-c", shell],
        cwd=site.root,
        env={**os.environ, **site.environment},
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert site.stored()


def test_what_was_not_carried_out_leaves_no_trace(site):
    before = site.tree()
    for arguments in (("post", "--yes"), ("posts",), ("migrator.toml", "--yes")):
        site.migrator("migrate", *arguments)
    assert site.tree() == before
    assert not (site.root / ".migrator").exists()


def test_a_password_in_a_url_is_not_told(site):
    site.write("posts/secret.md", "![](http://me:hunter2@127.0.0.1:1/a.png)")
    ended = site.migrator("migrate", "posts", "--yes", "--json")
    assert "hunter2" not in ended.out + ended.err
    assert "hunter2" not in site.migrator("report").out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_at_the_question_ends_at_once(site, number):
    main, worker = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "migrator", "migrate", "posts"],
        cwd=site.root,
        env={**os.environ, **site.environment},
        stdin=worker,
        stdout=worker,
        stderr=worker,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - no threads yet
    )
    os.close(worker)
    shown = b""
    while b"[y/N]" not in shown:
        shown += os.read(main, 1000)
    for _ in range(10):  # until it is heard: one that comes right before the answer is read is not
        if number == signal.SIGINT:
            os.write(main, b"\x03")  # Ctrl-C
        else:
            process.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(2)
            break
    assert process.wait(1) == 128 + number
    os.close(main)
    assert not (site.root / ".migrator").exists()
    assert not site.stored()


def test_half_a_character_in_an_address_costs_that_address_alone(site):
    site.write("posts/half.md", '{"cover": "{host}/\\ud800.png"}\n\n![]({host}/a.png)\n')
    ended = site.migrator("migrate", "posts", "--yes")
    assert (ended.status, "written with escapes" in ended.err + ended.out) == (3, True), ended
    text = (site.root / "posts/half.md").read_text()
    assert "\\ud800.png" in text
    assert "![](../migrated-images/" in text
