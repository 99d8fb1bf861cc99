"""docs/reference/schemas.md: the JSON Schemas, and the members of what they describe."""

from collections.abc import Iterator, Mapping
from typing import Any

from recctl import schema
from tests.reference.markdown import code, prose, table

_HEAD = """# Schemas

What recctl reads and prints as JSON has a JSON Schema (draft 2020-12). They lie in `schemas/` and
in the installed package; [`recctl schema NAME`](commands.md#schema) prints one. The version is the
end of a schema's `$id`, and in most documents a member of its own.
"""


def page() -> str:
    """The whole page."""
    rows = [(f"[{code(name)}](#{name})", prose(schema.title(name))) for name in schema.names()]
    sections = [_section(name, schema.load(name)) for name in schema.names()]
    return "\n".join([_HEAD, table(("schema", "what it describes"), rows), *sections])


def _section(name: str, document: Mapping[str, Any]) -> str:
    title = prose(document["title"])
    parts = [
        f"## {name}\n",
        f"{title}. {prose(document.get('description', ''))}".strip()
        + f" {code(document['$id'])}\n",
    ]
    if "oneOf" in document:
        parts.append("One of several forms; see [traces](traces.md#the-lines).\n")
    else:
        parts.append(table(("member", "type", "meaning"), members(document, document)))
    return "\n".join(parts)


def members(
    found: Mapping[str, Any], document: Mapping[str, Any]
) -> Iterator[tuple[str, str, str]]:
    """Name, type and meaning of each member of an object.

    Raises ValueError for one whose meaning the schema does not tell.
    """
    needed = found.get("required", ())
    for name, member in found["properties"].items():
        whole = _whole(member, document)
        meaning = prose(member.get("description", whole.get("description", "")))
        if not meaning:
            raise ValueError(f"{document['$id']}: {name} has no description")
        yield code(name), kind(member, document), meaning + ("" if name in needed else " Optional.")


def kind(member: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    """A value's type in a few words."""
    found = _whole(member, document)
    if "const" in found:
        return code(str(found["const"]))
    if "enum" in found:
        return "one of " + ", ".join("null" if one is None else code(one) for one in found["enum"])
    if "oneOf" in found or "anyOf" in found:
        several = found.get("oneOf", found.get("anyOf"))
        return " or ".join(dict.fromkeys(kind(one, document) for one in several))
    kinds = found.get("type", "anything")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    return " or ".join(_LIST[one] if one == "array" else one for one in kinds)


_LIST = {"array": "list"}


def _whole(member: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a member refers to, with what it says itself."""
    reference = str(member.get("$ref", ""))
    if reference.startswith("#/$defs/"):
        return {**_whole(document["$defs"][reference.removeprefix("#/$defs/")], document), **member}
    if reference:
        return {**schema.load(reference.split(":")[3]), **member}
    return member
