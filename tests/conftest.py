"""What holds for every test: a plain environment, and no silent skips where none are wanted."""

import os

import hypothesis
import pytest

# A slow machine is no reason to fail.
_SLOW = hypothesis.HealthCheck.too_slow
hypothesis.settings.register_profile("any speed", deadline=None, suppress_health_check=[_SLOW])
hypothesis.settings.load_profile("any speed")

pytest_plugins = ["rig.stores", "rig.torture"]

FORBID_SKIPS = bool(os.environ.get("MIGRATOR_FORBID_SKIPS"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    """Where everything must run (``.ci/run``), a skipped test is a failed one."""
    report = yield
    if FORBID_SKIPS and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome, report.longrepr = "failed", f"must not be skipped: {report.longrepr[2]}"
    return report


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch, tmp_path_factory):
    """No test sees the user's own configuration, credentials, proxies or kind of terminal."""
    for name in list(os.environ):
        if name.startswith(("MIGRATOR_", "AWS_", "XDG_", "GITHUB_")) or name.lower().endswith(
            "_proxy"
        ):
            monkeypatch.delenv(name)
    for name in ("FORCE_COLOR", "NO_COLOR", "COLUMNS", "CI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.getbasetemp() / "no-config"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("TZ", "UTC")
