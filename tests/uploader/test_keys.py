"""Names of objects."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.errors import ConfigError
from migrator.model import Asset
from migrator.uploader.keys import key_for, names_a_date

SHA256 = "0123456789abcdef" * 4
ASSET = Asset(SHA256, 3, "image/png", ".png")


@pytest.mark.parametrize(
    ("template", "prefix", "expected"),
    [
        ("{sha256:2}/{sha256}{ext}", "", f"01/{SHA256}.png"),
        ("{sha256:2}/{sha256}{ext}", "blog", f"blog/01/{SHA256}.png"),
        ("{sha256:2}/{sha256}{ext}", "/图片/a b/", f"图片/a b/01/{SHA256}.png"),
        ("{sha256:16}", "", "0123456789abcdef"),
        ("i-{sha256:20}{ext}", "x", "x/i-0123456789abcdef0123.png"),
        ("{{x}}/{sha256}", "", f"{{x}}/{SHA256}"),
    ],
)
def test_a_template_is_filled_in(template, prefix, expected):
    assert key_for(template, prefix, ASSET) == expected


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("", "one name"),
        ("image{ext}", "one name"),
        ("{sha256:15}{ext}", "one name"),
        ("{sha256:8}/{sha256:8}", "one name"),
        ("{sha256:0}", "from 1 to 64"),
        ("{sha256:65}", "from 1 to 64"),
        ("{sha256:²}", "from 1 to 64"),
        ("{sha256:>70}", "from 1 to 64"),
        ("{sha256}{md5}", "{md5} is not known"),
        ("{sha256}{}", "{} is not known"),
        ("{sha256}{ext.__class__}", "is not known"),
        ("{sha256!r}", "is not known"),
        ("{sha256}{ext:9}", "is not known"),
        ("{sha256", "brace"),
        ("sha256}", "brace"),
        ("/{sha256}", "empty part"),
        ("{sha256}/", "empty part"),
        ("../{sha256}", "empty part"),
        ("a\\{sha256}", "cannot stand in a name"),
    ],
)
def test_a_bad_template_is_named_with_its_cure(template, says):
    with pytest.raises(ConfigError, match=r"store\.key") as caught:
        key_for(template, "", ASSET)
    assert says in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    "prefix", ["..", "a/../b", "a//b", "./a", "a\\b", "a\nb", "a\0b", "a\u202eb"]
)
def test_a_prefix_that_is_no_folder_is_refused(prefix):
    with pytest.raises(ConfigError, match=r"store\.prefix") as caught:
        key_for("{sha256}", prefix, ASSET)
    assert caught.value.hint


def test_a_name_is_no_longer_than_services_allow():
    longest = "图" * 319 + "ab"  # 959 bytes; slash and hash make it 1024
    assert len(key_for("{sha256}", longest, ASSET).encode()) == 1024
    with pytest.raises(ConfigError, match="1024 bytes"):
        key_for("{sha256}", longest + "c", ASSET)


@given(template=st.text(st.sampled_from("{}sha256:ext/.1é\\ "), max_size=40), prefix=st.text())
def test_whatever_is_written_gives_a_usable_key_or_a_clear_error(template, prefix):
    try:
        key = key_for(template, prefix, ASSET)
    except ConfigError as error:
        assert error.hint  # noqa: PT017 - an error is one of the two good ends
    else:
        assert SHA256[:16] in key
        assert not {"", ".", ".."} & set(key.split("/"))


def test_a_key_may_begin_with_the_month_of_the_post():
    template = "{year}/{month}/{sha256:16}{ext}"
    assert key_for(template, "", ASSET, date(2024, 5, 1)).startswith("2024/05/")
    assert key_for(template, "", ASSET).startswith("0000/00/")
    assert names_a_date(template)
    assert not names_a_date("{sha256}{ext}")
