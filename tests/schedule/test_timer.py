from dataclasses import replace
from pathlib import Path

import pytest

from migrator.config.settings import RouteSettings
from migrator.config.store_settings import BackupSettings
from migrator.errors import UsageError
from migrator.schedule import secret_variables
from migrator.schedule.timer import name_for


@pytest.mark.parametrize("bad", ["a\nb", "a\x1b[2Jb", "a\udce4b", "a\u202eb"])
def test_what_no_format_can_hold_is_refused(timer, bad):
    for change in ({"root": Path(bad)}, {"arguments": (bad,)}, {"environment": {"A": bad}}):
        with pytest.raises(UsageError, match="cannot hold"):
            replace(timer, **change)


def test_a_python_without_a_path_is_refused(timer):
    with pytest.raises(UsageError, match="path"):
        replace(timer, python="")


def test_every_site_has_a_name_of_its_own_that_every_format_takes():
    names = [
        name_for(Path(root)) for root in ("/a/My Blog", "/b/My Blog", "/a/博客", "/", "/\udce4")
    ]
    assert len(set(names)) == len(names)
    assert all(name.startswith("migrator-backup-") and name.isascii() for name in names)
    assert names[0].startswith("migrator-backup-my-blog-")
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") for name in names)


def test_the_variables_of_every_bucket_that_a_backup_uses_are_named():
    routes = (
        RouteSettings(match="http://h/", source="s3://b", access_key_env="C"),
        RouteSettings(match="http://h/", source="s3://b", profile="p"),
        RouteSettings(match="http://h/", source="https://i/"),
    )
    environment = {"HTTPS_PROXY": "http://u:p@h", "http_proxy": ""}
    own = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    for place, names in (
        (BackupSettings(bucket="b"), own),
        (BackupSettings(bucket="b", access_key_env="A", secret_key_env="B"), ("A", "B")),
        (BackupSettings(bucket="b", profile="p"), ()),
        (BackupSettings(path="a", access_key_env="UNUSED"), ()),
    ):
        assert secret_variables(place, routes, environment) == (*names, "C", "HTTPS_PROXY")
