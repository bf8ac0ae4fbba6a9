"""Chromium without a screen, and a page of it that tells on itself."""

import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright
from rig import npm

DESKTOP, PHONE = (1280, 900), (390, 844)
_ALONE = (  # no word to anybody, and none of this machine's settings
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def why_not():
    """Why it cannot run here; empty if it can."""
    return "" if shutil.which("chromium") else "chromium is not installed (apt install chromium)"


@contextmanager
def browsing():
    """A browser that is started and ended."""
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=[*_ALONE, *root]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def chromium():
    if reason := why_not():
        pytest.skip(reason)
    with browsing() as browser:
        yield browser


@dataclass
class Looked:
    """A page that is open, what its console said, and whom it asked for anything."""

    page: Page
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def violations(self):
        """What axe finds wrong for people who cannot see, hear or point well."""
        source = (npm.installed() / "node_modules" / "axe-core" / "axe.min.js").read_text()
        # In a world of its own, where the policy of the page does not hold.
        session = self.page.context.new_cdp_session(self.page)
        world = session.send(
            "Page.createIsolatedWorld",
            {"frameId": session.send("Page.getFrameTree")["frameTree"]["frame"]["id"]},
        )["executionContextId"]

        def run(expression):
            answer = session.send(
                "Runtime.evaluate",
                {
                    "expression": expression,
                    "contextId": world,
                    "awaitPromise": True,
                    "returnByValue": True,
                },
            )
            assert "exceptionDetails" not in answer, answer["exceptionDetails"]
            return answer["result"].get("value")

        run(source)
        found = run("axe.run().then(found => found.violations)")
        return [
            f"{each['id']}: {node['html'][:200]} {node['failureSummary']}"
            for each in found
            for node in each["nodes"]
        ]


@contextmanager
def looking_at(chromium, file: Path, *, size=DESKTOP, scheme="light", **options):
    """``file`` in a fresh window, and then: no word on the console, no request but for itself."""
    context = chromium.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, **options
    )
    try:
        looked = Looked(context.new_page())
        page = looked.page
        page.on("console", lambda message: looked.console.append(message.text))
        page.on("pageerror", lambda error: looked.console.append(str(error)))
        page.on("request", lambda request: looked.requests.append(request.url))
        page.goto(file.as_uri())
        yield looked
        asked = [each for each in looked.requests if not each.startswith("data:")]
        assert asked == [file.as_uri()]
        assert looked.console == []
    finally:
        context.close()
