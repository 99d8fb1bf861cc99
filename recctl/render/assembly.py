"""Answers in one piece as JSON (schemas/assembly.schema.json)."""

from typing import Any

from recctl.assemble import Assembly
from recctl.render import document
from recctl.shapes import as_objects


def as_json(assembly: Assembly) -> str:
    """One answer, indented."""
    return document.as_json(_object(assembly))


def as_line(assembly: Assembly) -> str:
    """One answer on one line."""
    return document.as_line(_object(assembly))


def _object(assembly: Assembly) -> dict[str, Any]:
    transcript = as_objects(assembly.transcript)
    return {
        "path": assembly.path,
        "hash": assembly.hash,
        "format": assembly.transcript.format,
        "complete": assembly.transcript.complete,
        "object": assembly.object,
        "transcript": transcript,
        "warnings": transcript["warnings"],
    }
