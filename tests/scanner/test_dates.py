import os
from datetime import date

import pytest

from migrator.scanner.dates import date_of, stated_date_of

CHANGED = date(2001, 9, 9)


@pytest.fixture
def post(tmp_path):
    def write(text, name="post.md"):
        path = tmp_path / name
        path.write_bytes(text.encode())
        os.utime(path, (1_000_000_000, 1_000_000_000))
        return path

    return write


@pytest.mark.parametrize(
    "text",
    [
        "---\ntitle: x\ndate: 2024-05-01\n---\nbody",
        "---\ntitle: x\ndate: 2024-05-01 10:00:00\n---\nbody",
        "---\r\ndate: '2024-05-01T10:00:00+08:00'\r\n---\r\nbody",
        '---\ndate: "2024/5/1 some time"\n---\n',
        "\ufeff---\ndate: 2024-05-01\n---\n",
        "+++\ndate = 2024-05-01T10:00:00Z\n+++\nbody",
        '+++\ndate = "2024-05-01"\n+++\nbody',
        '{\n"date": "2024-05-01"\n}\n\nbody',
    ],
)
def test_the_front_matter_says_when(post, text):
    assert date_of(post(text)) == date(2024, 5, 1)


def test_else_the_name_of_the_file_says_when(post):
    assert date_of(post("no front matter", "2024-05-01-hello.md")) == date(2024, 5, 1)
    assert date_of(post("x", "2024-13-01-hello.md")) == CHANGED


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "---\ndate: yesterday\n---\n",
        "---\ndate: [2024-05-01]\n---\n",
        "---\n- date\n---\n",
        "---\n[broken\n---\n",
        "---\ndate: 2024-06-31 text\n---\n",
        "---\n" + "[" * 3000 + "\n---\n",
        "---\na: &a {b: 1}\nc:\n  <<: *a\ndate: 2024-05-01\n---\n",
        "+++\ndate = nonsense\n+++\n",
        "{broken\n\n}\n\n",
    ],
)
def test_what_cannot_be_read_says_nothing(post, text):
    assert date_of(post(text)) == CHANGED
    assert stated_date_of(post(text)) is None


def test_a_post_that_is_gone_has_the_date_of_its_name_if_any(tmp_path):
    assert date_of(tmp_path / "gone.md") is None
    assert date_of(tmp_path / "2024-05-01-gone.md") == date(2024, 5, 1)


def test_a_stated_date_is_not_that_of_the_last_change(post):
    path = post("---\ndate: 2024-05-01\n---\n")
    assert stated_date_of(path) == date_of(path)
