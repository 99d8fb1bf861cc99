"""The readable form of an answer, the same for every provider. Derived, never stored."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

Finish = Literal["stop", "length", "tool_calls", "content_filter", "error"]
ArgumentsError = Literal["empty", "invalid", "not-object"]


class ToolCall(NamedTuple):
    """A call that the model asks for.

    `arguments` is null where the raw text does not parse (`error` says why) and for none at all
    an empty object.
    """

    index: int  # type: ignore[assignment]  # hides a method of tuples
    id: str | None
    type: str
    name: str
    arguments_raw: str
    arguments: Any
    error: ArgumentsError | None


class Choice(NamedTuple):
    """One of the answers. `text` is null where none was ever sent, empty where "" was."""

    index: int  # type: ignore[assignment]  # hides a method of tuples
    role: str | None
    text: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    finish: Finish | None = None
    finish_raw: str | None = None
    logprobs: Any = None
    extra: Mapping[str, Any] = {}


class Usage(NamedTuple):
    """Tokens, as the provider counts them; `raw` is its own account."""

    input: int | None
    output: int | None
    total: int | None
    reasoning: int | None
    cached: int | None
    raw: Mapping[str, Any]


class Oddity(NamedTuple):
    """Something unexpected in an answer: a code, and the chunk (from 0) it was seen at."""

    code: str
    at: int | None
    detail: str


class Transcript(NamedTuple):
    """A whole answer. `complete` means that every choice came to its end; `chunks` counts them."""

    format: str = ""
    complete: bool = False
    chunks: int = 0
    id: str | None = None
    created: int | float | None = None
    model: str | None = None
    service_tier: str | None = None
    system_fingerprint: str | None = None
    choices: tuple[Choice, ...] = ()
    usage: Usage | None = None
    extra: Mapping[str, Any] = {}
    warnings: tuple[Oddity, ...] = ()
