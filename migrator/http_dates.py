"""Dates in headers of HTTP, as hosts write them. Pure."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def http_date(text: str) -> datetime | None:
    """The moment that ``text`` names (RFC 9110, 5.6.7); ``None`` if it names none."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):  # such as a second of 70 digits
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
