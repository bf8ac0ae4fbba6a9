"""What regular expressions may not use: Python 3.11 before 3.11.5 matches it wrongly."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from re import _constants, _parser  # the only place where the standard library tells the parts

import migrator

_UNUSABLE = {_constants.POSSESSIVE_REPEAT}
_NEEDS_MORE = {"migrator.__main__", "migrator.engines.dask"}  # runs; brings what may be missing


def modules():
    for module in pkgutil.walk_packages(migrator.__path__, "migrator."):
        if module.name not in _NEEDS_MORE:
            yield importlib.import_module(module.name)


def expressions(value) -> Iterator[re.Pattern]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict):
        yield from expressions(tuple(value.values()))
    elif isinstance(value, tuple | list):
        for each in value:
            yield from expressions(each)


def operations(parsed):
    for operation, argument in parsed:
        yield operation
        yield from inside(argument)


def inside(argument):
    if isinstance(argument, _parser.SubPattern):
        yield from operations(argument)
    elif isinstance(argument, tuple | list):
        for each in argument:
            yield from inside(each)


def is_usable(pattern: re.Pattern) -> bool:
    return _UNUSABLE.isdisjoint(operations(_parser.parse(pattern.pattern, pattern.flags)))


def test_no_expression_has_possessive_quantifiers():
    """CPython gh-106052, gh-100061: Debian 12 has 3.11.2. Atomic groups, ``(?>...)``, are right."""
    found = {
        pattern: f"{module.__name__}.{name}"
        for module in modules()
        for name, value in vars(module).items()
        for pattern in expressions(value)
    }
    assert len(found) > 150
    assert [name for pattern, name in found.items() if not is_usable(pattern)] == []


def test_possessive_quantifiers_are_told():
    assert not is_usable(re.compile(rb"a(?:(b|c*+)d)?"))
    assert not is_usable(re.compile(r"(?>(?=a++))"))
    assert is_usable(re.compile(r"(?>a*)b+\+"))
