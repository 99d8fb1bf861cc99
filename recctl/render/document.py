"""JSON and CSV for programs: always valid, whatever was recorded."""

import csv
import io
import json
import math
from collections.abc import Iterable
from typing import Any


def as_json(document: Any) -> str:
    """A document, indented, with a final newline. NaN and Infinity, which JSON lacks, are null."""
    return _dumps(document, indent=2) + "\n"


def as_line(document: Any) -> str:
    """A document on one line, with a final newline. NaN and Infinity are null."""
    return _dumps(document, indent=None) + "\n"


def csv_line(cells: Iterable[Any]) -> str:
    """Comma-separated cells (RFC 4180), with a line feed. Null is empty."""
    line = io.StringIO()
    csv.writer(line).writerow(cells)  # its own line end makes it quote a carriage return
    return line.getvalue().removesuffix("\r\n") + "\n"


def _dumps(document: Any, indent: int | None) -> str:
    try:
        return json.dumps(document, indent=indent, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(document), indent=indent, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
