"""How a first configuration comes to be: look, ask, write, check."""

import os
import tempfile
import tomllib
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

import typer

from migrator import durable
from migrator.cli.answering import CHECKED, Found, asked, from_root, must_be_fit
from migrator.cli.examining import STOPPED, examined
from migrator.cli.options import Common
from migrator.cli.screen import agrees, say
from migrator.cli.session import listening, on_terminal
from migrator.config import Settings
from migrator.config.checking import Origin, build, checked
from migrator.config.loading import FILE_NAME, find_config, load, user_config
from migrator.config.trust import trust
from migrator.doctor.hosts import hosts_of
from migrator.errors import MigratorError, UsageError
from migrator.init import (
    FOLDER,
    Answers,
    choices,
    config_text,
    fitting,
    needed,
)
from migrator.model import Post
from migrator.reading import read_posts
from migrator.report.escape import for_terminal
from migrator.rewriter.links import check_links
from migrator.scanner.files import must_exist
from migrator.sites import Generator, detect
from migrator.state import Site, site_root
from migrator.uploader import Stores

_DEPTH = 4  # folders: content/posts/2024 in a site


def first_config(place: Path, given: Answers, common: Common, *, yes: bool) -> int:
    """Write a migrator.toml for the site at ``place``, check it, and say how to go on.

    ``given`` is what options answered. Returns the exit status.

    Raises:
        UsageError: there is one already; or nobody can be asked and an option is missing.
    """
    must_exist([place])
    if given.provider and given.provider not in choices():
        near = "".join(
            f"Did you mean {each}? " for each in get_close_matches(given.provider, choices(), 1)
        )
        raise UsageError(
            f"the service {given.provider!r} is not known",
            f"{near}Known are {', '.join(choices())}; custom, with --endpoint, is any other.",
        )
    root, generator = _site(place)
    file = _new_file(root, common)
    given = replace(given, store_path=from_root(given.store_path, root))
    ask = on_terminal() and not yes
    if not ask:
        _must_suffice(given, yes=yes)
    for name in CHECKED:
        if value := getattr(given, name):
            must_be_fit(name, value, given, root)
    found = _look(place, root, generator, common)
    try:
        answers = asked(given, found) if ask else given
        text = config_text(fitting(replace(answers, generator=generator.name), generator))
        _must_fit(text, file)
        if ask and not _agreed(text, file):
            return STOPPED
    except KeyboardInterrupt:  # typer would say nothing
        raise typer.Abort from None
    _write(file, text)
    _say_it_is_written(file, answers)
    where = os.path.relpath(found.posts)
    status = examined(
        [found.posts],
        replace(common, config=file),
        next_command=f"migrator migrate {where} --dry-run",
    )
    if status == STOPPED:
        say(f"{for_terminal(str(file))} is written. To check it: migrator doctor", err=True)
    return status


def _site(place: Path) -> tuple[Path, Generator]:
    """The root of the site that ``place`` is in, and what makes the site.

    Posts lie a few folders deep; above the folder of a repository there is no site.
    """
    here = place.resolve()
    for folder in (here, *here.parents)[:_DEPTH]:
        generator = detect(folder)
        if generator.name:
            return folder, generator
        if (folder / ".git").exists() or folder == Path.home():
            break
    return site_root([place], None), Generator("")


def _new_file(root: Path, common: Common) -> Path:
    """Where the configuration goes; there must be none yet."""
    there = common.config or find_config(root)
    if there and there.exists():
        raise UsageError(
            f"{there} is there already, and is not overwritten",
            "Change it in an editor (then: migrator doctor), or move it away and run this again.",
        )
    return (common.config or root / FILE_NAME).absolute()


def _must_suffice(given: Answers, *, yes: bool) -> None:
    """See that nothing has to be asked."""
    missing = [] if given.provider else ["--provider or --store-path"]
    if given.provider:
        missing += [f"--{name.replace('_', '-')}" for name in needed(given)]
    missing += [] if yes else ["--yes"]
    if missing:
        raise UsageError(
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing, and there is"
            " nobody to ask" + ("" if on_terminal() else ": this is no terminal"),
            "Give it as an option, or run migrator init on a terminal without --yes.",
        )


def _look(place: Path, root: Path, generator: Generator, common: Common) -> Found:
    posts = place
    if place.resolve() == root and (root / generator.posts).is_dir():
        posts = place / generator.posts
    settings = Settings()
    with listening(common) as listener:
        read = list(read_posts([posts], Site(root), settings.scan, listener))
    images = [each for each in read if isinstance(each, Post)]
    return Found(root, generator, posts, hosts_of(images, settings, None))


def _agreed(text: str, file: Path) -> bool:
    say(f"\n{text}", err=True)
    if agrees(f"Write this to {file}?", default=True):
        return True
    say("Nothing was written.", err=True)
    return False


def _must_fit(text: str, file: Path) -> None:
    """See that the configuration can be used, before it is written."""
    settings = build(Settings, checked(Settings, tomllib.loads(text), Origin(str(file))))
    stores = Stores(settings, file.parent)
    stores.close()
    check_links(settings, stores.first.public_url(""))


def _write(file: Path, text: str) -> None:
    """Make ``file`` with mode 0644, whole or not at all; one that is there meanwhile stays."""
    with durable.problems_told(file):
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=".migrator-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                os.fchmod(stream.fileno(), 0o644)
                stream.write(text)
                stream.flush()
                durable.sync(stream.fileno())
            try:
                os.link(name, file)
            except FileExistsError:
                raise UsageError(f"{file} is there already, and is not overwritten") from None
            except OSError:  # no hard links here
                Path(name).rename(file)
            durable.sync_folder(file.parent)
        finally:
            Path(name).unlink(missing_ok=True)


def _say_it_is_written(file: Path, answers: Answers) -> None:
    say(f"Wrote {for_terminal(str(file))}.", err=True)
    user_file = user_config(os.environ)
    try:
        loaded = load(file, user_file=user_file, overrides={}, environ={})
        trust(file, loaded.digest, user_file)
    except MigratorError as error:
        why = for_terminal(str(error))
        say(f"It could not be remembered as yours ({why}): add --trust-config.", err=True)
    has_keys = answers.profile or {"AWS_ACCESS_KEY_ID", "AWS_PROFILE"} & set(os.environ)
    if answers.provider != FOLDER and not has_keys:
        say(
            "Your keys go into the environment, never into that file:\n"
            "  export AWS_ACCESS_KEY_ID=…  AWS_SECRET_ACCESS_KEY=…\n"
            'or into a profile (aws configure --profile NAME), with profile = "NAME" in [store].',
            err=True,
        )
