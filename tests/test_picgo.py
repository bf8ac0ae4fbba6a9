"""Each case is a configuration as PicGo or PicList write it, and the answers that it gives."""

import contextlib
import json
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.errors import UsageError
from migrator.init import config_text
from migrator.picgo import imported

CASES = {
    path.stem: json.loads(path.read_text()) for path in Path(__file__).parent.glob("cases/picgo/*")
}


def said(answers):
    return {each.name: value for each in fields(answers) if (value := getattr(answers, each.name))}


@pytest.mark.parametrize("name", CASES)
def test_a_store_is_taken_over_and_nothing_secret(name):
    found = imported(CASES[name]["config"])
    assert said(found.answers) == CASES[name]["answers"]
    written = f"{config_text(found.answers)}{found}"
    assert '"KEY"' not in written
    assert "SECRET" not in written.replace("SecretAccessKey", "").replace("AWS_SECRET", "")


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({}, "no configuration of PicGo"),
        ({"picBed": []}, "no configuration of PicGo"),
        ({"picBed": {"current": "smms", "smms": {"token": "SECRET"}}}, "SM.MS, which does not"),
        ({"picBed": {"current": "github"}}, "GitHub, which does not"),
        ({"picBed": {"current": "my-plugin"}}, "the plugin my-plugin, whose settings"),
        ({"picBed": {}}, "nothing, which does not"),
        ({"picBed": {"current": "aliyun"}}, "says nothing about it"),
    ],
)
def test_what_is_no_store_is_named(config, words):
    with pytest.raises(UsageError, match=words):
        imported(config)


def test_of_what_else_is_set_up_the_stores_are_named():
    config = {"picBed": {"current": "smms", "aliyun": {"bucket": "b"}, "imgur": {"clientId": "x"}}}
    with pytest.raises(UsageError) as caught:
        imported(config)
    assert "Also set up in PicGo: aliyun;" in caught.value.hint


def test_what_cannot_be_as_it_was_is_told():
    assert imported(CASES["oss"]["config"]).notes == (
        "links get no ?x-oss-process=style/small at their end, as in PicGo",
    )
    assert "COS v4" in imported(CASES["cos-v4"]["config"]).notes[0]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    ANYTHING, ANYTHING, st.sampled_from(["aliyun", "tcyun", "qiniu", "upyun", "aws-s3", "minio"])
)
def test_whatever_stands_in_the_file_it_is_an_answer_or_a_refusal(bed, several, name):
    config = {"picBed": {"current": name, name: bed}, "uploader": {name: several}}
    with contextlib.suppress(UsageError):
        config_text(imported(config).answers)
