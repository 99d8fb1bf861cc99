"""Rows under named columns: a table for people, JSON and CSV for programs."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from recctl.render import document as document_json
from recctl.render.terminal import columns, fitted
from recctl.safetext import one_line, shortened

_LEAST = 8
"""Characters of a column that are left on a narrow terminal."""


def as_table(names: Sequence[str], rows: Sequence[Sequence[Any]], width: int | None) -> list[str]:
    """Aligned lines, headed; cut to fit a terminal."""
    table = [tuple(names), *(tuple(map(_cell, row)) for row in rows)]
    numbers = {
        place
        for place in range(len(names))
        if rows and all(isinstance(row[place], (int, float, type(None))) for row in rows)
    }
    if width is not None:
        table = fitted(table, width, dict.fromkeys(range(len(names)), _LEAST))
    return columns(table, right=frozenset(numbers))


def as_json(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """All rows as one document (schemas/query.schema.json)."""
    values = [[_value(value) for value in row] for row in rows]
    return document_json.as_json({"version": 1, "columns": list(names), "rows": values})


def as_jsonl(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """One JSON object a line, with its line end. Of columns of one name the last counts."""
    for row in rows:
        yield document_json.as_line(dict(zip(names, map(_value, row), strict=True)))


def as_csv(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Comma-separated lines with a header (RFC 4180), with their line ends."""
    for row in _headed(names, rows):
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow(
            "" if value is None else _value(value) for value in row
        )
        yield line.getvalue()


def _headed(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    yield names
    yield from rows


def _value(value: Any) -> Any:
    """A value as JSON has it: bytes as hex digits."""
    return value.hex() if isinstance(value, bytes) else value


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, int):
        return f"{value:,}"
    return one_line(shortened(str(_value(value))))
