"""Run inside `rig.internet`: try to make the downloader connect to where it must not.

Prints JSON: every result, and every address that was connected to.
"""

import json
import tempfile
from pathlib import Path
from urllib.parse import quote

from rig import images
from rig.address_forms import PRIVATE_V4, PRIVATE_V6, address_forms
from rig.internet import PUBLIC, PUBLIC_V6, Everywhere, NameServer

from migrator.config import DownloadSettings, SafetySettings
from migrator.downloader.downloader import Downloader
from migrator.downloader.host_rules import HostRules
from migrator.downloader.sources import Sources
from migrator.model import Failed

PRIVATE = (*PRIVATE_V4, *PRIVATE_V6)
NAMES: dict[str, list[str] | int | None] = {
    "public.test": [PUBLIC],
    "public6.test": [PUBLIC_V6],
    "both.test": [PUBLIC, PUBLIC_V6],
    "alias.test": ["target.test", PUBLIC],
    "mixed.test": [PUBLIC, "10.0.0.1"],
    "mixed6.test": [PUBLIC, "::1"],
    "private-alias.test": ["localhost", "127.0.0.1"],
    "crowd.test": [f"93.184.{number}.1" for number in range(20)] + ["10.0.0.1"],
    "loop.test": ["loop.test", "loop.test"],
    "failing.test": 2,
    "silent.test": None,
    "empty.test": [],
    **{f"private-{number}.test": [address] for number, address in enumerate(PRIVATE)},
}
asked: dict[str, int] = {}


def answers(name: str) -> list[str] | int | None:
    asked[name] = asked.get(name, 0) + 1
    if name == "rebinding.test":  # once for each family
        return [PUBLIC] if asked[name] <= 2 else ["127.0.0.1"]
    return NAMES.get(name, 3)


def main() -> None:
    internet = Everywhere(images.image())
    internet.start()
    NameServer(answers).start()
    results: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:

        def fetch(url: str) -> str:
            settings = DownloadSettings(timeout=2.0 if "silent" in url else 20.0, retries=0)
            spool = Path(folder)
            sources = Sources((), spool, HostRules(), originals=True)
            with Downloader(settings, SafetySettings(), sources, spool=spool) as downloader:
                result = downloader.fetch(url)
            return result.reason.value if isinstance(result, Failed) else type(result).__name__

        for form in address_forms():
            results[f"direct {form}"] = fetch(f"http://{form}/a.png")
            to = quote(f"http://{form}/a.png", safe="")
            results[f"redirect {form}"] = fetch(f"http://{PUBLIC}/to/{to}")
        for name in NAMES:
            results[f"name {name}"] = fetch(f"http://{name}/a.png")
            results[f"redirect {name}"] = fetch(f"http://public.test/to/http://{name}/a.png")
        results["rebinding first"] = fetch("http://rebinding.test/a.png")
        results["rebinding then"] = fetch("http://rebinding.test/a.png")
        results["unknown"] = fetch("http://unknown.test/a.png")
        results["literal"] = fetch(f"http://{PUBLIC}/a.png")
        results["literal6"] = fetch(f"http://[{PUBLIC_V6}]/a.png")
        to = quote(f"http://{PUBLIC}:8080/a.png", safe="")
        results["redirect port"] = fetch(f"http://{PUBLIC}/to/{to}")
        results["port"] = fetch(f"http://{PUBLIC}:8080/a.png")
    print(json.dumps({"results": results, "hits": sorted(set(internet.hits))}))


if __name__ == "__main__":
    main()
