"""The report as one page of HTML that needs nothing else: no network, no other file."""

from migrator.report.html.page import MARK, page
from migrator.report.html.records import Picture

__all__ = ["MARK", "Picture", "page"]
