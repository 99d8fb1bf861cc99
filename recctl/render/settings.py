"""The configuration: lines for people, JSON for programs (schemas/settings.schema.json)."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from recctl.config import Settings
from recctl.render import document as document_json
from recctl.safetext import one_line

_DEFAULT = "default"


def as_text(settings: Settings) -> str:
    """A line for each key: its value and where it comes from. Tables have one for each entry."""
    lines = [
        f"{key} = {value}  # {settings.origins.get(key.partition('.')[0], _DEFAULT)}\n"
        for key, value in _entries(settings.values)
    ]
    return "".join(lines)


def as_json(settings: Settings) -> str:
    """All values as one JSON document."""
    values = {
        key: {"value": _plain(value), "origin": settings.origins.get(key, _DEFAULT)}
        for key, value in settings.values.items()
    }
    file = None if settings.file is None else str(settings.file)
    return document_json.as_json({"version": 1, "file": file, "values": values})


def _plain(value: Any) -> Any:
    """A value as JSON has it: a date, which TOML knows, is a text."""
    return json.loads(json.dumps(value, default=str))


def _entries(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            for name, item in value.items():
                yield f"{key}.{one_line(name)}", _shown(item)
        else:
            yield key, _shown(value)


def _shown(value: Any) -> str:
    return "not set" if value is None else one_line(json.dumps(value, default=str))
