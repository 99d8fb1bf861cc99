"""What may stand in a configuration file (schemas/config.schema.json)."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from recctl.errors import UsageError, did_you_mean
from recctl.safetext import one_line


def _kebab(name: str) -> str:
    return name.replace("_", "-")


class _Table(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=_kebab, use_attribute_docstrings=True
    )


class Substitute(_Table):
    """In every string value, each match of `pattern` becomes `with`, or gets `digits` decimals."""

    step: Literal["substitute"]
    pattern: str
    """A regular expression of Python."""
    with_: str | None = Field(None, alias="with")
    digits: int | None = Field(None, ge=0, le=30)


class Round(_Table):
    """Every float is rounded to `digits` decimals."""

    step: Literal["round"]
    digits: int = Field(ge=0, le=30)


class Drop(_Table):
    """The value at `path`, counted from the body, is left out."""

    step: Literal["drop"]
    path: str = Field(pattern="^/.")
    """Keys, each after a slash."""
    host: str | None = None
    """Only where this occurs in the url's host."""
    in_lists: bool | None = None
    """An object that is an item of a list counts as a body too."""


class TestId(_Table):
    """The test id is part of what is hashed."""

    step: Literal["test-id"]


class Share(_Table):
    """Recordings of this url path serve every test: the test id is not part of what is hashed."""

    step: Literal["share"]
    path: str


Step = Annotated[Substitute | Round | Drop | TestId | Share, Field(discriminator="step")]


class OwnDialect(_Table):
    """A dialect of your own: the steps of the one it extends, with these in front."""

    extends: str | None = None
    """The dialect to start from; none: from nothing."""
    adds: str | None = None
    """What it does, in a few words."""
    since: date | None = None
    """The first day it was used."""
    hash_digits: Literal[12, 64] | None = None
    """How many digits of the hash stand in file names."""
    steps: list[Step] = []


class Configuration(_Table):
    """Settings of recctl: recctl.toml, or [tool.recctl] in pyproject.toml."""

    roots: list[str] = []
    """Files and folders with recordings, for commands that are given none."""
    target: str | None = None
    """The dialect by which recordings are looked for; none: the newest."""
    test_roots: list[str] = []
    """Folders from which the paths in test ids count; none: told from where a recording lies."""
    select: list[str] | None = None
    """Rules to check, by code, prefix of codes, or name; none: all but those of severity info."""
    ignore: list[str] = []
    """Rules not to report."""
    severity: dict[str, Literal["error", "warning", "info"]] = {}
    """Rules, by code, prefix or name, and the severity they shall have."""
    per_file_ignores: dict[str, list[str]] = {}
    """Globs of paths, and the rules not to report there. A glob without / is one of file names."""
    baseline: str | None = None
    """The file of findings that are known and not reported."""
    allowed_hosts: list[str] | None = None
    """Globs of the hosts that requests may go to; none: any."""
    allowed_types: list[str] | None = None
    """Globs of the types that answers may name as __type__; none: any."""
    max_size: int | None = Field(None, ge=1)
    """Bytes above which a recording is reported as oversized."""
    jobs: int | None = Field(None, ge=1)
    """Processes that read recordings; none: one for each processor."""
    cache: bool | None = None
    """Whether what was learned of files is kept in .recctl/cache.db; none: it is."""
    dialects: dict[str, OwnDialect] = {}
    """Dialects of your own, by name."""


def checked(table: Mapping[str, Any], place: str) -> Mapping[str, Any]:
    """What a table sets: key -> value. Raises UsageError, which says where and what is wrong."""
    try:
        found = Configuration.model_validate(table, strict=True)
    except ValidationError as error:
        raise UsageError(f"{place}: {_told(error)}; see: recctl schema config") from None
    return found.model_dump(by_alias=True, exclude_unset=True, exclude_none=True)


def schema() -> dict[str, Any]:
    """The JSON Schema of the file. TOML has no null, so none is allowed."""
    made = _without_null(Configuration.model_json_schema(by_alias=True))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:recctl:schema:config:1",
        **made,
        "title": "The configuration of recctl",
        "examples": [{"target": "ogx-2026-04-09", "ignore": ["stale"]}],
    }


def _without_null(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_null(item) for item in value]
    if not isinstance(value, dict):
        return value
    made = {key: _without_null(item) for key, item in value.items()}
    if made.get("default", 0) is None:
        del made["default"]
    kinds = [one for one in made.get("anyOf", []) if one != {"type": "null"}]
    if len(kinds) == 1:
        del made["anyOf"]
        made |= kinds[0]
    return made


_WANTED = {
    "greater_than_equal": "a number from {ge} on",
    "less_than_equal": "a number up to {le}",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "string_type": "a text",
    "list_type": "a list",
    "dict_type": "a table",
    "date_type": "a date",
    "literal_error": "{expected}",
}
"""What the library misses -> what to give. Where this has no words, the library's own are told."""


def _told(error: ValidationError) -> str:
    """The first thing wrong, in a few words."""
    first = error.errors(include_url=False)[0]
    steps = [str(part) for part in first["loc"] if part not in {one.__name__ for one in _UNIONS}]
    key = one_line(".".join(steps))
    if first["type"] == "extra_forbidden":
        hint = did_you_mean(steps[-1], _keys_beside(steps))
        return f"unknown key {key!r}{hint}"
    told = first["msg"][:1].lower() + first["msg"][1:]
    if first["type"] in _WANTED:
        told = "give " + _WANTED[first["type"]].format_map(first.get("ctx", {}))
    message = one_line(told)
    value = one_line(json.dumps(first["input"], default=str))
    return f"{key}: {message}, not {value if len(value) <= 60 else value[:59] + '…'}"


_UNIONS: tuple[type[_Table], ...] = (Substitute, Round, Drop, TestId, Share)


def _keys_beside(steps: list[str]) -> list[str]:
    models: list[type[_Table]] = [Configuration]
    if len(steps) > 2 and steps[0] == "dialects":
        models = [OwnDialect] if len(steps) == 3 else [*_UNIONS]
    return [_kebab(name).rstrip("-") for model in models for name in model.model_fields]
