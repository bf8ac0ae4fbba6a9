"""Run inside `rig.internet`: examine a site whose image hosts have wrong addresses, or none.

The argument is the site's folder. Prints what ``migrator doctor --json`` does.
"""

import subprocess
import sys

from rig import images
from rig.internet import PUBLIC, Everywhere, NameServer

# What proxies answer that give every name an address of their own (RFC 2544's range).
NAMES = {"fake.test": ["198.18.0.7"], "public.test": [PUBLIC]}


def main() -> None:
    Everywhere(images.image()).start()
    NameServer(lambda name: NAMES.get(name, 3)).start()
    command = [sys.executable, "-m", "migrator", "doctor", ".", "--json", "--quiet"]
    subprocess.run(command, cwd=sys.argv[1], check=False)


if __name__ == "__main__":
    main()
