"""Anthropic messages: the events of a stream, and whole ones.

Source of the rules: docs/streams.md, "Anthropic events". A tool's input is never parsed in part:
what was cut off stays as the text it was.
"""

from collections.abc import Iterable
from typing import Any

from recctl.shapes import fields, items, text
from recctl.transcript import Choice, ToolCall, Transcript
from recctl.wire.checks import Constants, note_choice, note_finish_of_tools, note_numbers
from recctl.wire.format import Note, Object, folded
from recctl.wire.normal import (
    error_words,
    finish,
    joined,
    parsed_arguments,
    repaired,
    tool_call,
    usage,
    whole_call,
    without_nulls,
)

_EVENTS = (
    *("message_start", "message_delta", "message_stop"),
    *("content_block_start", "content_block_delta", "content_block_stop"),
)
_TEXTS = {"text_delta": ("text", "text"), "thinking_delta": ("thinking", "thinking")}
_BLOCK_OF_DELTA = {
    "text_delta": "text",
    "citations_delta": "text",
    "thinking_delta": "thinking",
    "signature_delta": "thinking",
    "input_json_delta": "tool_use",
}
_MESSAGE_KEYS = (
    *("id", "type", "role", "model", "content"),
    *("stop_reason", "stop_sequence", "usage"),
)
_CONSTANTS = {"id": "id-changed", "model": "model-changed"}
_RAW_INPUT = "arguments_raw"
"""Not a key of the provider's: a tool's input that does not parse, beside an input of null."""


def is_chunk(class_name: str, data: Object) -> bool:
    """Whether it is an event: an error, too, unless it is numbered, as that of OpenAI's is."""
    if class_name and not class_name.startswith("anthropic."):
        return False
    if data.get("type") in _EVENTS:
        return True
    numbered = data.get("sequence_number") is not None
    return data.get("type") == "error" and isinstance(data.get("error"), dict) and not numbered


def is_whole(class_name: str, data: Object) -> bool:
    """Whether it is a message."""
    if class_name and not class_name.startswith("anthropic."):
        return False
    return data.get("type") == "message" and isinstance(data.get("content"), list)


def fold(note: Note) -> "_Fold":
    """A fold of a stream of this format."""
    return _Fold(note)


def from_whole(data: Object, note: Note) -> Transcript:
    """The same as that of a stream that starts with the whole message."""
    start = {"type": "message_start", "message": data}
    return folded(_Fold(note), start, {"type": "message_stop"})


class _Fold:
    def __init__(self, note: Note) -> None:
        self._note = note
        self._constants = Constants(note, _CONSTANTS)
        self._message: dict[str, Any] = {}
        self._declared: set[str] = set()
        self._usage: dict[str, Any] = {}
        self._blocks: list[_Block] = []
        self._latest: dict[int, _Block] = {}
        self._finish_raw: str | None = None
        self._stopped = False
        self._failed = False

    def add(self, chunk: Object, at: int) -> None:
        match chunk.get("type"):
            case "message_start":
                self._start(fields(chunk.get("message")), at)
            case "content_block_start":
                index = _index(chunk, len(self._blocks), self._note, at)
                self._open(index, fields(chunk.get("content_block")), at)
            case "content_block_delta":
                self._add_delta(chunk, fields(chunk.get("delta")), at)
            case "content_block_stop":
                self._stop(chunk, at)
            case "message_delta":
                self._add_usage(chunk.get("usage"), at)
                self._add_members(fields(chunk.get("delta")), at)
            case "message_stop":
                self._stopped = True
            case _:
                self._add_error(chunk, at)

    def finish(self) -> tuple[Transcript, Any]:
        self._blocks.sort(key=lambda block: block.index)
        choices = (self._choice(),) if self._message or self._blocks else ()
        if not self._stopped:
            self._note("terminal-missing", None, "no message_stop")
        extra = {key: self._message[key] for key in self._message if key not in _MESSAGE_KEYS}
        transcript = Transcript(
            complete=bool(choices and self._finish_raw) and self._stopped and not self._failed,
            id=text(self._message.get("id")),
            model=text(self._message.get("model")),
            service_tier=text(self._usage.get("service_tier")),
            choices=choices,
            usage=usage(self._usage),
            extra=extra,
        )
        return transcript, self._rebuilt(extra) if choices else None

    def _start(self, message: Object, at: int) -> None:
        self._declared.update(message)
        self._constants.see(message, at)
        self._add_usage(message.get("usage"), at)
        self._add_members(message, at)
        for index, block in enumerate(items(message.get("content"))):
            self._open(index, fields(block), at)
            self._latest[index].is_stopped = True

    def _add_members(self, members: Object, at: int) -> None:
        """Take in members of the message. Its id and the like never change, the rest may."""
        for key, value in without_nulls({**members, "content": None, "usage": None}).items():
            if key == "stop_reason":
                self._add_finish(value, at)
            elif key in _CONSTANTS or key in ("type", "role"):
                self._message.setdefault(key, value)
            else:
                self._message[key] = value

    def _add_finish(self, raw: object, at: int) -> None:
        if raw == "":
            self._note("finish-empty-string", at, "stop_reason")
        elif isinstance(raw, str):
            if self._finish_raw:
                self._note("finish-duplicate", at, "choice 0")
            self._finish_raw = raw

    def _add_usage(self, counts: object, at: int) -> None:
        """Take in totals: a later one replaces an earlier one, they are not added up."""
        known, now = self._usage.get("input_tokens"), fields(counts).get("input_tokens")
        if known is not None and now is not None and known != now:
            self._note("usage-revised", at, "input_tokens")
        self._usage.update(without_nulls(fields(counts)))

    def _open(self, index: int, data: Object, at: int) -> None:
        known = self._latest.get(index)
        if known is not None and not known.is_started:
            known.start(data)
            return
        if known is not None:
            self._note("block-index-gap", at, f"block {index} is started twice")
        self._latest[index] = _Block(index)
        self._latest[index].start(data)
        self._blocks.append(self._latest[index])

    def _add_delta(self, chunk: Object, delta: Object, at: int) -> None:
        if self._finish_raw:
            self._note("content-after-finish", at, "choice 0")
        kind = delta.get("type")
        if not isinstance(kind, str) or kind not in _BLOCK_OF_DELTA:
            return
        index = _index(chunk, len(self._blocks) - 1, self._note, at)
        block = self._latest.get(index)
        if block is None:
            self._note("block-not-started", at, f"block {index}")
            block = self._latest[index] = _Block(index, _BLOCK_OF_DELTA[kind])
            self._blocks.append(block)
        if not block.add(kind, delta):
            self._note("block-not-started", at, f"{kind} for a block of another type")

    def _stop(self, chunk: Object, at: int) -> None:
        block = self._latest.get(_index(chunk, len(self._blocks) - 1, self._note, at))
        if block is not None:
            block.is_stopped = True

    def _add_error(self, chunk: Object, at: int) -> None:
        if chunk.get("type") == "error" or chunk.get("error") is not None:
            self._failed = True
            self._note("stream-error", at, error_words(chunk))

    def _choice(self) -> Choice:
        calls = tuple(
            block.call(number) for number, block in enumerate(filter(_calls_tool, self._blocks))
        )
        extra = {
            "stop_sequence": self._message.get("stop_sequence"),
            "blocks": [block.rebuilt() for block in self._blocks if not _is_known(block)] or None,
        }
        asks = any(call.type == "function" for call in calls)
        made = Choice(
            index=0,
            role=text(self._message.get("role")),
            text=joined(_pieces(self._blocks, "text")),
            reasoning=joined(_pieces(self._blocks, "thinking")),
            tool_calls=calls,
            finish=finish(self._finish_raw, has_tool_calls=asks),
            finish_raw=self._finish_raw,
            extra=without_nulls(extra),
        )
        self._note_blocks()
        note_choice(made, self._note)
        note_finish_of_tools(made, self._note, asks=asks)
        return made

    def _rebuilt(self, extra: Object) -> dict[str, Any]:
        """A message. `stop_sequence` is null where the stream started with it so."""
        known = {key: self._message.get(key) for key in ("id", "type", "role", "model")}
        ending = {"stop_reason": self._finish_raw}
        if "stop_sequence" in self._declared | self._message.keys():
            ending["stop_sequence"] = self._message.get("stop_sequence")
        content = [block.rebuilt() for block in self._blocks]
        return {**known, "content": content, **ending, **extra, "usage": self._usage or None}

    def _note_blocks(self) -> None:
        note_numbers((block.index for block in self._blocks), "block-index-gap", self._note)
        for block in self._blocks:
            if block.is_started and not block.is_stopped:
                self._note("block-unstopped", None, f"block {block.index}")


class _Block:
    """A content block in the making. Its texts come in pieces, by their key."""

    def __init__(self, index: int, kind: str | None = None) -> None:
        self.index = index
        self.data: dict[str, Any] = {} if kind is None else {"type": kind}
        self.texts: dict[str, list[str]] = {}
        self.input: list[str] = []
        self.is_started = False
        self.is_stopped = False

    def start(self, data: Object) -> None:
        """Take in the block that was sent first. The nulls in a tool's input are the model's."""
        known = {**without_nulls({**data, "input": None}), **_input_of(data)}
        self.data = {**known, **{k: v for k, v in self.data.items() if k not in known}}
        for key in ("text", "thinking"):
            if isinstance(self.data.get(key), str):
                self.texts.setdefault(key, []).insert(0, self.data[key])
        self.is_started = True

    def add(self, kind: str, delta: Object) -> bool:
        """Take in a delta, unless the block is of a type that has no such delta."""
        if kind == "input_json_delta":
            if self.calls_tool and isinstance(delta.get("partial_json"), str):
                self.input.append(delta["partial_json"])
            return self.calls_tool
        if self.data.get("type") != _BLOCK_OF_DELTA[kind]:
            return False
        if kind in _TEXTS:
            key = _TEXTS[kind][1]
            if isinstance(delta.get(key), str):
                self.texts.setdefault(key, []).append(delta[key])
        elif kind == "signature_delta" and delta.get("signature") is not None:
            self.data["signature"] = delta["signature"]
        elif kind == "citations_delta" and delta.get("citation") is not None:
            if not isinstance(self.data.get("citations"), list):
                self.data["citations"] = []
            self.data["citations"].append(without_nulls(delta["citation"]))
        return True

    @property
    def calls_tool(self) -> bool:
        kind = self.data.get("type")
        return kind == "tool_use" or (isinstance(kind, str) and kind.endswith("_tool_use"))

    def call(self, number: int) -> ToolCall:
        """The tool call. One that the provider runs itself is of the block's own type."""
        call_id, name = text(self.data.get("id")), text(self.data.get("name")) or ""
        raw = self._raw_input()
        if raw is None:
            made = whole_call(number, call_id, name, self.data.get("input", {}))
        else:
            made = tool_call(number, call_id, "function", name, raw)
        kind: str = self.data["type"]
        return made if kind == "tool_use" else made._replace(type=kind)

    def rebuilt(self) -> dict[str, Any]:
        known = {**self.data, **{key: joined(parts) for key, parts in self.texts.items()}}
        if not self.calls_tool:
            return known
        raw = self._raw_input()
        if raw is None:
            return {**known, "input": self.data.get("input", {})}
        arguments, error = parsed_arguments(raw)
        cut_off = {_RAW_INPUT: raw} if error == "invalid" else {}
        return {**known, "input": arguments, **cut_off}

    def _raw_input(self) -> str | None:
        """The text of the input; null where the block was started with all of it."""
        raw = repaired("".join(self.input))
        if raw.strip():
            return raw
        return text(self.data.get(_RAW_INPUT)) if self.data.get("input") is None else None


def _input_of(data: Object) -> dict[str, Any]:
    return {"input": data["input"]} if data.get("input") is not None else {}


def _calls_tool(block: _Block) -> bool:
    return block.calls_tool


def _is_known(block: _Block) -> bool:
    return block.calls_tool or block.data.get("type") in ("text", "thinking")


def _pieces(blocks: Iterable[_Block], kind: str) -> list[str]:
    """The pieces of all texts of a kind. A block's type and its text have the same name."""
    known = [block for block in blocks if block.data.get("type") == kind]
    return [piece for block in known for piece in block.texts.get(kind, ())]


def _index(chunk: Object, otherwise: int, note: Note, at: int) -> int:
    """The number of the block that an event is about."""
    index = chunk.get("index")
    if isinstance(index, int) and not isinstance(index, bool):
        return index
    note("block-index-gap", at, "an event has no number")
    return max(otherwise, 0)
