"""A report in words, for a terminal: what moved, what stayed and why, what to do next. Pure."""

from collections import Counter
from collections.abc import Iterable

from migrator import urls
from migrator.held import PICTURES
from migrator.redact import redact
from migrator.report.escape import columns, for_terminal, keep_end, short_url, wrapped
from migrator.report.origins import came_from
from migrator.report.quantities import counted, size
from migrator.report.stayed import Stayed, stayed, words_of
from migrator.report.summary import IMAGE_STATES, ImageReport, PastRun, Report, total_size

_SCREEN = 24  # lines
_MARGIN = 5  # lines: the command or question, an empty line, the title, and what _stays may add
_LEAST_ROOM = 4
_LABEL = 13  # columns of the labels of a plan
_HOSTS = 4
_EXPECTED = 4  # reasons
_WARNINGS = 3
_MOST_PLACES = 3
_TWO_COLUMNS = 45  # columns from which a post and a URL stand side by side


def summary_text(
    report: Report, next_command: str | None, *, width: int = 80, full: bool = False
) -> str:
    """The end of a run or dry run, within a screen of ``width`` columns.

    ``next_command`` is the one command that goes on from here. ``full`` leaves nothing out: all
    reasons, all places, all warnings, with details.
    """
    if report.dry_run:
        head = ["Dry run: nothing was changed.", "", *intentions(report, width, "Would ")]
        title = "Would stay as it is:"
    else:
        head, title = wrapped(achievement(report), width), "Stayed as it was:"
    tail = came_from(report.images) if full and not report.dry_run else []
    tail += _warnings(report, width, full=full)
    if not report.dry_run and (said := promise(report)):
        tail += ["", *wrapped(said, width)]
    if next_command:
        tail += ["", f"Next:  {for_terminal(next_command)}"]
    return _screen(report, head, title, tail, width, full=full)


def plan_text(report: Report, *, width: int = 80) -> str:
    """What is about to happen, to be shown before the question."""
    head, tail = intentions(report, width, ""), _warnings(report, width, full=False)
    return _screen(report, head, "Will stay as it is:", tail, width, full=False)


def _screen(
    report: Report, head: list[str], title: str, tail: list[str], width: int, *, full: bool
) -> str:
    """``head`` and ``tail``, and between them as much of what stays as a screen has room for."""
    beside = _height([*head, *tail], width) + _MARGIN
    room = None if full else max(_LEAST_ROOM, _SCREEN - beside)
    return "\n".join([*head, *_stays(report, width, title, room), *tail]) + "\n"


def _height(lines: list[str], width: int) -> int:
    """How many lines of the terminal these are: it breaks those that are too long."""
    return sum(max(1, -(-columns(line) // width)) for line in lines)


def runs_text(runs: Iterable[PastRun], *, width: int = 80) -> str:
    """The history, in the order given; times are UTC."""
    lines: list[str] = []
    for run in runs:
        when = f"{run.started[:16].replace('T', ' ')} UTC"
        what = f"{counted(run.images, 'image')}, {counted(run.posts, 'post')}"
        state = for_terminal(run.state.replace("-", " "))
        first = for_terminal(f"{run.run:13} {when}  {run.command:9}")
        line = f"{first} {state:12} {what}"
        lines += [line] if columns(line) <= width else [first.rstrip(), f"  {state}: {what}"]
    return "\n".join(lines or ["No run has changed anything here yet."]) + "\n"


def achievement(report: Report) -> str:
    """What a run did, as a sentence or three."""
    changed = [post for post in report.posts if post.state in ("rewritten", "rolled-back")]
    links = counted(sum(post.edits for post in changed), "link")
    posts = counted(len(changed), "post")
    said = [] if report.finished else ["Stopped before the end."]
    if report.command == "rollback":
        back = f"Put back {posts}, byte for byte." if changed else "No post was put back."
        return " ".join([*said, back])
    counts = Counter() if report.command == "rewrite" else Counter(report.counts)
    moved, reused, waiting = (counts[state] for state in ("stored", "reused", "planned"))
    if moved:
        to = f" to {for_terminal(report.store)}" if report.store else ""
        did = {"backup": "Copied", "restore": "Restored"}.get(report.command, "Moved")
        stored = (image for image in report.images if image.state == "stored")
        said.append(f"{did} {counted(moved, 'image')} ({size(total_size(stored))}){to}.")
    if reused:
        were = "was" if reused == 1 else "were"
        said.append(f"{counted(reused, 'image')} {were} in the store already.")
    if changed:
        said.append(f"Updated {links} in {posts}.")
    elif moved or reused:
        said.append("No post was changed.")
    elif waiting:
        said.append("No image was moved yet.")
    elif all(group.kind == "unasked" for group in stayed(report, 0)):
        said.append(_nothing(report))
    else:
        said.append("No image was moved and no post was changed.")
    if cut := sum(post.state == "interrupted" for post in report.posts):
        said.append(f"{counted(cut, 'post')} being replaced: the next command sees to it.")
    if waiting:
        said.append(f"{counted(waiting, 'image')} still to do.")
    return " ".join(said)


def intentions(report: Report, width: int, would: str) -> list[str]:
    """What a run would do, as labelled lines."""
    posts = [post for post in report.posts if post.state == "planned"]
    update = "put back" if report.command == "rollback" else "update"
    links = counted(sum(post.edits for post in posts), "link")
    rows = [(_label(would, update), f"{counted(len(posts), 'post')}, {links}")]
    moving = [image for image in report.images if image.state in ("planned", "stored", "reused")]
    if moving and report.command != "rewrite":
        new = [image for image in moving if image.sha256 is None]
        hosts = Counter(urls.host(image.url) or "files of this site" for image in new)
        move = "restore" if report.command == "restore" else "move"
        rows.insert(0, (_label("Would try to " if would else "", move), _with_bytes(new)))
        if not posts and report.command == "restore":
            rows.pop()
        if new:
            rows.append(("from", for_terminal(report.origin) or _top(hosts)))
        there = len(moving) - len(new)
        objects = f"{for_terminal(report.store)}: at most {counted(len(new), 'new file')}"
        objects += f", {there:,} there already" if there else ""
        rows.append(("to", objects.removeprefix(": ")))
    if not moving and not posts:
        return wrapped(_nothing(report), width)
    rows += _expected(moving, "expect" if would else "Expect")
    lines: list[str] = []
    room = max(_LABEL, *(len(label) for label, _ in rows))
    for label, text in rows:
        lines += wrapped(
            text, width, initial_indent=f"{label:{room}} ", subsequent_indent=" " * (room + 1)
        )
    return lines


def _expected(moving: list[ImageReport], label: str) -> list[tuple[str, str]]:
    """What hosts said of images already that will probably stay where they are."""
    reasons = Counter(image.reason for image in moving if image.reason)
    said = [
        f"{counted(number, 'image')} to stay: {words_of(reason)}"
        for reason, number in reasons.most_common(_EXPECTED)
    ]
    if rest := reasons.total() - sum(number for _, number in reasons.most_common(_EXPECTED)):
        said.append(f"{counted(rest, 'more image')} to stay")
    return list(zip((label, *[""] * len(said)), said, strict=False))


def _nothing(report: Report) -> str:
    if report.command == "rollback":
        return "Nothing to do: the run has no post to put back."
    if report.command == "rewrite":
        return "Nothing to do: no post has a link that the map names."
    if report.command == "restore":
        return "Nothing to do: there is no image to restore."
    return "Nothing to do: no post shows an image that has to move."


def _label(would: str, verb: str) -> str:
    return would + verb if would else verb.capitalize()


def _stays(report: Report, width: int, title: str, room: int | None) -> list[str]:
    """What stays and why, with a few places each, in ``room`` lines and two (``None``: all)."""
    groups = stayed(report, None if room is None else _MOST_PLACES)
    if not groups:
        return []
    digits = len(f"{max(group.count for group in groups):,}")
    indent = " " * (digits + 4)
    titles = [
        wrapped(
            _title(group),
            width,
            initial_indent=f"  {group.count:{digits},}  ",
            subsequent_indent=indent,
        )
        + _accepting(group, indent)
        + _allowing(group, width, indent)
        for group in groups
    ]
    shown, places = (len(groups), None) if room is None else _share(groups, titles, room)
    lines = ["", title]
    for group, words in zip(groups[:shown], titles, strict=False):
        lines += words
        if room is None or group.kind != "unasked":
            lines += _places(group, places, width, indent + "  ")
    if rest := groups[shown:]:
        count = sum(group.count for group in rest)
        reasons = counted(len({group.reason for group in rest}), "other reason")
        lines.append(f"  {count:{digits},}  more, for {reasons}")
    return lines


def _share(groups: list[Stayed], titles: list[list[str]], room: int) -> tuple[int, int]:
    """How many groups, and how many places of each, fit into ``room`` lines."""
    shown = used = 0
    most = room if sum(map(len, titles)) <= room else room - 1  # one says that there are more
    while shown < len(groups) and (not shown or used + len(titles[shown]) <= most):
        used += len(titles[shown])
        shown += 1
    troubled = sum(group.kind != "unasked" for group in groups[:shown])
    return shown, min(_MOST_PLACES, (room - used) // troubled) if troubled else 0


def _title(group: Stayed) -> str:
    noun = "image" if group.images else "post"
    held = ", held for you to decide" if group.kind == "held" else ""
    return f"{noun if group.count == 1 else noun + 's'}{held}: {for_terminal(group.words)}"


def _accepting(group: Stayed, indent: str) -> list[str]:
    them = "it" if group.count == 1 else "them"
    command = f"migrator accept {for_terminal(group.name)}"
    return [f"{indent}to let {them} through: {command}"] if group.name else []


def _allowing(group: Stayed, width: int, indent: str) -> list[str]:
    options = for_terminal(group.options)
    text = f"if you trust it: {options}" if options else ""
    return wrapped(text, width, initial_indent=indent, subsequent_indent=indent)


def _places(group: Stayed, limit: int | None, width: int, indent: str) -> list[str]:
    """Where what stayed stands, a line each; without a limit, also what is known beyond."""
    room = width - len(indent)
    lines: list[str] = []
    for number, image in enumerate(group.images[:limit]):
        lines.append(indent + _place(image, room))
        if limit is None and (number == 0 or group.reason not in PICTURES):  # one detail tells all
            lines += _beyond(image.detail, indent)
    for post in group.posts[:limit]:
        lines.append(indent + keep_end(for_terminal(post.path), room))
        lines += _beyond(post.detail, indent) if limit is None else []
    return lines


def _beyond(detail: str, indent: str) -> list[str]:
    return [f"{indent}  {for_terminal(redact(detail))}"] if detail else []


def _place(image: ImageReport, room: int) -> str:
    """The first post and line that show an image, and its URL if there is room for both."""
    if not image.references:
        return short_url(image.url, room)
    first = image.references[0]
    place = f"{for_terminal(first.path)}:{first.line}"
    if room < _TWO_COLUMNS:
        return keep_end(place, room)
    url = short_url(image.url, room * 3 // 5)
    return f"{keep_end(place, room - columns(url) - 2)}  {url}"


def _warnings(report: Report, width: int, *, full: bool) -> list[str]:
    notes = (*report.notes, *report.warnings)
    shown = notes if full else notes[:_WARNINGS]
    lines = [
        line
        for text in shown
        for line in wrapped(
            for_terminal(redact(text)), width, initial_indent="Note: ", subsequent_indent="      "
        )
    ]
    if len(shown) < len(notes):
        lines.append(f"      and {counted(len(notes) - len(shown), 'more note')}")
    return ["", *lines] if lines else []


def promise(report: Report) -> str:
    """The fact that nothing was lost, and how to undo; empty where nothing happened."""
    if report.command == "rollback":
        return "Nothing was lost: the images stay in the store."
    if any(post.state == "rewritten" for post in report.posts):
        undo = f"migrator rollback {report.run}" if report.run else "migrator rollback"
        return (
            "Nothing was lost: no image was deleted anywhere, and every changed post is kept as"
            f" it was (to undo: {undo})."
        )
    if any(report.counts[state] for state in IMAGE_STATES) and (
        stayed(report, 0) or not report.finished
    ):
        return "Nothing was lost: no image was deleted anywhere, and no post was changed."
    return ""


def _with_bytes(images: list[ImageReport]) -> str:
    """How many images, and the bytes of those that are expected to move."""
    hopeful = [image for image in images if not image.reason]
    unknown = sum(image.size is None for image in hopeful)
    text = counted(len(images), "image")
    if unknown < len(hopeful):
        least, rest = ("at least ", f" ({unknown:,} of unknown size)") if unknown else ("", "")
        text += f", {least}{size(total_size(hopeful))}{rest}"
    return text


def _top(hosts: Counter[str]) -> str:
    named = [f"{for_terminal(host)} ({number:,})" for host, number in hosts.most_common(_HOSTS)]
    more = len(hosts) - len(named)
    return ", ".join(named) + (f", {counted(more, 'more host')}" if more else "")
