"""A recording as text for git to compare by lines: what it says, in a stable order.

Git calls this once for each version of each file, so next to nothing is imported, and it keeps the
text by the file's content: nothing but the bytes may tell what is printed.

Line by line:

- What the request is about comes first, then its turns, the tools it offers, and its parameters in
  alphabetical order. The answer is put together from its chunks.
- Headings begin at the margin, what was recorded is indented, by four where it goes on: a line of
  more than 100 characters is broken where a sentence ends, so that a changed word shows as one
  changed sentence. Long JSON has a line for each member.
- Ids and times stand at the end, as does a checksum of the file: two files that differ in what is
  not shown still differ here.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from recctl import files
from recctl.conversation import Turn, conversation, declarations, schema_of
from recctl.errors import ExitCode, UnreadableError
from recctl.recording import Recording
from recctl.safetext import harmless, one_line, shortened
from recctl.shapes import fields, value_in
from recctl.transcript import Choice, Transcript, Usage
from recctl.wire import plain, read

FORM = 1
"""Which text is made of a recording; raised with every change of it, and part of git's settings.

Git forgets the texts that it keeps when the command that makes them changes, and only then.
"""

_LONG = 100
"""Characters. A line of more is broken."""

_SENTENCE_ENDS = (".", "!", "?", '."', '!"', '?"', ".)", "!)", "?)")
_ADDRESS = ("method", "url", "endpoint", "model", "provider", "tool_name", "api")
"""Members of a request that are told first, in this order; others follow."""

_SENT = ("body", "payload", "kwargs", "test_id")
_ANSWERED = {"body", "is_streaming", "is_exception", "exception_data", "exception_message"}
_PIECES = ("items", "blocks", "parts")
"""Where a choice keeps pieces that are neither words nor calls."""

_NEVER_CUT_OFF = ("exception", "error")


def convert(path: str) -> int:
    """Print the text of a file, or its bytes where it is no recording.

    Raises UnreadableError. Nothing else goes wrong: git would print no difference at all.
    """
    try:
        content = files.read(path)
    except UnreadableError as error:
        raise UnreadableError(f"{one_line(path)}: {error}") from None
    converted = content
    try:
        text = text_of(content)
        converted = content if text is None else text.encode("utf-8")
    except Exception:  # noqa: S110 - a fault of ours must not hide a file
        pass
    sys.stdout.flush()
    sys.stdout.buffer.write(converted)
    return ExitCode.FINE


def text_of(content: bytes) -> str | None:
    """The text of a recording's bytes; null where they are none, or cannot be read."""
    try:
        document = value_in(content.decode("utf-8-sig"))
        if not Recording.is_interaction(document):
            return None
        recording = Recording("", document, len(content))
        return harmless("\n".join([*_lines(recording), *_of_file(content), ""]))
    except (ValueError, RecursionError):
        return None


def _lines(recording: Recording) -> Iterator[str]:
    transcript = read(recording.response).transcript
    yield f"test: {one_line(recording.test_id or 'none: shared by all tests')}"
    request, response = recording.request, recording.response
    for key in (*_ADDRESS, *sorted(request.keys() - {*_ADDRESS, *_SENT})):
        if request.get(key) not in (None, {}, []):
            yield f"{one_line(key)}: {one_line(_flat(request[key]))}"
    yield from _request_lines(recording)
    for choice in transcript.choices:
        number = f" {choice.index}" if len(transcript.choices) > 1 else ""
        role = f" ({one_line(choice.role)})" if choice.role not in (None, "assistant") else ""
        yield from ("", f"answer{number}{role}")
        yield from _choice_lines(choice)
    if response.get("is_exception") is True:
        yield from ("", "exception")
        for key, value in plain.exception(response).extra.items():
            yield from _member(key, value)
    elif not transcript.choices:
        yield from ("", f"answer ({transcript.format})")
        yield from _other_lines(transcript, recording.body)
    yield from _facts(transcript, response)
    yield from ("", "file")
    yield from _ids(recording, transcript)


def _request_lines(recording: Recording) -> Iterator[str]:
    asked = conversation(recording)
    for turn in asked.turns:
        yield from ("", one_line(turn.role))
        yield from _turn_lines(turn)
    for tool, declared in zip(asked.tools, declarations(recording), strict=True):
        yield from ("", f"tool {one_line(tool.name)}")
        yield from _tool_lines(declared)
    unset = {key: value for key, value in recording.sent.items() if value in (None, {}, [])}
    parameters = {**unset, **asked.parameters}
    if parameters:
        yield from ("", "parameters")
    for key in sorted(parameters):
        yield from _member(key, parameters[key])


def _turn_lines(turn: Turn) -> Iterator[str]:
    for part in filter(lambda part: part.text, turn.parts):
        label = "" if part.kind == "text" else f"[{part.kind}] "
        yield from _words(label + _readable(part.text))
    for call in turn.calls:
        yield from _call_lines(call.name, call.arguments)


def _tool_lines(declared: Any) -> Iterator[str]:
    """A tool's description, a line for each parameter, and the rest of what declares it."""
    known = fields(declared)
    if isinstance(known.get("description"), str):
        yield from _words(known["description"])
    schema = fields(schema_of(known))
    properties = fields(schema.get("properties"))
    required = schema.get("required")
    needed = required if isinstance(required, list) else []
    for name in sorted(properties):
        yield from _member(name + ("*" if name in needed else ""), properties[name])
    told = {"name", "description"}
    for key in sorted(known.keys() - told):
        value = known[key]
        if value is schema and properties:
            value = {k: v for k, v in schema.items() if k != "properties"}
        yield from _member(key, value)


def _choice_lines(choice: Choice) -> Iterator[str]:
    if choice.reasoning:
        yield from _words(f"[reasoning] {choice.reasoning}")
    for key in _PIECES:
        pieces = choice.extra.get(key)
        for piece in pieces if isinstance(pieces, list) else ():
            yield from _value(f"[{key}] ", piece)
    if choice.text:
        yield from _words(_readable(choice.text))
    if choice.refusal:
        yield from _words(f"[refusal] {choice.refusal}")
    for call in choice.tool_calls:
        yield from _call_lines(call.name, call.arguments_raw)
    if choice.role == "tool":
        for key in sorted(choice.extra):
            yield from _member(key, choice.extra[key])
    if choice.finish_raw:
        yield f"finish: {one_line(choice.finish_raw)}"


def _other_lines(transcript: Transcript, body: Any) -> Iterator[str]:
    """An answer that is no text: models, embeddings, ranks, an error, or of unknown form."""
    if transcript.format == "unknown":
        yield from _value("", body)
    for key, value in transcript.extra.items():
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            for one in value:
                yield from _words(one)
        else:
            yield from _member(key, value)


def _facts(transcript: Transcript, response: Mapping[str, Any]) -> Iterator[str]:
    if transcript.usage is not None:
        yield f"usage: {_counts(transcript.usage)}"
    if transcript.model is not None:
        yield f"answered by: {one_line(transcript.model)}"
    if transcript.choices:
        yield f"format: {transcript.format}{'' if transcript.chunks else ', in one piece'}"
    if transcript.format not in _NEVER_CUT_OFF and not transcript.complete:
        yield "incomplete: the answer is a part only"
    odd = sorted({oddity.code for oddity in transcript.warnings})
    if odd:
        yield f"odd: {', '.join(odd)}"
    for key in sorted(response.keys() - _ANSWERED):
        if response[key] is not None:
            yield f"{one_line(key)}: {one_line(_flat(response[key]))}"


def _ids(recording: Recording, transcript: Transcript) -> Iterator[str]:
    """What changes with each recording of the same: ids, times, the cut into chunks."""
    if transcript.id is not None:
        yield f"  id: {one_line(transcript.id)}"
    for choice in transcript.choices:
        for call in choice.tool_calls:
            if call.id is not None:
                yield f"  id of a call: {one_line(call.id)}"
    if transcript.created:
        yield f"  created: {transcript.created}"
    if transcript.chunks:
        yield f"  chunks: {transcript.chunks}"
    for key in sorted(recording.document.keys() - {"test_id", "request", "response"}):
        yield from _member(key, recording.document[key])


def _of_file(content: bytes) -> Iterator[str]:
    from zlib import crc32  # beside the others of a file

    yield f"  {len(content):,} bytes, crc32 {crc32(content):08x}"


def _counts(usage: Usage) -> str:
    known = (
        (usage.input, "in"),
        (usage.output, "out"),
        (usage.total, "total"),
        (usage.reasoning or None, "reasoning"),
        (usage.cached or None, "cached"),
    )
    return ", ".join(f"{count} {name}" for count, name in known if count is not None)


def _call_lines(name: str, arguments: str) -> Iterator[str]:
    line = f"→ {one_line(name)}({arguments})"
    if len(line) > _LONG:
        line = f"→ {one_line(name)}({_readable(arguments)})"
    yield from _words(line)


def _member(key: str, value: Any) -> Iterator[str]:
    """A key and its value, on one line or with a line for each of its members."""
    yield from _value(f"{one_line(key)} = ", value)


def _value(label: str, value: Any) -> Iterator[str]:
    flat = label + json.dumps(value, ensure_ascii=False, sort_keys=True)
    if len(flat) > _LONG and isinstance(value, (dict, list)):
        flat = label + _spread(value)
    yield from _words(flat)


def _readable(text: str) -> str:
    """A long text that is JSON, with a line for each of its members; any other as it is."""
    if len(text) <= _LONG or not text.startswith(("{", "[")) or "\n" in text:
        return text
    try:
        return _spread(value_in(text))
    except (ValueError, RecursionError):
        return text


def _spread(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=2)


def _flat(value: Any) -> str:
    return (
        value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    )


def _words(text: str) -> Iterator[str]:
    """The lines of a text, indented, long ones broken where a sentence ends."""
    for line in shortened(text).split("\n"):
        if len(line) <= _LONG:
            yield f"  {line}" if line else ""
        else:
            yield from _sentences(line)


def _sentences(line: str) -> Iterator[str]:
    indent, start, words = "  ", 0, line.split(" ")
    for place, word in enumerate(words[:-1], start=1):
        if word.endswith(_SENTENCE_ENDS) and words[place]:
            yield indent + " ".join(words[start:place])
            indent, start = "    ", place
    yield indent + " ".join(words[start:])
