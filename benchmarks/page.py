"""How large the page of a report is, and how long a browser takes for it.

    PYTHONPATH=tests python -m benchmarks.page report.html     a page that is there
    PYTHONPATH=tests python -m benchmarks.page 10000           a page of so many made-up images

Needs Debian's chromium. Told are medians: from opening the file to the list that takes input, to
all of it being read, and of searching, filtering and sorting, until the list stands again.
"""

import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser
from rig.browser import browsing

from migrator.report.html import page
from migrator.report.summary import ImageReport, Images, Place, PostReport, Report, tally

ROUNDS = 5
_THUMBNAIL = 2500  # bytes, as of a photograph
_ACTS = """() => {
  const form = document.querySelector("#filters");
  const timed = (values) => {
    const began = performance.now();
    for (const [name, value] of Object.entries(values)) form.elements[name].value = value;
    form.dispatchEvent(new Event("input"));
    document.body.offsetHeight;
    return performance.now() - began;
  };
  return {
    "first search": timed({ text: "post-17" }),
    "search": timed({ text: "post-171" }),
    "filter": timed({ text: "", state: "failed" }),
    "order": timed({ state: "", order: "size" }),
  };
}"""


def made_up(number: int) -> Iterator[str]:
    """The page of a run over so many images, every fiftieth of them lost."""

    def images() -> Iterator[ImageReport]:
        for n in range(number):
            new, lost = f"https://img.example.org/{n:064x}.jpg", n % 50 == 3
            yield ImageReport(
                f"https://img{n % 6}.example.com/2019/{n}.jpg",
                "failed" if lost else "stored",
                "not-found" if lost else None,
                sha256=None if lost else f"{n:064x}",
                size=10_000 + n,
                media_type="image/jpeg",
                new_url=new,
                references=(Place(f"source/_posts/post-{n // 4}.md", n % 4 + 10, new),),
            )

    posts = tuple(
        PostReport(f"source/_posts/post-{n}.md", "rewritten", 4) for n in range(number // 4)
    )
    now = "2026-11-26T10:00:00Z"
    counts = tally(images(), posts)
    report = Report(
        "2026-11-26-1",
        "migrate",
        dry_run=False,
        started=now,
        finished=now,
        counts=counts,
        images=Images(images),
        posts=posts,
    )
    noise = random.Random(1)
    return page(report, None, picture=lambda _sha256, _large: b"RIFF" + noise.randbytes(_THUMBNAIL))


def opened(browser: Browser, file: Path) -> dict[str, float]:
    """Milliseconds of one look at ``file``."""
    window = browser.new_page()
    try:
        window.goto(file.as_uri())
        ready = window.evaluate("Number(document.documentElement.dataset.ready)")
        loaded = window.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
        return {"list ready": ready, "all read": loaded, **window.evaluate(_ACTS)}
    finally:
        window.close()


def main(what: str) -> None:
    """Measure, and print."""
    with tempfile.TemporaryDirectory() as folder, browsing() as browser:
        file = Path(what).resolve()
        if what.isdecimal():
            file = Path(folder, "report.html")
            with file.open("w", encoding="utf-8") as out:
                out.writelines(made_up(int(what)))
        rounds = [opened(browser, file) for _ in range(ROUNDS)]
        print(f"{file.stat().st_size / 1e6:.1f} MB")
        for name in rounds[0]:
            print(f"{name:14} {median(each[name] for each in rounds):6.0f} ms")


if __name__ == "__main__":
    main(sys.argv[1])
