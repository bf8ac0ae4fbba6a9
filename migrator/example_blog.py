"""Where the example blog lies: in an installed package, or in the repository."""

from importlib.resources import files
from pathlib import Path

_PACKAGE = Path(str(files("migrator")))


def example_blog() -> Path:
    """The folder of the blog: its posts under ``source``, its images under ``host/HOST/PATH``."""
    packed = _PACKAGE / "demo_blog"  # put there when the wheel is built; see pyproject.toml
    return packed if packed.is_dir() else _PACKAGE.parent / "examples" / "blog"
