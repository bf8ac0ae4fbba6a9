import tracemalloc

from migrator.ledger import Ledger
from migrator.model import Asset, Mention, Placement, Stored
from migrator.report.history import report_of
from migrator.report.json import report_json
from migrator.report.text import summary_text


def images(count):
    for number in range(count):
        url, digest = f"https://h.example/{number}.png", f"{number:064x}"
        asset = Asset(digest, 1000 + number, "image/png", ".png", 4, 5)
        yield Stored(url, asset, Placement("local:/x", f"{digest}.png", digest), url)


def test_a_report_of_many_images_holds_none_of_them(tmp_path):
    def peak(count):
        mentions = (Mention(each.url, "a.md", 1) for each in images(count))
        run = ledger.backed_up({}, "2026-11-22T00:00:00.000Z", images(count), mentions)
        tracemalloc.start()
        try:
            report = report_of(ledger, run)
            printed = sum(len(piece) for piece in report_json(report))
            assert f"{count:,} images" in summary_text(report, None)
            assert printed > 200 * count
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    with Ledger.open(tmp_path / "ledger.db") as ledger:
        peak(10)  # what is made once
        assert (peak(800) - peak(200)) / 600 < 400  # bytes for each image
