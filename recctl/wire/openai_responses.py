"""OpenAI responses: the events of a stream, and whole ones.

Source of the rules: docs/streams.md, "Responses events". The response in the event that ends the
stream counts. Where there is none, or it has no output, the output is put together from finished
items, and those that were not finished from their pieces.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from recctl.shapes import fields, items, text
from recctl.transcript import Choice, ToolCall, Transcript
from recctl.wire.checks import (
    Constants,
    chat_tokens,
    note_choice,
    note_counts,
    note_numbers,
    note_tokens,
)
from recctl.wire.format import Note, Object
from recctl.wire.normal import (
    error_words,
    finish,
    joined,
    number,
    repaired,
    tool_call,
    usage,
    without_nulls,
)

_MODULE = "openai.types.responses."
_TERMINAL = {
    "response.completed": "completed",
    "response.incomplete": "incomplete",
    "response.failed": "failed",
}
_SNAPSHOTS = ("response.created", "response.queued", "response.in_progress")
_CONSTANTS = {"id": "id-changed", "model": "model-changed", "created_at": "created-changed"}
_EXTRA_KEYS = ("status", "error", "incomplete_details")
_UNFINISHED = ("in_progress", "queued")


class _Target(NamedTuple):
    """Where the pieces of a text belong: a member of an item, or of a part in one of its lists.

    `kind` is the type of the part or item that has such a text.
    """

    list_name: str | None
    member: str
    kind: str


_ARGUMENTS = _Target(None, "arguments", "mcp_call")
_CODE = _Target(None, "code", "code_interpreter_call")
_SUMMARY = _Target("summary", "text", "summary_text")
_TARGETS = {
    "response.output_text": _Target("content", "text", "output_text"),
    "response.refusal": _Target("content", "refusal", "refusal"),
    "response.reasoning_text": _Target("content", "text", "reasoning_text"),
    "response.reasoning_summary_text": _SUMMARY,
    "response.reasoning_summary": _SUMMARY,
    "response.function_call_arguments": _Target(None, "arguments", "function_call"),
    "response.custom_tool_call_input": _Target(None, "input", "custom_tool_call"),
    "response.mcp_call_arguments": _ARGUMENTS,
    "response.mcp_call.arguments": _ARGUMENTS,
    "response.code_interpreter_call_code": _CODE,
    "response.code_interpreter_call.code": _CODE,
}
_PART_LISTS = {
    "response.content_part": "content",
    "response.reasoning_summary_part": "summary",
}
_PART_INDEXES = {"content": "content_index", "summary": "summary_index"}
_CALLS = {
    "function_call": ("function", "arguments"),
    "custom_tool_call": ("custom", "input"),
    "mcp_call": ("mcp", "arguments"),
}
_CLIENT_CALLS = ("function", "custom")
_ITEM_KINDS = {"content": "message", "summary": "reasoning"}

_EMPTY: Object = {
    "id": None,
    "created_at": None,
    "error": None,
    "incomplete_details": None,
    "model": None,
    "object": "response",
    "output": [],
    "status": None,
    "usage": None,
}
"""A response of which nothing is known."""

_EMPTY_ITEMS: dict[str, Object] = {
    "message": {
        "id": None,
        "content": [],
        "role": "assistant",
        "status": "in_progress",
        "type": "message",
    },
    "reasoning": {"id": None, "summary": [], "type": "reasoning"},
    "function_call": {
        "arguments": "",
        "call_id": None,
        "name": None,
        "type": "function_call",
        "id": None,
    },
}
_EMPTY_PARTS: dict[str, Object] = {
    "output_text": {"annotations": [], "text": "", "type": "output_text", "logprobs": None},
    "refusal": {"refusal": "", "type": "refusal"},
}


def is_chunk(class_name: str, data: Object) -> bool:
    """Whether it is an event. Anthropic's errors hold an error object, these are one."""
    if class_name.startswith(_MODULE):
        return class_name.endswith("Event")
    kind = data.get("type")
    if not isinstance(kind, str):
        return False
    own_error = kind == "error" and "error" not in data
    alive = kind == "keepalive" and data.get("sequence_number") is not None
    return kind.startswith("response.") or own_error or alive


def is_whole(class_name: str, data: Object) -> bool:
    """Whether it is a response."""
    return data.get("object") == "response" or class_name == f"{_MODULE}response.Response"


def fold(note: Note) -> "_Fold":
    """A fold of a stream of this format."""
    return _Fold(note)


def from_whole(data: Object, note: Note) -> Transcript:
    """A response as one choice: its texts are joined, as client libraries do.

    Calls of tools that the provider itself ran stand among the tool calls where they have
    arguments; all other output is kept as it came, under `items`.
    """
    output = [one for one in items(data.get("output")) if isinstance(one, dict)]
    choice = _choice(data, output)
    counts = usage(without_nulls(data.get("usage")))
    note_counts(counts, note)
    _note_whole(choice, note)
    return Transcript(
        complete=bool(choice.finish_raw) and choice.finish != "error",
        id=text(data.get("id")),
        created=number(data.get("created_at")),
        model=text(data.get("model")),
        service_tier=text(data.get("service_tier")),
        choices=(choice,),
        usage=counts,
        extra={key: data[key] for key in _EXTRA_KEYS if data.get(key) is not None},
    )


def _choice(data: Object, output: list[Any]) -> Choice:
    messages = [one for one in output if one.get("type") == "message"]
    parts = [part for one in messages for part in items(one.get("content"))]
    calls = tuple(_calls(output))
    other = [one for one in output if one.get("type") not in ("message", "reasoning", *_CALLS)]
    raw = _finish_raw(data)
    return Choice(
        index=0,
        role=next(filter(None, (text(one.get("role")) for one in messages)), "assistant"),
        text=joined(_texts(parts, "output_text", "text")),
        reasoning=_reasoning(output),
        refusal=joined(_texts(parts, "refusal", "refusal")),
        tool_calls=calls,
        finish=finish(raw, has_tool_calls=any(call.type in _CLIENT_CALLS for call in calls)),
        finish_raw=raw,
        logprobs=_logprobs(parts),
        extra={"items": other} if other else {},
    )


def _finish_raw(data: Object) -> str | None:
    """Why a response ended: its status, or what is said of one that is incomplete."""
    status = text(data.get("status"))
    if status == "incomplete":
        return text(fields(data.get("incomplete_details")).get("reason")) or status
    return None if status in _UNFINISHED else status


def _reasoning(output: list[Any]) -> str | None:
    """The reasoning of all items, as paragraphs; its summary where there is nothing else."""
    found: list[str] = []
    for one in output:
        if one.get("type") == "reasoning":
            told = list(_texts(items(one.get("content")), "reasoning_text", "text"))
            found += told or _texts(items(one.get("summary")), "summary_text", "text")
    return repaired("\n\n".join(filter(None, found))) or None


def _texts(parts: Iterable[Any], kind: str, member: str) -> Iterator[str]:
    for part in parts:
        value = fields(part).get(member)
        if fields(part).get("type") == kind and isinstance(value, str):
            yield value


def _logprobs(parts: list[Any]) -> dict[str, Any] | None:
    found = [one for part in parts for one in items(fields(part).get("logprobs"))]
    return {"content": found} if found else None


def _calls(output: list[Any]) -> Iterator[ToolCall]:
    """Tool calls, numbered by their places; the input of a custom one is text, not JSON."""
    calls = [one for one in output if text(one.get("type")) in _CALLS]
    for place, one in enumerate(calls):
        kind, member = _CALLS[one["type"]]
        call_id, name = text(one.get("call_id")), text(one.get("name")) or ""
        call_id = call_id if kind in _CLIENT_CALLS else text(one.get("id"))
        raw = repaired(text(one.get(member)) or "")
        if kind == "custom":
            yield ToolCall(place, call_id, kind, name, raw, raw, None)
        else:
            yield tool_call(place, call_id, kind, name, raw)


def _note_whole(choice: Choice, note: Note) -> None:
    says_more = choice.finish != "stop" or bool(choice.extra)
    note_choice(choice, note, wants_role=False, says_more=says_more)
    note_tokens(chat_tokens(choice.logprobs), choice, note)


class _Fold:
    def __init__(self, note: Note) -> None:
        self._note = note
        self._constants = Constants(note, _CONSTANTS)
        self._snapshot: Object = {}
        self._terminal: Object | None = None
        self._status: str | None = None
        self._terminal_at: int | None = None
        self._items: dict[int, _Item] = {}
        self._failed = False
        self._at = 0

    def add(self, chunk: Object, at: int) -> None:
        kind = text(chunk.get("type")) or ""
        if kind == "keepalive":
            return
        self._at = at
        if kind in _TERMINAL:
            self._end(kind, at)
        response = chunk.get("response")
        if kind in (*_SNAPSHOTS, *_TERMINAL) and isinstance(response, dict):
            self._see(kind, response, at)
        elif kind == "error" or (not kind and chunk.get("error") is not None):
            self._failed = True
            self._note("stream-error", at, error_words(chunk))
        else:
            self._add_event(kind, chunk, at)

    def finish(self) -> tuple[Transcript, Any]:
        if self._terminal_at is None:
            self._note("terminal-missing", None, "the stream has no event that ends it")
        elif self._terminal_at != self._at:
            self._note("finish-not-last", self._terminal_at, "events follow it")
        rebuilt = self._rebuilt()
        self._note_items(items(rebuilt["output"]))
        transcript = from_whole(rebuilt, self._note)
        return transcript._replace(complete=transcript.complete and not self._failed), rebuilt

    def _end(self, kind: str, at: int) -> None:
        if self._terminal_at is not None:
            self._note("finish-duplicate", at, kind)
        self._terminal_at, self._status = at, _TERMINAL[kind]
        if kind == "response.failed":
            self._failed = True
            self._note("stream-error", at, "the response failed")

    def _see(self, kind: str, response: Object, at: int) -> None:
        self._constants.see(response, at)
        if kind in _TERMINAL:
            self._terminal = response
        else:
            self._snapshot = response

    def _add_event(self, kind: str, event: Object, at: int) -> None:
        subject, _, verb = kind.rpartition(".")
        if kind == "response.output_item.added":
            self._item(event).start(fields(event.get("item")))
        elif kind == "response.output_item.done":
            self._item(event).end(fields(event.get("item")))
        elif subject in _PART_LISTS and verb in ("added", "done"):
            part = self._item(event).part(_PART_LISTS[subject], event)
            if verb == "done":
                part.done = fields(event.get("part")) or None
            else:
                part.started = fields(event.get("part"))
        elif subject in _TARGETS and verb in ("delta", "done"):
            self._add_text(_TARGETS[subject], event, at, is_done=verb == "done")
        elif kind == "response.output_text.annotation.added":
            self._item(event).part("content", event).annotations.append(event.get("annotation"))

    def _add_text(self, target: _Target, event: Object, at: int, *, is_done: bool) -> None:
        item = self._item(event)
        item.kind = item.kind or _item_kind(target)
        holder: _Item | _Part = item
        if target.list_name is not None:
            part = holder = item.part(target.list_name, event)
            part.kind = part.kind or target.kind
            part.add_logprobs(event.get("logprobs"), is_done=is_done)
        if holder.started is None:
            self._note("block-not-started", at, target.kind)
        said = event.get(target.member if is_done else "delta")
        if isinstance(said, str):
            holder.text_of(target.member).add(said, is_done=is_done)

    def _item(self, event: Object) -> "_Item":
        """The item that an event is about: by index, else by id, else the latest."""
        index = event.get("output_index")
        item_id = event.get("item_id") or fields(event.get("item")).get("id")
        if not isinstance(index, int):
            same = [known for known, one in self._items.items() if item_id in (None, one.id)]
            index = same[-1] if same else len(self._items)
        item = self._items.setdefault(index, _Item())
        item.id = item.id or text(item_id)
        return item

    def _rebuilt(self) -> dict[str, Any]:
        """The response that ended the stream; its output from the events if it has none."""
        whole = dict(self._terminal or self._snapshot or _EMPTY)
        said = fields(self._terminal).get("status")
        whole["status"] = text(said) or self._status or "in_progress"
        if self._terminal is None or not whole.get("output"):
            whole["output"] = [self._items[index].whole() for index in sorted(self._items)]
        return whole

    def _note_items(self, output: list[Any]) -> None:
        indexes = sorted(self._items)
        note_numbers(indexes, "block-index-gap", self._note)
        finals = output if len(output) == len(indexes) else [{} for _ in indexes]
        for index, final in zip(indexes, finals, strict=True):
            item = self._items[index]
            if item.differs_from(fields(item.done)) or item.differs_from(fields(final)):
                self._note("text-differs", None, f"item {index}")
            if item.done is None and self._status not in ("failed", "incomplete"):
                self._note("block-unstopped", None, f"item {index}")


def _item_kind(target: _Target) -> str:
    """The type of the item that has such a text."""
    if target.kind == "reasoning_text":
        return "reasoning"
    return _ITEM_KINDS.get(target.list_name or "", target.kind)


class _Text:
    """A text in the making: its pieces, and the whole of it if that was sent."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.final: str | None = None

    def add(self, said: str, *, is_done: bool) -> None:
        if is_done:
            self.final = said
        else:
            self.pieces.append(said)

    def after(self, start: object) -> str:
        """The whole text, whose first piece came when its block was started."""
        return self.final if self.final is not None else self.joined_after(start)

    def joined_after(self, start: object) -> str:
        return joined([text(start) or "", *self.pieces]) or ""

    def differs(self, start: object, final: object) -> bool:
        """Whether the pieces, if there are any, spell another text than those sent whole."""
        spelled = self.joined_after(start)
        wholes = [one for one in (self.final, final) if isinstance(one, str)]
        return bool(self.pieces) and any(repaired(one) != spelled for one in wholes)


class _Block:
    """Something with texts: as it was when started, and as it was when done."""

    def __init__(self) -> None:
        self.kind: str | None = None
        self.started: Object | None = None
        self.done: Object | None = None
        self.texts: dict[str, _Text] = {}

    def text_of(self, member: str) -> _Text:
        return self.texts.setdefault(member, _Text())

    def differs_from(self, final: Object) -> bool:
        start = fields(self.started)
        return any(
            one.differs(start.get(member), final.get(member)) for member, one in self.texts.items()
        )

    def put_together(self, empty: Object) -> dict[str, Any]:
        """The block as far as it came, from what is sent of an empty one."""
        whole = dict(self.started or empty)
        if whole.get("type") is None:
            whole["type"] = self.kind
        for member, one in self.texts.items():
            whole[member] = one.after(fields(self.started).get(member))
        return whole


class _Part(_Block):
    """A part of an item's content or summary, in the making."""

    def __init__(self) -> None:
        super().__init__()
        self.annotations: list[Any] = []
        self.logprobs: list[Any] = []

    def add_logprobs(self, given: object, *, is_done: bool) -> None:
        if is_done and items(given):
            self.logprobs = []
        self.logprobs += items(given)

    def whole(self) -> Object:
        if self.done is not None:
            return self.done
        whole = self.put_together(_EMPTY_PARTS.get(self.kind or "", {"text": ""}))
        for member, found in (("annotations", self.annotations), ("logprobs", self.logprobs)):
            if found:
                whole[member] = [*items(whole.get(member)), *found]
        return whole


class _Item(_Block):
    """An item of the output, in the making."""

    def __init__(self) -> None:
        super().__init__()
        self.id: str | None = None
        self.parts: dict[str, dict[int, _Part]] = {}

    def start(self, item: Object) -> None:
        self.started = item
        self._identify(item)

    def end(self, item: Object) -> None:
        self.done = item or None
        self._identify(item)

    def part(self, list_name: str, event: Object) -> _Part:
        """The part that an event is about; the latest where it does not say."""
        known = self.parts.setdefault(list_name, {})
        index = event.get(_PART_INDEXES[list_name])
        if not isinstance(index, int):
            index = max(known, default=0)
        return known.setdefault(index, _Part())

    def whole(self) -> Object:
        if self.done is not None:
            return self.done
        whole = self.put_together(_EMPTY_ITEMS.get(self.kind or "", {"id": None}))
        if self.id is not None:
            whole["id"] = self.id
        for list_name, parts in self.parts.items():
            made = dict(enumerate(items(whole.get(list_name))))
            made.update({index: part.whole() for index, part in parts.items()})
            whole[list_name] = [made[index] for index in sorted(made)]
        return whole

    def differs_from(self, final: Object) -> bool:
        if super().differs_from(final):
            return True
        for list_name, parts in self.parts.items():
            finals = dict(enumerate(items(final.get(list_name))))
            for index, part in parts.items():
                known = fields(part.done)
                if part.differs_from(known) or part.differs_from(fields(finals.get(index))):
                    return True
        return False

    def _identify(self, item: Object) -> None:
        self.id = self.id or text(item.get("id"))
        self.kind = text(item.get("type")) or self.kind
