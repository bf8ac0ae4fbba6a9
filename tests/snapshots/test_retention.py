from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from migrator.snapshots import Image, State
from migrator.snapshots.retention import Keep, Retention

START = datetime(2026, 1, 1, 2, 15, tzinfo=UTC)  # a Thursday


def image(name, state=State.UNCHANGED, copy=True):
    return Image(name, name, state, object=f"objects/{name}" if copy else None)


def staying(past, keep):
    """The indexes of the snapshots of ``past`` (oldest first) that stay."""
    retention = Retention(keep)
    return {
        index
        for index in reversed(range(len(past)))
        if retention.stays(past[index][0], past[index][1])
    }


def nights(number, images=()):
    return [(START + timedelta(days=night), images) for night in range(number)]


def days(past, kept):
    return sorted(f"{past[index][0]:%m-%d}" for index in kept)


def test_without_a_number_every_snapshot_stays():
    assert staying(nights(40), Keep()) == set(range(40))


def test_the_newest_of_each_of_the_last_days_weeks_and_months_stays():
    past = nights(120)
    assert days(past, staying(past, Keep(daily=3))) == ["04-28", "04-29", "04-30"]
    assert days(past, staying(past, Keep(weekly=3))) == ["04-19", "04-26", "04-30"]
    assert days(past, staying(past, Keep(monthly=3))) == ["02-28", "03-31", "04-30"]
    assert len(staying(past, Keep(7, 5, 12))) == 13  # 7 days, 3 weeks and 3 months more


def test_spans_without_a_snapshot_do_not_count():
    past = [(START + timedelta(days=100 * number), ()) for number in range(5)]
    assert staying(past, Keep(daily=3)) == {2, 3, 4}


def test_of_several_in_one_day_the_newest_stays():
    past = [(START + timedelta(hours=hour), ()) for hour in range(5)]
    assert staying(past, Keep(daily=7)) == {4}


def test_the_last_mention_of_a_picture_whose_source_is_gone_stays():
    past = nights(40)
    for night, state in ((4, State.UNCHANGED), (5, State.LOST), (6, State.HELD)):
        past[night] = (past[night][0], (image("gone", state),))
    assert staying(past, Keep(daily=2)) == {6, 38, 39}


def test_a_picture_that_came_back_needs_no_old_snapshot():
    past = nights(40, (image("back"),))
    past[5] = (past[5][0], (image("back", State.LOST),))
    assert staying(past, Keep(daily=2)) == {38, 39}


def test_where_the_last_mention_has_no_copy_the_last_one_that_has_stays_too():
    past = nights(40)
    for night, copy in ((4, True), (5, True), (6, False), (7, False)):
        past[night] = (past[night][0], (image("gone", State.LOST, copy=copy),))
    assert staying(past, Keep(daily=2)) == {5, 7, 38, 39}


def test_a_snapshot_of_a_day_in_the_future_takes_the_place_of_one_day_and_no_more():
    past = nights(20)
    past[10] = (datetime(2099, 1, 1, tzinfo=UTC), ())
    assert staying(past, Keep(daily=3)) == {17, 18, 19}


STATES = st.sampled_from(State)
IMAGES = st.lists(
    st.builds(image, st.sampled_from("abcd"), STATES, copy=st.booleans()),
    max_size=4,
    unique_by=lambda each: each.url_sha256,
)
PASTS = st.lists(
    st.tuples(st.integers(0, 24 * 400).map(lambda hours: START + timedelta(hours=hours)), IMAGES),
    max_size=30,
).map(lambda past: sorted(past, key=lambda each: each[0]))
KEEPS = st.builds(Keep, *[st.integers(0, 5)] * 3)


@given(PASTS, KEEPS)
def test_neither_the_newest_nor_the_last_of_a_lost_picture_is_ever_let_go(past, keep):
    kept = staying(past, keep)
    assert not past or len(past) - 1 in kept
    for name in "abcd":
        mentions = [n for n, (_, images) in enumerate(past) if name in {i.url for i in images}]
        if not mentions:
            continue
        last = next(each for each in past[mentions[-1]][1] if each.url == name)
        if last.state in (State.LOST, State.HELD):
            assert mentions[-1] in kept
            copies = [n for n in mentions if any(i.url == name and i.object for i in past[n][1])]
            assert not copies or copies[-1] in kept


@given(PASTS, KEEPS)
def test_pruning_twice_is_pruning_once(past, keep):
    once = [past[index] for index in sorted(staying(past, keep))]
    assert staying(once, keep) == set(range(len(once)))


@given(PASTS, KEEPS)
def test_a_larger_number_never_lets_go_of_more(past, keep):
    larger = Keep(keep.daily + 1, keep.weekly, keep.monthly)
    assert not keep or staying(past, keep) <= staying(past, larger)


@given(PASTS, KEEPS)
def test_every_one_of_the_wanted_days_has_its_newest_snapshot(past, keep):
    kept = {past[index][0] for index in staying(past, keep)}
    newest = {time.date(): time for time, _ in past}
    wanted = sorted(newest)[-keep.daily :] if keep.daily else []
    assert {newest[day] for day in wanted} <= kept
