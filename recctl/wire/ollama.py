"""Ollama's own chat and generate, streamed and whole, typed and raw.

Source of the rules: docs/streams.md, "Ollama". A chunk is an answer of which only the texts,
tool calls and log probabilities are pieces; tool calls come whole, with parsed arguments. Counts
come with the last chunk, which alone is `done`. Nulls are passed over where a value is read, not
taken out beforehand: in the arguments of a tool call a null is a value.
"""

from typing import Any

from recctl.shapes import fields, items, text
from recctl.transcript import Choice, ToolCall, Transcript
from recctl.wire.checks import Constants, note_choice
from recctl.wire.format import Note, Object, folded
from recctl.wire.normal import (
    error_words,
    finish,
    joined,
    tool_call,
    usage,
    whole_call,
    without_nulls,
)

_CLASSES = ("GenerateResponse", "ChatResponse")
_COUNTS = ("prompt_eval_count", "eval_count")
_READ_KEYS = {
    *("model", "done", "done_reason", "message", "response", "thinking", "logprobs"),
    *_COUNTS,
    "context",  # The prompt and the answer again, as numbers.
}
_MESSAGE_KEYS = {"role", "content", "thinking", "tool_calls"}
_PIECES = ("content", "response", "thinking")


def is_chunk(class_name: str, data: Object) -> bool:
    """Whether it is a chunk, which looks as a whole answer does."""
    if class_name:
        return class_name.rpartition(".")[2] in _CLASSES
    return isinstance(data.get("done"), bool) and (
        isinstance(data.get("message"), dict) or isinstance(data.get("response"), str)
    )


is_whole = is_chunk


def fold(note: Note) -> "_Fold":
    """A fold of a stream of this format."""
    return _Fold(note)


def from_whole(data: Object, note: Note) -> Transcript:
    """The same as that of a stream of one chunk."""
    return folded(_Fold(note), data)


class _Members:
    """The members of an object sent in pieces: texts are joined, of all else the last counts."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self._texts: dict[str, list[str]] = {}
        self._lists: dict[str, list[Any]] = {}

    def add(self, data: Object, growing: str) -> None:
        """Take in a piece, in which the list called `growing` holds what is new."""
        for key, value in data.items():
            if key in _PIECES and isinstance(value, str):
                self._texts.setdefault(key, []).append(value)
            elif key == growing and isinstance(value, list):
                self._lists.setdefault(key, []).extend(value)
            elif value is not None:
                self._values[key] = value

    def whole(self, last: Object) -> dict[str, Any]:
        """All members, with the nulls of the last piece, in its order."""
        texts = {key: joined(parts) for key, parts in self._texts.items()}
        return {**last, **self._values, **self._lists, **texts}


class _Fold:
    def __init__(self, note: Note) -> None:
        self._note = note
        self._constants = Constants(note, {"model": "model-changed"})
        self._answer = _Members()
        self._message = _Members()
        self._last: Object = {}
        self._last_message: Object = {}
        self._role: str | None = None
        self._done_at: int | None = None
        self._failed = False
        self._at = 0

    def add(self, chunk: Object, at: int) -> None:
        self._at = at
        if chunk.get("error") is not None:
            self._failed = True
            self._note("stream-error", at, error_words(chunk))
            if chunk.get("done") is None:
                return
        self._last = chunk
        self._constants.see(chunk, at)
        self._answer.add(chunk, growing="logprobs")
        message = chunk.get("message")
        if isinstance(message, dict):
            self._last_message = message
            self._message.add(message, growing="tool_calls")
        self._note_role(fields(message), at)
        self._note_end(chunk, at)

    def finish(self) -> tuple[Transcript, Any]:
        whole = self._answer.whole(self._last)
        if self._done_at is not None:
            whole["done"] = True
        if self._last_message:
            whole["message"] = self._message.whole(self._last_message)
            whole["message"].update({"role": self._role} if self._role else {})
        choice = self._choice(whole)
        self._note_whole(choice)
        transcript = Transcript(
            complete=bool(choice.finish_raw) and not self._failed,
            model=text(whole.get("model")),
            choices=(choice,),
            usage=usage({key: whole[key] for key in _COUNTS if whole.get(key) is not None}),
            extra=_others(whole, _READ_KEYS),
        )
        return transcript, whole

    def _choice(self, whole: Object) -> Choice:
        message = fields(whole.get("message"))
        said, thought = message.get("content"), message.get("thinking")
        said = whole.get("response") if said is None else said
        thought = whole.get("thinking") if thought is None else thought
        calls = tuple(
            _call(place, fields(call))
            for place, call in enumerate(items(message.get("tool_calls")))
        )
        raw = text(whole.get("done_reason")) if whole.get("done") is True else None
        logprobs = whole.get("logprobs")
        return Choice(
            index=0,
            role=self._role or "assistant",
            text=said if isinstance(said, str) else None,
            reasoning=text(thought),
            tool_calls=calls,
            finish=finish(raw, has_tool_calls=bool(calls)),
            finish_raw=raw,
            logprobs={"content": logprobs} if isinstance(logprobs, list) else None,
            extra=_others(message, _MESSAGE_KEYS),
        )

    def _note_role(self, message: Object, at: int) -> None:
        """A role on every chunk is how this format is; it does not change."""
        role = text(message.get("role"))
        self._role = self._role or role
        if role and role != self._role:
            self._note("role-changed", at, "choice 0")

    def _note_end(self, chunk: Object, at: int) -> None:
        if self._done_at is not None:
            message = fields(chunk.get("message"))
            if any(chunk.get(key) or message.get(key) for key in (*_PIECES, "tool_calls")):
                self._note("content-after-finish", at, "choice 0")
            if chunk.get("done") is True:
                self._note("finish-duplicate", at, "choice 0")
        if chunk.get("done") is True:
            self._done_at = at

    def _note_whole(self, choice: Choice) -> None:
        if self._done_at is not None and self._done_at != self._at:
            self._note("finish-not-last", self._done_at, "chunks follow it")
        loads = choice.finish_raw in ("load", "unload")
        note_choice(choice, self._note, wants_role=False, wants_ids=False, says_more=loads)


def _call(place: int, call: Object) -> ToolCall:
    """A tool call, its arguments an object; servers that send a text are believed as well."""
    function = fields(call.get("function"))
    call_id, name = text(call.get("id")), text(function.get("name")) or ""
    arguments = function.get("arguments")
    if arguments is None or isinstance(arguments, str):
        return tool_call(place, call_id, "function", name, arguments or "")
    return whole_call(place, call_id, name, arguments)


def _others(data: Object, read: set[str]) -> dict[str, Any]:
    return {
        key: without_nulls(value)
        for key, value in data.items()
        if key not in read and value is not None
    }
