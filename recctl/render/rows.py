"""Rows under named columns: a table for people, JSON and CSV for programs."""

from collections.abc import Sequence
from typing import Any

from recctl.render import document as document_json
from recctl.render.terminal import columns, fitted
from recctl.safetext import one_line, shortened

_LEAST = 8
"""Characters of a column that are left on a narrow terminal."""


def as_table(names: Sequence[str], rows: Sequence[Sequence[Any]], width: int | None) -> str:
    """Aligned lines, headed; cut to fit a terminal."""
    table = [tuple(map(one_line, names)), *(tuple(map(_cell, row)) for row in rows)]
    numbers = {
        place
        for place in range(len(names))
        if rows and all(isinstance(row[place], (int, float, type(None))) for row in rows)
    }
    if width is not None:
        table = fitted(table, width, dict.fromkeys(range(len(names)), _LEAST))
    return "".join(f"{line}\n" for line in columns(table, right=frozenset(numbers)))


def as_json(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """All rows as one document (schemas/query.schema.json)."""
    values = [list(map(_value, row)) for row in rows]
    return document_json.as_json({"version": 1, "columns": list(names), "rows": values})


def as_jsonl(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """One JSON object a line."""
    objects = (dict(zip(names, map(_value, row), strict=True)) for row in rows)
    return "".join(map(document_json.as_line, objects))


def as_csv(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Comma-separated lines with a header (RFC 4180)."""
    lines = [names, *(map(_value, row) for row in rows)]
    return "".join(map(document_json.csv_line, lines))


def _value(value: Any) -> Any:
    """A value as JSON has it: bytes as hex digits."""
    return value.hex() if isinstance(value, bytes) else value


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, int):
        return f"{value:,}"
    return one_line(shortened(str(_value(value))))
