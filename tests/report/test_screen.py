import fcntl
import io
import os
import pty
import struct
import termios

import pytest

from migrator.report.screen import color, live, width


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    master, slave = pty.openpty()
    with os.fdopen(slave, "w") as stream:
        yield stream
    os.close(master)


def resize(stream, columns):
    size = struct.pack("HHHH", 24, columns, 0, 0)
    fcntl.ioctl(stream.fileno(), termios.TIOCSWINSZ, size)


@pytest.mark.parametrize(
    ("environment", "on_terminal", "in_a_file"),
    [
        ({}, True, False),
        ({"NO_COLOR": "1"}, False, False),
        ({"NO_COLOR": ""}, True, False),
        ({"FORCE_COLOR": "1"}, True, True),
        ({"FORCE_COLOR": "0"}, True, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
        ({"TERM": "dumb"}, False, False),
        ({"TERM": "dumb", "FORCE_COLOR": "3"}, True, True),
        ({"CI": "true"}, True, False),
    ],
)
def test_colours(terminal, monkeypatch, environment, on_terminal, in_a_file):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert color(terminal) is on_terminal
    assert color(io.StringIO()) is in_a_file


@pytest.mark.parametrize(
    ("name", "value", "is_live"),
    [
        ("CI", "true", False),
        ("CI", "false", True),
        ("TERM", "dumb", False),
        ("NO_COLOR", "1", True),
        ("FORCE_COLOR", "1", True),
    ],
)
def test_what_is_drawn_over(terminal, monkeypatch, name, value, is_live):
    assert live(terminal)
    monkeypatch.setenv(name, value)
    assert live(terminal) is is_live
    assert not live(io.StringIO())


def test_the_width_is_that_of_the_stream(terminal, monkeypatch):
    resize(terminal, 43)
    assert width(terminal) == 43
    assert width(io.StringIO()) == 80
    resize(terminal, 0)  # nobody told it
    assert width(terminal) == 80
    monkeypatch.setenv("COLUMNS", "57")
    assert width(terminal) == 57
