"""One recording, for reading: as text, as Markdown, as JSON (schemas/sheet.schema.json)."""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any, Literal

from rich.text import Text

from recctl.conversation import Conversation, Tool, Turn
from recctl.dialects import Standing
from recctl.render import document as document_json
from recctl.render.terminal import plural, shortened
from recctl.safetext import harmless, one_line
from recctl.show import Sheet
from recctl.transcript import Choice, Transcript, Usage

Side = Literal["request", "response", "all"]

_HEADING = "bold"
_ROLE = "cyan"
_FAINT = "dim"
_LONG_PARAMETER = 60
_RULES = {
    Standing.STALE: "stale",
    Standing.UNREACHABLE: "unreachable",
    Standing.RETIRED: "retired-kind",
    Standing.UNNAMED: "bad-name",
}
"""The rule that explains a standing."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a sheet: who speaks, a fact of ours, or recorded content."""

    part: Literal["role", "fact", "content"]
    text: str
    style: str = ""


def as_text(sheet: Sheet, side: Side = "all") -> Iterator[Text]:
    """The sheet as lines."""
    if side == "all":
        width = max(len(key) for key, _ in _header(sheet))
        for key, value in _header(sheet):
            yield Text.assemble((key.ljust(width), _FAINT), "  ", value, no_wrap=True)
        yield Text()
    if side != "response":
        yield Text("Request", style=_HEADING)
        yield from map(_as_text, _request_lines(sheet.request))
    if side == "all":
        yield Text()
    if side != "request":
        yield Text("Response", style=_HEADING)
        yield from map(_as_text, _response_lines(sheet))


def as_markdown(sheet: Sheet, side: Side = "all") -> str:
    """The sheet as Markdown. Recorded text stands in fences, so that nothing in it is markup."""
    blocks: list[str] = []
    if side == "all":
        blocks.append("\n".join(f"- {key}: {_code(value)}" for key, value in _header(sheet)))
    if side != "response":
        blocks += ["## Request", *_markdown_blocks(_request_lines(sheet.request))]
    if side != "request":
        blocks += ["## Response", *_markdown_blocks(_response_lines(sheet))]
    return "\n\n".join(blocks) + "\n"


def as_json(sheet: Sheet, side: Side = "all") -> str:
    """The sheet as one JSON document; a side that was not asked for is null."""
    document: dict[str, Any] = {
        "version": 1,
        "path": sheet.path,
        "hash": sheet.hash,
        "kind": sheet.kind,
        "test_id": sheet.test_id,
        "endpoint": sheet.endpoint,
        "url": sheet.url,
        "model": sheet.model,
        "provider": sheet.provider,
        "standing": sheet.identity.standing.value,
        "dialects": [dialect.name for dialect in sheet.identity.fitting],
        "size": sheet.size,
        "chunks": sheet.chunks,
        "status": sheet.status,
        "request": None if side == "response" else asdict(sheet.request),
        "response": None if side == "request" else _response_object(sheet),
    }
    return document_json.as_json(document)


def _response_object(sheet: Sheet) -> dict[str, Any]:
    known = sheet.transcript is not None
    return {
        "exception": sheet.exception,
        "transcript": asdict(sheet.transcript) if sheet.transcript else None,
        "body": None if known else sheet.body,
    }


def _header(sheet: Sheet) -> list[tuple[str, str]]:
    standing = sheet.identity.standing
    advice = f"; see: recctl rule {_RULES[standing]}" if standing in _RULES else ""
    dialects = f"{sheet.identity.span} ({standing}{advice})"
    size = f"{sheet.size:,} bytes"
    if sheet.chunks is not None:
        size += f", {plural(sheet.chunks, 'chunk')}"
    rows = [
        ("hash", sheet.hash),
        ("path", sheet.path),
        ("test", sheet.test_id or "none: shared by all tests"),
        ("kind", sheet.kind),
        ("endpoint", sheet.endpoint),
        ("url", sheet.url),
        ("model", sheet.model),
        ("provider", sheet.provider),
        ("dialects", dialects),
        ("status", str(sheet.status) if sheet.status is not None else None),
        ("size", size),
    ]
    plain = {"hash", "path"}
    return [
        (key, one_line(value if key in plain else shortened(value))) for key, value in rows if value
    ]


def _as_text(line: Line) -> Text:
    if line.part == "content":
        return Text("    " + line.text, style=line.style)
    key, colon, value = line.text.partition(": ")
    if line.part == "fact" and colon and not line.style:
        return Text.assemble((f"  {key}: ", _FAINT), value)
    return Text("  " + line.text, style=line.style or _ROLE)


def _request_lines(request: Conversation) -> Iterator[Line]:
    for turn in request.turns:
        yield from _turn_lines(turn)
    if request.tools:
        yield _role("tools offered")
        for tool in request.tools:
            yield from _tool_lines(tool)
    if request.parameters:
        yield _role("parameters")
        for key, value in request.parameters.items():
            yield from _parameter_lines(key, value)
    if not (request.turns or request.tools or request.parameters):
        yield _fact("nothing but the address", _FAINT)


def _turn_lines(turn: Turn) -> Iterator[Line]:
    answering = f" (answers {turn.answers})" if turn.answers else ""
    yield _role(turn.role + answering)
    if not (any(part.text for part in turn.parts) or turn.calls):
        yield _fact("empty", _FAINT)
    for part in turn.parts:
        if part.kind == "text":
            yield from _content(part.text) if part.text else ()
        else:
            style = _FAINT if part.kind == "reasoning" else ""
            yield from _content(f"[{part.kind}] {part.text}", style)
    for call in turn.calls:
        yield from _call_lines(call.name, call.arguments, call.id)


def _call_lines(name: str, arguments: str, call_id: str | None) -> Iterator[Line]:
    suffix = f"  [{call_id}]" if call_id else ""
    yield from _content(f"→ {name}({arguments}){suffix}")


def _tool_lines(tool: Tool) -> Iterator[Line]:
    line = f"{tool.name}({', '.join(tool.parameters)})"
    yield from _content(f"{line}: {tool.description}" if tool.description else line)


def _parameter_lines(key: str, value: Any) -> Iterator[Line]:
    """A parameter on one line, or below its key where it is long."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) <= _LONG_PARAMETER:
        yield from _content(f"{key} = {flat}")
    else:
        pretty = json.dumps(value, ensure_ascii=False, indent=2)
        yield from _content(f"{key} =\n{pretty}")


def _response_lines(sheet: Sheet) -> Iterator[Line]:
    if sheet.exception is not None:
        yield Line("role", "exception", "red")
        yield from _content(sheet.exception)
    if sheet.transcript is not None:
        yield from _transcript_lines(sheet.transcript)
    elif sheet.body is not None:
        yield _fact("as JSON, for want of a transcript of this format", _FAINT)
        yield from _content(json.dumps(sheet.body, ensure_ascii=False, indent=2))
    elif sheet.exception is None:
        yield _fact("no body", _FAINT)


def _transcript_lines(transcript: Transcript) -> Iterator[Line]:
    for choice in transcript.choices:
        number = f" {choice.index}" if len(transcript.choices) > 1 else ""
        yield _role(f"{choice.role or 'assistant'}{number}")
        yield from _choice_lines(choice)
    if not transcript.choices:
        yield _fact("no answer", _FAINT)
    if not transcript.complete:
        yield _fact("incomplete: the answer was cut off", "yellow")
    if transcript.usage is not None:
        yield _fact(f"usage: {_usage_words(transcript.usage)}")
    if transcript.model is not None:
        yield _fact(f"answered by: {transcript.model}")
    for oddity in transcript.warnings:
        at = f"chunk {oddity.at}, " if oddity.at is not None else ""
        yield _fact(f"warning: {oddity.code}, {at}{oddity.detail}", "yellow")


def _choice_lines(choice: Choice) -> Iterator[Line]:
    if choice.reasoning:
        yield from _content(f"[reasoning] {choice.reasoning}", _FAINT)
    if choice.text:
        yield from _content(choice.text)
    if choice.refusal:
        yield from _content(f"[refusal] {choice.refusal}")
    for call in choice.tool_calls:
        parsed = call.error is None
        shown = json.dumps(call.arguments, ensure_ascii=False) if parsed else call.arguments_raw
        yield from _call_lines(call.name, shown, call.id)
        if call.error:
            yield _fact(f"arguments: {call.error}", "yellow")
    if not (choice.text or choice.reasoning or choice.refusal or choice.tool_calls):
        yield _fact("empty", _FAINT)
    if choice.finish_raw:
        yield _fact(f"finish: {choice.finish_raw}")


def _usage_words(usage: Usage) -> str:
    counts = ["?" if one is None else str(one) for one in (usage.input, usage.output, usage.total)]
    more = [f"{usage.reasoning} reasoning"] if usage.reasoning else []
    more += [f"{usage.cached} cached"] if usage.cached else []
    extra = f", {', '.join(more)}" if more else ""
    return f"{'/'.join(counts)} tokens in/out/total{extra}"


def _role(text: str) -> Line:
    return Line("role", one_line(shortened(text)), _ROLE)


def _fact(text: str, style: str = "") -> Line:
    return Line("fact", one_line(shortened(text)), style)


def _content(text: str, style: str = "") -> Iterator[Line]:
    for line in harmless(shortened(text)).split("\n"):
        yield Line("content", line.expandtabs(4), style)


def _markdown_blocks(lines: Iterator[Line]) -> Iterator[str]:
    """Content in fences, who speaks in bold, facts as plain paragraphs."""
    for is_content, group in groupby(lines, key=lambda line: line.part == "content"):
        if is_content:
            yield _fence([line.text for line in group])
        else:
            for line in group:
                bold = "**" if line.part == "role" else ""
                yield f"{bold}{_escaped(line.text)}{bold}"


def _fence(content: list[str]) -> str:
    text = "\n".join(content)
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def _code(value: str) -> str:
    """An inline code span: longer backticks than any within (CommonMark, section 6.1)."""
    text = value
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    ticks = "`" * (longest + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{space}{text}{space}{ticks}"


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>#|@!])", r"\\\1", text)
