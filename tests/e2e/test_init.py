"""The installed ``migrator init`` as a person and as a script use it."""

import json
import os
import re
import shutil
import stat
import sys
import tomllib
from contextlib import ExitStack
from pathlib import Path

import pytest
from rig.hosts import Host, answer
from rig.terminal import Terminal

CASES = Path(__file__).parents[1] / "cases"
EXAMPLE = Path(__file__).parents[2] / "examples/blog"


@pytest.fixture
def fresh(site):
    """The site as it is before anybody wrote a configuration."""
    (site.root / "migrator.toml").unlink()
    site.environment["XDG_CONFIG_HOME"] = str(site.root.parent / "config")
    return site


@pytest.fixture
def person(fresh):
    """``person(...)``: somebody who typed ``migrator init ...`` on a terminal."""
    terminals = []

    def at(*arguments):
        environment = {**os.environ, **fresh.environment}
        command = [sys.executable, "-m", "migrator", "init", *arguments]
        terminals.append(Terminal(command, cwd=fresh.root, env=environment))
        return terminals[-1]

    yield at
    for terminal in terminals:
        terminal.__exit__()


def traces(site):
    """What is in the site's folder beside its posts."""
    return sorted(each.name for each in site.root.iterdir() if each.name != "posts")


def test_a_person_answers_a_few_questions_and_gets_a_checked_configuration(fresh, person):
    terminal = person()
    terminal.asked("127.0.0.1: 3 images")
    terminal.asked("Which shall move?", "1")
    terminal.asked("a folder of this site")
    terminal.asked("Number [1]", "")
    terminal.asked("folder for images [migrated-images]", "pictures")
    terminal.asked("How shall links be written?", "2")
    terminal.asked("How shall images be named?", "")
    terminal.asked('path = "pictures"')
    terminal.asked("Write this", "y")
    terminal.asked("No problem was found")
    terminal.asked("Next:  migrator migrate . --dry-run")
    assert terminal.end() == 0
    file = fresh.root / "migrator.toml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    text = file.read_text()
    assert 'hosts = ["127.0.0.1"]' in text
    assert 'links = "site-absolute"' in text
    assert traces(fresh) == ["migrator.toml"]


def test_a_wrong_answer_is_asked_again(person):
    terminal = person()
    terminal.asked("Which shall move?", "7")
    terminal.asked("numbers from 1 to 1", "all")
    terminal.asked("Where shall they go?")
    terminal.asked("Number", "nowhere")
    terminal.asked("a number from 1 to", "oss")
    terminal.asked("Its bucket")


def test_an_answer_that_does_not_fit_is_asked_again_with_the_reason_and_no_other(fresh, person):
    terminal = person("--key", "{stem}{ext}")
    terminal.asked("Which shall move?", "all")
    terminal.asked("Number", "oss")
    terminal.asked("Its bucket", "My Blog")
    terminal.asked("the bare name of a bucket")
    terminal.asked("Its bucket", "my-blog")
    terminal.asked("Its region", "杭州")
    terminal.asked("a region such as")
    terminal.asked("Its region", "cn-hangzhou")
    terminal.asked("The address at which", "/images")
    terminal.asked("a bucket is not a folder of the site")
    terminal.asked("The address at which", "https://img.example.com")
    terminal.asked("Write this", "n")
    assert terminal.end() == 130
    assert 'bucket = "my-blog"' in terminal.seen
    assert traces(fresh) == []


def test_an_option_that_does_not_fit_is_told_before_any_question(person):
    terminal = person("--key", "{stem}.php")
    assert terminal.end() == 2
    assert "{stem}.php" in terminal.seen
    assert "Which shall move?" not in terminal.seen


@pytest.mark.parametrize("questions", [0, 1, 3])
def test_ctrl_c_at_any_question_leaves_nothing_behind(fresh, person, questions):
    terminal = person()
    asked = ["Which shall move?", "Number", "The folder for images", "How shall links"]
    for question in asked[:questions]:
        terminal.asked(question, "all" if "Which" in question else "")
    terminal.asked(asked[questions])
    assert terminal.interrupted() == 130
    assert "stopped before anything was changed" in terminal.seen
    assert traces(fresh) == []
    assert not (fresh.root.parent / "config").exists()


def test_no_to_the_last_question_writes_nothing(fresh, person):
    terminal = person("--store-path", "pictures", "--links", "relative", "--key", "{sha256}{ext}")
    terminal.asked("Which shall move?", "all")
    terminal.asked("Write this", "n")
    assert terminal.end() == 130
    assert traces(fresh) == []


def test_options_that_answer_are_not_asked(fresh, person):
    terminal = person("--store-path", "pictures", "--host", "127.0.0.1", "--key", "{sha256}{ext}")
    terminal.asked("How shall links be written?", "relative")
    terminal.asked("Write this", "")
    assert terminal.end() == 0
    assert "Which shall move" not in terminal.seen


@pytest.mark.parametrize(
    ("options", "missing"),
    [
        ([], ["--provider or --store-path", "--yes"]),
        (["--yes"], ["--provider or --store-path"]),
        (["--provider", "oss", "--yes"], ["--bucket", "--region", "--public-url"]),
        (["--provider", "r2", "--bucket", "b", "--yes"], ["--endpoint", "--public-url"]),
        (["--store-path", "pictures"], ["--yes"]),
    ],
)
def test_without_a_terminal_the_missing_option_is_named(fresh, options, missing):
    ended = fresh.migrator("init", *options)
    assert ended.status == 2
    said = ended.err.splitlines()[0]
    assert [name for name in missing if name not in said] == []
    assert traces(fresh) == []


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--provider", "oos", "--bucket", "b"], "'oos' is not known"),
        (["--provider", "aws", "--bucket", "B ad", "--region", "us-east-1"], "bucket"),
        (["--store-path", "pictures", "--key", "{sha}"], "key"),
        (["--store-path", "pictures", "--links", "sideways"], "links"),
        (["--store-path", "pictures", "--public-url", "example.com"], "public_url"),
    ],
)
def test_answers_that_do_not_fit_are_refused_before_anything_is_written(fresh, options, says):
    ended = fresh.migrator("init", *options, "--yes")
    assert ended.status == 2
    assert says in ended.err
    assert traces(fresh) == []


def test_a_configuration_that_is_there_is_never_replaced(fresh):
    fresh.write("migrator.toml", "# mine\n")
    for where in (".", "posts"):
        ended = fresh.migrator("init", where, "--store-path", "pictures", "--yes")
        assert ended.status == 2
        assert "is there already" in ended.err
        assert "move it away" in ended.err
    assert (fresh.root / "migrator.toml").read_text() == "# mine\n"


def test_what_it_wrote_is_trusted_until_it_changes(fresh, ceph_site, ceph_server):
    settings = ceph_site.settings
    options = {
        "--provider": "ceph",
        "--bucket": settings.bucket,
        "--endpoint": f"http://127.0.0.1:{ceph_server.port}",
    }
    fresh.environment |= {
        "AWS_ACCESS_KEY_ID": ceph_server.access_key,
        "AWS_SECRET_ACCESS_KEY": ceph_server.secret_key,
    }
    ended = fresh.migrator("init", *sum(options.items(), ()), "--yes")
    assert ended.status == 8, ended.err  # the bucket is private
    assert "readers are denied" in ended.out
    file = fresh.root / "migrator.toml"
    file.write_text(file.read_text().replace("[store]", '[store]\nacl = "public-read"'))
    ended = fresh.migrator("doctor")
    assert (ended.status, "migrator trust" in ended.out) == (2, True)
    assert fresh.migrator("trust").status == 0
    ended = fresh.migrator("doctor")
    assert ended.status == 0, ended.out
    assert ceph_server.secret_key not in file.read_text()


def test_keys_that_are_nowhere_are_explained(fresh):
    options = ["--provider", "ceph", "--bucket", "blog", "--endpoint", "http://127.0.0.1:9"]
    ended = fresh.migrator("init", *options, "--yes")
    assert ended.status == 8
    assert "export AWS_ACCESS_KEY_ID" in ended.err
    assert (fresh.root / "migrator.toml").exists()


@pytest.fixture
def blog(fresh):
    """A copy of the example blog, whose old hosts are on this machine."""
    shutil.rmtree(fresh.root / "posts")
    shutil.copytree(EXAMPLE, fresh.root, dirs_exist_ok=True, ignore=shutil.ignore_patterns("host"))
    with ExitStack() as hosts:
        addresses = {}
        for number, folder in enumerate(sorted((EXAMPLE / "host").iterdir()), start=2):
            host = hosts.enter_context(Host(f"127.0.0.{number}"))
            addresses[folder.name] = host.authority
            for file in filter(Path.is_file, folder.rglob("*")):
                path = "/" + file.relative_to(folder).as_posix()
                host.on(path, answer(file.read_bytes()))
        for post in fresh.root.rglob("*.md"):
            text = post.read_text()
            for old, new in addresses.items():
                text = re.sub(f"https?://{re.escape(old)}/", f"http://{new}/", text)
            post.write_text(text)
        fresh.environment["MIGRATOR_ALLOW_PRIVATE"] = ",".join(addresses.values())
        yield fresh


def test_the_whole_way_of_somebody_who_is_new(blog, person):
    before = blog.tree()
    terminal = person()
    terminal.asked("made by Hexo; its posts are in source/_posts")
    terminal.asked("Which shall move?", "")
    terminal.asked("Number [1]", "")
    terminal.asked("folder for images [source/images]", "")
    terminal.asked("How shall images be named?", "2")
    terminal.asked("Write this", "")
    terminal.asked("Next:  migrator migrate source/_posts --dry-run")
    assert terminal.end() == 0, terminal.seen
    assert {**before, "migrator.toml": blog.tree()["migrator.toml"]} == blog.tree()
    ended = blog.migrator("migrate", "source/_posts", "--dry-run", "--json")
    planned = {each["url"] for each in ended.json["images"] if each["state"] == "planned"}
    assert (ended.status, blog.tree().keys() - before.keys()) == (0, {"migrator.toml"})
    ended = blog.migrator("migrate", "source/_posts", "--yes", "--json")
    states = {each["url"]: each["state"] for each in ended.json["images"]}
    lost = {url for url, state in states.items() if state == "failed"}
    assert ended.status == 3, ended.err  # one picture is lost, as in the demo
    assert len(lost) == 1
    assert {url for url, state in states.items() if state == "stored"} == planned - lost
    assert all(
        name.startswith("source/images/")
        for name in blog.tree().keys() - before.keys()
        if name != "migrator.toml"
    )
    assert b"](/images/20" in b"".join(post.read_bytes() for post in blog.root.rglob("*.md"))
    assert blog.migrator("doctor").status == 0


def test_a_script_gets_the_folder_that_fits_the_site(blog):
    ended = blog.migrator("init", "source/_posts", "--provider", "folder", "--yes", "--no-progress")
    assert ended.status == 0, ended.out
    text = (blog.root / "migrator.toml").read_text()
    assert 'path = "source/images"' in text
    assert 'public_url = "/images"' in text
    found = json.loads(blog.migrator("doctor", "--json").out)["findings"]
    assert [each for each in found if each["area"] == "config" and each["level"] != "ok"] == []


def test_a_folder_that_the_generator_does_not_publish_is_questioned(blog, person):
    terminal = person("source/_posts")
    terminal.asked("Which shall move?", "all")
    terminal.asked("Number [1]", "")
    terminal.asked("folder for images", "pics")
    terminal.asked("Hexo does not publish pics")
    terminal.asked("all the same?", "n")
    terminal.asked("folder for images", "source/pics")
    terminal.asked("How shall images be named?", "1")
    terminal.asked("Write this", "n")
    assert terminal.end() == 130
    assert 'public_url = "/pics"' in terminal.seen


def test_the_folder_of_the_generator_may_be_written_from_the_root_of_the_disk(blog):
    blog.migrator("init", "--store-path", str(blog.root / "source/images"), "--yes")
    text = (blog.root / "migrator.toml").read_text()
    assert 'path = "source/images"' in text
    assert 'public_url = "/images"' in text


def test_a_folder_that_the_generator_does_not_publish_is_noted(blog):
    blog.migrator("init", "--store-path", "elsewhere", "--yes")
    ended = blog.migrator("doctor")
    assert "Hexo may not show images of elsewhere/" in " ".join(ended.out.split())
    assert 'path = "source/images"' in ended.out


def test_the_store_that_picgo_uploads_to_is_taken_over_without_its_keys(fresh):
    home = fresh.root.parent / "home"
    case = json.loads((CASES / "picgo/minio-piclist.json").read_text())
    told = home / ".config/piclist/data.json"
    told.parent.mkdir(parents=True)
    file = home / "cloud.json"
    file.write_text(json.dumps(case["config"]))
    told.write_text(json.dumps({"configPath": str(file)}))
    older = home / ".picgo/config.json"
    older.parent.mkdir()
    older.write_text("{}")
    os.utime(older, (0, 0))
    fresh.environment |= {"HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config")}
    fresh.environment |= {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    ended = fresh.migrator("init", "--from-picgo", "--endpoint", "http://127.0.0.1:9", "--yes")
    assert f"From {file}: provider custom, bucket blog" in ended.err
    assert "what it calls accessKeyID" in ended.err
    text = (fresh.root / "migrator.toml").read_text()
    table = tomllib.loads(text)["store"]
    assert table == {"type": "s3", **case["answers"], "endpoint": "http://127.0.0.1:9"}
    assert 'KEY"' not in text + ended.err + ended.out
    assert 'SECRET"' not in text + ended.err + ended.out


def test_a_host_that_is_no_store_is_named_and_nothing_is_written(fresh):
    fresh.write("data.json", '{"picBed": {"current": "smms", "smms": {"token": "SECRET"}}}')
    ended = fresh.migrator("init", "--picgo-config", "data.json", "--yes")
    assert (ended.status, "SM.MS, which does not speak S3" in ended.err) == (2, True)
    assert not (fresh.root / "migrator.toml").exists()
    fresh.write("data.json", '{"picBed": ')
    assert "data.json is no JSON" in fresh.migrator("init", "--picgo-config", "data.json").err
