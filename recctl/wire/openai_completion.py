"""OpenAI text completions, streamed and whole: the older interface that continues a prompt.

Source of the rules: docs/streams.md, "OpenAI completion chunks". Together adds a `delta` beside
the text of a choice, which says the same; TGI sends an empty finish reason until the last chunk.
"""

from typing import Any

from recctl.shapes import fields, items
from recctl.transcript import Choice, Transcript
from recctl.wire.checks import note_choice, note_tokens
from recctl.wire.format import Note, Object, folded
from recctl.wire.normal import finish, joined
from recctl.wire.openai_choices import ChoicesFold, next_finish, note_after_finish, take_in

_CLASSES = ("Completion", "TextCompletionResponse")
_KINDS = ("text_completion", "completion.chunk")
_OBJECTS = ("text_completion",)
_DECLARED = ("id", "choices", "created", "model", "object", "system_fingerprint", "usage")
_CHOICE_KEYS = {"index", "text", "delta", "finish_reason", "logprobs", "obfuscation"}
_LOGPROBS = ("text_offset", "token_logprobs", "tokens", "top_logprobs")


def is_chunk(class_name: str, data: Object) -> bool:
    """Whether it is a chunk, which looks as a whole answer does."""
    if class_name:
        return class_name.rpartition(".")[2] in _CLASSES
    return data.get("object") in _KINDS or any(
        isinstance(fields(choice).get("text"), str) for choice in items(data.get("choices"))
    )


is_whole = is_chunk


def fold(note: Note) -> "ChoicesFold[_Choice]":
    """A fold of a stream of this format."""
    return ChoicesFold(note, _OBJECTS, _DECLARED, _Choice)


def from_whole(data: Object, note: Note) -> Transcript:
    """The same as that of a stream of one chunk."""
    return folded(fold(note), data)


class _Choice:
    """A choice in the making."""

    def __init__(self, index: int, note: Note) -> None:
        self.index = index
        self.note = note
        self.text: list[str] = []
        self.finish_raw: str | None = None
        self.logprobs: dict[str, Any] | None = None
        self.extra: dict[str, Any] = {}

    def add(self, choice: Object, at: int) -> None:
        said, raw = choice.get("text"), choice.get("finish_reason")
        if self.finish_raw:
            says, ends = bool(said), bool(raw)
            note_after_finish(self.index, says=says, ends=ends, at=at, note=self.note)
        if isinstance(said, str):
            self.text.append(said)
        self.finish_raw = next_finish(self.finish_raw, raw, self.index, at, self.note)
        if isinstance(choice.get("logprobs"), dict):
            self.logprobs = self.logprobs or {}
            take_in(self.logprobs, choice["logprobs"])
        take_in(self.extra, {k: v for k, v in choice.items() if k not in _CHOICE_KEYS})

    def finish(self) -> Choice:
        made = Choice(
            index=self.index,
            role="assistant",
            text=joined(self.text),
            finish=finish(self.finish_raw, has_tool_calls=False),
            finish_raw=self.finish_raw,
            logprobs=self.logprobs,
            extra=self.extra,
        )
        note_choice(made, self.note)
        note_tokens(items(fields(made.logprobs).get("tokens")), made, self.note)
        return made

    def rebuilt(self) -> dict[str, Any]:
        logprobs = None
        if self.logprobs is not None:
            logprobs = {**dict.fromkeys(_LOGPROBS), **self.logprobs}
        return {
            "finish_reason": self.finish_raw,
            "index": self.index,
            "logprobs": logprobs,
            "text": joined(self.text),
            **self.extra,
        }
