"""What somebody at the terminal is asked for a first configuration."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from migrator.cli.screen import agrees, answer, say
from migrator.config import Settings
from migrator.config.checking import Origin, build, checked
from migrator.doctor.hosts import Asked
from migrator.errors import ConfigError
from migrator.init import FOLDER, LINKS, NAMES, TITLES, Answers, choices, needed
from migrator.report.escape import for_terminal
from migrator.report.quantities import counted
from migrator.scanner.hosts import provider
from migrator.sites import Generator
from migrator.uploader import open_store
from migrator.uploader.providers import PROVIDERS

_WORDS = {
    "bucket": "Its bucket",
    "region": "Its region, as the service's console shows it (such as cn-hangzhou)",
    "endpoint": "The address of the service (such as {example})",
    "public_url": "The address at which readers see the bucket: a domain of your own (https://…)",
}
# What is checked on its own, with its key in [store], and what is taken for the rest meanwhile.
CHECKED = {
    "bucket": "bucket",
    "region": "region",
    "endpoint": "endpoint",
    "public_url": "public_url",
    "prefix": "prefix",
    "store_path": "path",
    "key": "key",
}
_ANY_BUCKET = {
    "bucket": "bucket",
    "region": "region-1",
    "endpoint": "https://s3.example.com",
    "public_url": "https://img.example.com",
}


@dataclass(frozen=True, slots=True)
class Found:
    """What there is already: the site, what makes it, its posts, and their images' hosts."""

    root: Path
    generator: Generator
    posts: Path
    hosts: Sequence[Asked]


def _show(found: Found) -> None:
    made = f", made by {found.generator.name}" if found.generator.name else ""
    root, posts = for_terminal(str(found.root)), for_terminal(os.path.relpath(found.posts))
    say(f"The site is {root}{made}; its posts are in {posts}.", err=True)
    if not found.hosts:
        say("No post shows an image of another host yet.", err=True)
        return
    say(f"Posts show images of {counted(len(found.hosts), 'host')}:", err=True)
    for number, each in enumerate(found.hosts, start=1):
        known = f"  ({name})" if (name := provider(each.url)) else ""
        images = counted(each.images, "image")
        say(f"  {number:2}  {for_terminal(each.host)}: {images}{known}", err=True)


def asked(given: Answers, found: Found) -> Answers:
    """The answers of somebody at the terminal to what ``given`` leaves open."""
    _show(found)
    answers = given
    if found.hosts and not answers.hosts:
        answers = replace(answers, hosts=_ask_hosts(found.hosts))
    if not answers.provider:
        answers = replace(answers, provider=_ask_choice("Where shall they go?", _places(), FOLDER))
    if answers.provider == FOLDER:
        answers = _ask_folder(answers, found)
    for name in needed(answers):
        example = PROVIDERS[answers.provider].endpoint_example or "https://s3.example.com"
        value = _ask_fit(name, _WORDS[name].format(example=example), answers, found.root)
        answers = replace(answers, **{name: value})  # type: ignore[arg-type]  # all are text
    if not answers.key:
        key = _ask_choice("How shall images be named?", NAMES, next(iter(NAMES)))
        answers = replace(answers, key=key)
    return answers


def _ask_folder(answers: Answers, found: Found) -> Answers:
    generator = found.generator
    while not answers.store_path:
        said = _ask_fit(
            "store_path", "The folder for images", answers, found.root, generator.store_path
        )
        path = from_root(said, found.root)
        is_shown = not generator.public_url or generator.address_of(path) or answers.public_url
        if path == generator.store_path or is_shown or _meant(path, generator):
            answers = replace(answers, store_path=path)
    # Where the generator is known, so is what fits it.
    if not generator.name and not answers.links and not answers.public_url:
        links = _ask_choice("How shall links be written?", LINKS, "relative")
        answers = replace(answers, links="" if links == "relative" else links)
    if generator.hint:
        say(f"Hint: {generator.hint}.", err=True)
    return answers


def from_root(path: str, root: Path) -> str:
    """A folder of the site as its way from the root, however it was written; others as they are."""
    whole = Path(os.path.abspath(root / path))  # noqa: PTH100 - links stay as written
    inside = path and not path.startswith("~") and whole.is_relative_to(root)
    return whole.relative_to(root).as_posix() if inside else path


def _meant(path: str, generator: Generator) -> bool:
    say(
        f"{generator.name} does not publish {for_terminal(path)}: "
        "readers would not see the images. "
        f"What it publishes lies beside {generator.store_path}.",
        err=True,
    )
    return agrees("Use it all the same?")


def _ask_fit(
    name: str, question: str, answers: Answers, root: Path, default: str | None = None
) -> str:
    """What somebody answers for the field ``name``; asked again, with the reason, until it fits."""
    while True:
        said = answer(question, default)
        try:
            must_be_fit(name, said, answers, root)
        except ConfigError as error:
            say("\n".join(map(for_terminal, (str(error), error.hint))).rstrip(), err=True)
        else:
            return said


def must_be_fit(name: str, value: str, answers: Answers, root: Path) -> None:
    """See that ``value`` can be what it is to be, whatever the other answers are.

    Raises:
        ConfigError: it cannot; names the cure.
    """
    store = {"type": "local"}
    if answers.provider not in ("", FOLDER):
        store = {"type": "s3", "provider": answers.provider, **_ANY_BUCKET}
    store[CHECKED[name]] = value
    values = checked(Settings, {"store": store}, Origin("this answer"))
    open_store(build(Settings, values).store, root).close()


def _places() -> dict[str, str]:
    return {name: TITLES.get(name, name) for name in choices()}


def _ask_hosts(hosts: Sequence[Asked]) -> tuple[str, ...]:
    while True:
        said = answer("Which shall move? Numbers such as 1,3, or all", "all")
        if said.lower() == "all":
            return ()
        numbers = said.replace("，", ",").replace(",", " ").split()
        if all(each.isdecimal() and 0 < int(each) <= len(hosts) for each in numbers) and numbers:
            return tuple(hosts[int(each) - 1].host for each in numbers)
        say(f"Please answer with numbers from 1 to {len(hosts)}, or all.", err=True)


def _ask_choice(question: str, options: dict[str, str], default: str) -> str:
    """One of ``options``, chosen by its number or its name."""
    names = list(options)
    say(question, err=True)
    for number, (name, title) in enumerate(options.items(), start=1):
        say(f"  {number:2}  {title}" + (f" ({name})" if name in PROVIDERS else ""), err=True)
    while True:
        said = answer("Number", str(names.index(default) + 1))
        if said in options:
            return said
        if said.isdecimal() and 0 < int(said) <= len(names):
            return names[int(said) - 1]
        say(f"Please answer with a number from 1 to {len(names)}.", err=True)
