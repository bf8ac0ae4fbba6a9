"""One target under libFuzzer: ``python -m fuzz.run TARGET [CORPUS] [options of libFuzzer]``."""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["migrator"]):
    from fuzz.targets import TARGETS

if __name__ == "__main__":
    name = sys.argv.pop(1)

    def target(data: bytes) -> None:
        try:
            TARGETS[name](data)
        except Exception:
            Path("broken").write_bytes(data)
            raise

    atheris.Setup(sys.argv, target)
    atheris.Fuzz()
