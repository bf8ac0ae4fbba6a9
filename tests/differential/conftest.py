"""What each renderer makes of each case file."""

from pathlib import Path

import pytest
from rig import hugo, npm, renderers

CASES = Path(__file__).parent.parent / "cases"
NAMES = sorted(
    path.relative_to(CASES).as_posix()
    for folder in ("scan", "posts", "disputed")
    for path in CASES.glob(f"{folder}/*.md")
)
ENDS = {"lf": "\n", "crlf": "\r\n", "cr": "\r"}


def documents_for(renderer):
    """The case files that ``renderer`` takes as Markdown, by name and kind of line end."""
    texts = {name: (CASES / name).read_text(encoding="utf-8") for name in NAMES}
    if renderer == "goldmark":
        del texts["scan/tags.md"]  # Hugo would run its shortcodes: see the site of its own
    return {
        (name, end): text.replace("\n", line_end)
        for name, text in texts.items()
        for end, line_end in ENDS.items()
        if renderer != "goldmark" or end != "cr"  # to it a lone CR ends no line
    }


@pytest.fixture(scope="session")
def documents():
    return documents_for


@pytest.fixture(scope="session")
def _of_node():
    if npm.why_not():
        pytest.skip(npm.why_not())
    return renderers.of_node([*documents_for("marked").values()])


@pytest.fixture(scope="session")
def rendered(request, tmp_path_factory):
    """A function of a renderer's name: the HTML it makes, by case and line end."""

    def pages(renderer):
        texts = documents_for(renderer)
        if renderer == "cmark-gfm":
            made = renderers.cmark_gfm([*texts.values()])
        elif renderer == "goldmark":
            if hugo.why_not():
                pytest.skip(hugo.why_not())
            made = renderers.goldmark([*texts.values()], tmp_path_factory.mktemp("hugo"))
        else:
            made = request.getfixturevalue("_of_node")[renderer]
        return dict(zip(texts, made, strict=True))

    return pages
