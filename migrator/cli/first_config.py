"""How a first configuration comes to be: look, ask, write, check."""

import os
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import typer

from migrator import durable
from migrator.cli.examining import STOPPED, examined
from migrator.cli.options import Common
from migrator.cli.session import listening, on_terminal
from migrator.config import Settings
from migrator.config.checking import Origin, build, checked
from migrator.config.loading import FILE_NAME, find_config, load, user_config
from migrator.config.trust import trust
from migrator.doctor.hosts import Asked, hosts_of
from migrator.errors import MigratorError, UsageError
from migrator.init import (
    FOLDER,
    LINKS,
    NAMES,
    TITLES,
    Answers,
    choices,
    config_text,
    fitting,
    needed,
)
from migrator.model import Post
from migrator.posts import read_posts
from migrator.report.escape import for_terminal
from migrator.report.quantities import counted
from migrator.rewriter.links import check_links
from migrator.scanner.files import must_exist
from migrator.scanner.hosts import provider
from migrator.sites import Generator, detect
from migrator.state import Site, site_root
from migrator.uploader import Stores
from migrator.uploader.providers import PROVIDERS

_WORDS = {
    "bucket": "Its bucket",
    "region": "Its region, as the service's console shows it (such as cn-hangzhou)",
    "endpoint": "The address of the service (such as {example})",
    "public_url": "The address at which readers see the bucket: a domain of your own (https://…)",
}
_DEPTH = 4  # folders: content/posts/2024 in a site


@dataclass(frozen=True, slots=True)
class Found:
    """What there is already: the site, what makes it, its posts, and their images' hosts."""

    root: Path
    generator: Generator
    posts: Path
    hosts: Sequence[Asked]


def first_config(place: Path, given: Answers, common: Common, *, yes: bool) -> int:
    """Write a migrator.toml for the site at ``place``, check it, and say how to go on.

    ``given`` is what options answered. Returns the exit status.

    Raises:
        UsageError: there is one already; or nobody can be asked and an option is missing.
    """
    must_exist([place])
    if given.provider and given.provider not in choices():
        raise UsageError(
            f"the service {given.provider!r} is not known",
            f"Known are {', '.join(choices())}; custom, with --endpoint, is any other.",
        )
    root, generator = _site(place)
    file = _new_file(root, common)
    ask = on_terminal() and not yes
    if not ask:
        _must_suffice(given, yes=yes)
    found = _look(place, root, generator, common)
    try:
        answers = _asked(given, found) if ask else given
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
        typer.echo(f"{file} is written. To check it: migrator doctor", err=True)
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


def _show(found: Found) -> None:
    made = f", made by {found.generator.name}" if found.generator.name else ""
    posts = os.path.relpath(found.posts)
    typer.echo(f"The site is {found.root}{made}; its posts are in {posts}.", err=True)
    if not found.hosts:
        typer.echo("No post shows an image of another host yet.", err=True)
        return
    typer.echo(f"Posts show images of {counted(len(found.hosts), 'host')}:", err=True)
    for number, each in enumerate(found.hosts, start=1):
        known = f"  ({name})" if (name := provider(each.url)) else ""
        images = counted(each.images, "image")
        typer.echo(f"  {number:2}  {for_terminal(each.host)}: {images}{known}", err=True)


def _asked(given: Answers, found: Found) -> Answers:
    """The answers of somebody at the terminal to what ``given`` leaves open."""
    _show(found)
    answers = given
    if found.hosts and not answers.hosts:
        answers = replace(answers, hosts=_ask_hosts(found.hosts))
    if not answers.provider:
        answers = replace(answers, provider=_ask_choice("Where shall they go?", _places(), FOLDER))
    if answers.provider == FOLDER:
        answers = _ask_folder(answers, found.generator)
    for name in needed(answers):
        example = PROVIDERS[answers.provider].endpoint_example or "https://s3.example.com"
        value = typer.prompt(_WORDS[name].format(example=example), err=True)
        answers = replace(answers, **{name: value.strip()})
    if not answers.key:
        key = _ask_choice("How shall images be named?", NAMES, next(iter(NAMES)))
        answers = replace(answers, key=key)
    return answers


def _ask_folder(answers: Answers, generator: Generator) -> Answers:
    if not answers.store_path:
        path = typer.prompt("The folder for images", default=generator.store_path, err=True)
        answers = replace(answers, store_path=path.strip())
    # Where the generator is known, so is what fits it.
    if not generator.name and not answers.links and not answers.public_url:
        links = _ask_choice("How shall links be written?", LINKS, "relative")
        answers = replace(answers, links="" if links == "relative" else links)
    if generator.hint:
        typer.echo(f"Hint: {generator.hint}.", err=True)
    return answers


def _places() -> dict[str, str]:
    return {name: TITLES.get(name, name) for name in choices()}


def _ask_hosts(hosts: Sequence[Asked]) -> tuple[str, ...]:
    while True:
        said = typer.prompt(
            "Which shall move? Numbers such as 1,3, or all", default="all", err=True
        )
        if said.strip().lower() == "all":
            return ()
        numbers = said.replace("，", ",").replace(",", " ").split()
        if all(each.isdecimal() and 0 < int(each) <= len(hosts) for each in numbers) and numbers:
            return tuple(hosts[int(each) - 1].host for each in numbers)
        typer.echo(f"Please answer with numbers from 1 to {len(hosts)}, or all.", err=True)


def _ask_choice(question: str, options: dict[str, str], default: str) -> str:
    """One of ``options``, chosen by its number or its name."""
    names = list(options)
    typer.echo(question, err=True)
    for number, (name, title) in enumerate(options.items(), start=1):
        typer.echo(f"  {number:2}  {title}" + (f" ({name})" if name in PROVIDERS else ""), err=True)
    while True:
        said: str = typer.prompt("Number", default=str(names.index(default) + 1), err=True).strip()
        if said in options:
            return said
        if said.isdecimal() and 0 < int(said) <= len(names):
            return names[int(said) - 1]
        typer.echo(f"Please answer with a number from 1 to {len(names)}.", err=True)


def _agreed(text: str, file: Path) -> bool:
    typer.echo(f"\n{text}", err=True)
    if typer.confirm(f"Write this to {file}?", default=True, err=True):
        return True
    typer.echo("Nothing was written.", err=True)
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
    typer.echo(f"Wrote {file}.", err=True)
    user_file = user_config(os.environ)
    try:
        loaded = load(file, user_file=user_file, overrides={}, environ={})
        trust(file, loaded.digest, user_file)
    except MigratorError as error:
        typer.echo(f"It could not be remembered as yours ({error}): add --trust-config.", err=True)
    has_keys = answers.profile or {"AWS_ACCESS_KEY_ID", "AWS_PROFILE"} & set(os.environ)
    if answers.provider != FOLDER and not has_keys:
        typer.echo(
            "Your keys go into the environment, never into that file:\n"
            "  export AWS_ACCESS_KEY_ID=…  AWS_SECRET_ACCESS_KEY=…\n"
            'or into a profile (aws configure --profile NAME), with profile = "NAME" in [store].',
            err=True,
        )
