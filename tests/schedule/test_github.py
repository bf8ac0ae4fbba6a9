import subprocess

import pytest
import yaml
from rig.timers import recorded, recorder

from migrator.schedule.github import workflow


def made(*arguments):
    return workflow(
        ("backup", *arguments),
        hour=3,
        minute=5,
        secrets=("MY_KEY",),
        package="git+https://h/x@1;id",
    )


def steps(text):
    return yaml.safe_load(text)["jobs"]["backup"]["steps"]


def test_the_workflow_runs_at_its_time_or_by_hand_with_the_least_rights():
    text = made("./posts")
    read = yaml.safe_load(text)
    assert read[True] == {"schedule": [{"cron": "5 3 * * *"}], "workflow_dispatch": None}  # on:
    assert read["permissions"] == {"contents": "read"}
    assert read["concurrency"]["cancel-in-progress"] is False
    assert set(read) == {"name", True, "permissions", "concurrency", "jobs"}
    assert set(read["jobs"]["backup"]) == {"runs-on", "timeout-minutes", "steps"}
    used = [step["uses"] for step in steps(text) if "uses" in step]
    assert [each.partition("@v")[0] for each in used] == [
        "actions/checkout",
        "actions/setup-python",
    ]
    assert all(each.partition("@v")[2].isdigit() for each in used)
    assert steps(text)[0]["with"] == {"persist-credentials": False}


def test_secrets_are_named_and_reach_only_the_step_that_needs_them():
    *others, backup = steps(made("./posts"))
    assert backup["env"] == {
        "MY_KEY": "${{ secrets.MY_KEY }}",
        "MIGRATOR_ON_FAILURE": "${{ secrets.MIGRATOR_ON_FAILURE }}",
    }
    assert not any("env" in step for step in others)


def test_the_commands_are_what_was_meant_and_hold_no_expression(hard, tmp_path, monkeypatch):
    for name in ("migrator", "pip"):
        recorder(tmp_path / "bin" / name, tmp_path / name)
    *_, install, backup = steps(made(f"./{hard.name}", "--to", "s3://b/${{ secrets.X }}"))
    for name, step, words in (
        ("pip", install, ["install", "git+https://h/x@1;id"]),
        ("migrator", backup, ["backup", f"./{hard.name}", "--to", "s3://b/${{ secrets.X }}"]),
    ):
        assert "${{" not in step["run"]
        environment = {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"}
        subprocess.run(["bash", "-ec", step["run"]], env=environment, check=True)
        assert recorded(tmp_path / name)[0] == words


@pytest.mark.parametrize("path", ["- a", "#b", "'c'", "a: b", "博 客", "{x}", "%TAG", "|"])
def test_any_path_leaves_the_workflow_whole(path):
    assert steps(made(f"./{path}"))[-1].keys() == {"name", "env", "run"}
