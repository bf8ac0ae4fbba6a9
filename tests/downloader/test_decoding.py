import os
import signal
import struct
import subprocess
import sys
import textwrap
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from rig import broken_images, hosts, images

from migrator.downloader import decoding, media_types, structure
from migrator.downloader.decoding import Decoders, Finding, PixelLimits, Verdict
from migrator.model import Fetched

try:
    import resource
except ImportError:
    resource = None

DECODER = Path(decoding.__file__).with_name("decoder.py")
LIMITS = PixelLimits(64_000_000, 512_000_000)
PNG = images.image()
WHOLE = Verdict(Finding.WHOLE)
NOTHING = Verdict(Finding.NOTHING)
linux = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")


@pytest.fixture
def decoders():
    with Decoders(1) as decoders:
        yield decoders


@pytest.fixture
def with_child(tmp_path):
    """Decoders whose children run another program."""
    made = []

    def make(program: str, count: int = 1) -> Decoders:
        script = tmp_path / "child.py"
        script.write_text("import os, sys, time\n" + textwrap.dedent(program))
        made.append(Decoders(count, script=script))
        return made[-1]

    yield make
    for decoders in made:
        decoders.close()


def decode(decoders, data, limits=LIMITS, **options):
    image_type = media_types.sniff(data)
    assert image_type
    pieces = [data[start : start + 1000] for start in range(0, len(data), 1000)]
    return decoders.decode(pieces, len(data), image_type.media_type, limits, **options)


def changed_decoder(old, new) -> str:
    source = DECODER.read_text()
    assert source.count(old) == 1
    return source.replace(old, new)


def children() -> set[int]:
    """The decoders that this process started and that are alive."""
    mine = set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = status.read_text().rpartition(")")[2].split()[:2]
            command = status.with_name("cmdline").read_bytes()
        except OSError:
            continue
        if int(parent) == os.getpid() and state != "Z" and b"decoder.py" in command:
            mine.add(int(status.parent.name))
    return mine


@pytest.mark.parametrize("kind", images.FORMATS)
def test_a_whole_image_is_whole(decoders, kind):
    assert decode(decoders, images.image(kind)) == WHOLE
    if kind in ("GIF", "PNG", "WEBP", "AVIF"):
        assert decode(decoders, images.animated(kind)) == WHOLE


@pytest.mark.parametrize("kind", broken_images.CUT_INSIDE)
def test_a_frame_that_is_cut_inside_is_damage(decoders, kind, tmp_path):
    data = broken_images.CUT_INSIDE[kind]()
    (tmp_path / "image").write_bytes(data)
    with (tmp_path / "image").open("rb") as file:
        assert structure.inspect(file, len(data), media_types.sniff(data)).end == len(data)
    verdict = decode(decoders, data)
    assert verdict.finding is Finding.DAMAGED
    assert verdict.detail


@pytest.mark.parametrize("data", [images.HEIC, images.JXL_CONTAINER, images.SVG])
def test_what_pillow_cannot_read_is_unknown(decoders, data):
    assert decode(decoders, data) == Verdict(Finding.UNKNOWN)


def test_a_variant_that_pillow_cannot_read_is_unknown(decoders):
    whole = images.image("BMP")
    assert decode(decoders, whole[:30] + b"\x06" + whole[31:]) == Verdict(Finding.UNKNOWN)


def test_an_icon_may_not_hold_a_larger_picture_than_allowed(decoders):
    icon = broken_images.icon_of(broken_images.png_bomb(1100))
    assert decode(decoders, icon, PixelLimits(1100**2, 10**9)) == WHOLE
    assert decode(decoders, icon, PixelLimits(1100**2 - 1, 10**9)) == Verdict(Finding.PIXELS)


def test_a_png_may_hold_a_long_text(decoders):
    text = broken_images.chunk(b"zTXt", b"document\0\0" + zlib.compress(bytes(5_000_000)))
    assert decode(decoders, PNG[:33] + text + PNG[33:]) == WHOLE


def test_a_frame_or_all_frames_may_have_too_many_pixels(decoders):
    assert decode(decoders, PNG, PixelLimits(24 * 16, 24 * 16)) == WHOLE
    assert decode(decoders, PNG, PixelLimits(24 * 16 - 1, 10**9)) == Verdict(Finding.PIXELS)
    film = images.animated("GIF", 3)
    assert decode(decoders, film, PixelLimits(10**9, 3 * 24 * 16)) == WHOLE
    assert decode(decoders, film, PixelLimits(10**9, 3 * 24 * 16 - 1)) == Verdict(Finding.PIXELS)


@pytest.mark.parametrize("side", [1200, 65_535])
def test_a_frame_that_outgrows_its_image_is_too_many_pixels(decoders, side):
    whole = images.image("GIF")
    at = broken_images.first_picture(whole)
    larger = whole[: at + 5] + struct.pack("<HH", side, 1000) + whole[at + 9 :]
    assert decode(decoders, larger, PixelLimits(10**6, 10**9)) == Verdict(Finding.PIXELS)


@linux
def test_memory_is_limited_in_the_child_and_flat_here(decoders):
    def here():
        fields = Path("/proc/self/statm").read_text().split()
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")

    bomb = broken_images.png_bomb(6000)
    vast = broken_images.claims(16_000, 16_000)
    assert decode(decoders, PNG) == WHOLE
    before = here()
    assert decode(decoders, bomb) == WHOLE  # 108 MB
    assert decode(decoders, vast, PixelLimits(10**9, 10**9)) == NOTHING
    assert here() - before < 32 * 1024**2
    assert decode(decoders, PNG) == WHOLE


@linux
def test_time_of_the_processor_is_limited_for_each_image(with_child):
    decoders = with_child(changed_decoder("_CPU = 15", "_CPU = 1"))
    limits = PixelLimits(10**9, 10**12)
    short = broken_images.gif_bomb(1000, 40)
    for _ in range(5):
        assert decode(decoders, short, limits) == WHOLE
    assert decode(decoders, broken_images.gif_bomb(1000, 3000), limits) == NOTHING
    assert decode(decoders, PNG) == WHOLE


CONFINED = """
import mmap, os, runpy, socket, subprocess, sys
decoder = runpy.run_path(sys.argv[1], run_name="decoder")
if sys.argv[2] == "confined":
    decoder["_confine"]()
"""


@pytest.mark.skipif(not resource, reason="there are no limits here")
@pytest.mark.parametrize(
    "attempt",
    [
        "open('/etc/passwd')",
        "socket.socket()",
        "os.pipe()",
        "os.getuid() or os.setuid(65534); os.fork()",  # no limit of processes holds for root
        "mmap.mmap(-1, 10**9)",
        "import sqlite3",
        "sys.stdout.write('x'); sys.stdout.flush()",
    ],
)
def test_a_decoder_cannot_open_connect_start_or_grow_anything(attempt, tmp_path):
    def status(how):
        script = [sys.executable, "-B", "-c", CONFINED + attempt, DECODER, how]
        with (tmp_path / "out").open("w") as out:
            ended = subprocess.run(script, check=False, stdout=out, stderr=subprocess.DEVNULL)
            return ended.returncode

    assert (status("free"), status("confined") != 0) == (0, True)


@pytest.mark.skipif(not resource, reason="there are no limits here")
def test_limits_that_the_system_sets_are_no_obstacle(with_child):
    stricter = "import resource\nresource.setrlimit(resource.RLIMIT_CPU, (10, 10))\n"
    decoders = with_child(stricter + DECODER.read_text())
    assert decode(decoders, PNG) == WHOLE


def test_a_limit_that_pillow_meets_is_no_damage(with_child):
    without_copy = changed_decoder("import copy ", "import io ")
    assert decode(with_child(without_copy), images.image("GIF")).finding is not Finding.DAMAGED


@linux
def test_a_child_sees_nothing_of_our_environment_and_files(decoders, monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    with (tmp_path / "open").open("w"):
        assert decode(decoders, PNG) == WHOLE
        (child,) = children()
        assert b"canary" not in Path(f"/proc/{child}/environ").read_bytes()
        assert {file.name for file in Path(f"/proc/{child}/fd").iterdir()} == {"0", "1", "2"}
        assert os.getsid(child) != os.getsid(0)  # Ctrl-C does not reach it


@linux
@pytest.mark.parametrize("again", [False, True])
def test_a_child_that_is_killed_costs_one_image_at_most(decoders, again):
    if again:
        assert decode(decoders, PNG) == WHOLE
    stuck = threading.Event()
    data = broken_images.gif_bomb(2000, 2000)

    def pieces():
        stuck.set()
        yield data

    with ThreadPoolExecutor(1) as thread:
        limits = PixelLimits(10**9, 10**12)
        verdict = thread.submit(decoders.decode, pieces(), len(data), "image/gif", limits)
        assert stuck.wait(30)
        (child,) = children()
        os.kill(child, signal.SIGKILL)
        assert verdict.result(30) == NOTHING
    assert decode(decoders, PNG) == WHOLE
    (idle,) = children()
    os.kill(idle, signal.SIGKILL)
    os.waitid(os.P_PID, idle, os.WEXITED | os.WNOWAIT)  # whoever asks now is told that it ended
    assert decode(decoders, PNG) == WHOLE


@pytest.mark.parametrize(
    "program",
    [
        "",
        "sys.stdin.buffer.readline()",
        "os.abort()",
        "sys.stdin.buffer.readline(); print('fine')",
        "sys.stdin.buffer.readline(); print('x' * 10**6)",
        "sys.stdin.buffer.readline(); print()",
        "print('\\0\\xff')",
        "import no_such_module",
    ],
)
def test_a_child_that_makes_no_sense_is_an_answer_too(with_child, program):
    decoders = with_child(program)
    for _ in range(2):
        assert decode(decoders, images.image("BMP", size=(400, 300)), seconds=2) == NOTHING


@pytest.mark.parametrize("reads", ["", "sys.stdin.buffer.readline()", "sys.stdin.buffer.read(10)"])
def test_a_child_that_hangs_is_ended_when_its_time_is_up(with_child, reads):
    decoders = with_child(f"{reads}\ntime.sleep(600)")
    started = time.monotonic()
    assert decode(decoders, images.image("BMP", size=(400, 300)), seconds=1.0) == NOTHING
    assert 0.9 < time.monotonic() - started < 60
    if sys.platform == "linux":
        assert children() == set()


def test_an_answer_that_comes_in_time_is_taken_however_late(with_child):
    decoders = with_child(
        "while line := sys.stdin.buffer.readline():\n"
        "    sys.stdin.buffer.read(int(line.split()[1]))\n"
        "    time.sleep(0.5)\n"
        "    print('damaged a\\x1b[31m\\u202eword', flush=True)\n"
    )
    assert decode(decoders, PNG, seconds=20) == Verdict(Finding.DAMAGED, "a?[31m?word")


@linux
def test_a_few_children_serve_many_threads(monkeypatch):
    seen = set()
    with Decoders(2) as decoders, ThreadPoolExecutor(8) as threads:

        def one(seed):
            verdict = decode(decoders, images.image("PNG", seed))
            seen.update(children())
            return verdict

        assert set(threads.map(one, range(60))) == {WHOLE}
        assert len(seen) == 2
    assert children() == set()


def test_waiting_for_a_child_ends_in_time(with_child):
    decoders = with_child("time.sleep(600)")
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(decode, decoders, PNG, seconds=3)
        time.sleep(0.5)
        started = time.monotonic()
        assert decode(decoders, PNG, seconds=0.2) == NOTHING
        assert time.monotonic() - started < 2
        assert first.result() == NOTHING


def test_an_image_that_cannot_be_read_costs_no_child(decoders):
    def pieces():
        yield PNG[:100]
        raise ZeroDivisionError

    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            decoders.decode(pieces(), len(PNG), "image/png", LIMITS)
    assert decode(decoders, PNG) == WHOLE


@linux
def test_a_downloader_ends_its_own_children_and_no_others(host, downloader_for, decoders):
    url = host.on("/a.png", hosts.framed(PNG, "close"))
    for shared in (None, decoders):
        downloader = downloader_for(decoders=shared)
        assert isinstance(downloader.fetch(url), Fetched)
        assert len(children()) == 1
        downloader.close()
        assert len(children()) == (1 if shared else 0)


class Watched(Decoders):
    """Remembers how much time there was."""

    seconds = 0.0

    def decode(self, *image, seconds, **options):
        self.seconds = seconds
        return super().decode(*image, seconds=seconds, **options)


def test_decoding_ends_with_the_time_for_the_image(host, downloader_for):
    url = host.on("/a.png", hosts.framed(PNG, "close"))
    with Watched(1) as decoders:
        assert isinstance(downloader_for(timeout=25, decoders=decoders).fetch(url), Fetched)
        assert 1 < decoders.seconds < 25


PARENT = """
import os, signal, sys
from migrator.downloader.decoding import Decoders, PixelLimits
data = sys.stdin.buffer.read()
decoders = Decoders(1)
decoders.decode([data], len(data), "image/png", PixelLimits(10**6, 10**6))
print(decoders._idle[0]._process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@linux
def test_a_child_does_not_outlive_the_program():
    ended = subprocess.run(
        [sys.executable, "-c", PARENT], check=False, input=PNG, stdout=subprocess.PIPE
    )
    assert ended.returncode == -signal.SIGKILL
    status = Path(f"/proc/{int(ended.stdout)}/stat")
    for _ in range(1000):
        if not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.02)
    pytest.fail("the child is still there")


@linux
def test_nothing_is_started_before_it_is_needed():
    before = children()
    with Decoders(2):
        assert children() == before


@pytest.mark.parametrize(
    "answer",
    [
        "whole 5\\nab",
        "whole 999999999\\n" + "a" * 1000,
        "whole x\\n",
        "damaged\\n",
        "whole -1\\n",
        "",
    ],
)
def test_a_thumbnail_that_is_not_whole_is_none(with_child, answer):
    decoders = with_child(f"sys.stdin.buffer.readline(); print('{answer}', end='')")
    assert decoders.thumbnail(images.image("PNG"), "image/png", 10**6, 112) is None


def test_a_child_that_made_a_thumbnail_goes_on(decoders):
    assert decoders.thumbnail(images.image("PNG"), "image/png", 10**6, 112)
    assert decode(decoders, images.image("PNG")).finding is Finding.WHOLE
    assert decoders.thumbnail(images.image("JPEG"), "image/jpeg", 10**6, 112)
