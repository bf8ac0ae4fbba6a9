import fcntl
import io
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import textwrap
import time

import pyte
import pytest

from migrator.events import ImageDone, PostScanned, StageStarted, Warned, stage
from migrator.model import Failed
from migrator.reasons import Reason
from migrator.report.progress import listener_for, plain_progress

FAILED = ImageDone(Failed("https://a.example/x.png", Reason.DNS, ""))
FAILED_LINE = "failed: https://a.example/x.png: the host's name cannot be resolved"


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_plain_lines_tell_of_stages_and_of_what_went_wrong():
    stream = io.StringIO()
    with plain_progress(stream, clock=Clock()) as listener:
        listener(StageStarted("scan", None))
        listener(PostScanned("a.md"))
        listener(StageStarted("transfer", 2))
        listener(FAILED)
        listener(FAILED)
        listener(Warned("the disk is nearly full"))
    assert stream.getvalue().splitlines() == [
        "Reading posts: 1 post done",
        "Moving images: 2 images",
        FAILED_LINE,
        FAILED_LINE,
        "note: the disk is nearly full",
        "Moving images: 2 images done, 2 failed",
    ]


def test_a_long_stage_gives_a_sign_of_life_every_ten_seconds():
    stream, clock = io.StringIO(), Clock()
    with plain_progress(stream, clock=clock) as listener:
        listener(StageStarted("scan", None))
        for number in range(100):
            clock.now += 0.25
            listener(PostScanned(f"{number}.md"))
    assert stream.getvalue().splitlines() == [
        "Reading posts: 40 posts done",
        "Reading posts: 80 posts done",
        "Reading posts: 100 posts done",
    ]


def test_a_sign_of_life_has_the_pace_and_names_who_is_waited_for():
    stream, clock = io.StringIO(), Clock()
    with plain_progress(stream, clock=clock) as listener:
        listener(StageStarted("transfer", 30, {"a.example": 20, "slow.example": 10}))
        for _ in range(20):
            listener(FAILED)
        clock.now += 10
        listener(ImageDone(Failed("https://slow.example/x.png", Reason.DNS, "")))
    assert stream.getvalue().splitlines()[-3] == (
        "Moving images: 21 of 30 images done, 21 failed, 2 min left;"
        " waiting for slow.example (1 of 10)"
    )


def test_a_log_shows_life_while_nothing_happens(monkeypatch):
    monkeypatch.setattr("migrator.report.progress._HEARTBEAT", 0.2)
    stream = io.StringIO()
    with plain_progress(stream) as listener:
        listener(StageStarted("transfer", 2))
        give_up = time.monotonic() + 30
        while stream.getvalue().count("0 of 2 images done") < 2:
            assert time.monotonic() < give_up
            time.sleep(0.05)


def test_what_comes_after_a_stage_is_not_counted_in_it():
    stream = io.StringIO()
    with plain_progress(stream) as listener:
        with stage(listener, "scan"):
            listener(PostScanned("a.md"))
        assert stream.getvalue() == "Reading posts: 1 post done\n"
        listener(FAILED)
    assert stream.getvalue() == f"Reading posts: 1 post done\n{FAILED_LINE}\n"


def test_a_stage_that_was_stopped_does_not_claim_to_be_complete():
    stream = io.StringIO()
    progress = plain_progress(stream)
    listener = progress.__enter__()
    listener(StageStarted("transfer", 5))
    listener(FAILED)
    progress.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert stream.getvalue().splitlines()[-1] == "Moving images: 1 of 5 images done, 1 failed"


def test_without_progress_only_what_went_wrong_is_said():
    stream = io.StringIO()
    with listener_for(stream, no_progress=True) as listener:
        listener(StageStarted("transfer", 1))
        listener(FAILED)
    assert stream.getvalue() == FAILED_LINE + "\n"


def test_quiet_says_nothing():
    stream = io.StringIO()
    with listener_for(stream, quiet=True, verbose=True) as listener:
        listener(StageStarted("transfer", 1))
        listener(FAILED)
    assert stream.getvalue() == ""


def test_a_log_that_nobody_reads_any_more_does_not_end_the_run():
    reader, writer = os.pipe()
    os.close(reader)
    stream = os.fdopen(writer, "w", buffering=1)
    with plain_progress(stream) as listener:
        listener(StageStarted("transfer", 1))
        listener(FAILED)
    with pytest.raises(BrokenPipeError):
        stream.close()


RUN = textwrap.dedent("""
    import os, sys, time
    from migrator.events import *
    from migrator.model import *
    from migrator.reasons import Reason
    from migrator.report.progress import listener_for

    def run(say):
        say(StageStarted("scan", None))
        for number in range(30):
            say(PostScanned(f"source/_posts/[red]关于图床迁移的一些想法/第{number}篇.md"))
        say(PostSkipped(SkippedPost(None, "b.md", Reason.UTF_16)))
        say(Warned("a.md: \\x1b[2J front matter is broken"))
        say(StageStarted("transfer", 40))
        for number in range(10):
            url = f"https://a.example/{number}.png"
            asset = Asset("a" * 64, 1_000_000, "image/png", ".png")
            say(ImageDone(Stored(url, asset, Placement("s", "k", "a" * 64), url)))
        say(ImageDone(Failed("https://a.example/f.png", Reason.DNS, "")))
        print("shown", flush=True)  # stdout: the test looks at the screen now
        sys.stdin.readline()
        exec(os.environ.get("END", ""))

    with listener_for(sys.stderr, verbose="VERBOSE" in os.environ) as say:
        run(say)
    print("summary", file=sys.stderr)
""")


class Terminal:
    """A program whose standard error is a terminal of our own, as a person would see it."""

    def __init__(self, columns, **environment):
        self.screen = pyte.Screen(columns, 24)
        self.raw = b""
        self._stream = pyte.ByteStream(self.screen)
        self._fd, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        plain = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUN],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=terminal,
            env={"TERM": "xterm-256color", "PYTHONUTF8": "1"} | plain | environment,
            text=True,
        )
        os.close(terminal)

    def read_until(self, text):
        while not any(text in line for line in self.lines()):
            self._feed()

    def _feed(self):
        try:
            data = os.read(self._fd, 65536)
        except OSError:  # the other end is closed
            data = b""
        if not data:
            pytest.fail("\n".join(self.lines()))
        self.raw += data
        self._stream.feed(data)

    def lines(self):
        return [line.rstrip() for line in self.screen.display if line.strip()]

    def finish(self):
        """Let the program end and return what is left on the screen."""
        self.answer()
        return self.drain()

    def answer(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def drain(self):
        while True:
            try:
                data = os.read(self._fd, 65536)
            except OSError:
                break
            if not data:
                break
            self.raw += data
            self._stream.feed(data)
        self.process.communicate(timeout=30)
        os.close(self._fd)
        return self.lines()


@pytest.fixture
def terminal():
    started = []

    def start(columns=80, **environment):
        started.append(Terminal(columns, **environment))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.communicate()


LEFT = "left alone: b.md: the file is in UTF-16 or UTF-32"
NOTE = r"note: a.md: \x1b[2J front matter is broken"


def test_the_display_is_live_and_gone_at_the_end(terminal):
    seen = terminal()
    seen.read_until("10 moved, 1 failed, 10.0 MB")
    assert seen.lines()[:3] == [LEFT, NOTE, "Reading posts       31, 1 left alone"]
    assert seen.lines()[3].startswith("Moving images       11/40  ━━━━━")
    assert seen.screen.cursor.hidden
    assert seen.finish() == [LEFT, NOTE, "summary"]
    assert not seen.screen.cursor.hidden
    assert seen.process.returncode == 0


def test_between_stages_the_terminal_is_free_for_a_question(terminal):
    ask = "say(StageEnded()); print('Go ahead?', file=sys.stderr, flush=True); input();"
    seen = terminal(END=ask + "say(StageStarted('rewrite', 3)); input()")
    seen.read_until("10 moved")
    seen.answer()
    seen.read_until("Go ahead?")
    assert seen.lines() == [LEFT, NOTE, "Go ahead?"]
    assert not seen.screen.cursor.hidden
    seen.answer()
    seen.read_until("Updating posts      0/3")
    assert seen.lines()[:5] == [
        LEFT,
        NOTE,
        "Go ahead?",
        "Reading posts       31, 1 left alone",
        "Moving images       11/40, 10 moved, 1 failed, 10.0 MB",
    ]
    assert seen.finish() == [LEFT, NOTE, "Go ahead?", "summary"]


def test_it_fits_a_narrow_terminal(terminal):
    seen = terminal(40)
    seen.read_until("10 moved, 1 failed, 10.0 MB")
    assert all(not line.endswith("…") for line in seen.lines())
    assert seen.finish()[-1] == "summary"


STOPPED = """
import signal
from migrator.interruption import listening
with listening():
    os.kill(os.getpid(), signal.SIGINT)
    input()
"""


def test_a_run_that_was_told_to_stop_says_so(terminal):
    seen = terminal(END=STOPPED)
    seen.read_until("10 moved")
    seen.answer()
    seen.read_until("Stopping: what is in hand is finished.")
    assert seen.finish()[-1] == "summary"


def test_a_log_says_once_that_the_run_is_stopping(terminal):
    seen = terminal(END=STOPPED, TERM="dumb")
    seen.read_until("Moving images: 40 images")
    seen.answer()
    seen.read_until("Stopping: what is in hand is finished.")
    time.sleep(1.2)
    assert sum("Stopping:" in line for line in seen.finish()) == 1


HOSTS = """
say(StageStarted("transfer", 63, {"a.example": 20, "很长的名字.example": 10, "done.example": 1}
    | {f"h{n}.example": n for n in range(1, 7)}))
say(ImageDone(Failed("https://a.example/f.png", Reason.DNS, "")))
say(ImageDone(Failed("https://done.example/f.png", Reason.DNS, "")))
input()
"""


@pytest.mark.parametrize(("width", "beside"), [(40, ""), (80, ", 1 failed")])
def test_each_host_has_a_line(terminal, width, beside):
    seen = terminal(width, END=HOSTS)
    seen.read_until("10 moved")
    seen.answer()
    seen.read_until("and 3 more hosts")
    rows = [line for line in seen.lines() if ".example  " in line and "/" in line]
    assert all(len(row) < width for row in rows)
    assert len({row.rindex("/") for row in rows if "名" not in row}) == 1
    assert f"  a.example            1/20{beside}" in rows
    assert not any("done.example" in row for row in rows)
    assert seen.finish()[-1] == "summary"


def test_ci_gets_plain_lines_also_on_a_terminal(terminal):
    seen = terminal(CI="true")
    seen.read_until("Moving images: 40 images")
    seen.finish()
    assert b"\x1b" not in seen.raw


def test_names_are_shown_as_they_are_and_cannot_steer_the_terminal(terminal):
    seen = terminal(
        END="say(StageStarted('scan', None)); say(PostScanned('文/[red]图\\x1b.md')); input()"
    )
    seen.read_until("10 moved")
    seen.answer()
    # pyte leaves an empty cell after each wide character
    seen.read_until("[red]")
    assert r"文/[red]图\x1b.md" in [line.replace(" ", "") for line in seen.lines()]
    assert seen.finish()[-1] == "summary"


@pytest.mark.parametrize(
    ("end", "status"),
    [("raise RuntimeError('boom')", 1), ("raise KeyboardInterrupt", -signal.SIGINT)],
)
def test_the_terminal_is_left_clean_when_the_run_breaks(terminal, end, status):
    seen = terminal(END=end)
    seen.read_until("10 moved")
    left = seen.finish()
    assert left[:3] == [LEFT, NOTE, "Traceback (most recent call last):"]
    assert not any("━" in line for line in left)
    assert not seen.screen.cursor.hidden
    assert seen.process.returncode == status


def test_ctrl_c_leaves_the_terminal_clean(terminal):
    seen = terminal()
    seen.read_until("10 moved")
    seen.process.send_signal(signal.SIGINT)
    left = seen.drain()
    assert not any("━" in line for line in left)
    assert not seen.screen.cursor.hidden


def test_verbose_adds_a_line_for_what_went_wrong(terminal):
    seen = terminal(VERBOSE="1")
    seen.read_until("10 moved")
    assert "failed: https://a.example/f.png: the host's name cannot be resolved" in seen.finish()


def test_no_color_has_no_colour(terminal):
    colored, plain = terminal(), terminal(NO_COLOR="1")
    for seen in (colored, plain):
        seen.read_until("10 moved")
        seen.finish()
    assert b"\x1b[38;" in colored.raw
    assert b"\x1b[3" not in plain.raw


def test_a_dumb_terminal_gets_plain_lines(terminal):
    seen = terminal(TERM="dumb")
    seen.read_until("Moving images: 40 images")
    assert b"\x1b" not in seen.raw
    assert seen.finish()[-2:] == [
        "Moving images: 11 of 40 images done, 10 moved, 1 failed, 10.0 MB",
        "summary",
    ]


def test_rich_is_imported_only_for_a_terminal():
    code = (
        "import sys; from migrator.report.progress import listener_for\n"
        "with listener_for(sys.stderr): pass\n"
        "print('rich' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "False\n"
