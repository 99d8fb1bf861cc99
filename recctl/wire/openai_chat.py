"""OpenAI chat completions, streamed and whole.

Source of the rules: docs/streams.md, "OpenAI chat chunks".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from recctl.transcript import Choice, Oddity, ToolCall, Transcript
from recctl.wire.normal import finish, items, text, tool_call, usage, without_nulls

_CHUNK_CLASSES = ("ChatCompletionChunk", "ModelResponseStream")
_REASONING_KEYS = ("reasoning_content", "reasoning", "thinking")
_KNOWN_CHUNK_KEYS = {
    *("id", "choices", "created", "model", "object", "service_tier", "system_fingerprint"),
    *("usage", "obfuscation"),
}
_KNOWN_CHOICE_KEYS = {
    "index",
    "delta",
    "message",
    "finish_reason",
    "logprobs",
    "obfuscation",
    "text",
}
_KNOWN_DELTA_KEYS = {
    *("role", "content", "refusal", "tool_calls", "function_call", "token_id"),
    *_REASONING_KEYS,
}


def is_chunk(type_name: str, data: Mapping[str, Any]) -> bool:
    """Whether a value of this class, or an untyped one (""), is a chunk of a chat completion."""
    if type_name:
        return type_name.rpartition(".")[2] in _CHUNK_CLASSES
    choices = data.get("choices")
    return isinstance(choices, list) and any(
        isinstance(choice, dict) and "delta" in choice for choice in choices
    )


def is_whole(type_name: str, data: Mapping[str, Any]) -> bool:
    """Whether a value is a chat completion that was not streamed."""
    if type_name:
        return type_name.rpartition(".")[2] in ("ChatCompletion", "ModelResponse")
    choices = data.get("choices")
    return isinstance(choices, list) and any(
        isinstance(choice, dict) and "message" in choice for choice in choices
    )


def assemble(chunks: Iterable[Any]) -> Transcript:
    """The transcript of a stream. Never raises, whatever the chunks are."""
    fold = Fold()
    for chunk in chunks:
        fold.add(chunk)
    return fold.transcript()


def from_whole(data: Mapping[str, Any]) -> Transcript:
    """The transcript of a chat completion: that of one chunk, its tool calls numbered by place."""
    choices = []
    for choice in items(data.get("choices")):
        if isinstance(choice, dict):
            message = dict(choice["message"]) if isinstance(choice.get("message"), dict) else {}
            message["tool_calls"] = [
                {"index": place, **without_nulls(call)}
                for place, call in enumerate(items(message.get("tool_calls")))
                if isinstance(call, dict)
            ]
            choices.append({**choice, "delta": message})
    fold = Fold()
    fold.add({**data, "choices": choices})
    return fold.transcript(chunks=0)


class Fold:
    """Takes the chunks of one stream, one at a time, and gives the transcript at any point."""

    def __init__(self) -> None:
        self._chunks = 0
        self._first: dict[str, Any] = {}
        self._last: dict[str, Any] = {}
        self._choices: dict[int, _ChoiceFold] = {}
        self._oddities: list[Oddity] = []
        self._failed = False

    def add(self, chunk: Any) -> None:
        """Take one chunk in."""
        at, self._chunks = self._chunks, self._chunks + 1
        if not isinstance(chunk, dict):
            self._note("chunk-not-object", at, f"a chunk is {type(chunk).__name__}, no object")
            return
        chunk = without_nulls(chunk)
        if "error" in chunk and "choices" not in chunk:
            self._failed = True
            self._note("stream-error", at, "the provider sent an error")
        for key, value in chunk.items():
            if key in ("id", "created", "model") and value != "":
                self._first.setdefault(key, value)
            elif key not in ("choices", "object", "obfuscation"):
                self._last[key] = value
        for choice in items(chunk.get("choices")):
            if isinstance(choice, dict):
                index = choice.get("index")
                index = index if type(index) is int else 0
                fold = self._choices.setdefault(index, _ChoiceFold(index))
                fold.add(choice, at, self._note)

    def transcript(self, chunks: int | None = None) -> Transcript:
        """What has been said so far; `chunks` overrides the number of chunks."""
        choices = tuple(self._choices[index].choice() for index in sorted(self._choices))
        ended = bool(choices) and all(choice.finish_raw for choice in choices)
        created = self._first.get("created")
        return Transcript(
            format="openai-chat",
            complete=ended and not self._failed,
            chunks=self._chunks if chunks is None else chunks,
            id=text(self._first.get("id")),
            created=created if type(created) in (int, float) else None,
            model=text(self._first.get("model")),
            service_tier=text(self._last.get("service_tier")),
            system_fingerprint=text(self._last.get("system_fingerprint")),
            choices=choices,
            usage=usage(self._last.get("usage")),
            extra={key: v for key, v in self._last.items() if key not in _KNOWN_CHUNK_KEYS},
            warnings=tuple(self._oddities),
        )

    def _note(self, code: str, at: int, detail: str) -> None:
        self._oddities.append(Oddity(code, at, detail))


@dataclass
class _CallFold:
    index: int
    id: str | None = None
    type: str | None = None
    name: str = ""
    fragments: list[str] = field(default_factory=list)

    def call(self) -> ToolCall:
        raw = repaired("".join(self.fragments))
        return tool_call(self.index, self.id, self.type or "function", self.name, raw)


@dataclass
class _ChoiceFold:
    index: int
    role: str | None = None
    text: list[str] = field(default_factory=list)
    refusal: list[str] = field(default_factory=list)
    reasoning: dict[str, list[str]] = field(default_factory=dict)
    calls: list[_CallFold] = field(default_factory=list)
    by_index: dict[int, _CallFold] = field(default_factory=dict)
    by_id: dict[str, _CallFold] = field(default_factory=dict)
    highest: int = -1
    legacy_call: _CallFold | None = None
    finish_raw: str | None = None
    logprobs: dict[str, Any] | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    def add(self, choice: Mapping[str, Any], at: int, note: Any) -> None:
        delta = choice.get("delta")
        if isinstance(delta, dict):
            self._add_delta(delta, at, note)
        raw = choice.get("finish_reason")
        if isinstance(raw, str) and raw:
            self.finish_raw = raw
        if isinstance(choice.get("logprobs"), dict):
            self._add_logprobs(choice["logprobs"])
        for key, value in choice.items():
            if key not in _KNOWN_CHOICE_KEYS:
                known = self.extra.get(key)
                if isinstance(known, dict) and isinstance(value, dict):
                    self.extra[key] = {**known, **value}
                else:
                    self.extra[key] = value

    def choice(self) -> Choice:
        calls = tuple(one.call() for one in sorted(self.calls, key=lambda one: one.index))
        if self.legacy_call is not None:
            calls = (*calls, self.legacy_call.call())
        reasoning = (self.reasoning.get(key) for key in _REASONING_KEYS)
        return Choice(
            index=self.index,
            role=self.role,
            text=_joined(self.text),
            reasoning=next((_joined(parts) for parts in reasoning if _joined(parts)), None),
            refusal=_joined(self.refusal),
            tool_calls=calls,
            finish=finish(self.finish_raw, has_tool_calls=bool(calls)),
            finish_raw=self.finish_raw,
            logprobs=self.logprobs,
            extra=self.extra,
        )

    def _add_delta(self, delta: Mapping[str, Any], at: int, note: Any) -> None:
        role = delta.get("role")
        if isinstance(role, str) and role:
            if self.role not in (None, role):
                note("role-changed", at, f"role {role!r} after {self.role!r}")
            self.role = self.role or role
        _append(self.text, delta.get("content"))
        _append(self.refusal, delta.get("refusal"))
        for key in _REASONING_KEYS:
            if isinstance(delta.get(key), str):
                self.reasoning.setdefault(key, []).append(delta[key])
        for entry in items(delta.get("tool_calls")):
            if isinstance(entry, dict):
                self._add_call(entry, at, note)
        if isinstance(delta.get("function_call"), dict):
            self.legacy_call = self.legacy_call or _CallFold(len(self.calls))
            self.legacy_call.name += text(delta["function_call"].get("name")) or ""
            _append(self.legacy_call.fragments, delta["function_call"].get("arguments"))
        for key, value in delta.items():
            if key not in _KNOWN_DELTA_KEYS:
                self.extra[key] = value

    def _add_call(self, entry: Mapping[str, Any], at: int, note: Any) -> None:
        call = self._call_of(entry, at, note)
        call.id = call.id or text(entry.get("id"))
        call.type = call.type or text(entry.get("type"))
        custom = entry.get("custom")
        function = custom if isinstance(custom, dict) else entry.get("function")
        if not isinstance(function, dict):
            return
        name = text(function.get("name"))
        if name and name != call.name:
            if any(call.fragments):
                note("tool-name-repeated", at, f"name {name!r} after arguments of {call.name!r}")
            else:
                call.name += name
        _append(call.fragments, function.get("arguments"))
        _append(call.fragments, function.get("input"))

    def _call_of(self, entry: Mapping[str, Any], at: int, note: Any) -> _CallFold:
        """The call that a fragment belongs to: by index, else by id, else the last one."""
        index, call_id = entry.get("index"), text(entry.get("id"))
        if type(index) is int:
            same = self.by_index.get(index)
            if same is not None and (call_id is None or same.id in (None, call_id)):
                return same
            if same is not None:
                note("tool-index-reused", at, f"index {index} has a second id, {call_id}")
        elif call_id is None and self.calls:
            note("tool-index-missing", at, "a fragment has neither index nor id")
            return self.calls[-1]
        elif call_id in self.by_id:
            return self.by_id[call_id]
        else:
            index = self.highest + 1
        made = _CallFold(index)
        self.calls.append(made)
        self.highest = max(self.highest, index)
        self.by_index[index] = made
        if call_id is not None:
            self.by_id[call_id] = made
        return made

    def _add_logprobs(self, logprobs: Mapping[str, Any]) -> None:
        self.logprobs = self.logprobs or {}
        for key, value in logprobs.items():
            if isinstance(value, list):
                known = self.logprobs.get(key)
                self.logprobs[key] = [*known, *value] if isinstance(known, list) else value


def repaired(text: str) -> str:
    """A text in which the two halves of a surrogate pair, sent apart, are one character again."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _append(parts: list[str], value: object) -> None:
    if isinstance(value, str):
        parts.append(value)


def _joined(parts: list[str] | None) -> str | None:
    return repaired("".join(parts)) if parts else None
