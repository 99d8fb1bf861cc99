"""The normal form that every wire format is brought into: finish reasons, usage, arguments."""

import json
import math
from collections.abc import Mapping
from typing import Any

from recctl.transcript import ArgumentsError, Finish, ToolCall, Usage

_FINISHES: dict[str, Finish] = {
    "stop": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "max_tokens": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "tool_use": "tool_calls",
    "content_filter": "content_filter",
    "refusal": "content_filter",
    "error": "error",
}

_INPUT = ("prompt_tokens", "input_tokens")
_OUTPUT = ("completion_tokens", "output_tokens")
_REASONING = ("completion_tokens_details.reasoning_tokens",)
_CACHED = ("prompt_tokens_details.cached_tokens", "cache_read_input_tokens")


def without_nulls(value: Any) -> Any:
    """A copy in which no object has a null member: null means absent, everywhere in an answer."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


def text(value: object) -> str | None:
    """A string that says something; null for anything else."""
    return value if isinstance(value, str) and value else None


def items(value: object) -> list[Any]:
    """A list's items; none of anything else."""
    return value if isinstance(value, list) else []


def finish(raw: str | None, *, has_tool_calls: bool) -> Finish | None:
    """A provider's finish reason in common words; null for none and for one that is not known.

    A plain stop of a choice that calls tools is `tool_calls`: some providers have no word for it.
    """
    known = _FINISHES.get(raw or "")
    return "tool_calls" if known == "stop" and has_tool_calls else known


def tool_call(index: int, call_id: str | None, call_type: str, name: str, raw: str) -> ToolCall:
    """A tool call with its arguments parsed, or the reason why they do not."""
    arguments, error = _parsed_arguments(raw)
    return ToolCall(index, call_id, call_type, name, raw, arguments, error)


def usage(raw: object) -> Usage | None:
    """Token counts under common names; null where there are none."""
    if not isinstance(raw, dict) or not raw:
        return None
    given, taken = _count(raw, _INPUT), _count(raw, _OUTPUT)
    total = _count(raw, ("total_tokens",))
    if total is None and given is not None and taken is not None:
        total = given + taken
    return Usage(given, taken, total, _count(raw, _REASONING), _count(raw, _CACHED), raw)


def _parsed_arguments(raw: str) -> tuple[Any, ArgumentsError | None]:
    if not raw.strip():
        return {}, "empty"
    try:
        arguments = json.loads(raw)
    except (ValueError, RecursionError):
        return None, "invalid"
    return arguments, None if isinstance(arguments, dict) else "not-object"


def _count(raw: Mapping[str, Any], paths: tuple[str, ...]) -> int | None:
    for path in paths:
        value: Any = raw
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, float) and math.isfinite(value):
            return int(value)
    return None
