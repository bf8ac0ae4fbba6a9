"""All that commands print as JSON has the shape that docs/reference/schemas say it has."""

import json
import shutil
from collections import defaultdict
from datetime import datetime
from pathlib import Path

import jsonschema
import pytest
import typer
from rig.hosts import answer
from rig.hosts import status as status_of
from rig.images import image

from migrator.cli.main import app
from migrator.model import Kind
from migrator.reasons import Reason
from migrator.report.summary import IMAGE_STATES

SCHEMAS = {
    file.stem: json.loads(file.read_text("utf-8"))
    for file in (Path(__file__).parents[2] / "docs/reference/schemas").glob("*.json")
}
OF_COMMAND = dict.fromkeys(("migrate", "rewrite", "restore", "rollback", "resume"), "report")
WITHOUT = {"schedule", "init", "trust", "demo"}  # docs/reference/json.md says why
NEVER_HERE = {  # what would take a host, a file system or a bug of its own
    ("backup", "referer"),
    ("backup", "suspect"),
    ("prune", "staying"),
    ("report", "notes"),
    ("selftest", "problems"),
}
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>'

formats = jsonschema.FormatChecker(())


@formats.checks("date-time", ValueError)
def is_time(text):
    return not isinstance(text, str) or (text.endswith("Z") and bool(datetime.fromisoformat(text)))


def strict(schema):
    """``schema``, in which no object has more keys than it names."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {"additionalProperties": False} if "properties" in schema else {}
    return {key: strict(value) for key, value in schema.items()} | closed


class Checked:
    """Checks output, and remembers which keys of which schema had a value."""

    def __init__(self):
        self.seen = defaultdict(set)

    def __call__(self, command, value):
        name = OF_COMMAND.get(command, command)
        validator = jsonschema.Draft202012Validator(strict(SCHEMAS[name]), format_checker=formats)
        wrong = [f"{each.json_path}: {each.message}" for each in validator.iter_errors(value)]
        assert wrong == [], command
        self._walk(name, SCHEMAS[name], SCHEMAS[name], value)
        return value

    def _walk(self, name, top, schema, value):
        if "$ref" in schema:
            schema = top["$defs"][schema["$ref"].rpartition("/")[2]]
        for each in schema.get("oneOf", ()):
            if set(each["required"]) == set(value):
                self._walk(name, top, each, value)
        if isinstance(value, list):
            for each in value:
                self._walk(name, top, schema["items"], each)
        if isinstance(value, dict) and "properties" in schema:
            assert list(value) == list(schema["properties"])  # the order is promised, too
            for key, inner in value.items():
                if inner not in (None, [], ()):
                    self.seen[name].add((tuple(schema["properties"]), key))
                self._walk(name, top, schema["properties"][key], inner)


def every_key(schema):
    """Each key of each object in ``schema``, with the keys beside it."""
    if isinstance(schema, list):
        return set().union(*map(every_key, schema))
    if not isinstance(schema, dict):
        return set()
    keys = {(tuple(schema.get("properties", ())), key) for key in schema.get("properties", ())}
    return keys.union(*map(every_key, schema.values()))


@pytest.fixture
def story(site, host):
    """A site on which all that commands tell of happens."""
    host.on("/x.svg", answer(SVG))
    host.on("/dot.png", answer(image("PNG", size=(1, 1))))
    version = ('ETag: "1"', "Last-Modified: Sun, 01 Nov 2026 10:00:00 GMT")
    host.on("/c.gif", answer(image("GIF"), *version))
    site.write("posts/three.md", "![]({host}/gone.png) ![]({host}/x.svg) ![]({host}/dot.png)\n")
    site.write("elsewhere/a.md", "![](https://wx1.sinaimg.cn/large/a.jpg)")
    site.write("posts/broken.md", "---\ncover: [{host}/a.png\n---\n")
    site.write("posts/odd.md", "").write_bytes("![](a.png)".encode("utf-16"))
    site.write("migrator.toml", '[store]\npath = "pictures"\npublic_url = "https://new.example"\n')
    return site


def test_every_command_prints_what_its_schema_says(story, host):
    checked = Checked()

    def run(command, *arguments, status=0):
        ended = story.migrator(command, *arguments, "--json")
        assert ended.status == status, ended.err
        return checked(command, ended.json)

    for line in story.migrator("scan", "posts", "elsewhere", "--json").out.splitlines():
        checked("scan", json.loads(line))
    nothing = story.migrator("resume", "--json")
    assert (nothing.status, nothing.json) == (0, None)
    run("migrate", "posts", "--dry-run")
    copy = story.root.parent / "copy"
    shutil.copytree(story.root, copy, ignore=shutil.ignore_patterns(".migrator"))
    run("migrate", "posts", "--yes", status=3)
    run("report")
    run("runs")
    run("accept")
    run("accept", f"svg:{host.authority}")
    run("migrate", "posts", "--only-failed", "--yes", status=3)
    run("verify", "posts", "--read-data", status=3)
    stored = next((story.root / "pictures").rglob("*.gif"))
    lost = stored.rename(story.root / "lost.gif")
    run("verify", "posts", status=5)
    lost.rename(stored)
    run("rollback", "--yes")
    run("rollback", "--yes")
    run("prune", "--older-than", "0", "--dry-run")
    story.write("map.csv", "{host}/c.gif,https://new.example/c.gif\n")
    run("rewrite", "posts", "--map", "map.csv", "--yes", status=3)
    run("rollback", "--yes")

    run("backup", "posts", status=3)
    host.on("/a.png", answer(image("PNG", seed=1)))
    host.on("/b.jpg", status_of(404))
    host.on("/c.gif", answer(SVG))
    run("backup", "posts", status=3)
    run("snapshots")
    run("verify", "--backup", "--read-data", status=0)
    run("prune", "--keep-daily", "1", "--yes")
    run("restore", "--rewrite", "posts", "--yes", status=3)
    run("doctor")
    run("selftest", "--root", copy, "--kills", "1")

    missed = {
        (name, key) for name in SCHEMAS for _, key in every_key(SCHEMAS[name]) - checked.seen[name]
    }
    assert sorted(missed - NEVER_HERE) == []


def test_every_command_has_json_or_is_named_as_having_none():
    commands = typer.main.get_command(app).commands
    able = {
        name
        for name, command in commands.items()
        if any("--json" in each.opts for each in command.params)
    }
    assert able | WITHOUT == set(commands)
    assert {OF_COMMAND.get(name, name) for name in able} == set(SCHEMAS)


def test_the_lists_in_schemas_are_those_of_the_program():
    image_of = SCHEMAS["report"]["$defs"]["image"]["properties"]
    assert image_of["reason"]["enum"] == [*map(str, Reason), None]
    assert image_of["state"]["enum"] == list(IMAGE_STATES)
    assert SCHEMAS["scan"]["properties"]["kind"]["enum"] == [each.value for each in Kind]


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_one(name):
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"unknown": 1}, strict(SCHEMAS[name]))
