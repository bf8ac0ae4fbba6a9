"""Checks what a configuration says against the dataclasses that describe it. Pure."""

import math
import re
import sys
from collections.abc import Mapping
from dataclasses import Field, dataclass, fields, is_dataclass
from difflib import get_close_matches
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from migrator.config.fields import key_of
from migrator.config.settings import tables
from migrator.errors import ConfigError

Values = dict[str, Any]  # by field name; a table is again such a dict
T = TypeVar("T")

_SECRET = re.compile(
    r"(aws_)?(access|secret|private)_?(access_?)?(key)?(_?id)?|password|passwd|(session_)?token",
    re.IGNORECASE,
)
_LOGIN = re.compile(r"://[^/?#\s]*:[^/?#\s]*@")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CURE = (
    "Secrets never stand in this file. Put them into the environment (AWS_ACCESS_KEY_ID and "
    'AWS_SECRET_ACCESS_KEY) or into a profile in ~/.aws/credentials and write profile = "name".'
)
_WORDS = {str: "text", bool: "true or false", int: "a whole number", float: "a number"}


@dataclass(frozen=True, slots=True)
class Origin:
    """Who said something: a file, a variable or the command line, and the table in it."""

    name: str
    table: str = ""

    def error(self, key: str, problem: str, hint: str = "") -> ConfigError:
        """An error about the value of ``key``."""
        dotted = f"{self.table}.{_shown(key)}" if self.table else _shown(key)
        return ConfigError(f"{self.name}: {dotted}: {problem}", hint)


def checked(cls: type, table: Mapping[str, Any], origin: Origin) -> Values:
    """The values of ``table`` by field name, each of the type that ``cls`` gives it.

    Raises:
        ConfigError: a key is unknown, or a value does not fit.
    """
    known = {key_of(field): field for field in fields(cls)}
    types = get_type_hints(cls)
    values: Values = {}
    for key, value in table.items():
        if key not in known:
            raise _unknown(key, value, known, origin)
        field = known[key]
        values[field.name] = _value(types[field.name], value, field, origin)
    return values


def build(cls: type[T], values: Values) -> T:
    """An instance of the dataclass ``cls`` with ``values``, and defaults for the rest."""
    types = get_type_hints(cls)
    return cls(
        **{
            name: build(types[name], value) if isinstance(value, dict) else value
            for name, value in values.items()
        }
    )


def _value(kind: Any, value: Any, field: Field[Any], origin: Origin) -> Any:
    key = key_of(field)
    if is_dataclass(kind):
        if not isinstance(value, dict):
            raise origin.error(key, f"expected the table [{key}], got {_described(value)}")
        return checked(kind, value, Origin(origin.name, key))  # type: ignore[arg-type]
    if get_origin(kind) is tuple:
        return _items(get_args(kind)[0], value, field, origin)
    return _scalar(kind, value, field, origin)


def _items(kind: Any, value: Any, field: Field[Any], origin: Origin) -> tuple[Any, ...]:
    key = key_of(field)
    tables = is_dataclass(kind)
    if not isinstance(value, list | tuple):
        expected = f"tables that begin with [[{key}]]" if tables else 'a list, as in ["a", "b"]'
        raise origin.error(key, f"expected {expected}, got {_described(value)}")
    if not tables:
        return tuple(_scalar(kind, item, field, origin) for item in value)
    return tuple(
        _item(kind, item, Origin(origin.name, f"{key} {number}"))
        for number, item in enumerate(value, start=1)
    )


def _item(kind: Any, value: Any, origin: Origin) -> Any:
    """One table of an array of tables; only such a table can lack a required key."""
    if not isinstance(value, dict):
        raise ConfigError(
            f"{origin.name}: {origin.table}: expected a table, got {_described(value)}"
        )
    item = build(kind, checked(kind, value, origin))
    for field in fields(kind):
        if field.metadata.get("required") and not getattr(item, field.name):
            example = field.metadata.get("example", "")
            raise origin.error(key_of(field), f'is needed, as in {key_of(field)} = "{example}"')
    return item


def _scalar(kind: Any, value: Any, field: Field[Any], origin: Origin) -> Any:
    key, rules = key_of(field), field.metadata
    if kind is float and type(value) is int and abs(value) <= sys.maxsize:
        value = float(value)
    if type(value) is not kind or (kind is float and not math.isfinite(value)):
        raise origin.error(key, f"expected {_WORDS[kind]}, got {_described(value)}")
    if isinstance(value, str):
        _check_text(key, value, rules, origin)
    elif "minimum" in rules and value < rules["minimum"]:
        raise origin.error(key, f"expected at least {rules['minimum']}, got {_shown(str(value))}")
    return value


def _check_text(key: str, value: str, rules: Mapping[str, Any], origin: Origin) -> None:
    if _CONTROL.search(value):
        raise origin.error(key, "holds a line break or another control character")
    if _LOGIN.search(value):
        raise origin.error(key, "holds a password", rules.get("cure", _CURE))
    choices = rules.get("choices")
    if choices is not None and value not in choices:
        near = get_close_matches(value, choices, n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        listed = ", ".join(choice for choice in choices if choice)
        raise origin.error(key, f"expected one of {listed}; got {_described(value)}{hint}")
    pattern = rules.get("pattern")
    if value and pattern and not re.fullmatch(pattern, value):
        raise origin.error(key, f"expected {rules['expected']}")


def _unknown(key: str, value: Any, known: Mapping[str, Field[Any]], origin: Origin) -> ConfigError:
    if _SECRET.fullmatch(key):
        return origin.error(key, "a secret does not belong here", _CURE)
    near = get_close_matches(key, known, n=1)
    shown = _shown(key)
    if origin.table:
        text = f"{origin.name}: [{origin.table}] has no key `{shown}`"
        meant = f"`{near[0]}`" if near else ""
    elif isinstance(value, dict | list):
        text = f"{origin.name}: there is no table [{shown}]"
        meant = f"[{near[0]}]" if near else ""
    else:
        text = f"{origin.name}: `{shown}` stands outside of any table"
        meant = ""
    if meant:
        return ConfigError(f"{text}; did you mean {meant}?")
    homes = [header for header, table in tables() if key in map(key_of, fields(table))]
    return ConfigError(f"{text}; it belongs into {' or '.join(homes)}" if homes else text)


def _described(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"the number {_shown(str(value))}"
    if isinstance(value, str):
        return f'the text "{_shown(value)}"'
    if isinstance(value, dict):
        return "a table"
    return "a list" if isinstance(value, list | tuple) else "a date or time"


def _shown(text: str) -> str:
    """``text`` as it may appear in a message: short, and without control characters."""
    text = _CONTROL.sub("?", text)
    return text if len(text) <= 60 else text[:59] + "…"  # noqa: PLR2004 - a line's worth
