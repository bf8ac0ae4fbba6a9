"""Reading within limits, from a real folder that misbehaves in chosen ways."""

import hashlib
import signal
from itertools import count

import pytest
from rig.faulty_store import FlipsABit

from migrator.config import DownloadSettings
from migrator.errors import EnvironmentProblem, Interrupted, StoreRefused
from migrator.events import ObjectRead, StageEnded, StageStarted
from migrator.interruption import Stop
from migrator.model import Asset
from migrator.reasons import Reason
from migrator.state import Site
from migrator.uploader import StoreError
from migrator.uploader.local import LocalStore
from migrator.verification import Limits
from migrator.verification.differences import GONE, OTHER_BYTES
from migrator.verification.reading import Reading, together
from migrator.verification.turns import Cursor


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "store"
    folder.mkdir()
    for number in range(40):
        (folder / f"{number:02}.png").write_bytes(b"%d" % number * 1000)
    return folder


@pytest.fixture
def wanted(folder):
    found = ((path.name, path.read_bytes()) for path in folder.iterdir())
    return {
        name: Asset(hashlib.sha256(data).hexdigest(), len(data), "image/png", ".png")
        for name, data in found
    }


@pytest.fixture
def cursor(tmp_path):
    return Cursor(Site(tmp_path), "x")


class Watched:
    """A folder that tells ``seen`` of each key before it is read; keeps their order."""

    def __init__(self, folder, seen=lambda _: None):
        self._store = LocalStore(folder)
        self._seen = seen
        self.keys = self._store.keys
        self.asked = []

    def read(self, key):
        self.asked.append(key)
        self._seen(key)
        yield from self._store.read(key)


ALL = Limits()


def reading(limits=ALL, *, events=None, stop=None, clock=lambda: 0.0, workers=1):
    listener = events.append if events is not None else lambda _: None
    settings = DownloadSettings(workers=workers)
    return Reading(limits, settings, listener, stop or Stop(), clock, lambda _: None)


def read(lap):
    return lap.read.objects, lap.read.of_objects


def test_nothing_is_read_unless_asked_for(folder, wanted, cursor):
    store = Watched(folder)
    lap = reading(None).of(store, "x", wanted, cursor)
    assert (store.asked, lap.read, lap.troubles) == ([], None, ())
    together([lap]).remember()
    assert cursor.after == ""


def test_everything_is_read_and_what_is_wrong_named(folder, wanted, cursor):
    (folder / "03.png").unlink()
    (folder / "05.png").write_bytes((folder / "05.png").read_bytes()[:-1] + b"?")
    events = []
    lap = reading(events=events, workers=8).of(LocalStore(folder), "x", wanted, cursor)
    assert sorted(lap.troubles) == [("03.png", GONE), ("05.png", OTHER_BYTES)]
    assert (read(lap), lap.broke) == ((40, 40), None)
    assert events[0] == StageStarted("verify", 40)
    assert sum(each.size for each in events if isinstance(each, ObjectRead)) == lap.read.size
    assert isinstance(events[-1], StageEnded)
    assert len(reading().of(FlipsABit(LocalStore(folder)), "x", wanted, cursor).troubles) == 40


def test_time_that_is_up_ends_the_reading_and_what_is_in_hand_counts(folder, wanted, cursor):
    ticks = count()  # a second passes at each look
    limited = reading(Limits(minutes=0.25), clock=lambda: float(next(ticks)))
    store = Watched(folder)
    lap = limited.of(store, "x", wanted, cursor)
    done = len(store.asked)
    assert 0 < done < 40
    assert read(lap) == (done, 40)
    together([lap]).remember()
    again = limited.of(store, "x", wanted, cursor)
    assert store.asked[done] == sorted(wanted)[done]
    assert again.read.objects > 0


def test_nights_of_a_share_go_on_where_the_last_one_ended(folder, wanted, cursor):
    store = Watched(folder)
    for _ in range(5):
        lap = reading(Limits(20)).of(store, "x", wanted, cursor)
        together([lap]).remember()
    assert set(store.asked) == set(wanted)
    assert store.asked[:40] == sorted(wanted)


def test_what_was_not_told_is_not_remembered(folder, wanted, cursor):
    reading(Limits(20)).of(Watched(folder), "x", wanted, cursor)
    assert cursor.after == ""


def test_an_interruption_tells_what_it_found_and_goes_on(folder, wanted, cursor):
    (folder / "00.png").write_bytes(b"?")
    stop = Stop()

    def interrupt(key):
        if key == "10.png":
            stop.signal = signal.SIGINT

    lap = reading(stop=stop).of(Watched(folder, interrupt), "x", wanted, cursor)
    assert lap.troubles == (("00.png", OTHER_BYTES),)
    assert isinstance(lap.broke, Interrupted)
    together([lap]).remember()
    assert cursor.after == "10.png"  # which was in hand
    store = Watched(folder)
    rest = reading().of(store, "x", wanted, cursor)
    assert store.asked[0] == "11.png"
    assert read(rest) == (40, 40)


def _raising(error, keys):
    def seen(key):
        if key in keys:
            raise error

    return seen


def test_an_object_that_cannot_be_read_is_named_and_the_others_are_read(folder, wanted, cursor):
    error = StoreError(Reason.STORE_UNAVAILABLE, "Input/output error")
    store = Watched(folder, _raising(error, ["07.png"]))
    lap = reading().of(store, "x", wanted, cursor)
    assert lap.troubles == (("07.png", "it cannot be read: Input/output error"),)
    assert store.asked.count("07.png") == 6  # it is asked for with patience
    assert (read(lap), lap.broke) == ((40, 40), None)


def test_a_store_that_goes_away_is_no_damage(folder, wanted, cursor):
    error = StoreError(Reason.STORE_UNAVAILABLE, "no route to host")
    store = Watched(folder, _raising(error, sorted(wanted)[7:]))
    store.keys = lambda _: (_ for _ in ()).throw(error)
    lap = reading().of(store, "s3://x", wanted, cursor)
    assert lap.troubles == ()
    assert isinstance(lap.broke, EnvironmentProblem)
    assert "s3://x cannot be read now: no route to host" in str(lap.broke)
    together([lap]).remember()
    assert cursor.after == "06.png"


def test_a_store_that_refuses_ends_the_reading(folder, wanted, cursor):
    store = Watched(folder, _raising(StoreRefused("no"), ["00.png"]))
    lap = reading().of(store, "x", wanted, cursor)
    assert isinstance(lap.broke, StoreRefused)
    assert lap.last is None
