from datetime import UTC, datetime

import pytest

from migrator.http_dates import http_date


@pytest.mark.parametrize(
    "text",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun, 06 Nov 1994 10:49:37 +0200",
    ],
)
def test_every_way_to_write_a_date_is_read(text):
    assert http_date(text) == datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        f"Sun, 06 Nov 1994 08:49:{'6' * 70} GMT",
        "Sun, 06 Nov 1994 08:49:37 +999999999999",
    ],
)
def test_what_is_no_date_says_nothing(text):
    assert http_date(text) is None
