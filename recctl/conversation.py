"""A request as a conversation: who said what, which tools were offered, which parameters set.

Requests come in the shapes of several providers; all are told by their keys. Nothing is lost:
what is not a turn or a tool is a parameter, and a part of unknown form is kept as JSON.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

from recctl.recording import Kind, Recording
from recctl.shapes import fields, items, text

PartKind = Literal["text", "reasoning", "refusal", "image", "audio", "file", "result", "json"]


class Part(NamedTuple):
    """A piece of a turn. `text` is what a reader sees: words, a url, base64, or JSON."""

    kind: PartKind
    text: str


class Call(NamedTuple):
    """A tool call that an earlier answer made. `arguments` is text, JSON as a rule."""

    name: str
    arguments: str
    id: str | None = None


class Turn(NamedTuple):
    """What one side says at once; `answers` is the id of the call that a tool's turn answers."""

    role: str
    parts: tuple[Part, ...] = ()
    calls: tuple[Call, ...] = ()
    answers: str | None = None


class Tool(NamedTuple):
    """A tool that the model may call, with the names of its parameters."""

    name: str
    description: str | None = None
    parameters: tuple[str, ...] = ()


class Conversation(NamedTuple):
    """A request. `parameters` are those that are set to something, in the order of the request."""

    turns: tuple[Turn, ...] = ()
    tools: tuple[Tool, ...] = ()
    parameters: Mapping[str, Any] = {}


_TURN_KEYS = ("system", "instructions", "messages", "contents", "input", "prompt", "query")

TURN_PLACES: tuple[tuple[str, ...], ...] = (
    ("config", "system_instruction"),
    *((key,) for key in _TURN_KEYS),
    ("documents",),
)
"""Where turns stand in what is sent, in their order."""

TOOL_PLACES: tuple[tuple[str, ...], ...] = (("tools",), ("config", "tools"))
"""Where tools do."""

_RESULT_TYPES = ("tool_result", "function_result", "function_call_output")


def conversation(recording: Recording) -> Conversation:
    """The conversation of a recording's request. Never raises, whatever the request is."""
    sent = recording.sent
    if recording.kind is Kind.TOOL:
        name = str(recording.request.get("tool_name"))
        return Conversation((Turn("call", calls=(Call(name, _json(sent)),)),))
    if recording.kind is Kind.FILE:
        return Conversation(parameters={"file_id": recording.request.get("file_id")})
    rest = {key: value for key, value in sent.items() if key != "model"}
    config = dict(rest["config"]) if isinstance(rest.get("config"), dict) else {}
    turns = [*_turns("system", config.pop("system_instruction", None))]
    for key in _TURN_KEYS:
        role = "system" if key in ("system", "instructions") else "user"
        turns += _turns(role, rest.pop(key, None))
    if isinstance(rest.get("documents"), list):
        for index, document in enumerate(rest.pop("documents")):
            turns.append(Turn(f"document {index}", _parts(document)))
    tools: list[Tool] = []
    for holder in (rest, config):
        if isinstance(holder.get("tools"), list):
            tools += _tools(holder.pop("tools"))
    if isinstance(rest.get("config"), dict):
        rest["config"] = config
    parameters = {key: value for key, value in rest.items() if value not in (None, {}, [])}
    return Conversation(tuple(turns), tuple(tools), parameters)


def _turns(role: str, value: Any) -> Iterator[Turn]:
    """Turns out of one text, a list of texts, or a list of messages."""
    if isinstance(value, str):
        yield Turn(role, (Part("text", value),))
    elif isinstance(value, (dict, list)):
        loose: list[Part] = []
        for item in value if isinstance(value, list) else [value]:
            called = _called(item)
            if called is not None:
                yield Turn("assistant", calls=(called,))
            elif isinstance(item, dict) and item.get("type") in _RESULT_TYPES:
                yield Turn(role, _parts(item), answers=text(item.get("call_id")))
            elif isinstance(item, dict) and _is_message(item):
                yield _turn(role, item)
            else:
                loose += _parts(item)
        if loose:
            yield Turn(role, tuple(loose))
    elif value is not None:
        yield Turn(role, (Part("json", _json(value)),))


def _is_message(item: Mapping[str, Any]) -> bool:
    is_block = "type" in item and "role" not in item
    return not is_block and any(key in item for key in ("role", "content", "parts", "tool_calls"))


def _turn(role: str, message: Mapping[str, Any]) -> Turn:
    role = message["role"] if isinstance(message.get("role"), str) else role
    content = message.get("content", message.get("parts", message.get("output")))
    blocks = content if isinstance(content, list) else [] if content is None else [content]
    parts = [
        Part("reasoning", message[key])
        for key in ("reasoning", "reasoning_content", "thinking")
        if isinstance(message.get(key), str) and message[key]
    ]
    if isinstance(message.get("refusal"), str) and message["refusal"]:
        parts.append(Part("refusal", message["refusal"]))
    calls = []
    for one in items(message.get("tool_calls")):
        if isinstance(one, dict):
            calls.append(_call(one))
        else:
            parts.append(Part("json", _json(one)))
    if isinstance(message.get("function_call"), dict):
        calls.append(_call(message["function_call"]))
    for block in blocks:
        called = _called(block)
        if called is None:
            parts += _parts(block)
        else:
            calls.append(called)
    answers = text(message.get("tool_call_id")) or text(message.get("call_id"))
    return Turn(role, tuple(parts), tuple(calls), answers)


def _call(entry: Mapping[str, Any]) -> Call:
    inner = entry.get("function", entry.get("custom"))
    inner = inner if isinstance(inner, dict) else entry
    arguments = next(
        (inner[key] for key in ("arguments", "args", "input") if inner.get(key) is not None), ""
    )
    return Call(
        name=str(inner.get("name", "?")),
        arguments=arguments if isinstance(arguments, str) else _json(arguments),
        id=text(entry.get("id")) or text(entry.get("call_id")),
    )


def _called(block: Any) -> Call | None:
    """The tool call that a content block is, if it is one."""
    if not isinstance(block, dict):
        return None
    if isinstance(block.get("function_call"), dict):
        return _call(block["function_call"])
    is_call = block.get("type") in ("tool_use", "function_call", "server_tool_use")
    return _call(block) if is_call else None


def _parts(block: Any) -> tuple[Part, ...]:
    """The parts that a content block is."""
    if isinstance(block, str):
        return (Part("text", block),)
    if not isinstance(block, dict):
        return (Part("json", _json(block)),)
    part = (
        _worded(block)
        or _medium(block.get("image_url"), "image", ("url",))
        or _medium(block.get("source"), "image", ("data", "url"))
        or _medium(block.get("inline_data"), "image", ("data",))
        or _medium(block.get("input_audio"), "audio", ("data",))
        or _medium(block.get("file"), "file", ("file_data", "file_id"))
        or _result(block)
    )
    return (part or Part("json", _json(block)),)


def _worded(block: Mapping[str, Any]) -> Part | None:
    if isinstance(block.get("text"), str):
        return Part("reasoning" if block.get("thought") is True else "text", block["text"])
    if isinstance(block.get("thinking"), str):
        return Part("reasoning", block["thinking"])
    return None


def _medium(value: Any, kind: PartKind, keys: tuple[str, ...]) -> Part | None:
    if isinstance(value, str):
        return Part(kind, value)
    if isinstance(value, dict):
        return next((Part(kind, value[key]) for key in keys if text(value.get(key))), None)
    return None


def _result(block: Mapping[str, Any]) -> Part | None:
    response = block.get("function_response")
    if isinstance(response, dict):
        return Part("result", _json(response.get("response", response)))
    if block.get("type") in _RESULT_TYPES:
        content = block.get("content", block.get("result", block.get("output")))
        return Part("result", content if isinstance(content, str) else _json(content))
    return None


def declarations(recording: Recording) -> Iterator[Any]:
    """What the request says of each tool that `conversation` has, in that order, as it says it."""
    for place in TOOL_PLACES if recording.kind is not Kind.TOOL else ():
        yield from _declarations(held(recording, place))


def held(recording: Recording, place: Iterable[str]) -> Any:
    """What stands at a place in what is sent; null for nothing."""
    value: Any = recording.sent
    for key in place:
        value = fields(value).get(key)
    return value


def schema_of(declaration: Any) -> Any:
    """The JSON Schema of the parameters of a declared tool, if it has one."""
    known = fields(declaration)
    return known.get("parameters") or known.get("input_schema")


def _declarations(value: Any) -> Iterator[Any]:
    for entry in items(value):
        if not isinstance(entry, dict):
            yield entry
            continue
        declared = items(entry.get("function_declarations"))
        for one in declared or [entry.get("function", entry)]:
            if isinstance(one, dict):
                yield one


def _tools(value: Any) -> Iterator[Tool]:
    for one in _declarations(value):
        if isinstance(one, dict):
            yield _tool(one)
        else:
            yield Tool(one if isinstance(one, str) else _json(one))


def _tool(function: Mapping[str, Any]) -> Tool:
    schema = schema_of(function)
    properties = schema.get("properties") if isinstance(schema, dict) else None
    description = function.get("description")
    return Tool(
        name=str(function.get("name") or function.get("type") or "?"),
        description=description if isinstance(description, str) else None,
        parameters=tuple(properties) if isinstance(properties, dict) else (),
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
