"""Fetches images. The only package that knows httpx.

Its modules are imported one by one: httpx takes a while, and who fetches nothing needs none of it.
"""

import sys

# httpx imports its own command line where it can, and with that rich and pygments: 50 ms of each
# start. It does without where there is none, which `None` says (the import system's reference).
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
