"""An editor in its own process that saves a file again and again: ``editor.py PATH STYLE N``.

A fourth argument is the most seconds between two saves.

Each save adds a line ``save I``. Styles are how real programs save: ``rename`` (what the file holds
now and the line, in a new file renamed over the old), ``append`` (into the open file), ``in-place``
(the text that the editor has in memory, into the emptied file). Between saves it pauses, or not.
"""

import os
import random
import sys
import time
from pathlib import Path


def rename(path: Path, line: bytes) -> None:
    beside = path.with_name(f"{path.name}.swp")
    beside.write_bytes(path.read_bytes() + line)
    beside.replace(path)


def append(path: Path, line: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    os.write(descriptor, line)
    os.close(descriptor)


def in_place(path: Path, line: bytes) -> None:
    text.extend(line)
    with path.open("wb", buffering=0) as file:
        file.write(text)


text = bytearray()
STYLES = {"rename": rename, "append": append, "in-place": in_place}

if __name__ == "__main__":
    post, style, count = Path(sys.argv[1]), STYLES[sys.argv[2]], int(sys.argv[3])
    text.extend(post.read_bytes())
    for number in range(count):
        style(post, b"save %d\n" % number)
        if len(sys.argv) > 4:
            time.sleep(random.random() * float(sys.argv[4]))
        elif random.random() < 0.1:  # bursts, and time between them in which a swap can succeed
            time.sleep(random.random() * 0.05)
