"""One recording, for reading: as text, as Markdown, as JSON (schemas/sheet.schema.json)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

from rich.text import Text

from recctl.conversation import Conversation, Tool, Turn
from recctl.diagnostics import Severity
from recctl.dialects import Standing
from recctl.render import document as document_json
from recctl.render.markdown import code, escaped, longest_run
from recctl.safetext import harmless, one_line, shortened
from recctl.shapes import as_objects
from recctl.show import Logprobs, Sheet
from recctl.transcript import Choice, Transcript, Usage
from recctl.wire.oddities import severity_of
from recctl.wording import plural

Side = Literal["request", "response", "all"]

_HEADING = "bold"
_ROLE = "cyan"
_FAINT = "dim"
_LONG_PARAMETER = 60
_ODDITY_STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow"}
_NEVER_CUT_OFF = {"exception", "error"}
_PIECES = ("items", "blocks", "parts")
"""Where a choice keeps pieces that are neither words nor calls."""

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


@dataclass(frozen=True, slots=True)
class View:
    """What of a sheet is shown: which side, and of the answer the reasoning or the chunks."""

    side: Side = "all"
    reasoning: bool = False
    chunks: bool = False


def as_text(sheet: Sheet, view: View) -> Iterator[Text]:
    """The sheet as lines."""
    side = view.side
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
        yield from map(_as_text, _response_lines(sheet, view))


def as_markdown(sheet: Sheet, view: View) -> str:
    """The sheet as Markdown. Recorded text stands in fences, so that nothing in it is markup."""
    side = view.side
    blocks: list[str] = []
    if side == "all":
        blocks.append("\n".join(f"- {key}: {code(value)}" for key, value in _header(sheet)))
    if side != "response":
        blocks += ["## Request", *_markdown_blocks(_request_lines(sheet.request))]
    if side != "request":
        blocks += ["## Response", *_markdown_blocks(_response_lines(sheet, view))]
    return "\n\n".join(blocks) + "\n"


def as_json(sheet: Sheet, view: View) -> str:
    """The sheet as one JSON document; a side that was not asked for is null."""
    side = view.side
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
        "request": None if side == "response" else as_objects(sheet.request),
        "response": None if side == "request" else _response_object(sheet),
    }
    return document_json.as_json(document)


def _response_object(sheet: Sheet) -> dict[str, Any]:
    return {
        "exception": sheet.exception,
        "transcript": as_objects(sheet.transcript),
        "body": sheet.body,
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
        return Text("    " + line.text if line.text else "", style=line.style)
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


def _response_lines(sheet: Sheet, view: View) -> Iterator[Line]:
    if view.chunks:
        yield from _chunk_lines(sheet)
        return
    if sheet.exception is not None:
        yield Line("role", "exception", "red")
        yield from _content(sheet.exception)
    transcript = sheet.transcript
    for choice in transcript.choices:
        number = f" {choice.index}" if len(transcript.choices) > 1 else ""
        yield _role(f"{choice.role or 'assistant'}{number}")
        yield from _choice_lines(choice, view)
        if choice.index in sheet.logprobs:
            yield _fact(f"logprobs: {_logprob_words(sheet.logprobs[choice.index])}")
    if transcript.format == "unknown" and sheet.body not in (None, []):
        yield _fact("as JSON, for its format is not known", _FAINT)
        yield from _content(json.dumps(sheet.body, ensure_ascii=False, indent=2))
    elif not transcript.choices and sheet.exception is None:
        yield from _other_lines(transcript)
    yield from _transcript_facts(transcript)


def _chunk_lines(sheet: Sheet) -> Iterator[Line]:
    if not sheet.stream:
        yield _fact(_why_no_chunks(sheet), _FAINT)
    width = len(str(len(sheet.stream) - 1))
    for number, chunk in enumerate(sheet.stream):
        yield from _content(f"{number:>{width}}  {chunk}".rstrip())


def _why_no_chunks(sheet: Sheet) -> str:
    if sheet.chunks is not None:
        return "a stream without chunks"
    if sheet.exception is not None:
        return "no stream: the call raised an exception"
    return "no stream: the answer came in one piece"


def _other_lines(transcript: Transcript) -> Iterator[Line]:
    """An answer that is no text: models, embeddings, ranks, an error."""
    if transcript.format != "unknown":
        yield _role(transcript.format)
    for key, value in transcript.extra.items():
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            yield from _content("\n".join(value))
        else:
            yield from _parameter_lines(key, value)
    if not transcript.extra:
        yield _fact("empty", _FAINT)


def _transcript_facts(transcript: Transcript) -> Iterator[Line]:
    if transcript.format not in _NEVER_CUT_OFF and not transcript.complete:
        yield _fact("incomplete: the answer is a part only", "yellow")
    if transcript.usage is not None:
        yield _fact(f"usage: {_usage_words(transcript.usage)}")
    if transcript.model is not None:
        yield _fact(f"answered by: {transcript.model}")
    if transcript.choices:
        yield _fact(f"format: {transcript.format}")
    infos = [one for one in transcript.warnings if severity_of(one.code) is Severity.INFO]
    for oddity in transcript.warnings:
        if oddity not in infos:
            at = f"chunk {oddity.at}, " if oddity.at is not None else ""
            style = _ODDITY_STYLES[severity_of(oddity.code)]
            yield _fact(f"{severity_of(oddity.code)}: {oddity.code}, {at}{oddity.detail}", style)
    if infos:
        yield _fact(f"info: {', '.join(dict.fromkeys(one.code for one in infos))}", _FAINT)


def _choice_lines(choice: Choice, view: View) -> Iterator[Line]:
    if choice.reasoning and view.reasoning:
        yield _fact("reasoning", _FAINT)
        yield from _content(choice.reasoning, _FAINT)
        if choice.text or choice.tool_calls or choice.refusal:
            yield _fact("answer", _FAINT)
    elif choice.reasoning:
        length = plural(len(choice.reasoning), "character")
        yield _fact(f"reasoning: {length}, shown by --reasoning", _FAINT)
    pieces = list(_piece_lines(choice))
    yield from pieces
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
    of_tool = choice.extra if choice.role == "tool" else {}
    for key, value in of_tool.items():
        yield from _parameter_lines(key, value)
    spoken = choice.text or choice.reasoning or choice.refusal
    if not (spoken or choice.tool_calls or pieces or of_tool):
        yield _fact("empty", _FAINT)
    if choice.finish_raw:
        yield _fact(f"finish: {choice.finish_raw}")


def _piece_lines(choice: Choice) -> Iterator[Line]:
    """What a choice has beside words and calls: searches, images."""
    for key in _PIECES:
        pieces = choice.extra.get(key)
        for piece in pieces if isinstance(pieces, list) else ():
            yield from _content(f"[json] {json.dumps(piece, ensure_ascii=False)}")


def _logprob_words(summary: Logprobs) -> str:
    lowest = f"lowest {summary.lowest:.2f} at {json.dumps(summary.lowest_token)}"
    return f"{plural(summary.tokens, 'token')}, mean {summary.mean:.2f}, {lowest}"


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
    """Content in fences, who speaks in bold, facts as lists."""
    for part, group in groupby(lines, key=lambda line: line.part):
        texts = [line.text for line in group]
        if part == "content":
            yield _fence(texts)
        elif part == "fact":
            yield "\n".join(f"- {escaped(text)}" for text in texts)
        else:
            yield "\n\n".join(f"**{escaped(text)}**" for text in texts)


def _fence(content: list[str]) -> str:
    text = "\n".join(content)
    fence = "`" * max(3, longest_run(text) + 1)
    return f"{fence}text\n{text}\n{fence}"
