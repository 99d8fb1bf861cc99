"""The packaged JSON Schemas: which there are, whether a document fits, and why it does not.

jsonschema-rs accepts, because it is fast; jsonschema explains the few documents that it rejects.
"""

import json
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from recctl.errors import UsageError, did_you_mean
from recctl.jsontext import pointer_of

_PACKAGE = Path(__file__).parent
_SUFFIX = ".schema.json"
_MOST_ERRORS = 100
"""So many are looked at for the most relevant: a stream may be wrong in each of its chunks."""


@dataclass(frozen=True, slots=True)
class SchemaViolation:
    """The most relevant reason for which a document does not fit a schema."""

    pointer: str
    message: str


def names() -> tuple[str, ...]:
    """The names of all packaged schemas, sorted."""
    return tuple(sorted(path.name.removesuffix(_SUFFIX) for path in _folder().glob("*" + _SUFFIX)))


def text(name: str) -> str:
    """A schema's text, as it stands in its file. Raises UsageError for an unknown name."""
    if name not in names():
        hint = did_you_mean(name, names()) or "; there are: " + ", ".join(names())
        raise UsageError(f"no schema {name!r}{hint}")
    return (_folder() / (name + _SUFFIX)).read_text(encoding="utf-8")


@cache
def load(name: str) -> dict[str, Any]:
    """A schema as a document, not to be changed. Raises UsageError for an unknown name."""
    schema: dict[str, Any] = json.loads(text(name))
    return schema


def title(name: str) -> str:
    """What a schema describes, in a few words."""
    return str(load(name)["title"])


def fits(name: str, document: Any) -> bool:
    """Whether a document fits a schema; false, too, where only `explain` can tell."""
    try:
        return bool(_accepter(name).is_valid(document))
    except ValueError:
        # Lone surrogates, which Python reads and Rust's strings cannot hold; dates of TOML.
        return False


def explain(name: str, document: Any) -> SchemaViolation | None:
    """The most relevant violation of a schema, or null for a document that fits."""
    if fits(name, document):
        return None
    from jsonschema.exceptions import best_match  # needed by broken files only

    errors = islice(_explainer(name).iter_errors(document), _MOST_ERRORS)
    first = min(errors, key=lambda error: len(error.absolute_path), default=None)
    best = best_match([first]) if first is not None else None
    if best is None:
        # jsonschema decides: to Rust NaN is no number, and a rule of its own reports it.
        return None
    return SchemaViolation(pointer_of(best.absolute_path), _terse(best.message, best.schema))


def _folder() -> Path:
    """A wheel holds the schemas; a checkout and an editable install have them beside the code."""
    packaged = _PACKAGE / "schemas"
    return packaged if packaged.is_dir() else _PACKAGE.parent / "schemas"


@cache
def _accepter(name: str) -> Any:
    import jsonschema_rs  # imported late, for start-up

    return jsonschema_rs.Draft202012Validator(load(name))


@cache
def _explainer(name: str) -> Any:
    from jsonschema import Draft202012Validator  # imported late, for start-up

    return Draft202012Validator(load(name))


def _terse(message: str, schema: object) -> str:
    """A message in one short line: jsonschema quotes the whole value, which may be megabytes."""
    limit = 160
    line = " ".join(message.split())
    if len(line) > limit:
        wanted = schema.get("title") if isinstance(schema, dict) else None
        line = f"{line[: limit // 2]} … {line[-limit // 2 :]}"
        line += f" (wanted: {wanted})" if wanted else ""
    return line
