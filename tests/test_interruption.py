import os
import signal
import subprocess
import sys

import pytest

from migrator.errors import Interrupted
from migrator.interruption import listening, stopping


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_waits_until_it_is_looked_at(number):
    with listening() as stop:
        stop.check()
        os.kill(os.getpid(), number)
        with pytest.raises(Interrupted) as caught:
            stop.check()
    assert caught.value.exit_code == 128 + number


def test_whoever_draws_can_tell_that_a_run_is_stopping():
    assert not stopping()
    with listening():
        assert not stopping()
        os.kill(os.getpid(), signal.SIGTERM)
        assert stopping()
    assert not stopping()


def test_the_second_signal_ends_the_process_at_once():
    script = """
import os, signal, time
from migrator.interruption import listening
with listening():
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(60)
"""
    ended = subprocess.run([sys.executable, "-c", script], check=False)
    assert ended.returncode == 128 + signal.SIGINT


def test_afterwards_signals_do_what_they_did_before():
    before = signal.getsignal(signal.SIGTERM)
    with listening():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before


def test_before_the_program_can_speak_ctrl_c_ends_it_without_a_word():
    script = """
import os, signal, sys
class Slow:
    def find_spec(self, name, *_):
        if name == "typer":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Slow())
from migrator.__main__ import main
main()
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGINT, b"", b"")
