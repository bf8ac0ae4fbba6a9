import re
from pathlib import Path

from migrator.reasons import Outlook, Reason

PAGE = Path(__file__).parents[1] / "docs/reference/reasons.md"


def test_every_failure_of_an_image_has_an_outlook_and_nothing_else_has():
    sections = PAGE.read_text("utf-8").split("\n## ")[1:]
    for section in sections:
        title = section.partition("\n")[0]
        about_failures = title.startswith(("Images", "Files")) and "not asked" not in title
        for name in re.findall(r"^\| `([a-z0-9-]+)`", section, re.MULTILINE):
            assert (Reason(name).outlook is not Outlook.NONE) == about_failures, name


def test_what_may_be_asked_again_unchanged_is_said_to_be():
    for reason in Reason:
        assert (reason.outlook is Outlook.AGAIN) == reason.retry
