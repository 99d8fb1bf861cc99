"""OpenAI chat completions, streamed and whole; litellm's and untyped ones too.

Source of the rules: docs/streams.md, "OpenAI chat chunks" and "Tool calls".
"""

import re
from typing import Any

from recctl.shapes import fields, items, text
from recctl.transcript import Choice, ToolCall, Transcript
from recctl.wire.checks import (
    chat_tokens,
    note_choice,
    note_finish_of_tools,
    note_numbers,
    note_tokens,
)
from recctl.wire.format import Note, Object
from recctl.wire.normal import finish, joined, repaired, tool_call, without_nulls
from recctl.wire.openai_choices import (
    ChoicesFold,
    RunsFold,
    next_finish,
    note_after_finish,
    take_in,
)

_CHUNK_CLASSES = ("ChatCompletionChunk", "ModelResponseStream")
_WHOLE_CLASSES = ("ChatCompletion", "ModelResponse")
_OTHERS = ("text_completion", "completion.chunk")
_NOT_IN_CHUNK = ("message", "text")
"""Told apart by these, a chunk may have no choices, or choices without a delta."""

_OBJECTS = ("chat.completion", "chat.completion.chunk")
_DECLARED = (
    *("id", "choices", "created", "model", "object"),
    *("service_tier", "system_fingerprint", "usage"),
)
_REASONING_KEYS = ("reasoning_content", "reasoning", "thinking")
_CHOICE_KEYS = {"index", "delta", "message", "finish_reason", "logprobs", "obfuscation", "text"}
_DELTA_KEYS = {
    *("role", "content", "refusal", "tool_calls", "function_call", "token_id"),
    *_REASONING_KEYS,
}
_SPEAKING_KEYS = ("content", "refusal", "tool_calls", "function_call", *_REASONING_KEYS)
_TAG = re.compile(r"<(?:think|reasoning)>")


def is_chunk(class_name: str, data: Object) -> bool:
    """Whether it is a chunk."""
    if class_name:
        return class_name.rpartition(".")[2] in _CHUNK_CLASSES
    choices = [fields(choice) for choice in items(data.get("choices"))]
    if data.get("object") in _OTHERS:
        return False
    if any(isinstance(choice.get("delta"), dict) for choice in choices):
        return True
    if data.get("object"):
        return bool(data["object"] == "chat.completion.chunk")
    return "choices" in data and all(one.keys().isdisjoint(_NOT_IN_CHUNK) for one in choices)


def is_whole(class_name: str, data: Object) -> bool:
    """Whether it is a completion."""
    if class_name:
        return class_name.rpartition(".")[2] in _WHOLE_CLASSES
    return any("message" in fields(choice) for choice in items(data.get("choices")))


def from_whole(data: Object, note: Note) -> Transcript:
    """The same as that of a stream of one chunk; tool calls are numbered by their places."""
    choices = []
    for choice in items(data.get("choices")):
        message = dict(fields(fields(choice).get("message")))
        message["tool_calls"] = [
            {"index": place, **without_nulls(fields(call))}
            for place, call in enumerate(items(message.get("tool_calls")))
        ]
        choices.append({**fields(choice), "delta": message})
    whole = plain_fold(note)
    whole.add({**data, "choices": choices}, 0)
    return whole.transcript()


def fold(note: Note) -> RunsFold:
    """A fold of a stream of this format."""
    return RunsFold(plain_fold(note))


def plain_fold(note: Note) -> "ChoicesFold[_Choice]":
    """A fold that takes every chunk for itself: what the other one does, only slower."""
    return ChoicesFold(note, _OBJECTS, _DECLARED, _Choice)


class _Call:
    """A tool call in the making."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.id: str | None = None
        self.type: str | None = None
        self.name = ""
        self.fragments: list[str] = []

    def finish(self) -> ToolCall:
        raw = repaired("".join(self.fragments))
        if self.type == "custom":
            return ToolCall(self.index, self.id, self.type, self.name, raw, raw, None)
        return tool_call(self.index, self.id, self.type or "function", self.name, raw)

    def rebuilt(self) -> dict[str, Any]:
        raw = repaired("".join(self.fragments))
        if self.type == "custom":
            return {"id": self.id, "custom": {"input": raw, "name": self.name}, "type": self.type}
        function = {"arguments": raw, "name": self.name}
        return {"id": self.id, "function": function, "type": self.type or "function"}


class _Choice:
    """A choice in the making."""

    texts = ("content", "refusal", *_REASONING_KEYS)

    def __init__(self, index: int, note: Note) -> None:
        self.index = index
        self.note = note
        self.role: str | None = None
        self.content: list[str] = []
        self.refusal: list[str] = []
        self.reasoning: dict[str, list[str]] = {}
        self.calls: list[_Call] = []
        self.legacy_call: _Call | None = None
        self.finish_raw: str | None = None
        self.logprobs: dict[str, Any] | None = None
        self.in_message: dict[str, Any] = {}
        self.in_choice: dict[str, Any] = {}
        self.by_index: dict[int, _Call] = {}
        self.by_id: dict[str, _Call] = {}
        self.highest = -1
        self.latest: _Call | None = None

    def pieces(self, key: str) -> list[str] | None:
        if self.finish_raw:
            return None
        known = {"content": self.content, "refusal": self.refusal, **self.reasoning}
        return known.get(key)

    def knows(self, key: str) -> bool:
        return key in _CHOICE_KEYS

    def take_in_others(self, choice: Object) -> None:
        take_in(self.in_choice, choice)

    def add(self, choice: Object, at: int) -> None:
        delta, raw = fields(choice.get("delta")), choice.get("finish_reason")
        if self.finish_raw:
            says = any(delta.get(key) for key in _SPEAKING_KEYS)
            note_after_finish(self.index, says=says, ends=bool(raw), at=at, note=self.note)
        self._add_delta(delta, at)
        if raw is not None:
            self.finish_raw = next_finish(self.finish_raw, raw, self.index, at, self.note)
        if isinstance(choice.get("logprobs"), dict):
            self.logprobs = self.logprobs or {}
            take_in(self.logprobs, choice["logprobs"])
        if not choice.keys() <= _CHOICE_KEYS:
            self.take_in_others({k: v for k, v in choice.items() if k not in _CHOICE_KEYS})

    def finish(self) -> Choice:
        calls = tuple(one.finish() for one in sorted(self.calls, key=lambda one: one.index))
        note_numbers((call.index for call in calls), "tool-index-gap", self.note)
        if self.legacy_call is not None:
            calls = (*calls, self.legacy_call.finish())
        made = Choice(
            index=self.index,
            role=self.role,
            text=joined(self.content),
            reasoning=next(filter(None, map(joined, self._reasonings())), None),
            refusal=joined(self.refusal),
            tool_calls=calls,
            finish=finish(self.finish_raw, has_tool_calls=bool(calls)),
            finish_raw=self.finish_raw,
            logprobs=self.logprobs or self._logprobs_object(),
            extra={**self.in_choice, **self.in_message},
        )
        self._note_end(made)
        return made

    def rebuilt(self) -> dict[str, Any]:
        return {
            "finish_reason": self.finish_raw,
            "index": self.index,
            "logprobs": self._logprobs_object(),
            "message": self._message(),
            **self.in_choice,
        }

    def _message(self) -> dict[str, Any]:
        legacy = None
        if self.legacy_call is not None:
            legacy = self.legacy_call.rebuilt()["function"]
        known = {
            "content": joined(self.content),
            "refusal": joined(self.refusal),
            "role": self.role or "assistant",
            "annotations": self.in_message.get("annotations"),
            "audio": self.in_message.get("audio"),
            "function_call": legacy,
            "tool_calls": [one.rebuilt() for one in sorted(self.calls, key=lambda one: one.index)]
            or None,
        }
        reasonings = {key: joined(parts) for key, parts in self.reasoning.items()}
        return {
            **known,
            **reasonings,
            **{k: v for k, v in self.in_message.items() if k not in known},
        }

    def _logprobs_object(self) -> dict[str, Any] | None:
        if self.logprobs is None:
            return None
        return {"content": None, "refusal": None, **self.logprobs}

    def _reasonings(self) -> list[list[str]]:
        return [self.reasoning[key] for key in _REASONING_KEYS if key in self.reasoning]

    def _add_delta(self, delta: Object, at: int) -> None:
        role = text(delta.get("role"))
        if role and self.role:
            changed = role != self.role
            code = "role-changed" if changed else "role-repeated"
            self.note(code, at, f"choice {self.index}")
        self.role = self.role or role
        if "content" in delta:
            _append(self.content, delta["content"])
        if "refusal" in delta:
            _append(self.refusal, delta["refusal"])
        for key in _REASONING_KEYS:
            if key in delta and isinstance(delta[key], str):
                self.reasoning.setdefault(key, []).append(delta[key])
        if "tool_calls" in delta:
            for entry in items(delta["tool_calls"]):
                if isinstance(entry, dict):
                    self._add_call(entry, at)
        if isinstance(delta.get("function_call"), dict):
            self.legacy_call = self.legacy_call or _Call(len(self.calls))
            self.legacy_call.name += text(delta["function_call"].get("name")) or ""
            _append(self.legacy_call.fragments, delta["function_call"].get("arguments"))
        if not delta.keys() <= _DELTA_KEYS:
            take_in(self.in_message, {k: v for k, v in delta.items() if k not in _DELTA_KEYS})

    def _add_call(self, entry: Object, at: int) -> None:
        call = self._call_of(entry, at)
        call_id = text(entry.get("id"))
        if call_id and call.id == call_id:
            self.note("tool-id-repeated", at, f"call {call.index}")
        call.id = call.id or call_id
        call.type = call.type or text(entry.get("type"))
        function = fields(entry.get("function")) or fields(entry.get("custom"))
        name = text(function.get("name"))
        if name and not call.name:
            call.name = name
        elif name and name == call.name:
            self.note("tool-name-repeated", at, f"call {call.index}")
        elif name and any(call.fragments):
            self.note("tool-name-changed", at, f"call {call.index}: {name!r}")
        elif name:
            call.name += name
            self.note("tool-name-split", at, f"call {call.index}")
        _append(call.fragments, function.get("arguments"))
        _append(call.fragments, function.get("input"))

    def _call_of(self, entry: Object, at: int) -> _Call:
        """The call that a fragment belongs to: by index, else by id, else the last one."""
        index, call_id = entry.get("index"), text(entry.get("id"))
        if type(index) is int:
            same = self.by_index.get(index)
            if same is not None and (call_id is None or same.id in (None, call_id)):
                if same is not self.latest:
                    self.note("tool-interleaved", at, f"call {index} goes on after another")
                self.latest = same
                return same
            if same is not None:
                self.note("tool-index-reused", at, f"a second call has index {index}")
        else:
            self.note("tool-index-missing", at, "a fragment has no index")
            if call_id is None and self.calls:
                return self.calls[-1]
            if call_id in self.by_id:
                return self.by_id[call_id]
            index = self.highest + 1
        self.latest = _Call(index)
        self.calls.append(self.latest)
        self.highest = max(self.highest, index)
        self.by_index[index] = self.latest
        if call_id is not None:
            self.by_id.setdefault(call_id, self.latest)
        return self.latest

    def _note_end(self, made: Choice) -> None:
        place = f"choice {made.index}"
        note_choice(made, self.note, wants_ids=self.legacy_call is None)
        note_finish_of_tools(made, self.note, asks=bool(made.tool_calls))
        note_tokens(chat_tokens(made.logprobs), made, self.note)
        if len(self._reasonings()) > 1:
            self.note("reasoning-duplicated", None, " and ".join(self.reasoning))
        if _TAG.search(made.text or ""):
            self.note("inline-reasoning-tags", None, place)


def _append(parts: list[str], value: object) -> None:
    if isinstance(value, str):
        parts.append(value)
