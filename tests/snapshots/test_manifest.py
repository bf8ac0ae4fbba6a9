import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.errors import BackupDamaged, UsageError
from migrator.model import Asset
from migrator.snapshots.manifest import (
    Header,
    Image,
    Shown,
    State,
    counts,
    header_line,
    image_line,
    name_of,
    object_key,
    read_header,
    read_image,
    with_copy,
)

SHA = "9f" * 32
ASSET = Asset(SHA, 1234, "image/png", ".png", 20, 10)
URL = "https://i.example.com/a.png"
BLANK = Image(URL, name_of(URL), State.NEW)
HEADER = Header(
    "2026-11-26T021500Z",
    "2026-11-26T02:15:00Z",
    "2026-11-26T02:16:00Z",
    ("posts", "../other posts"),
    None,
    1,
    1234,
    counts([BLANK]),
    "migrator 1",
)


def test_a_line_is_json_that_others_can_read():
    image = with_copy(BLANK, ASSET)
    values = json.loads(image_line(image))
    assert values["object"] == f"objects/9f/{SHA}.png"
    assert (values["size"], values["width"], values["state"]) == (1234, 20, "new")
    assert "reason" not in values
    assert image_line(image).count("\n") == 1


def test_a_copy_is_known_again_by_its_line():
    assert read_image(image_line(with_copy(BLANK, ASSET)), "x").asset == ASSET
    assert read_image(image_line(BLANK), "x").asset is None
    assert object_key(ASSET) == with_copy(BLANK, ASSET).object


def test_one_object_is_one_image_however_its_url_is_written():
    assert name_of(URL) == name_of("HTTPS://I.example.com:443/%61.png#left")
    assert name_of(URL) != name_of(URL + "?v=2")


def test_secrets_do_not_reach_a_manifest_and_images_stay_apart():
    urls = [f"{URL}?token={letter * 30}" for letter in "xy"]
    images = [Image(url, name_of(url), State.NEW, source=url, detail=f"{url} 404") for url in urls]
    text = "".join(map(image_line, images))
    assert "xxx" not in text
    assert "yyy" not in text
    assert len({each.url_sha256 for each in images}) == 2


@given(st.text(), st.text(), st.integers(1, 10**9))
def test_whatever_a_post_is_called_its_line_comes_back(path, detail, line):
    image = Image(URL, name_of(URL), State.LOST, reason="dns", references=(Shown(path, line),))
    text = image_line(image)
    assert text.count("\n") == 1
    assert read_image(text.encode().decode().removesuffix("\n"), "x") == image


def test_a_file_name_that_is_no_text_makes_a_valid_line():
    image = Image(URL, name_of(URL), State.LOST, references=(Shown("\udcff.md", 1),))
    assert read_image(image_line(image).encode("utf-8").decode(), "x") == image


def test_a_header_comes_back_and_later_keys_are_ignored():
    assert read_header(header_line(HEADER), "x") == HEADER
    more = json.dumps({**json.loads(header_line(HEADER)), "later": [1]})
    assert read_header(more, "x") == HEADER


@pytest.mark.parametrize(
    "line",
    ["", "{", "[]", "null", '{"format": "other"}', '{"format": "migrator-snapshot"', "1e999"],
)
def test_what_is_no_header_is_damage_that_is_named(line):
    with pytest.raises(BackupDamaged, match="NAME"):
        read_header(line, "NAME")


def test_a_header_that_lacks_a_key_is_damage():
    with pytest.raises(BackupDamaged, match="images"):
        read_header('{"format": "migrator-snapshot", "version": 1, "name": "x"}', "NAME")


def test_a_newer_format_asks_for_a_newer_program():
    with pytest.raises(UsageError, match="newer"):
        read_header('{"format": "migrator-snapshot", "version": 2}', "NAME")


@pytest.mark.parametrize(
    "line",
    ["", "{}", '{"url": "u", "url_sha256": "s", "state": "gone"}', '{"state": "new"}', "[1]"],
)
def test_what_is_no_image_is_damage_that_is_named(line):
    with pytest.raises(BackupDamaged, match="NAME"):
        read_image(line, "NAME")
