"""No secret that a run meets gets into anything but posts and the ledger."""

import itertools
import json
import os
import signal
import stat
import subprocess
import sys
import time

import pytest
from rig import hosts, images
from rig.proxies import TestProxy

NAMES = (
    "X-Amz-Signature",
    "X-Amz-Credential",
    "X-Amz-Security-Token",
    "x-goog-signature",
    "x-oss-signature",
    "x-oss-security-token",
    "x-cos-security-token",
    "Signature",
    "OSSAccessKeyId",
    "AWSAccessKeyId",
    "q-signature",
    "q-ak",
    "sig",
    "sign",
    "ssig",
    "token",
    "access_token",
    "auth_key",
    "authorization",
    "api_key",
    "apikey",
    "password",
    "pwd",
    "secret",
    "client_secret",
    "session_id",
    "ticket",
    "jwt",
    "code",
    "hdnts",
    "_upt",
)


@pytest.fixture
def canaries():
    """``canaries()``: the next secret, unlike all others; they are counted."""
    made = []

    def make():
        made.append(f"CANARY{len(made):02}y")
        return made[-1]

    make.made = made
    return make


def seeded(site, canaries):
    """A post in which every image has a secret in its address or in what its host answers."""
    host, lines, number = site.host, [], itertools.count()

    def shown(path, scenario, fragment=""):
        lines.append(f"![]({host.on(path, scenario)}{fragment})")

    def picture():
        return hosts.answer(images.image("PNG", next(number)), f"Set-Cookie: id={canaries()}")

    for name in NAMES:
        shown(f"/{name}.png?{name}={canaries()}", picture())
    shown(f"/long.png?v={canaries()}0123456789abcdef", picture())
    shown(f"/nested.png?url=https%3A%2F%2Fh%2Fa%3Ftoken%3D{canaries()}", picture())
    shown("/fragment.png", picture(), f"#access_token={canaries()}")
    shown(f"/404.png?token={canaries()}", hosts.status(404, body=canaries().encode()))
    title = f"<title>see http://h/?token={canaries()}</title>{canaries()}"
    shown(f"/html.png?token={canaries()}", hosts.answer(title.encode()))
    shown(f"/503.png?token={canaries()}", hosts.status(503, "Retry-After: 1"))
    shown(f"/cut.png?token={canaries()}", hosts.framed(images.image(), "length", 99))
    shown("/login.png", hosts.redirect(f"http://u:{canaries()}@h.example/"))
    shown("/moved.png", hosts.redirect(f"/moved2.png?token={canaries()}"))
    host.on(f"/moved2.png?token={canaries.made[-1]}", picture())
    shown("/lost.png", hosts.redirect(f"ftp://h.example/?sig={canaries()}"))
    shown("/closed.png", hosts.redirect(f"http://127.0.0.1:1/?sig={canaries()}"))
    lines.append(f"![](http://{canaries()}:{canaries()}@{host.authority}/a.png)")
    lines.append(f"![](http://127.0.0.1:1/refused.png?token={canaries()})")
    lines.append(f"![](http://[broken/?token={canaries()})")
    (site.root / "posts/deep/two.md").unlink()
    (site.root / "posts/one.md").write_text("\n\n".join(lines))
    site.write("migrator.toml", "[download]\nretries = 1\n")
    return len(lines)


def names(folder):
    return [path.as_posix() for path in folder.rglob("*")]


def test_forty_secrets_reach_no_output_no_name_and_no_key(site, canaries, request):
    count = seeded(site, canaries)
    site.environment |= {
        "AWS_SECRET_ACCESS_KEY": canaries(),
        "AWS_SESSION_TOKEN": canaries(),
        "OSS_ACCESS_KEY_SECRET": canaries(),
        "HTTP_PROXY": f"http://u:{canaries()}@127.0.0.1:1",
    }
    assert len(canaries.made) >= 40
    said = []
    for command in (
        "scan posts",
        "migrate posts --dry-run",
        "migrate posts --yes -v",
        "migrate posts --yes --only-failed --json",
        "report -v",
        "report --json",
        "runs",
        "runs --json",
        "doctor --json",
        "rollback --yes",
    ):
        ended = site.migrator(*command.split())
        assert ended.status in (0, 3, 6), (command, ended.err)
        said.append(ended.out + ended.err)
    everything = "\n".join([*said, *names(site.root)])
    assert len(said[2]) > 1000
    assert "failed: " in said[2]
    assert [each for each in canaries.made if each in everything] == []
    assert len(json.loads(said[5])["images"]) <= count
    state = site.root / ".migrator"
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    ledgers = [path for path in state.rglob("ledger*") if path.is_file()]
    assert ledgers
    assert {stat.S_IMODE(path.stat().st_mode) for path in ledgers} == {0o600}


def test_a_run_that_is_killed_and_resumed_gives_nothing_away(site, canaries):
    seeded(site, canaries)
    slow = hosts.drip(hosts.answer(images.image()), 0.2)
    with (site.root / "posts/one.md").open("a") as post:
        post.write(f"\n\n![]({site.host.on(f'/slow.png?token={canaries()}', slow)})")
    process = site.start("migrate", "posts", "--yes", "-v")
    while not site.host.count(f"/slow.png?token={canaries.made[-1]}"):
        time.sleep(0.05)
        assert process.poll() is None
    left = names(site.root)
    process.send_signal(signal.SIGKILL)
    out, err = process.communicate(timeout=30)
    path = f"/slow.png?token={canaries.made[-1]}"
    site.host.on(path, hosts.answer(images.image("PNG", 99)))
    resumed = site.migrator("resume", "--yes", "-v")
    assert resumed.status == 3, resumed.err
    everything = "\n".join([out, err, resumed.out, resumed.err, *left, *names(site.root)])
    assert [each for each in canaries.made if each in everything] == []


BUG = """
import sys
from migrator.transfer import Transfer
from migrator.uploader import Stores
from migrator.migration import Migration
def broken(self, fetched, task):
    raise RuntimeError(f"what now? {task.url} https://u:{task.url[-6:]}@h/")
Stores.place = broken
if sys.argv[1] == "outside":
    Migration.carry_out = lambda self, plan, *rest: broken(self, None, plan.tasks[0])
sys.argv = ["migrator", "migrate", "posts", "--yes", "-v"]
from migrator.cli.main import main
main()
"""


@pytest.mark.parametrize("where", ["inside", "outside"])
def test_a_bug_of_ours_gives_nothing_away(site, canaries, where):
    seeded(site, canaries)
    done = subprocess.run(
        [sys.executable, "-c", BUG, where],
        cwd=site.root,
        env={**os.environ, **site.environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 1
    assert "a bug of ours" in done.stderr
    assert [each for each in canaries.made if each in done.stdout + done.stderr] == []


@pytest.mark.parametrize(
    "line",
    [
        'secret_key = "CANARY"',
        'access_key_id = "CANARY"',
        'endpoint = "https://me:CANARY@oss.example.com"',
        'public_url = "https://me:CANARY@img.example.com"',
        'bucket = "CANARY?token=1"',
        'secret_key_env = "AKIA+CANARY/secret"',
    ],
)
def test_a_secret_in_the_configuration_is_refused_unrepeated(site, line):
    site.write("migrator.toml", f'[store]\ntype = "s3"\n{line}\n')
    ended = site.migrator("migrate", "posts", "--yes", "--trust-config")
    assert ended.status == 2
    assert "migrator.toml" in ended.err
    if "bucket" not in line:
        assert "CANARY" not in ended.out + ended.err


def test_a_store_that_repeats_our_keys_is_not_repeated(site, canaries):
    secret, token = canaries(), canaries()
    refusal = (
        "<Error><Code>SignatureDoesNotMatch</Code><Message>see"
        f" https://h/?X-Amz-Credential={token}</Message>"
        f"<AWSAccessKeyId>{token}</AWSAccessKeyId><StringToSign>{token}</StringToSign></Error>"
    )

    def refuse(connection):
        connection.send(hosts.status(403, "Content-Type: application/xml", body=refusal.encode()))
        connection.close()

    with hosts.Host() as store:
        store._scenarios = type("All", (dict,), {"get": lambda *_: [refuse]})()
        site.environment |= {"AWS_ACCESS_KEY_ID": token, "AWS_SECRET_ACCESS_KEY": secret}
        site.write(
            "migrator.toml",
            f'[store]\ntype = "s3"\nbucket = "my-blog"\nendpoint = "{store.url("")}"\n'
            'region = "x"\npublic_url = "https://img.example.com"\n',
        )
        ended = site.migrator("migrate", "posts", "--yes", "--trust-config", "-v")
    assert ended.status == 8, ended.err
    assert not any(each in ended.out + ended.err for each in canaries.made)


def test_what_a_proxy_wants_to_know_stays_with_it(site, canaries):
    with TestProxy("http", ("127.0.0.1", 1), login=f"me:{canaries()}", says=b"nonsense") as proxy:
        site.environment = {"MIGRATOR_PROXY": proxy.url}
        (site.root / "posts/one.md").write_text("![](http://img.example/a.png)")
        (site.root / "posts/deep/two.md").unlink()
        ended = site.migrator("migrate", "posts", "--yes", "-v")
    assert ended.status == 3
    assert canaries.made[0] not in ended.out + ended.err


def test_what_stands_in_posts_is_shown_as_it_stands_where_that_was_asked_for(site, canaries):
    seeded(site, canaries)
    urls = {
        json.loads(line)["url"]
        for line in site.migrator("scan", "posts", "--json").out.splitlines()
    }
    assert any(canaries.made[0] in url for url in urls)
