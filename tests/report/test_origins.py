from migrator.report.origins import came_from
from migrator.report.summary import ImageReport

SIGNED = "https://a/b.png?OSSAccessKeyId=k&Expires=1700000000&Signature=s"


def test_images_that_another_source_served_are_named_with_it():
    images = [
        ImageReport("https://a/b.png!s", "stored", source="https://a/b.png"),
        ImageReport("https://a/c.png", "reused", source="s3://b/c\x1b.png"),
        ImageReport("https://A/d.png#x", "stored", source="https://a/d.png"),
        ImageReport("https://a/b.png", "stored", source=SIGNED),
        ImageReport("https://a/e.png", "failed"),
    ]
    assert came_from(images) == [
        "",
        "2 images from elsewhere than the post says:",
        "  https://a/b.png!s",
        "    from https://a/b.png",
        "  https://a/c.png",
        "    from s3://b/c\\x1b.png",
    ]
    assert came_from(images[2:]) == []
