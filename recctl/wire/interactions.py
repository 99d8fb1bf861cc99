"""Gemini interactions: the events of a stream, in both generations of the protocol, and whole ones.

The older protocol sends `content.*` events, which make `outputs`; the newer one `step.*` events,
which make `steps`. Source of the rules: docs/streams.md, "Gemini interactions".
"""

from collections.abc import Mapping
from typing import Any

from recctl.shapes import fields, items, text
from recctl.transcript import Choice, ToolCall, Transcript
from recctl.wire.checks import (
    Constants,
    note_choice,
    note_counts,
    note_finish_of_tools,
    note_numbers,
)
from recctl.wire.format import Note, Object, folded
from recctl.wire.normal import (
    counted_together,
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

_MODULE = "google.genai."
_EVENTS = ("interaction.", "content.", "step.")
_LISTS = {"content": "outputs", "step": "steps"}
_LIST_NAMES = ("outputs", "steps")
_ENDS = ("interaction.complete", "interaction.completed")
_UNFINISHED = ("in_progress", "queued", "created")
_INTERACTION_KEYS = (
    *("id", "status", "outputs", "steps", "usage", "role", "created", "updated"),
    *("service_tier", "object", "model"),
)
_SAID_KEYS = {
    *("id", "status", "outputs", "steps", "usage", "role"),
    *("service_tier", "object", "model"),
}
_CONSTANTS = {"id": "id-changed", "model": "model-changed"}
_MODEL_STEP = "model_output"
_CONTENT_DELTAS = ("text", "text_annotation_delta", "image", "audio", "video", "document")
_BLOCK_OF_DELTA = {
    "text_annotation_delta": "text",
    "thought_signature": "thought",
    "thought_summary": "thought",
    "arguments_delta": "function_call",
}
_ARGUMENT_KEYS = ("arguments", "partial_arguments")
_RAW_ARGUMENTS = "arguments_raw"
"""Not a key of the provider's: arguments that do not parse, beside arguments of null."""


def is_chunk(class_name: str, data: Object) -> bool:
    """Whether it is an event."""
    if class_name and not class_name.startswith(_MODULE):
        return False
    kind = _type(data)
    return kind.startswith(_EVENTS) or (kind == "error" and "event_type" in data)


def is_whole(class_name: str, data: Object) -> bool:
    """Whether it is an interaction."""
    if class_name and not class_name.startswith(_MODULE):
        return False
    if data.get("object") == "interaction":
        return True
    return isinstance(data.get("status"), str) and any(
        isinstance(data.get(name), list) for name in _LIST_NAMES
    )


def _type(event: Object) -> str:
    """The type of an event, under either of its names."""
    return text(event.get("event_type")) or text(event.get("type")) or ""


def fold(note: Note) -> "_Fold":
    """A fold of a stream of this format."""
    return _Fold(note)


def from_whole(data: Object, note: Note) -> Transcript:
    """The same as that of a stream that ends with the whole interaction."""
    return folded(_Fold(note), {"event_type": "interaction.completed", "interaction": data})


class _Fold:
    def __init__(self, note: Note) -> None:
        self._note = note
        self._constants = Constants(note, _CONSTANTS)
        self._interaction: dict[str, Any] = {}
        self._blocks: dict[tuple[str, int], _Block] = {}
        self._ended = False
        self._failed = False

    def add(self, chunk: Object, at: int) -> None:
        kind = _type(chunk)
        group, _, action = kind.partition(".")
        if chunk.get("error") is not None or kind == "error":
            self._failed = True
            self._note("stream-error", at, error_words(chunk))
        elif kind == "interaction.status_update":
            self._add_status(chunk, at)
        elif group == "interaction":
            self._add_interaction(fields(chunk.get("interaction")), at)
            self._ended = self._ended or kind in _ENDS
        elif group in _LISTS:
            self._add_to_block(group, action, chunk, at)

    def finish(self) -> tuple[Transcript, Any]:
        blocks = self._all_blocks()
        if not self._ended:
            self._note("terminal-missing", None, "no interaction.complete")
        choices: tuple[Choice, ...] = ()
        if self._interaction or blocks:
            choices = (self._choice(blocks),)
        note_counts(usage(counted_together(fields(self._interaction.get("usage")))), self._note)
        ended = self._ended and any(choice.finish_raw for choice in choices)
        transcript = Transcript(
            complete=ended and not self._failed,
            id=text(self._interaction.get("id")),
            model=text(self._interaction.get("model")),
            service_tier=text(self._interaction.get("service_tier")),
            choices=choices,
            usage=usage(self._interaction.get("usage")),
            extra={k: v for k, v in self._interaction.items() if k not in _SAID_KEYS},
        )
        return transcript, self._rebuilt(blocks) if choices else None

    def _add_status(self, chunk: Object, at: int) -> None:
        """Take in the status, unless the end of the interaction has said another one."""
        self._see({"id": chunk.get("interaction_id")}, at)
        if self._ended:
            return
        known = {key: chunk[key] for key in ("status", "usage") if chunk.get(key) is not None}
        self._interaction.update(without_nulls(known))

    def _add_interaction(self, interaction: Object, at: int) -> None:
        self._see(interaction, at)
        self._interaction.update(without_nulls({**interaction, **dict.fromkeys(_LIST_NAMES)}))
        for name in _LIST_NAMES:
            if isinstance(interaction.get(name), list):
                self._interaction[name] = interaction[name]

    def _see(self, interaction: Object, at: int) -> None:
        """Compare what should stay the same. An interaction that is not stored has an empty id."""
        self._constants.see({key: text(interaction.get(key)) for key in _CONSTANTS}, at)

    def _add_to_block(self, group: str, action: str, chunk: Object, at: int) -> None:
        name = _LISTS[group]
        index = self._index(name, action, chunk, at)
        block = self._blocks.get((name, index))
        if action == "start":
            if block is not None and block.is_started:
                self._note("block-index-gap", at, f"block {index} is started twice")
            block = self._blocks.setdefault((name, index), _Block(name, index))
            block.start(fields(chunk.get(group)))
        elif action == "stop" and block is not None:
            block.is_stopped = True
        elif action == "delta":
            if block is None:
                self._note("block-not-started", at, f"block {index}")
                block = self._blocks[name, index] = _Block(name, index)
            if self._ended:
                self._note("content-after-finish", at, "choice 0")
            block.add(fields(chunk.get("delta")))

    def _index(self, name: str, action: str, chunk: Object, at: int) -> int:
        """The number of the block that an event is about; without one, the next or last one's."""
        index = chunk.get("index")
        if isinstance(index, int) and not isinstance(index, bool):
            return index
        self._note("block-index-gap", at, "an event has no number")
        last = max((known for group, known in self._blocks if group == name), default=-1)
        return last + 1 if action == "start" else max(last, 0)

    def _all_blocks(self) -> dict[str, list["_Block"]]:
        """The blocks by their list: those that were streamed, or else those of a whole answer."""
        found: dict[str, list[_Block]] = {}
        for name in _LIST_NAMES:
            streamed = [self._blocks[key] for key in sorted(self._blocks) if key[0] == name]
            whole = items(self._interaction.get(name))
            blocks = streamed or [_Block.whole(name, *one) for one in enumerate(whole)]
            if blocks or name in self._interaction:
                found[name] = blocks
            note_numbers((block.index for block in streamed), "block-index-gap", self._note)
            for block in streamed:
                if block.is_started and not block.is_stopped:
                    self._note("block-unstopped", None, f"block {block.index}")
        return found

    def _choice(self, groups: Mapping[str, list["_Block"]]) -> Choice:
        blocks = [block for group in groups.values() for block in group]
        calls = tuple(
            block.call(number)
            for number, block in enumerate(block for block in blocks if block.calls_tool)
        )
        asks = any(call.type == "function" for call in calls)
        status = text(self._interaction.get("status"))
        finish_raw = None if status in _UNFINISHED else status
        others = [one for block in blocks for one in block.others()]
        made = Choice(
            index=0,
            role=text(self._interaction.get("role")),
            text=joined(piece for block in blocks for piece in block.said()),
            reasoning=joined(piece for block in blocks for piece in block.thought()),
            tool_calls=calls,
            finish=finish(finish_raw, has_tool_calls=asks),
            finish_raw=finish_raw,
            extra={"blocks": without_nulls(others)} if others else {},
        )
        note_choice(made, self._note, wants_role=False, says_more=bool(made.extra))
        note_finish_of_tools(made, self._note, asks=asks)
        return made

    def _rebuilt(self, groups: Mapping[str, list["_Block"]]) -> dict[str, Any]:
        """An interaction, its keys in the order in which the provider writes them."""
        lists = {name: [block.rebuilt() for block in group] for name, group in groups.items()}
        found = {**self._interaction, **lists}
        known = {key: found[key] for key in _INTERACTION_KEYS if key in found}
        return {**known, **found}


class _Block:
    """An output, a step, or a content of a step in the making.

    A step of the model's has a list of contents, of which the last text may go on. An output is
    such a content itself.
    """

    def __init__(self, list_name: str, index: int, kind: str | None = None) -> None:
        self.list_name = list_name
        self.index = index
        self.members: dict[str, Any] = {} if kind is None else {"type": kind}
        self.texts: list[str] = []
        self.arguments: list[str] = []
        self.contents: list[_Block] = []
        self.is_started = False
        self.is_stopped = False

    @classmethod
    def whole(cls, list_name: str, index: int, data: Any) -> "_Block":
        """A block that came in one piece."""
        block = cls(list_name, index)
        block.start(fields(data))
        return block

    @property
    def kind(self) -> str:
        return text(self.members.get("type")) or ""

    @property
    def calls_tool(self) -> bool:
        return self.kind.endswith("_call")

    def start(self, data: Object) -> None:
        """Take in the block that was sent first. The nulls in arguments are the model's."""
        members = without_nulls({**data, "arguments": None})
        if data.get("arguments") is not None:
            members["arguments"] = data["arguments"]
        if isinstance(members.get("text"), str):
            self.texts.insert(0, members["text"])
        self.members = {**self.members, **members}
        if self.kind == _MODEL_STEP and isinstance(members.get("content"), list):
            self.contents[:0] = [_Block.whole("", *one) for one in enumerate(members["content"])]
        self.is_started = True

    def add(self, delta: Object) -> None:
        """Take in a delta: more of what there is, or members that replace those of their names."""
        kind = text(delta.get("type")) or ""
        if not self.kind:
            self.members["type"] = self._kind_for(kind)
        if self.kind == _MODEL_STEP:
            self._content_for(kind).add(delta)
            return
        if kind in ("text", "text_annotation_delta"):
            self._add_text(delta)
        elif kind == "thought_summary":
            if delta.get("content") is not None:
                self._list("summary").append(without_nulls(delta["content"]))
        elif kind == "arguments_delta":
            pieces = (delta.get(key) for key in _ARGUMENT_KEYS)
            self.arguments.extend(piece for piece in pieces if isinstance(piece, str))
        else:
            found = {k: v for k, v in delta.items() if v is not None and k != "type"}
            self.members.update(found)

    def said(self) -> list[str]:
        """The pieces of its text."""
        if self.kind == _MODEL_STEP:
            return [piece for content in self.contents for piece in content.said()]
        return self.texts if self.kind == "text" else []

    def thought(self) -> list[str]:
        """The summaries of its thoughts."""
        if self.kind != "thought":
            return []
        summaries = (fields(one).get("text") for one in items(self.members.get("summary")))
        return [one for one in summaries if isinstance(one, str)]

    def others(self) -> list[Any]:
        """What is neither text nor thought nor a call: images, results."""
        if self.kind == _MODEL_STEP:
            return [one for content in self.contents for one in content.others()]
        if self.calls_tool or self.kind in ("text", "thought", "user_input"):
            return []
        return [self.rebuilt()]

    def call(self, number: int) -> ToolCall:
        """The tool call. One that the provider runs itself is of the block's own type."""
        is_function = self.kind == "function_call"
        call_id = text(self.members.get("id"))
        name = text(self.members.get("name")) or ("" if is_function else self.kind)
        raw = self._raw_arguments()
        if raw is None:
            made = whole_call(number, call_id, name, self.members.get("arguments", {}))
        else:
            made = tool_call(number, call_id, "function", name, raw)
        return made if is_function else made._replace(type=self.kind)

    def rebuilt(self) -> dict[str, Any]:
        """The block. The type of an output stands after what it says, and its id after that."""
        members = dict(self.members)
        if self.texts:
            members["text"] = joined(self.texts)
        if self.contents:
            members["content"] = [content.rebuilt() for content in self.contents]
        raw = self._raw_arguments() if self.calls_tool else None
        if raw is not None:
            members["arguments"], error = parsed_arguments(raw)
            if error == "invalid":
                members[_RAW_ARGUMENTS] = raw
        if self.list_name == "outputs":
            for key in ("type", "id"):
                if key in members:
                    members[key] = members.pop(key)
        return members

    def _kind_for(self, kind: str) -> str:
        """The type of a block of which only a delta is known."""
        if self.list_name == "steps" and kind in _CONTENT_DELTAS:
            return _MODEL_STEP
        return _BLOCK_OF_DELTA.get(kind, kind)

    def _content_for(self, kind: str) -> "_Block":
        """The content that a delta goes on with: the last one if both are text, or a new one."""
        own = _BLOCK_OF_DELTA.get(kind, kind)
        if not (self.contents and self.contents[-1].kind == own == "text"):
            self.contents.append(_Block("", len(self.contents), own))
        return self.contents[-1]

    def _add_text(self, delta: Object) -> None:
        if isinstance(delta.get("text"), str):
            self.texts.append(delta["text"])
        annotations = items(delta.get("annotations"))
        if annotations:
            self._list("annotations").extend(map(without_nulls, annotations))

    def _list(self, key: str) -> list[Any]:
        if not isinstance(self.members.get(key), list):
            self.members[key] = []
        known: list[Any] = self.members[key]
        return known

    def _raw_arguments(self) -> str | None:
        """The text of the arguments; null where they came in one piece."""
        raw = repaired("".join(self.arguments))
        if raw.strip():
            return raw
        has_none = self.members.get("arguments") is None
        return text(self.members.get(_RAW_ARGUMENTS)) if has_none else None
