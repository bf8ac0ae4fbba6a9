"""Hostile input, by target: the cases and mutations of them; in full, ten minutes of libFuzzer."""

import os
import re
import subprocess
import sys
import time
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

import pytest
from fuzz.seeds import TOKENS, mutations, seeds
from fuzz.targets import TARGETS

QUICK = 400  # mutations
SECONDS = 600  # in full
LONGEST = 1  # second for one input
MEMORY = 512  # MiB
_LIMITS = (f"-timeout={LONGEST}", f"-rss_limit_mb={MEMORY}", f"-malloc_limit_mb={MEMORY // 2}")
_EXECUTED = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
_FAILED = re.compile(r"Test unit written to (\S+)")


@pytest.mark.torture
@pytest.mark.timeout(2 * SECONDS)
@pytest.mark.parametrize("name", TARGETS)
def test_no_input_breaks_it(name, thorough, figure, tmp_path):
    inputs = list(seeds(name))
    for data in [*inputs, *mutations(inputs, QUICK, seed=len(name))]:
        broken = _broken_by(name, data)
        if broken:
            pytest.fail(f"{data!r}: {type(broken).__name__}: {broken}")
    if thorough:
        if not find_spec("atheris"):
            pytest.skip("atheris cannot be installed on this platform")
        figure(_fuzzed(name, inputs, tmp_path))


def _broken_by(name: str, data: bytes) -> Exception | None:
    try:
        TARGETS[name](data)
    except Exception as error:  # noqa: BLE001 - whatever it is, the input belongs to it
        return error
    return None


def _fuzzed(name: str, inputs: list[bytes], folder: Path) -> str:
    """Let libFuzzer look for inputs that break the target; what it did, in words."""
    corpus = folder / "corpus"
    corpus.mkdir()
    for data in inputs:
        (corpus / sha256(data).hexdigest()).write_bytes(data)
    tokens = folder / "tokens"
    escaped = ("".join(f"\\x{byte:02x}" for byte in token) for token in TOKENS)
    tokens.write_text("".join(f'"{token}"\n' for token in escaped))
    path = os.pathsep.join(map(str, Path(__file__).parents[1:3]))
    broken = folder / "broken"  # see fuzz.run
    executed = stalls = 0
    end = time.monotonic() + SECONDS
    while (left := round(end - time.monotonic())) > 0:
        command = [sys.executable, "-m", "fuzz.run", name, corpus, f"-dict={tokens}", *_LIMITS]
        ended = subprocess.run(
            [*command, f"-max_total_time={left}", "-print_final_stats=1"],
            cwd=folder,
            env={**os.environ, "TMPDIR": str(folder), "PYTHONPATH": path},
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        done, failed = _EXECUTED.search(ended.stderr), _FAILED.search(ended.stderr)
        executed += int(done[1]) if done else 0
        if not failed and not broken.exists():
            assert ended.returncode == 0, ended.stderr[-3000:]
            continue
        data = (broken if broken.exists() else folder / failed[1]).read_bytes()
        if failed and "timeout-" in failed[1] and _seconds(name, data) < LONGEST:
            stalls += 1  # the machine was busy with something else
            continue
        pytest.fail(f"{data!r}\n{ended.stderr[-3000:]}")
    return f"{executed:,} inputs, {len(list(corpus.iterdir())):,} in the corpus, {stalls} stalls"


def _seconds(name: str, data: bytes) -> float:
    start = time.process_time()
    _broken_by(name, data)
    return time.process_time() - start
