"""Why an image or a post stayed where it was: a stable list that scripts may rely on."""

from enum import StrEnum
from typing import Self


class Outlook(StrEnum):
    """What a failure lets hope for the next run; the value is for people."""

    AGAIN = "try again"
    GONE = "gone for good"
    FORBIDDEN = "forbidden"
    NO_IMAGE = "not an image"
    DECISION = "your decision"
    CHANGE = "something must change"
    NONE = ""  # no failure of an image


class Reason(StrEnum):
    """One reason; the value is stable, ``words`` is for people, ``retry`` is for the next run.

    ``retry`` is true where the same request may succeed later.
    """

    words: str
    retry: bool

    def __new__(cls, value: str, words: str = "", retry: bool = False) -> Self:  # noqa: D102 - the class says it
        member = str.__new__(cls, value)
        member._value_ = value
        member.words = words
        member.retry = retry
        return member

    @property
    def outlook(self) -> Outlook:
        """What becomes of an image that failed or is held for this reason."""
        return Outlook.AGAIN if self.retry else _OUTLOOKS.get(self, Outlook.NONE)

    @property
    def state(self) -> str:
        """The state of a post that stays for this reason: ``conflict`` or ``skipped``."""
        conflicts = {Reason.POST_CHANGED, Reason.ORIGINAL_MISSING}
        return "conflict" if self in conflicts else "skipped"

    # images that were not asked to move
    ALREADY_THERE = "already-there", "already in the target store"
    NOT_SELECTED = "not-selected", "its host is not among those to move"
    NOT_FAILED = "not-failed", "it did not fail before"
    STILL_HELD = "still-held", "it is held, and you have not let it through (migrator accept)"
    STILL_GONE = "still-gone", "its host said it is gone; a run without --only-failed asks again"
    NOT_MENTIONED = "not-mentioned", "no post shows it any more"
    OVER_LIMIT = "over-limit", "left for another run by --limit"
    NOT_MAPPED = "not-mapped", "the map has no new address for it"

    # files that local paths mean
    NO_FILE = "no-file", "the site has no such file"
    OUTSIDE_SITE = "outside-site", "the file is outside of the site's folder"
    SEVERAL_FILES = "several-files", "the path could mean several different files"

    # images that could not be fetched
    BAD_URL = "bad-url", "the address cannot be requested"
    BLOCKED_ADDRESS = "blocked-address", "the address is private or reserved"
    DNS = "dns", "the host's name cannot be resolved", True
    CONNECT = "connect", "the host cannot be reached", True
    TLS = "tls", "the host's certificate or TLS is not valid"
    TIMEOUT = "timeout", "the host took too long", True
    REDIRECT = "redirect", "the host redirects to where we must not or cannot follow"
    NOT_FOUND = "not-found", "the host says the image does not exist (404)"
    GONE = "gone", "the host says the image was removed (410)"
    FORBIDDEN = "forbidden", "the host refuses to serve the image (401 or 403)"
    HOST_PAUSED = "host-paused", "its host needs a rest; a later run goes on", True
    RATE_LIMITED = "rate-limited", "the host asks us to slow down (429)", True
    SERVER_ERROR = "server-error", "the host has an error of its own (5xx)", True
    HTTP_STATUS = "http-status", "the host answers with an unexpected status"
    PROTOCOL = "protocol", "the host's answer is not valid HTTP", True
    ENCODING = "encoding", "the host compresses the image although asked not to"
    TRUNCATED = "truncated", "the image is not complete", True
    NOT_AN_IMAGE = "not-an-image", "what came is not an image"
    DAMAGED = "damaged", "the image is damaged"
    SOURCE_MISSING = "source-missing", "no folder or bucket of the routes holds the image"
    BUCKET_REFUSED = "bucket-refused", "the bucket of a route does not let us read the image"

    # images that need the user's word
    TOO_LARGE = "too-large", "the image is larger than the limit"
    SVG = "svg", "an SVG can carry scripts"
    TOO_MANY_PIXELS = "too-many-pixels", "the image has more pixels than the limit"
    TINY = "tiny", "the image is a dot, as placeholders and visitor counters are"
    SUSPICIOUS = "suspicious", "the image carries something else that a browser might run"
    UNCHECKED = "unchecked", "the image could not be checked"

    # images that may not be what the post means: judged over all images of a run
    KNOWN_PLACEHOLDER = "known-placeholder", "this picture is known to stand for missing images"
    ANY_NAME = "any-name", "the host answers made-up names with this picture, or one like it"
    SAME_BYTES = "same-bytes", "the host gives one picture for different images"
    SAME_TARGET = "same-target", "the host redirects different images to one picture"
    STAND_IN = "stand-in", "this looks like a stand-in for the image"
    BY_REFERER = "by-referer", "asked from another page, the host gives another picture"

    # images that could not be stored
    STORE_UNAVAILABLE = "store-unavailable", "the store cannot be reached or has an error", True
    STORE_REJECTED = "store-rejected", "the store does not take this image"
    STORE_CONFLICT = "store-conflict", "the store holds other bytes under our name"
    STORE_MISMATCH = "store-mismatch", "the store gives back other bytes than it was given", True
    STORE_LOST = "store-lost", "the image vanished from the store before it was linked to", True
    PUBLIC_URL = "public-url", "the public address does not serve what was stored", True

    # images that could not be moved
    WORKER_LOST = "worker-lost", "each process that tried to move the image ended before", True

    # images that could not be restored
    NOT_IN_BACKUP = "not-in-backup", "the backup has no copy of the image"
    BACKUP_DAMAGED = "backup-damaged", "the backup's copy of the image is damaged or gone"

    # posts that were left alone as a whole
    OPT_OUT = "opt-out", "the post asks to be left alone"
    UNREADABLE = "unreadable", "the file cannot be read"
    NOT_A_FILE = "not-a-file", "not a regular file"
    NOT_A_POST = "not-a-post", "its name does not end like a post's (see extensions in [scan])"
    SYMLINK = "symlink", "a symbolic link"
    FILE_NAME = "file-name", "the file's name is not valid text"
    UTF_16 = "utf-16", "the file is in UTF-16 or UTF-32"
    POST_TOO_LARGE = "post-too-large", "the file is larger than a post can be"

    # posts that were not rewritten
    READ_ONLY = "read-only", "the file or its folder is read-only"
    UNCOMMITTED = "uncommitted", "the post has changes that are not committed to git"
    NO_FOLDER = "no-folder", "the post has no folder for its images"
    HARD_LINK = "hard-link", "the file has other names (hard links)"
    OTHER_OWNER = "other-owner", "the file belongs to another user"
    METADATA = "metadata", "its owner, permissions or attributes cannot be kept"
    FILE_SYSTEM = "file-system", "the file system has no safe way to replace a file"
    POST_CHANGED = "post-changed", "the post was changed meanwhile"
    ORIGINAL_MISSING = "original-missing", "our copy of the original is gone or damaged"
    SELF_CHECK = "self-check", "more than its links would have changed; this is a bug of ours"
    INTERNAL = "internal", "a bug of ours"


_OUTLOOKS = {
    reason: outlook
    for outlook, reasons in {
        Outlook.GONE: (Reason.NOT_FOUND, Reason.GONE),
        Outlook.FORBIDDEN: (Reason.FORBIDDEN,),
        Outlook.NO_IMAGE: (Reason.NOT_AN_IMAGE, Reason.DAMAGED),
        Outlook.DECISION: (
            Reason.BLOCKED_ADDRESS,
            Reason.TOO_LARGE,
            Reason.SVG,
            Reason.TOO_MANY_PIXELS,
            Reason.TINY,
            Reason.SUSPICIOUS,
            Reason.UNCHECKED,
            Reason.KNOWN_PLACEHOLDER,
            Reason.ANY_NAME,
            Reason.SAME_BYTES,
            Reason.SAME_TARGET,
            Reason.STAND_IN,
            Reason.BY_REFERER,
        ),
        Outlook.CHANGE: (
            Reason.NO_FILE,
            Reason.OUTSIDE_SITE,
            Reason.SEVERAL_FILES,
            Reason.BAD_URL,
            Reason.TLS,
            Reason.REDIRECT,
            Reason.HTTP_STATUS,
            Reason.ENCODING,
            Reason.SOURCE_MISSING,
            Reason.BUCKET_REFUSED,
            Reason.STORE_REJECTED,
            Reason.STORE_CONFLICT,
            Reason.NOT_IN_BACKUP,
            Reason.BACKUP_DAMAGED,
        ),
    }.items()
    for reason in reasons
}

# An image that is skipped for one of these was asked to move all the same.
UNMET = frozenset(
    {
        Reason.NO_FILE,
        Reason.OUTSIDE_SITE,
        Reason.SEVERAL_FILES,
        Reason.STILL_HELD,
        Reason.STILL_GONE,
        Reason.NOT_IN_BACKUP,
    }
)
