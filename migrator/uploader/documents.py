"""The XML that S3 services answer with. Pure; nothing in it is believed to be small or benign."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import unquote_plus
from xml.etree import ElementTree as ET

from migrator.uploader.providers import Provider


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list: keys with their sizes, and what to ask for the next part (or nothing).

    ``is_whole``: it says itself that there is no other.
    """

    objects: Sequence[tuple[str, int]]
    onward: Mapping[str, str]
    is_whole: bool = False


def error_in(body: bytes) -> Mapping[str, str]:
    """What an error says, by the names that S3 has for it; empty where it is no error of S3."""
    try:
        root = _parsed(body)
    except ValueError:
        return {}
    found = root if _name(root) == "Error" else root.find("{*}Error")
    return {} if found is None else {_name(each): each.text or "" for each in found}


def page_in(body: bytes, provider: Provider) -> Page:
    """A part of the list of a bucket's objects, which was asked for in ``provider``'s way.

    Raises:
        ValueError: it is none.
    """
    root = _parsed(body)
    if _name(root) != "ListBucketResult":
        raise ValueError(_name(root))
    encoded = _text(root, "EncodingType") == "url" and provider.list_encoding == "url"
    read = unquote_plus if encoded else str
    objects = [
        (read(_text(each, "Key")), int(_text(each, "Size"))) for each in root.findall("{*}Contents")
    ]
    if _text(root, "IsTruncated") != "true":
        return Page(objects, {}, is_whole=_text(root, "IsTruncated") == "false")
    if provider.listing == "v2":
        return Page(objects, {"continuation-token": _text(root, "NextContinuationToken")})
    # without a delimiter the first version names no marker
    marker = read(_text(root, "NextMarker")) or (objects[-1][0] if objects else "")
    return Page(objects, {"marker": marker})


class _Plain(ET.TreeBuilder):
    def doctype(self, *_: str | None) -> NoReturn:
        """Without a document type there are no entities that grow, or lead to files."""
        raise ValueError("a document type")


def _parsed(body: bytes) -> ET.Element:
    parser = ET.XMLParser(target=_Plain())  # noqa: S314 - takes no document type
    try:
        parser.feed(body)
        root: ET.Element = parser.close()
    except (ET.ParseError, LookupError) as error:  # LookupError: an unknown encoding
        raise ValueError(str(error)) from error
    return root


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _text(element: ET.Element, name: str) -> str:
    return element.findtext(f"{{*}}{name}", "")
