"""YAML: the parser's events, which carry positions and expand no alias."""

import re
from collections.abc import Iterator

import yaml

from migrator.model import Spelling
from migrator.scanner.front_matter.reading import Close, Key, NoMapping, Open, Rejected, Step, Value

_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")  # an anchor and a tag, which marks include
_BLOCK_HEADER = re.compile(r"[|>][^\r\n]*(?:\r\n?|\n)?")
_TABS = re.compile(r"(?<![^\r\n])\t+")
_QUOTED = {"'": Spelling.YAML_SINGLE, '"': Spelling.YAML_DOUBLE}

# PyYAML has no types and its C parser may be missing where it was built without libyaml.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def steps(text: str) -> Iterator[Step]:
    """Yield what stands in ``text``; an alias repeats the scalar it stands for.

    Raises:
        Rejected: it is not YAML.
        NoMapping: it is YAML, but no mapping.
    """
    if text.startswith("%"):
        raise Rejected("a YAML directive")  # of no use here, and slow to parse in great numbers
    try:
        # Hexo takes tabs for indentation, YAML does not; a space keeps all offsets.
        yield from _steps(_TABS.sub(lambda tabs: " " * len(tabs[0]), text), text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Rejected(error.problem or "not YAML", mark.index if mark else 0) from error
    except yaml.YAMLError as error:
        raise Rejected("a character that YAML does not allow") from error


def _steps(source: str, text: str) -> Iterator[Step]:
    anchors: dict[str, Value] = {}
    # For every open collection whether a key comes next; None in a sequence.
    at_key: list[bool | None] = []
    for event in yaml.parse(source, Loader=_LOADER):
        if isinstance(event, yaml.CollectionEndEvent):
            at_key.pop()
            yield Close()
        elif isinstance(event, yaml.NodeEvent):
            if not (at_key or isinstance(event, yaml.MappingStartEvent)):
                raise NoMapping
            step = _step(event, text, anchors)
            is_key = bool(at_key and at_key[-1])
            if is_key:
                yield Key(step.value if isinstance(step, Value) else "")
            if isinstance(step, Open) or not is_key:
                yield step
            if isinstance(step, Open):
                at_key.append(True if isinstance(event, yaml.MappingStartEvent) else None)
                continue
        else:
            continue
        if at_key and at_key[-1] is not None:
            at_key[-1] = not at_key[-1]


def _step(event: yaml.NodeEvent, text: str, anchors: dict[str, Value]) -> Step:
    if isinstance(event, yaml.ScalarEvent):
        value = _value(event, text)
        if event.anchor:
            anchors[event.anchor] = value
        return value
    if isinstance(event, yaml.AliasEvent):
        return anchors.get(
            event.anchor or "", Key("")
        )  # what stands in a collection was read there
    return Open()


def _value(event: yaml.ScalarEvent, text: str) -> Value:
    # Marks have types that allow for none; the parser always gives them.
    start, end = (mark.index if mark else 0 for mark in (event.start_mark, event.end_mark))
    if properties := _PROPERTIES.match(text, start, end):
        start = properties.end()
    style = event.style or ""
    if style in _QUOTED:
        start, end = start + 1, end - 1
    elif header := _BLOCK_HEADER.match(text, start, end) if style in ("|", ">") else None:
        start = header.end()
    return Value(start, max(start, end), event.value, _QUOTED.get(style, Spelling.YAML_PLAIN))
