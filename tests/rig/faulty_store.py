"""Stores that misbehave in one chosen way; everything else is the real store inside."""

from migrator.reasons import Reason
from migrator.uploader import StoreError


class _Wrapper:
    def __init__(self, store):
        self._store = store

    def __getattr__(self, name):
        return getattr(self._store, name)


class FlipsABit(_Wrapper):
    """What is read differs from what is stored in one bit: rot on a disk or on the way."""

    def read(self, key):
        data = bytearray(b"".join(self._store.read(key)))
        data[len(data) // 2] ^= 1
        yield bytes(data)


class Truncates(_Wrapper):
    """The last byte does not come back."""

    def read(self, key):
        yield b"".join(self._store.read(key))[:-1]


class FailsOnce(_Wrapper):
    """The first put of every key fails, before or after it takes effect."""

    def __init__(self, store, *, after):
        super().__init__(store)
        self._after = after
        self._seen = set()

    def put_new(self, key, path, asset, source):
        if key in self._seen:
            return self._store.put_new(key, path, asset, source)
        self._seen.add(key)
        if self._after:
            self._store.put_new(key, path, asset, source)
        raise StoreError(Reason.STORE_UNAVAILABLE, "injected: 500")


class ShowsLate(_Wrapper):
    """An object is there for readers only when asked for the third time."""

    def __init__(self, store):
        super().__init__(store)
        self._asked = {}

    def read(self, key):
        self._asked[key] = self._asked.get(key, 0) + 1
        if self._asked[key] < 3:
            raise FileNotFoundError(key)
        yield from self._store.read(key)
