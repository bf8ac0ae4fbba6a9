"""What other people's CI runs of ours: the hook for pre-commit, the action for GitHub."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from migrator.config import ScanSettings

ROOT = Path(__file__).parents[2]
HOOKS, ACTION = ROOT / ".pre-commit-hooks.yaml", ROOT / "action.yml"
BAD = "![](https://wx1.sinaimg.cn/large/a.jpg)\n"
GOOD = "![](https://img.example.com/a.jpg)\n"
GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.com",
}


def run(command, folder, **environment):
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **GIT, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def git(folder, *arguments):
    status, said = run(["git", *arguments], folder)
    assert status == 0, said


def must_reach_packages(said):
    """Skip where pip finds none; nothing else is a reason."""
    if "No matching distribution" in said:
        pytest.skip("pip reaches no packages here")


def test_the_hook_looks_at_every_kind_of_post():
    (hook,) = yaml.safe_load(HOOKS.read_text())
    files = re.compile(hook["files"])
    assert all(files.search(f"posts/a{each}") for each in ScanSettings().extensions)
    assert not files.search("posts/a.md.png")


@pytest.fixture
def repository(tmp_path):
    """A blog in git whose commits are checked by our hook, as it is here and now."""
    ours, blog = tmp_path / "migrator", tmp_path / "blog"
    files = run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], ROOT)[1]
    for name in files.splitlines():
        if (ROOT / name).is_file() and not name.startswith(("tests/", "benchmarks/", '"')):
            (ours / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, ours / name)
    blog.mkdir()
    for folder in (ours, blog):
        git(folder, "init", "-q")
    git(ours, "add", "-A")
    git(ours, "commit", "-q", "-m", "all of it")
    (hook,) = yaml.safe_load(HOOKS.read_text())
    (blog / ".pre-commit-config.yaml").write_text(
        f"repos:\n- repo: {ours}\n  rev: HEAD\n  hooks:\n"
        f"  - id: {hook['id']}\n    args: [--fail-on-host, sinaimg.cn]\n"
    )
    git(blog, "add", "-A")
    command = [sys.executable, "-m", "pre_commit", "install-hooks"]
    status, said = run(command, blog, PRE_COMMIT_HOME=str(tmp_path / "cache"))
    must_reach_packages(said)
    assert status == 0, said
    return blog


def checked(repository):
    git(repository, "add", "-A")
    return run(
        [sys.executable, "-m", "pre_commit", "run"],
        repository,
        PRE_COMMIT_HOME=str(repository.parent / "cache"),
    )


def test_the_hook_stops_a_commit_of_a_post_with_an_image_on_a_forbidden_host(repository):
    (repository / "good.md").write_text(GOOD)
    (repository / "notes.txt").write_text(BAD)
    status, said = checked(repository)
    assert (status, "Passed" in said) == (0, True), said
    (repository / "bad one.md").write_text(BAD)
    status, said = checked(repository)
    assert (status, "Failed" in said) == (1, True), said
    assert "wx1.sinaimg.cn/large/a.jpg" in said


def step(number, runner, blog, **inputs):
    """Do one step of our action as GitHub does, on a machine whose scratch folder is ``runner``."""
    found = yaml.safe_load(ACTION.read_text())
    which = found["runs"]["steps"][number]
    assert "${{" not in which["run"]  # what a workflow gives is never part of a script
    given = {name: str(each.get("default", "")) for name, each in found["inputs"].items()} | inputs
    context = {"github.action_path": str(ROOT), **{f"inputs.{k}": v for k, v in given.items()}}
    environment = {
        name: re.sub(r"\$\{\{ (.*?) \}\}", lambda expression: context[expression[1]], value)
        for name, value in which["env"].items()
    }
    return run(["bash", "-e", "-c", which["run"]], blog, RUNNER_TEMP=str(runner), **environment)


@pytest.fixture(scope="module")
def runner(tmp_path_factory):
    """A machine on which our action has installed Migrator, with what pip finds that it needs."""
    temp = tmp_path_factory.mktemp("runner")
    status, said = step(0, temp, temp)
    must_reach_packages(said)
    assert status == 0, said
    return temp


def test_what_the_action_installs_is_the_whole_program(runner, tmp_path):
    program = runner / "migrator/bin/migrator"
    status, said = run([program, "demo", "demo", "--local"], tmp_path, PYTHONPATH="")
    assert (status, "One picture stays where it was" in said) == (0, True), said


def test_the_action_fails_on_a_forbidden_host(runner, tmp_path):
    blog = tmp_path / "blog"
    (blog / "my posts").mkdir(parents=True)
    (blog / "my posts/a.md").write_text(GOOD)
    (blog / "b.md").write_text(BAD)
    assert step(1, runner, blog, hosts="sinaimg.cn\n", paths="my posts\n")[0] == 0
    status, said = step(1, runner, blog, hosts="imgur.com\nsinaimg.cn\n")
    assert (status, "wx1.sinaimg.cn" in said) == (3, True), said
    assert step(1, runner, blog, hosts="$(touch pwned)")[0] in {0, 2}
    assert not (blog / "pwned").exists()
    (blog / "_config.yml").write_text("logo: https://i.imgur.com/a.png\n")
    assert step(1, runner, blog, hosts="imgur.com")[0] == 0
    assert step(1, runner, blog, hosts="imgur.com", options="--text")[0] == 3
