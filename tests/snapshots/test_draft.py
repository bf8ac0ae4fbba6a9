from migrator.snapshots.draft import Draft
from migrator.snapshots.manifest import Image, State, name_of

A, B = (Image(url, name_of(url), State.NEW) for url in ("https://e.com/a", "https://e.com/b"))


def test_what_was_added_is_there_again_the_newest_line_of_each_image(tmp_path):
    draft = Draft(tmp_path / "draft")
    assert draft.images() == {}
    newer = Image(A.url, A.url_sha256, State.LOST)
    for image in (A, B, newer):
        draft.add([image])
    assert Draft(tmp_path / "draft").images() == {A.url_sha256: newer, B.url_sha256: B}


def test_a_line_that_was_cut_short_is_left_out_and_the_next_is_not_lost(tmp_path):
    draft = Draft(tmp_path / "draft")
    for image in (A, B):
        draft.add([image])
    path = tmp_path / "draft"
    path.write_bytes(path.read_bytes()[:-20])
    assert draft.images() == {A.url_sha256: A}
    draft.add([B])
    assert draft.images() == {A.url_sha256: A, B.url_sha256: B}


def test_at_the_end_it_is_gone(tmp_path):
    draft = Draft(tmp_path / "draft")
    draft.add([A])
    draft.end()
    draft.end()
    assert list(tmp_path.iterdir()) == []
