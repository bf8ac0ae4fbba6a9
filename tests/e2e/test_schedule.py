"""Timers are printed, set up and taken away, with the real cron and the real systemd."""

import plistlib
import re
import shlex
import stat
import sys
import time
from pathlib import Path

import pytest
import yaml
from rig.hosts import status
from rig.timers import cron_machine, systemd_machine, until

OTHERS = b"# mine\n17 4 * * * true\n"
BUCKET = '[backup]\ntype = "s3"\nprovider = "oss"\nbucket = "b"\nregion = "cn-hangzhou"\n'
KINDS = ("systemd", "cron", "launchd")


def migrator(machine, *arguments, status=0):
    """What the command prints within ``machine``, started from nowhere near the site."""
    ended = machine.run(sys.executable, "-m", "migrator", *arguments)
    assert ended.returncode == status, ended.stderr.decode()
    return ended.stdout.decode()


def soon():
    """The time of the day at which cron looks at its table next, or the time after that."""
    now = time.time()
    return time.strftime("%H:%M", time.localtime(now + (60 if now % 60 < 50 else 120)))


def copies(site):
    return sorted(path.suffix for path in (site.root / "image-backup/objects").rglob("*.*"))


def test_cron_makes_a_backup_and_nothing_is_left_after_remove(site, tmp_path):
    posts = site.root / "posts"
    environment = {"HOME": str(tmp_path), "MIGRATOR_ALLOW_PRIVATE": site.host.authority}
    with cron_machine(tmp_path, **environment) as machine:
        machine.run("crontab", "-", data=OTHERS)
        for at in ("01:01", soon()):
            migrator(machine, "schedule", "cron", posts, "--at", at, "--install")
        table = machine.run("crontab", "-l").stdout
        assert table.startswith(OTHERS)
        assert table.count(b" backup ") == 1
        with machine.running("cron", "-f"):
            until((site.root / "image-backup/latest").exists, "cron starts no backup", 150)
        assert copies(site) == [".gif", ".jpg", ".png"]
        (log,) = (tmp_path / ".local/state/migrator").iterdir()
        assert "migrator backup" in log.read_text()
        said = migrator(machine, "schedule", "cron", posts, "--remove")
        assert said.startswith("Removed")
        assert machine.run("crontab", "-l").stdout == OTHERS
        said = migrator(machine, "schedule", "cron", posts, "--remove")
        assert said.startswith("There is no")


def test_systemd_makes_backups_and_gives_notice_of_a_lost_image_until_removed(site, tmp_path):
    home, folder = tmp_path / "home", tmp_path / "home/.config/systemd/user"
    notice = f'echo "$MIGRATOR_STATUS $MIGRATOR_SITE" > "{tmp_path}/notice"'
    environment = {"HOME": str(home), "MIGRATOR_ALLOW_PRIVATE": site.host.authority}
    posts = site.root / "posts"
    with systemd_machine(tmp_path, **environment) as machine:
        for at in ("01:01", "02:02"):
            schedule = ("schedule", "systemd", posts, "--at", at, "--on-failure", notice)
            migrator(machine, *schedule, "--install")
        timers = machine.run("systemctl", "--user", "list-timers", "--all").stdout.decode()
        (name,) = set(re.findall(r"migrator-backup-\S+(?=\.timer)", timers))
        shown = machine.run("systemctl", "--user", "cat", f"{name}.timer").stdout.decode()
        assert "OnCalendar=*-*-* 02:02:00" in shown
        enabled = machine.run("systemctl", "--user", "is-enabled", f"{name}.timer").stdout
        assert enabled == b"enabled\n"
        files = [*folder.glob("*.service"), *folder.glob("*.timer"), *home.rglob("*.env")]
        assert len(files) == 3
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}

        start = ("systemctl", "--user", "start", f"{name}.service")
        assert machine.run(*start).returncode == 0
        assert copies(site) == [".gif", ".jpg", ".png"]
        assert not (tmp_path / "notice").exists()
        site.host.on("/c.gif", status(404))
        assert machine.run(*start).returncode != 0
        assert (tmp_path / "notice").read_text() == f"3 {site.root}\n"
        assert copies(site) == [".gif", ".jpg", ".png"]

        migrator(machine, "schedule", "systemd", posts, "--remove")
        timers = machine.run("systemctl", "--user", "list-timers", "--all").stdout.decode()
        assert "migrator" not in timers
        assert [path for path in folder.rglob("*") if path.is_file() or path.is_symlink()] == []
        said = migrator(machine, "schedule", "systemd", posts, "--remove")
        assert said.startswith("There is no")


@pytest.fixture
def programs(site, tmp_path):
    """A PATH on which a test puts what stands for systemctl and crontab."""
    folder = tmp_path / "bin"
    folder.mkdir()
    site.environment |= {"PATH": str(folder), "XDG_CONFIG_HOME": str(tmp_path / "config")}

    def put(name, script):
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)

    return put


def test_where_systemd_is_out_of_reach_the_files_are_there_and_the_rest_is_said(
    site, programs, tmp_path
):
    programs("systemctl", "echo 'Failed to connect to bus: No medium found' >&2; exit 1")
    ended = site.migrator("schedule", "systemd", "--install")
    assert ended.status == 6
    assert "No medium found" in ended.err
    assert re.search(
        r"systemctl --user daemon-reload; systemctl --user enable --now \S+", ended.err
    )
    units = sorted((tmp_path / "config/systemd/user").iterdir())
    assert [unit.suffix for unit in units] == [".service", ".timer"]
    assert all(str(unit) in ended.err for unit in units)
    ended = site.migrator("schedule", "systemd", "--remove")
    assert ended.status == 6
    assert "deleted" in ended.err
    assert not any((tmp_path / "config/systemd/user").iterdir())


def test_a_missing_program_is_named(site, programs):
    for kind, program in (("systemd", "systemctl"), ("cron", "crontab")):
        ended = site.migrator("schedule", kind, "--install")
        assert (ended.status, f"no program {program}" in ended.err) == (6, True)


def test_a_crontab_that_cannot_be_read_is_not_replaced(site, programs, tmp_path):
    programs("crontab", f'echo "$@" >> {tmp_path / "calls"}; echo "not allowed" >&2; exit 1')
    ended = site.migrator("schedule", "cron", "--install")
    assert (ended.status, "not allowed" in ended.err) == (6, True)
    assert (tmp_path / "calls").read_text() == "-l\n"


def test_every_kind_says_where_it_belongs_and_shows_names_but_no_secrets(site):
    site.write("migrator.toml", BUCKET)
    site.environment |= {
        "AWS_ACCESS_KEY_ID": "CANARY",
        "AWS_SECRET_ACCESS_KEY": "CANARY",
        "HTTPS_PROXY": "http://me:CANARY@h:1",
        "AWS_PROFILE": "me",
    }
    for kind in (*KINDS, "github"):
        ended = site.migrator("schedule", kind, "--package", "git+https://example.com/x")
        assert ended.status == 0, ended.err
        assert "belong" in ended.err
        assert "CANARY" not in ended.out + ended.err
        if kind != "launchd":
            assert "AWS_SECRET_ACCESS_KEY" in ended.out
        if kind != "github":
            assert "AWS_PROFILE" in ended.out
            assert "HTTPS_PROXY" in ended.out or kind == "launchd"


def arguments(site, *options):
    """The arguments of migrator in the property list, where sh alone stands between."""
    ended = site.migrator("schedule", "launchd", *options)
    assert ended.status == 0, ended.err
    script = plistlib.loads(ended.out.encode())["ProgramArguments"][2]
    words = shlex.split(script.rpartition("; exec ")[2])
    assert words[3:7] == [sys.executable, "-P", "-m", "migrator"]
    return words[7:]


def test_all_paths_are_absolute_and_options_are_passed_on(site, tmp_path):
    found = arguments(
        site, "posts", "--to", "../copy", "--allow-private", "10.0.0.1", "--trust-config"
    )
    root = site.root
    expected = ["backup", root / "posts", "--quiet", "--no-progress", "--config"]
    expected += [root / "migrator.toml", "--to", tmp_path / "copy", "--trust-config"]
    expected += ["--allow-private", "10.0.0.1", "--log"]
    assert found[:-1] == list(map(str, expected))
    assert Path(found[-1]).is_absolute()


def test_without_a_path_the_whole_site_is_backed_up_wherever_one_stands_in_it(site):
    (site.root / "migrator.toml").rename(site.root / "own.toml")
    assert arguments(site)[:2] == ["backup", str(site.root)]
    (site.root / "own.toml").rename(site.root / "migrator.toml")
    inside = site.root / "posts"
    ended = site.migrator("schedule", "launchd", "--config", "migrator.toml")
    site.root = inside
    assert site.migrator("schedule", "launchd").out == ended.out


def test_a_configuration_that_is_not_trusted_gets_no_timer(site):
    site.write("migrator.toml", '[download]\nproxy = "http://127.0.0.1:1"\n')
    ended = site.migrator("schedule", "cron")
    assert (ended.status, ended.out) == (2, "")
    assert "migrator trust" in ended.err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["cron", "--at", "24:00"], "--at"),
        (["cron", "--at", "noon"], "--at"),
        (["cron", "--install", "--remove"], "--remove"),
        (["launchd", "--install"], "launchd"),
        (["github", "--remove"], "github"),
        (["at"], "KIND"),
        (["cron", "--on-failure", "ftp://x"], "--on-failure"),
        (["systemd", "--on-failure", "https://name:secret@example.org/hook"], "no user name"),
        (["cron", "no-such-folder"], "no-such-folder"),
        (["github", "--to", "s3://b"], "--package"),
        (["github", "--package", "x"], "GitHub's machine"),
        (["github", "--package", "x", "--to", "copy"], "GitHub's machine"),
        (["github", "--package", "x", "--to", "s3://b", "posts", "/"], "repository"),
    ],
)
def test_what_cannot_be_is_refused_with_nothing_printed(site, options, says):
    ended = site.migrator("schedule", *options)
    assert (ended.status, ended.out) == (2, "")
    assert says in ended.err


def test_the_workflow_names_paths_from_the_top_of_the_repository(site):
    (site.root.parent / ".git").mkdir()
    site.write("migrator.toml", BUCKET + 'access_key_env = "A"\nsecret_key_env = "B"\n')
    ended = site.migrator("schedule", "github", "posts", "--package", "./a.whl", "--trust-config")
    *_, install, backup = yaml.safe_load(ended.out)["jobs"]["backup"]["steps"]
    assert shlex.split(install["run"]) == ["pip", "install", "./a.whl"]
    expected = "migrator backup ./site/posts --quiet --no-progress"
    expected += " --config ./site/migrator.toml --trust-config\n"
    assert backup["run"] == expected
    assert list(backup["env"]) == ["A", "B", "MIGRATOR_ON_FAILURE"]


def test_a_profile_of_this_machine_is_no_use_on_github(site):
    site.write("migrator.toml", f'{BUCKET}profile = "me"\n')
    ended = site.migrator("schedule", "github", "--package", "x", "--trust-config")
    assert (ended.status, "access_key_env" in ended.err) == (2, True)
