"""A timer as a workflow of GitHub Actions. Pure."""

import shlex
from collections.abc import Sequence

TEMPLATE = """\
# Made by `migrator schedule github`. It belongs into .github/workflows/ of the default branch.
# Nothing is kept between two runs but the backup itself.
name: Back up images

on:
  schedule:
    - cron: "{minute} {hour} * * *" # UTC; GitHub may be late
  workflow_dispatch:

permissions:
  contents: read

concurrency:
  group: migrator-backup
  cancel-in-progress: false

jobs:
  backup:
    runs-on: ubuntu-latest
    timeout-minutes: 350
    steps:
      - uses: actions/checkout@v6
        with:
          persist-credentials: false
      - uses: actions/setup-python@v6
        with:
          python-version: "3.13"
      - name: Install Migrator
        run: |
          pip install {package}
      - name: Back up
        # The values stand in the repository: Settings, Secrets and variables, Actions.
        env:
{secrets}          # May be left out: a command or an address to tell of a failure.
          MIGRATOR_ON_FAILURE: ${{{{ secrets.MIGRATOR_ON_FAILURE }}}}
        run: |
          {command}
"""


def workflow(
    arguments: Sequence[str], *, hour: int, minute: int, secrets: Sequence[str], package: str
) -> str:
    """A workflow that runs migrator with ``arguments`` at the top of the repository every day.

    ``package`` is what pip installs there; ``secrets`` names variables.
    """
    lines = [f"          {name}: ${{{{ secrets.{name} }}}}\n" for name in secrets]
    return TEMPLATE.format(
        minute=minute,
        hour=hour,
        package=_word(package),
        secrets="".join(lines),
        command=" ".join(map(_word, ["migrator", *arguments])),
    )


def _word(text: str) -> str:
    """``text`` for sh, where GitHub finds no expression in it."""
    return shlex.quote(text).replace("${{", "$''{{")
