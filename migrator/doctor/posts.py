"""Which posts could be rewritten, and which not and why. Reads; changes nothing."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from migrator.config import RouteSettings
from migrator.errors import UsageError
from migrator.finding import Area, Finding, note, ok, problem, trouble
from migrator.model import Post, SkippedPost
from migrator.reasons import Reason
from migrator.redact import redact
from migrator.report.quantities import counted
from migrator.urls import canonical

_NAMED = 3  # posts that a finding names
_SERIOUS = {Reason.UNREADABLE, Reason.READ_ONLY, Reason.OTHER_OWNER}
_CURES = {
    Reason.UNREADABLE: "Make them readable for you.",
    Reason.READ_ONLY: "Make the files and their folders writable for you (chmod u+w).",
    Reason.OTHER_OWNER: "Give them to yourself (chown), or run as their owner.",
    Reason.HARD_LINK: "They stay as they are: a new file would part them from their other names.",
    Reason.SYMLINK: "They stay as they are; name the folder that they lead to as well.",
    Reason.UTF_16: "Save them as UTF-8.",
    Reason.FILE_NAME: "Rename them.",
    Reason.UNCOMMITTED: 'Commit them first, or write git = "ignore" into [safety].',
}


def check_posts(
    read: Sequence[Post | SkippedPost], obstacle: Callable[[Post], SkippedPost | None]
) -> Iterator[Finding]:
    """What keeps posts from being rewritten; ``obstacle`` says it of a post that could be read."""
    posts = [each for each in read if isinstance(each, Post)]
    skipped = [each for each in read if isinstance(each, SkippedPost)]
    shown = sum(len(post.references) for post in posts)
    yield ok(Area.POSTS, f"{counted(len(posts), 'post')} with {counted(shown, 'image link')}")
    if not read:
        yield note(
            Area.POSTS,
            "there is no post here",
            cure="Name the folder of your posts: migrator doctor FOLDER",
        )
    try:
        skipped += [stays for post in posts if post.references and (stays := obstacle(post))]
    except UsageError as error:  # in the middle of a merge
        yield trouble(Area.POSTS, error)
    groups: dict[Reason, list[str]] = defaultdict(list)
    for each in skipped:
        groups[each.reason].append(each.name)
    homes = next((each.detail for each in skipped if each.reason is Reason.NO_FOLDER), "")
    with_images = sum(bool(post.references) for post in posts)
    for reason, names in groups.items():
        none_is_left = reason is Reason.NO_FOLDER and len(names) == with_images
        make = problem if reason in _SERIOUS or none_is_left else note
        what = f"{counted(len(names), 'post')} would stay as it is"
        if len(names) > 1:
            what = f"{counted(len(names), 'post')} would stay as they are"
        cure = homes if reason is Reason.NO_FOLDER else _CURES.get(reason, "")
        yield make(Area.POSTS, f"{what}: {reason.words}", _some(names), cure)
    noted = [f"{post.name}:{each.line}" for post in posts for each in post.notes]
    if noted:
        first = next(each.text for post in posts for each in post.notes)
        yield note(
            Area.POSTS,
            f"{counted(len(noted), 'place')} cannot be read or changed, the first: {first}",
            _some(noted),
            "Mend them, or move these images by hand.",
        )


def check_routes(
    read: Sequence[Post | SkippedPost], routes: Sequence[RouteSettings]
) -> Iterator[Finding]:
    """The routes that no image takes."""
    posts = [each for each in read if isinstance(each, Post)]
    urls = {canonical(reference.url) for post in posts for reference in post.references}
    for number, route in enumerate(routes, start=1):
        if not any(url.startswith(canonical(route.match)) for url in urls):
            yield note(
                Area.POSTS,
                f"no post here shows an image whose address begins with {redact(route.match)}",
                f"route {number}",
                "Compare match with the addresses in the posts: http:// and https:// differ.",
            )


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")
