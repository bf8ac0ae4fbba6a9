"""What others wrote never acts upon the terminal: names, posts, hosts' answers, configurations."""

import json
import os
import re
import sys

import pytest
from rig.hosts import redirect, status
from rig.images import image
from rig.terminal import Terminal

# Colours, a cleared screen, the other direction, no width, a bell.
EVIL = "\x1b[31m\x9b2J\u202e\u200b\x07"
ACTS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffd]"
)


@pytest.fixture
def evil_site(site):
    """All that others may write is hostile: the site's folder, posts, the host's answers."""
    old, site.root = site.root, site.root.with_name("si\x1b[31mte\nmigrator: all is well")
    old.rename(site.root)
    site.environment |= {"XDG_CONFIG_HOME": str(site.root / "../config"), "NO_COLOR": "1"}
    site.write("migrator.toml", "[download]\nretries = 0\n")
    host = site.host
    page = f"<html><title>{EVIL}=cmd</title>".encode()
    host.on(
        "/page",
        status(200, f"Content-Type: text/html; {EVIL}".encode().decode("latin-1"), body=page),
    )
    host.on("/away", redirect("http://\x1b[31m.example/\x07"))
    host.on("/packed", status(200, "Content-Encoding: \x1b[31m", body=b"x"))
    host.on("/moody", b"HTTP/1.1 503 \x1b[31m\r\nContent-Length: 0\r\n\r\n")
    host.on("/dot.gif", status(200, body=image("GIF", size=(1, 1))))
    urls = [
        host.url(path) for path in ("/a.png", "/page", "/away", "/packed", "/moody", "/dot.gif")
    ]
    alt = EVIL.replace("[", r"\[")
    text = "".join(f"![{alt} =cmd]({url})\n" for url in urls)
    text += f'<img src="{host.url("/b.jpg")}?{EVIL}">\n'
    for name in (f"posts/{EVIL}.md", "posts/new\nline.md", "posts/=cmd|' .md", "posts/one.md"):
        (site.root / name).write_bytes(f"---\ntitle: {EVIL!r}\n---\n{text}".encode())
    (site.root / "posts/caf\udce9.md").write_bytes(text.encode())
    (site.root / f"posts/wide{EVIL}.md").write_bytes("![](http://h/a.png)".encode("utf-16"))
    return site


def seen(site, *arguments, answer=None):
    """What the command shows on a terminal, once it has ended."""
    command = [sys.executable, "-m", "migrator", *arguments]
    environment = {**os.environ, **site.environment}
    with Terminal(command, cwd=site.root, env=environment) as terminal:
        if answer is not None:
            terminal.asked("[y/N]", answer)
        terminal.end()
    return terminal.seen


def assert_harmless(site, *arguments, answer=None):
    shown = seen(site, *arguments, answer=answer)
    found = ACTS.search(shown)
    assert not found, f"{arguments}: {shown[max(0, found.start() - 100) : found.end()]!r}"
    assert "bug of ours" not in shown
    assert "\nmigrator: all is well" not in shown
    return shown


def test_no_command_lets_hostile_words_through(evil_site):
    site = evil_site
    for arguments in (
        ("scan", "posts"),
        ("migrate", "posts", "--dry-run", "--diff", "-v"),
        ("migrate", "posts", "--yes", "-v"),
        ("report",),
        ("runs",),
        ("accept",),
        ("accept", EVIL),
        ("doctor", "posts", "-v"),
        ("migrate", EVIL, "--yes"),
        ("migrate", f"--{EVIL}"),
        (EVIL,),
        ("trust",),
        ("prune", "--older-than", "0", "--yes"),
    ):
        assert_harmless(site, *arguments)


def test_questions_and_a_refused_rollback_are_harmless(evil_site):
    site = evil_site
    assert "Nothing was changed" in assert_harmless(site, "migrate", "posts", answer="n")
    post = site.root / f"posts/{EVIL}.md"
    assert site.migrator("migrate", "posts", "--yes").status == 3
    post.write_bytes(post.read_bytes() + EVIL.encode())
    assert "was edited since" in assert_harmless(site, "rollback", answer="n")
    site.write("migrator.toml", '[[host]]\nmatch = "h"\noriginal = ["a", "b"]\n')
    assert "not trusted" in assert_harmless(site, "scan", "posts", answer="n")


def test_a_first_configuration_is_asked_for_in_harmless_words(evil_site):
    (evil_site.root / "migrator.toml").unlink()
    shown = assert_harmless(evil_site, "init", f"posts{EVIL}")
    shown += assert_harmless(evil_site, "init", "posts", "--store-path", f"x{EVIL}", "--yes")
    assert "Wrote" in shown or "control character" in shown


@pytest.mark.parametrize(
    "toml",
    [
        '["\\u202e"]\nx = 1\n',
        '[store]\n"\\u001b[31m" = "x"\n',
        '[store]\ntype = "\\u202e\\u009b"\n',
        '[store]\nkey = "\\u202e{x}"\n',
        '[[route]]\nmatch = "https://h/\\u202e"\nfrom = "s3:\\u202e"\n',
        '[download]\nuser_agent = "\\u202e"\n',
        'x = "\x1b\n',
    ],
)
def test_a_configuration_is_refused_in_harmless_words(site, toml):
    site.write("migrator.toml", toml)
    assert "migrator: " in assert_harmless(site, "migrate", "posts", "--yes", "--trust-config")


def test_json_is_valid_whatever_files_and_hosts_say(evil_site):
    scanned = map(json.loads, evil_site.migrator("scan", "posts", "--json").out.splitlines())
    assert f"{EVIL}.md" in {line["path"] for line in scanned}
    posts = evil_site.migrator("migrate", "posts", "--yes", "--json").json["posts"]
    assert {r"posts/caf\xe9.md", f"posts/{EVIL}.md"} <= {post["path"] for post in posts}
    for arguments in (("report", "--json"), ("runs", "--json"), ("accept", "--json")):
        out = evil_site.migrator(*arguments).out
        json.loads(out)
        assert not ACTS.search(out)


def test_a_store_refuses_in_harmless_words(site):
    words = "\x9b2J\u202e\nmigrator: all is well"
    refusal = f"<Error><Code>Evil{words}</Code><Message>{words}</Message></Error>".encode()
    headers = ("x-amz-bucket-region: \x9b31m", "Server: \x9b2J")
    site.host.otherwise = status(403, *headers, body=refusal)
    site.write(
        "migrator.toml",
        '[store]\ntype = "s3"\nprovider = "custom"\nbucket = "bucket"\nregion = "r"\n'
        f'addressing = "path"\nendpoint = "{site.host.url("")}"\n'
        'public_url = "https://img.example.com"\n',
    )
    site.environment |= {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    for command in (("migrate", "posts", "--yes"), ("doctor", "posts")):
        assert "Evil" in assert_harmless(site, *command, "--trust-config")
