"""Whose turn it is: pure, over many nights."""

from hypothesis import given
from hypothesis import strategies as st

from migrator.state import Site
from migrator.verification.turns import Cursor, due, reached

STORES = st.dictionaries(st.text("abc", min_size=1, max_size=4), st.integers(0, 999), min_size=1)


@given(STORES, st.integers(1, 100), st.text("abc", max_size=4))
def test_so_many_nights_of_a_share_see_everything(sizes, share, after):
    seen = set()
    for _ in range(-(-100 // share)):
        tonight = due(sizes, after, share)
        assert len(set(tonight)) == len(tonight)
        seen.update(tonight)
        after = reached(tonight, tonight) or after
    heavy = {name for name, size in sizes.items() if size}
    assert heavy <= seen


@given(STORES, st.text("abc", max_size=4))
def test_without_a_share_it_is_all_in_order_from_there_on(sizes, after):
    order = due(sizes, after)
    assert sorted(order) == sorted(sizes)
    behind = [name for name in order if name > after]
    assert order == behind + [name for name in order if name <= after]
    assert order == sorted(behind) + sorted(set(order) - set(behind))


@given(STORES, st.floats(0.1, 99))
def test_a_share_is_not_much_more_than_asked_for(sizes, share):
    tonight = due(sizes, "", share)
    total = sum(sizes.values()) * share / 100
    assert sum(sizes[name] for name in tonight[:-1]) < total or not tonight


def test_what_was_read_before_a_gap_counts_as_read():
    order = ["c", "d", "a", "b"]
    assert reached(order, {"c", "d", "b"}) == "d"
    assert reached(order, {"d", "a", "b"}) is None
    assert reached(order, set(order)) == "b"
    assert reached([], set()) is None


def test_a_cursor_is_kept_for_each_store_and_a_lost_one_begins_anew(tmp_path):
    site = Site(tmp_path)
    one, other = Cursor(site, "s3:one"), Cursor(site, "s3:other")
    assert one.after == ""
    one.move("图/a b.png")
    assert (Cursor(site, "s3:one").after, other.after) == ("图/a b.png", "")
    one.move("z")
    assert one.after == "z"
    assert (site.state / ".gitignore").read_text() == "*\n"
    assert site.state.stat().st_mode & 0o777 == 0o700
    for path in site.state.glob("verify-*"):
        path.unlink()
    assert one.after == ""
