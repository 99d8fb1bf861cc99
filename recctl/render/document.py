"""JSON for programs: always valid, whatever was recorded."""

import json
import math
from typing import Any


def as_json(document: Any) -> str:
    """A document, indented, with a final newline. NaN and Infinity, which JSON lacks, are null."""
    return _dumps(document, indent=2) + "\n"


def as_line(document: Any) -> str:
    """A document on one line, with a final newline. NaN and Infinity are null."""
    return _dumps(document, indent=None) + "\n"


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
