"""Why a fetch did not succeed."""

from migrator.model import Asset, Failed, Held
from migrator.reasons import Reason
from migrator.redact import redact

_HELD = frozenset(
    {
        Reason.TOO_LARGE,
        Reason.SVG,
        Reason.TOO_MANY_PIXELS,
        Reason.TINY,
        Reason.SUSPICIOUS,
        Reason.UNCHECKED,
    }
)


class Unfetched(Exception):
    """One image was not fetched. Stays inside this package: callers get values.

    ``again`` is whether the same request is worth repeating within this run, ``after`` the seconds
    the host asked for, ``origin`` (``SCHEME://HOST[:PORT]``) whom we were talking to.
    ``asset`` is the image that is held, if it was fetched. ``cause`` is the reason, or what is
    behind it: why a host that is not asked any more was given up.
    """

    def __init__(
        self, reason: Reason, detail: str, *, again: bool | None = None, after: float | None = None
    ) -> None:
        super().__init__(reason, detail)  # all of it, so that it can be pickled
        self.reason = reason
        self.detail = redact(detail)
        self.again = reason.retry if again is None else again
        self.after = after
        self.asset: Asset | None = None
        self.origin = ""
        self.cause = reason

    def __str__(self) -> str:
        return self.detail

    @property
    def held(self) -> bool:
        """Whether the user's word would do."""
        return self.reason in _HELD

    def outcome(self, url: str) -> Held | Failed:
        """The value that stands for this."""
        if self.held:
            return Held(url, self.reason, self.detail, self.asset)
        return Failed(url, self.reason, self.detail)
