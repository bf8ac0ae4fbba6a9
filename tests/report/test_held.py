import json
from dataclasses import replace

from migrator.model import Asset, PastImage
from migrator.reasons import Reason
from migrator.report.held import accepted_json, accepted_text, held_json, held_text

SAME = Asset("1" * 64, 3000, "image/png", ".png", 140, 140)


def held(number, reason=Reason.SAME_BYTES, asset=SAME):
    url = f"https://me:secret@h.example/{number}.png"
    return PastImage(url, "held", reason, "why", asset, url, url, "2026-11-22-1")


def test_nothing_held_is_said_in_a_word():
    assert held_text([]) == "Nothing is held.\n"
    assert json.loads(held_json([])) == {"held": []}


def test_every_group_has_its_reason_its_picture_and_one_command():
    images = [held(number) for number in range(5)] + [held(9, Reason.TOO_LARGE, None)]
    assert held_text(images) == (
        "6 images held, for you to decide:\n"
        "\n"
        "5 images: the host gives one picture for different images"
        " (140x140 pixels, 3.0 kB, image/png)\n"
        "  https://h.example/0.png\n"
        "  https://h.example/1.png\n"
        "  https://h.example/2.png\n"
        "  and 2 more images\n"
        "  To let them through:  migrator accept 111111111111\n"
        "\n"
        "1 image: the image is larger than the limit\n"
        "  https://h.example/9.png\n"
        "  To let it through:  migrator accept too-large:h.example\n"
    )
    assert "more images" not in held_text(images, full=True)


def test_several_groups_of_one_reason_at_a_host_have_one_command_for_all():
    images = [held(n, asset=replace(SAME, sha256=str(n) * 64)) for n in range(4)]
    text = held_text([*images, held(9, Reason.SVG)])
    assert text.endswith("\nAll 4 groups at once:  migrator accept same-bytes:h.example\n")
    assert text.count("at once") == 1


def test_the_target_of_a_redirect_and_queries_that_differ_are_shown_without_secrets():
    url = "https://h.example/show?id="
    images = [
        replace(held(n, Reason.SAME_TARGET), url=f"{url}{n}&token=s3", final_url=f"{url}x&token=s3")
        for n in range(2)
    ]
    text = held_text(images)
    for number in range(2):
        assert f"  {url}{number}&token=***\n    redirected to {url}x&token=***\n" in text
    assert "s3" not in held_json(images)
    assert "s3" not in accepted_json(images, [f"same-target {each.url}" for each in images], "")


def test_the_order_of_the_ledger_does_not_matter():
    images = [held(number) for number in range(3)] + [held(9, Reason.SVG)]
    assert held_text(images) == held_text(images[::-1])


def test_what_was_let_through_is_shown_with_the_next_command():
    text = accepted_text([held(1)], "migrator migrate posts --only-failed")
    assert text.startswith("Let through: 1 image.\n")
    assert text.endswith("\nNext:  migrator migrate posts --only-failed\n")
    found = json.loads(accepted_json([held(1)], ["1" * 64], "next"))
    assert list(found) == ["accepted", "images", "next"]
    assert found["images"] == [
        {
            "url": "https://***@h.example/1.png",
            "reason": "same-bytes",
            "sha256": "1" * 64,
            "size": 3000,
            "media_type": "image/png",
            "width": 140,
            "height": 140,
            "group": "111111111111",
            "run": "2026-11-22-1",
        }
    ]
