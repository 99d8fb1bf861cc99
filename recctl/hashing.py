"""The two byte forms everything rests on: a recording's file and a request's hash."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any


def canonical(document: Any) -> bytes:
    """A document as the recorder writes it: two-space indent, ASCII escapes, a final newline.

    Source: docs/format.md, "One file, one interaction".
    """
    return (json.dumps(document, indent=2) + "\n").encode()


def request_hash(material: Any) -> str:
    """64 hex digits: sha256 of the material as compact JSON with sorted keys.

    Floats are written by `repr`, other characters than ASCII as escapes, `, ` and `: ` separate.
    Source: docs/format.md, "The request hash".
    """
    return sha256(json.dumps(material, sort_keys=True).encode()).hexdigest()


_encoded = json.JSONEncoder(sort_keys=True).encode


def hash_text(value: Any) -> str:
    """A part of a material as its hash takes it: compact JSON with sorted keys."""
    return _encoded(value)


def hash_of_texts(parts: Mapping[str, str]) -> str:
    """The `request_hash` of a material whose parts are given by key, each as its `hash_text`.

    Requests that differ in one part can so share the text of the others.
    """
    members = ", ".join(f"{_encoded(key)}: {parts[key]}" for key in sorted(parts))
    return sha256(f"{{{members}}}".encode()).hexdigest()
