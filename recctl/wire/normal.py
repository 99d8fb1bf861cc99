"""The normal form that every wire format is brought into: finish reasons, usage, arguments."""

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from recctl.shapes import fields, value_in
from recctl.transcript import ArgumentsError, Finish, ToolCall, Usage

_FINISHES: dict[Finish, tuple[str, ...]] = {
    "stop": (
        "stop",
        "end_turn",
        "stop_sequence",
        "STOP",
        "completed",
        "pause_turn",
        "load",
        "unload",
    ),
    "length": ("length", "max_tokens", "MAX_TOKENS", "incomplete", "max_output_tokens"),
    "tool_calls": ("tool_calls", "function_call", "tool_use", "requires_action"),
    "content_filter": (
        *("content_filter", "refusal", "SAFETY", "RECITATION", "BLOCKLIST"),
        *("PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY"),
    ),
    "error": ("error", "failed", "cancelled", "OTHER", "MALFORMED_FUNCTION_CALL"),
}
_FINISH_OF = {raw: known for known, raws in _FINISHES.items() for raw in raws}

_LONGEST = 160

_INPUT = (
    *("prompt_tokens", "input_tokens", "prompt_token_count"),
    *("prompt_eval_count", "total_input_tokens"),
)
_OUTPUT = (
    *("completion_tokens", "output_tokens", "candidates_token_count"),
    *("eval_count", "total_output_tokens"),
)
_TOTAL = ("total_tokens", "total_token_count")
_REASONING = (
    ("completion_tokens_details", "reasoning_tokens"),
    ("output_tokens_details", "reasoning_tokens"),
    *("thoughts_token_count", "total_thought_tokens"),
)
_CACHED = (
    ("prompt_tokens_details", "cached_tokens"),
    ("input_tokens_details", "cached_tokens"),
    *("cache_read_input_tokens", "cached_content_token_count", "total_cached_tokens"),
)


def without_nulls(value: Any) -> Any:
    """A copy in which no object has a null member: null means absent, everywhere in an answer."""
    if isinstance(value, dict):
        return {
            key: without_nulls(item) if isinstance(item, (dict, list)) else item
            for key, item in value.items()
            if item is not None
        }
    if isinstance(value, list):
        return [without_nulls(item) if isinstance(item, (dict, list)) else item for item in value]
    return value


def number(value: object) -> int | float | None:
    """A number, truth values aside; null for anything else."""
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def index_of(value: object, otherwise: int) -> int:
    """A number that counts places, or another in its stead."""
    return value if type(value) is int else otherwise


def error_words(chunk: Mapping[str, Any]) -> str:
    """What an error that was sent in place of a chunk says, in one short text."""
    error = chunk.get("error") or fields(chunk.get("response")).get("error") or chunk
    if not isinstance(error, dict):
        return _short(error)
    said = [error[key] for key in ("type", "code", "status", "message") if error.get(key)]
    return ": ".join(map(_short, said)) or _short(error)


def in_short(value: object) -> str:
    """A value as JSON, cut to what a message can hold."""
    return _short(json.dumps(value, ensure_ascii=False))


def _short(value: object) -> str:
    words = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…"


def joined(parts: Iterable[str] | None) -> str | None:
    """Pieces of a text as one; null where there are none, empty where all are empty."""
    known = list(parts or ())
    return repaired("".join(known)) if known else None


def repaired(text: str) -> str:
    """A text in which the two halves of a surrogate pair, sent apart, are one character again."""
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def meaning(raw: str | None) -> Finish | None:
    """What a provider's finish reason says by itself; null for none and for one not known."""
    return _FINISH_OF.get(raw or "")


def finish(raw: str | None, *, has_tool_calls: bool) -> Finish | None:
    """A provider's finish reason in common words; null for none and for one that is not known.

    A plain stop of a choice that calls tools is `tool_calls`: some providers have no word for it.
    """
    known = meaning(raw)
    return "tool_calls" if known == "stop" and has_tool_calls else known


def tool_call(index: int, call_id: str | None, call_type: str, name: str, raw: str) -> ToolCall:
    """A tool call with its arguments parsed, or the reason why they do not."""
    arguments, error = parsed_arguments(raw)
    return ToolCall(index, call_id, call_type, name, raw, arguments, error)


def whole_call(index: int, call_id: str | None, name: str, arguments: Any) -> ToolCall:
    """A tool call whose arguments came as JSON and not as text."""
    raw = json.dumps(arguments, ensure_ascii=False, separators=(",", ":"))
    error: ArgumentsError | None = None if isinstance(arguments, dict) else "not-object"
    return ToolCall(index, call_id, "function", name, raw, arguments, error)


def parsed_arguments(raw: str) -> tuple[Any, ArgumentsError | None]:
    """Arguments out of their text, and what is wrong with it. Never part of a text cut off."""
    if not raw.strip():
        return {}, "empty"
    try:
        arguments = value_in(raw)
    except (ValueError, RecursionError):
        return None, "invalid"
    return arguments, None if isinstance(arguments, dict) else "not-object"


def usage(raw: object) -> Usage | None:
    """Token counts under common names; null where there are none."""
    if not isinstance(raw, dict) or not raw:
        return None
    given, taken = _count(raw, _INPUT), _count(raw, _OUTPUT)
    total = _count(raw, _TOTAL)
    if total is None and given is not None and taken is not None:
        total = given + taken
    return Usage(given, taken, total, _count(raw, _REASONING), _count(raw, _CACHED), raw)


def counted_together(counts: Mapping[str, Any]) -> dict[str, Any]:
    """Token counts in which thoughts and tools' results are parts of output and input.

    Google counts them beside those; everyone else, and whoever checks a sum, counts them within.
    """
    known = usage(dict(counts))
    if known is None:
        return {}
    aside = ("tool_use_prompt_token_count", "total_tool_use_tokens")
    tools = sum(number(counts.get(key)) or 0 for key in aside)
    together = {
        "input_tokens": None if known.input is None else known.input + tools,
        "output_tokens": None if known.output is None else known.output + (known.reasoning or 0),
        "total_tokens": known.total
        if {"total_token_count", "total_tokens"} & set(counts)
        else None,
    }
    return without_nulls(together)  # type: ignore[no-any-return]


def _count(raw: Mapping[str, Any], places: tuple[str | tuple[str, str], ...]) -> int | None:
    """The first number among members, and among members of members."""
    for place in places:
        if isinstance(place, str):
            value = raw.get(place)
        else:
            value = fields(raw.get(place[0])).get(place[1])
        if type(value) is int:
            return value
        found = number(value)
        if isinstance(found, int) or (found is not None and math.isfinite(found)):
            return int(found)
    return None
