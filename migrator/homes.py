"""What images take from the posts that show them: a day for their names, and folders to live in."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from migrator.config import Settings
from migrator.model import Post, SkippedPost
from migrator.plan import ImageAt, Plan
from migrator.reasons import Reason
from migrator.rewriter.links import ASSET_FOLDER, WITH_POST, folder_of_images, without_folder
from migrator.sites import detect
from migrator.state import Site
from migrator.uploader import names_a_date
from migrator.urls import identity


def homeless(post: Post, settings: Settings, root: Path) -> SkippedPost | None:
    """Why ``post`` has to stay, where images live with posts and it has no folder for them."""
    if settings.rewrite.links not in WITH_POST:
        return None
    if folder_of_images(post.name, settings, root) is not None:
        return None
    return SkippedPost(post.path, post.name, Reason.NO_FOLDER, without_folder(settings))


def with_posts(
    plan: Plan, settings: Settings, site: Site, shown: Iterable[tuple[str, str]]
) -> Plan:
    """The plan with what the keys and places of images take from the posts that show them.

    ``shown`` are images, each with the name of a post that will link to it: see ``shown_in``.
    """
    tasks = plan.tasks
    named = names_a_date(settings.store.key)
    if named or any(route.source.startswith("wayback") for route in settings.route):
        from migrator.scanner.dates import date_of, stated_date_of  # noqa: PLC0415 - brings YAML

        day = date_of if named else stated_date_of
        dates = {name: day(site.post(name)) for name in {task.post for task in tasks}}
        tasks = tuple(replace(task, written=dates[task.post]) for task in tasks)
    if settings.rewrite.links in WITH_POST:
        homes: dict[str, set[str]] = defaultdict(set)
        for image, post in shown:
            folder = folder_of_images(post, settings, site.root)
            homes[image] |= set() if folder is None else {folder}
        tasks = tuple(replace(t, homes=tuple(sorted(homes[identity(t.url)]))) for t in tasks)
    return replace(plan, tasks=tasks)


def shown_in(posts: Iterable[Post], image_at: ImageAt) -> Iterator[tuple[str, str]]:
    """The images that ``posts`` show (canonical URL), each with the name of the post."""
    for post in posts:
        for url in {reference.url for reference in post.references}:
            if image := image_at(post, url):
                yield identity(image), post.name


def unresolved(settings: Settings, root: Path) -> str:
    """What to warn of where the site's generator would not find images in folders of posts."""
    generator = detect(root) if settings.rewrite.links == ASSET_FOLDER else None
    if generator is None or generator.name != "Hexo" or generator.links == ASSET_FOLDER:
        return ""
    return (
        "Hexo's renderer will not find images in the folders of posts. Write into _config.yml: "
        "post_asset_folder: true, and below marked: prependRoot: true and postAsset: true."
    )
