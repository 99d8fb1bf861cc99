"""One recording, made ready to be read: its header, its request, its answer."""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from recctl.conversation import Conversation, conversation
from recctl.dialects import Identity, Name, Table, identify
from recctl.recording import Recording
from recctl.shapes import fields, items, text
from recctl.transcript import Choice, Transcript
from recctl.wire import chunk_values, read, reasoning


@dataclass(frozen=True, slots=True)
class Logprobs:
    """Log probabilities in short: how many tokens, their mean, and the least likely one."""

    tokens: int
    mean: float
    lowest: float
    lowest_token: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """All that is shown of a recording. Null means that the recording does not say.

    `size` is in bytes. `logprobs` are by the choice's index. `body` is the recorded body of an
    answer of unknown format, and null for any other. `stream` has a line of JSON for each chunk.
    """

    path: str
    hash: str | None
    kind: str | None
    test_id: str | None
    endpoint: str | None
    url: str | None
    model: str | None
    provider: str | None
    identity: Identity
    size: int
    chunks: int | None
    status: int | None
    request: Conversation
    exception: str | None
    transcript: Transcript
    logprobs: Mapping[int, Logprobs]
    body: Any
    stream: tuple[str, ...]


def sheet(
    path: str,
    recording: Recording,
    table: Table,
    *,
    split_reasoning: bool = False,
    with_stream: bool = False,
) -> Sheet:
    """The sheet of a recording that was read from a path.

    With `split_reasoning`, reasoning that stands in the text in tags is taken out of it. `stream`
    is empty unless it is asked for.
    """
    name = Name.parse(recording.file_name)
    status = recording.response.get("status")
    transcript = read(recording.response).transcript
    if split_reasoning:
        transcript = reasoning.split(transcript)
    summaries = ((choice.index, _logprobs(choice)) for choice in transcript.choices)
    return Sheet(
        path=path,
        hash=name.digits if name else None,
        kind=recording.kind,
        test_id=recording.test_id,
        endpoint=recording.endpoint,
        url=text(recording.request.get("url")),
        model=recording.model,
        provider=recording.provider,
        identity=identify(recording, table),
        size=recording.size,
        chunks=recording.chunks,
        status=status if type(status) is int else None,
        request=conversation(recording),
        exception=_exception(recording),
        transcript=transcript,
        logprobs={index: summary for index, summary in summaries if summary is not None},
        body=recording.body if transcript.format == "unknown" else None,
        stream=tuple(_stream(recording)) if with_stream else (),
    )


def _exception(recording: Recording) -> str | None:
    """The recorded exception in one text: its type, if that was kept, and its message."""
    if recording.response.get("is_exception") is not True:
        return None
    kind = text(fields(recording.response.get("exception_data")).get("type"))
    message = text(recording.response.get("exception_message"))
    return ": ".join(filter(None, (kind, message))) or "no message was recorded"


def _logprobs(choice: Choice) -> Logprobs | None:
    known = [
        (float(value), str(token))
        for value, token in _tokens(choice.logprobs)
        if isinstance(value, (int, float)) and abs(value) <= sys.float_info.max
    ]
    if not known:
        return None
    lowest, token = min(known)
    return Logprobs(len(known), sum(value for value, _ in known) / len(known), lowest, token)


def _tokens(logprobs: object) -> Iterator[tuple[Any, Any]]:
    """Each token's log probability and the token, in the forms of all providers."""
    known = fields(logprobs)
    for entry in map(fields, items(known.get("content"))):
        yield entry.get("logprob"), entry.get("token")
    for entry in map(fields, items(known.get("chosen_candidates"))):
        yield entry.get("log_probability"), entry.get("token")
    yield from zip(items(known.get("token_logprobs")), items(known.get("tokens")), strict=False)


def _stream(recording: Recording) -> Iterator[str]:
    """The chunks as they came, nulls left out; lines of server-sent events as they are."""
    for value in chunk_values(recording.response):
        yield value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
