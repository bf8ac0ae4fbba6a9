import pytest

from migrator.config import RouteSettings, SafetySettings, Settings
from migrator.downloader.foreseen import foreseen
from migrator.reasons import Reason


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://user:word@h.example/a.png", Reason.BAD_URL),
        ("http://192.168.1.2/a.png", Reason.BLOCKED_ADDRESS),
        ("//[::1]/a.png", Reason.BLOCKED_ADDRESS),
        ("https://h.example/a.png", None),
        ("http://93.184.215.14/a.png", None),
        ("file:posts/a.png", None),
    ],
)
def test_what_surely_fails_is_known_before_anybody_is_asked(url, reason):
    found = foreseen(url, Settings())
    assert (found.reason if found else None) == reason


def test_what_may_be_asked_for_or_come_from_elsewhere_does_not_surely_fail():
    url = "http://192.168.1.2/a.png"
    allowed = Settings(safety=SafetySettings(allow_private=("192.168.1.2",)))
    assert foreseen(url, allowed) is None
    routed = Settings(route=(RouteSettings(match="http://192.168.1.2/", source="pics/"),))
    assert foreseen(url, routed) is None
