"""Commands that change nothing: scanning a large blog, and starting."""

import sys
from pathlib import Path

from benchmarks.measuring import Contender, rounds
from benchmarks.peers import program
from benchmarks.results import Result
from benchmarks.sites import Corpus

_MIGRATOR = Path(sys.executable).with_name("migrator")
_STARTS = 4  # times as many rounds: each is short


def scan(corpus: Corpus, scratch: Path, number: int) -> Result:
    """10,000 posts, beside a link checker that lists what it finds."""
    folder = scratch / "work"
    folder.mkdir()

    def complete() -> None:
        said = (scratch / "output").read_text()
        if "51,374 references in 10,000 posts" not in said:
            raise RuntimeError(f"it found something else:\n{said[-500:]}")

    scanning = [_MIGRATOR, "scan", "-q", corpus.posts]
    summary = [*scanning, "--summary"]
    contenders = [
        Contender("lychee --dump", [program("lychee"), "--dump", corpus.posts], folder),
        Contender("migrator scan --summary", summary, folder, check=complete),
        Contender(
            "migrator scan --summary, on one processor",
            ["taskset", "-c", "0", *summary],
            folder,
            check=complete,
        ),
        Contender("migrator scan", scanning, folder, check=complete),
    ]
    taken = rounds(contenders, number)
    title = "Scanning 10,000 posts (48 MB, 51,374 references)"
    return Result("scan", title, "lychee --dump", taken)


def start(scratch: Path, number: int) -> Result:
    """What every command costs before it does anything."""
    folder = scratch / "work"
    folder.mkdir()
    post = folder / "one.md"
    post.write_text("---\ntitle: One\n---\n\n![](https://img.example.com/a.png)\n")
    contenders = [
        Contender("python -c pass", [sys.executable, "-c", "pass"], folder),
        Contender("migrator --help", [_MIGRATOR, "--help"], folder),
        Contender("migrator scan one.md", [_MIGRATOR, "scan", post], folder),
    ]
    taken = rounds(contenders, number * _STARTS)
    return Result("start", "Starting", "python -c pass", taken)
