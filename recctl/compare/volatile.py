"""What of an answer changes with each call and says nothing of it: the one table of that.

A recorder normalizes some of it; see `recctl.volatile`, which has what that writes.
"""

import re
from typing import Any

from recctl.compare.exact import Parts
from recctl.difference import ABSENT, Difference

_KEYS = frozenset(
    {
        *("id", "call_id", "item_id", "response_id", "request_id", "system_fingerprint"),
        *("created", "created_at", "completed_at", "expires_at", "modified_at", "expire_time"),
        *("created_timestamp", "updated_timestamp", "document_id", "chunk_id"),
        *("signature", "thought_signature", "thoughtsignature", "encrypted_content"),
        *("sequence_number", "obfuscation", "interaction_id", "responseid", "date"),
        *("x-request-id", "request-id", "cf-ray", "server-timing", "openai-processing-ms"),
    }
)
_ENDS = ("_duration", "_time")
"""Members and headers, in small letters, that name an answer or its chunks, say when it was made
or how long that took, or seal it."""

_ODDITIES = frozenset({"id-changed", "created-changed"})
"""Oddities of such members."""

_ID = re.compile(
    r"(rec|call|chatcmpl|cmpl|file|resp|msg|fc|rs|ws|toolu|req|gen|run)[-_](?=.*\d)[\w-]+"
)
_SAID = frozenset({"text", "reasoning", "refusal", "content", "exception", "model", "name"})
"""Members of which a value that looks like an id is none."""

_EMPTY: tuple[Any, ...] = ("", [], {})


def is_passing(parts: Parts, one: Difference) -> bool:
    """Whether a difference between answers is one of ids, times and the like."""
    if any(part.startswith("arguments") for part in parts):
        return False  # what a model asks a tool for has ids that mean something
    key = next((part for part in reversed(parts) if not part.isdigit() and part != "*"), "")
    if key.lower() in _KEYS or key.endswith(_ENDS):
        return not (key == "id" and parts[:1] == ("body",))
    if parts[:1] == ("warnings",):
        return key in _ODDITIES
    return key not in _SAID and _are_ids(one.old, one.new)


def is_empty(parts: Parts, one: Difference) -> bool:
    """Whether a difference between answers is one of nothing and nothing: null, "", [] or {}."""
    is_told = parts[:1] == ("exception",) or any(part.startswith("arguments") for part in parts)
    return not is_told and all(_is_nothing(value) for value in (one.old, one.new))


def _is_nothing(value: Any) -> bool:
    return value is None or value is ABSENT or (not isinstance(value, bool) and value in _EMPTY)


def _are_ids(old: Any, new: Any) -> bool:
    if not (isinstance(old, str) and isinstance(new, str)):
        return False
    ids = _ID.fullmatch(old), _ID.fullmatch(new)
    return bool(ids[0] and ids[1] and ids[0][1] == ids[1][1])
