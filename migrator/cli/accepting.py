"""The command that lets held images through: accept."""

from typing import TYPE_CHECKING, Annotated

import typer

from migrator.cli import options
from migrator.cli.options import Common, with_common
from migrator.cli.screen import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migrator.ledger import Ledger
    from migrator.model import PastImage


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command()(with_common(accept))


def accept(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="[WHAT]...", help="A URL, a SHA-256 (8 digits and more), or a group's name."
        ),
    ] = [],  # noqa: B006 - typer copies it
    *,
    json: options.Json = False,
    common: Common,
) -> int:
    """List what is held for you to decide, or let it through.

    Without WHAT it is listed. A SHA-256 lets through one picture, wherever it comes from; a URL
    lets through what is held there now, for the reason that it is held for and no other. Nothing
    moves yet: `migrator migrate --only-failed` does that.

    Examples:

        migrator accept

        migrator accept 3f786850e387

        migrator accept https://img.example.com/logo.svg by-referer:img.example.com

    Exit status: 0, or 2 nothing that is held is called so, 6 disk full or no permission, 7 another
    run is at work.
    """
    import sys

    from migrator.cli.session import at_site, history, nothing_recorded
    from migrator.held import let_through, meant
    from migrator.report.held import accepted_json, accepted_text, held_json, held_text
    from migrator.report.screen import width

    with at_site(common) as session:
        with history(session.site) as past:
            if past is None and what:
                raise nothing_recorded()
            held = [each for each in past.past_images() if each.state == "held"] if past else []
            accepted = past.accepted() if past else frozenset()
        if not what:
            held = [
                each
                for each in held
                if not let_through(each.reason, each.url, each.asset, accepted)
            ]
            text = held_text(held, width=width(sys.stdout), full=common.verbose)
            say(held_json(held) if json else text.rstrip("\n"))
            return 0
        images: dict[str, PastImage] = {}
        names: dict[str, None] = {}
        for each in what:
            found, remembered = meant(each, held)
            images |= {image.url: image for image in found}
            names |= dict.fromkeys(remembered)
        with session.working() as ledger:
            ledger.accept(names)
            next_command = _next(ledger, list(images.values()))
        shown = list(images.values())
        text = accepted_text(shown, next_command, width=width(sys.stdout)).rstrip("\n")
        say(accepted_json(shown, list(names), next_command) if json else text)
    return 0


def _next(ledger: "Ledger", images: "Sequence[PastImage]") -> str:
    """The command that moves them: that of the newest run that held one of them."""
    from migrator.cli.asked import Asked
    from migrator.cli.ending import only_failed

    names = {each.run for each in images}
    run = next(each for each in reversed(ledger.runs()) if each.name in names)
    if run.finished is None:
        return "migrator resume"
    return only_failed(run.command, Asked.read(run.arguments).typed)
