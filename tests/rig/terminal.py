"""A person at a terminal: reads what a command asks, and types."""

import os
import pty
import select
import subprocess
import time

_PATIENCE = 60.0  # seconds
_ON_TERMINAL = 'exec "$@" <"$0" >"$0" 2>&1'  # whoever opens it first in a session owns it


class Terminal:
    """``command`` on a terminal of its own; use as a context manager."""

    def __init__(self, command, **options):
        self.seen, self._shown = "", b""
        self._master, slave = pty.openpty()
        name = os.ttyname(slave)
        self._process = subprocess.Popen(
            ["sh", "-c", _ON_TERMINAL, name, *map(str, command)],
            start_new_session=True,
            **options,
        )
        os.close(slave)
        self._read_to = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        os.close(self._master)

    def asked(self, text, answer=None):
        """Wait until ``text`` appears after what was waited for before; type ``answer``."""
        give_up = time.monotonic() + _PATIENCE
        while text not in self.seen[self._read_to :]:
            if not self._more(give_up - time.monotonic()):
                raise AssertionError(f"{text!r} was never shown:\n{self.seen}")
        self._read_to = self.seen.index(text, self._read_to) + len(text)
        if answer is not None:
            self.type(f"{answer}\n")

    def type(self, text):
        os.write(self._master, text.encode())

    def end(self):
        """The exit status, once the command has ended."""
        give_up = time.monotonic() + _PATIENCE
        while self._more(give_up - time.monotonic()):
            pass
        return self._process.wait(timeout=10)

    def agreed(self):
        """Say yes to every question that wants one; the exit status at the end."""
        give_up = time.monotonic() + _PATIENCE
        while self._more(give_up - time.monotonic()):
            if self.seen[self._read_to :].endswith("[y/N]: "):
                self._read_to = len(self.seen)
                self.type("y\n")
        return self._process.wait(timeout=10)

    def interrupted(self):
        """Press Ctrl-C, and again if need be; the exit status.

        Python does not notice one that comes in the instant before it waits for a line.
        """
        give_up = time.monotonic() + _PATIENCE
        while self._process.poll() is None and time.monotonic() < give_up:
            self.type("\x03")
            soon = time.monotonic() + 2
            while self._process.poll() is None and self._more(soon - time.monotonic()):
                pass
        return self.end()

    def _more(self, seconds):
        """Read on; whether there was something to read before the end and in time."""
        if not select.select([self._master], [], [], max(0, seconds))[0]:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:  # EIO: nobody has it open any more, or yet
            time.sleep(0.01)
            return self._process.poll() is None
        self._shown += data  # which may end in the middle of a character, or of a line's end
        self.seen = self._shown.decode(errors="replace").replace("\r\n", "\n")
        return bool(data)
