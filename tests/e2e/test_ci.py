"""What other people's CI runs of ours: the hook for pre-commit, the action for GitHub."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

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


@pytest.fixture
def repository(tmp_path):
    """A blog in git whose commits are checked by our hook, as it is here and now."""
    ours, blog = tmp_path / "migrator", tmp_path / "blog"
    for folder in (ours, blog):
        folder.mkdir()
        git(folder, "init", "-q")
    # pre-commit installs a hook's repository; ours is here already, so it gets a stand-in of it.
    hook = yaml.safe_load(HOOKS.read_text())[0]
    assert hook["language"] == "python"
    stand_in = {**hook, "language": "system", "entry": f"{sys.executable} -m {hook['entry']}"}
    (ours / HOOKS.name).write_text(yaml.safe_dump([stand_in]))
    git(ours, "add", "-A")
    git(ours, "commit", "-q", "-m", "hooks")
    (blog / ".pre-commit-config.yaml").write_text(
        f"repos:\n- repo: {ours}\n  rev: HEAD\n  hooks:\n"
        f"  - id: {hook['id']}\n    args: [--fail-on-host, sinaimg.cn]\n"
    )
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


def acted(blog, **inputs):
    """Run the action's steps by bash, as GitHub does; ``inputs`` are as a workflow gives them."""
    action = yaml.safe_load(ACTION.read_text())
    given = {name: str(each.get("default", "")) for name, each in action["inputs"].items()} | inputs
    context = {"github.action_path": str(ROOT), **{f"inputs.{k}": v for k, v in given.items()}}

    def filled(text):
        return re.sub(r"\$\{\{ (.*?) \}\}", lambda found: context[found[1]], text)

    install, scan = action["runs"]["steps"]
    temp = blog.parent / "temp"
    program = temp / "migrator/bin/migrator"
    program.parent.mkdir(parents=True, exist_ok=True)
    if not program.exists():  # what the first step would install is installed here
        assert '"$RUNNER_TEMP/migrator/bin/pip" install' in install["run"]
        program.symlink_to(Path(sys.executable).with_name("migrator"))
    environment = {name: filled(value) for name, value in scan["env"].items()}
    assert "${{" not in scan["run"]  # what a workflow gives is never part of a script
    return run(["bash", "-e", "-c", scan["run"]], blog, RUNNER_TEMP=str(temp), **environment)


def test_the_action_fails_on_a_forbidden_host(tmp_path):
    blog = tmp_path / "blog"
    (blog / "my posts").mkdir(parents=True)
    (blog / "my posts/a.md").write_text(GOOD)
    (blog / "b.md").write_text(BAD)
    assert acted(blog, hosts="sinaimg.cn\n", paths="my posts\n")[0] == 0
    status, said = acted(blog, hosts="imgur.com\nsinaimg.cn\n")
    assert (status, "wx1.sinaimg.cn" in said) == (3, True), said
    assert acted(blog, hosts="$(touch pwned)")[0] in {0, 2}
    assert not (blog / "pwned").exists()
    (blog / "_config.yml").write_text("logo: https://i.imgur.com/a.png\n")
    assert acted(blog, hosts="imgur.com")[0] == 0
    assert acted(blog, hosts="imgur.com", options="--text")[0] == 3
