"""Tests that try to break the program, in two sizes: quick ones always, full ones on request.

A test marked ``torture`` asks ``thorough`` how far to go and tells ``figure`` what it saw.
``make torture`` runs these tests alone, in full, and prints the figures at its end: they are what
``docs/reliability.md`` quotes.
"""

import pytest


def pytest_addoption(parser):
    parser.addoption("--torture", action="store_true", help="the full size of tests marked torture")


def pytest_configure(config):
    config.addinivalue_line("markers", "torture: has a full size, which `make torture` runs")


@pytest.fixture(scope="session")
def thorough(pytestconfig):
    """Whether the full size is wanted."""
    return pytestconfig.getoption("torture")


@pytest.fixture
def figure(record_property):
    """Notes one line of what a test saw, in words and numbers, for the end of the run."""
    return lambda words: record_property("figure", words)


def pytest_terminal_summary(terminalreporter):
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    figures = [
        f"{report.nodeid.rpartition('::')[2]}: {words}"
        for report in reports
        for name, words in getattr(report, "user_properties", ())
        if name == "figure" and report.when == "call"
    ]
    if figures:
        terminalreporter.section("figures")
        terminalreporter.write("\n".join(figures) + "\n")
