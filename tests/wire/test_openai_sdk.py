"""Chat streams that were recorded: put together as the openai library does, and by recctl.

The library is fed without nulls, which it would take for values. What it is known to get wrong
is masked on both sides. Source: docs/streams.md, "Null means absent" and "OpenAI chat chunks".
"""

from typing import Any

import pytest

from recctl.shapes import fields, items
from recctl.wire import chunk_values, read
from recctl.wire.normal import without_nulls
from tests.wire.test_echoes import Recorded, real_recordings

openai = pytest.importorskip("openai", reason="the openai library is not installed")
chat = pytest.importorskip("openai.lib.streaming.chat")

_TAKEN_FROM_FIRST = ("id", "model")
"""Members that the library takes from the first chunk, even where they are empty there."""

_TAKEN_FROM_LAST = {"choices", "usage", "system_fingerprint"}
_PUT_TOGETHER = {"delta", "finish_reason", "logprobs"}
"""Members that the library takes from later chunks as well; all others only from the first."""

_IN_CHOICE = {"obfuscation", "content_filter_results", "content_filter_result", "text"}
"""Members of a choice that are no answer, or of which the library knows a part."""

_IN_MESSAGE = {"role", "token_id"}
"""Members of a message that the library joins or adds up where they are repeated."""


def test_every_recorded_chat_stream_agrees_with_the_openai_library() -> None:
    streams = [one for one in real_recordings() if _is_chat_stream(one)]
    differing = [str(one.path) for one in streams if not _agrees(one)]
    agreed = len(streams) - len(differing)
    assert not differing, f"{agreed} of {len(streams)} agreed; not so: {differing[:5]}"
    assert streams, "no chat stream was found"


def _is_chat_stream(one: Recorded) -> bool:
    streamed = one.response.get("is_streaming") is True
    return streamed and read(one.response).transcript.format == "openai-chat"


def _agrees(one: Recorded) -> bool:
    chunks = list(chunk_values(one.response))
    return bool(_masked(read(one.response).object, chunks) == _masked(_theirs(chunks), chunks))


def _theirs(chunks: list[Any]) -> Any:
    """The completion of the library, whether or not it raises one that is too long."""
    state = chat.ChatCompletionStreamState()
    for chunk in chunks:
        state.handle_chunk(openai.types.chat.ChatCompletionChunk.construct(**chunk))
    try:
        completion = state.get_final_completion()
    except openai.LengthFinishReasonError as raised:
        completion = raised.completion
    return completion.model_dump(mode="json", warnings=False)


def _masked(completion: Any, chunks: list[Any]) -> Any:
    """A completion without nulls, and without what the library is known to get wrong."""
    completion = without_nulls(completion)
    empty = {key for key in _TAKEN_FROM_FIRST if chunks[0].get(key) == ""}
    _drop(completion, {"obfuscation"} | empty | (_late(chunks) - _TAKEN_FROM_LAST))
    sent = [choice for chunk in chunks for choice in items(chunk.get("choices"))]
    for choice in completion["choices"]:
        own = [one for one in sent if one.get("index") == choice["index"]]
        _drop(choice, _IN_CHOICE | (_late(own) - _PUT_TOGETHER))
        _drop(choice["message"], _IN_MESSAGE)
        for call in items(fields(choice["message"]).get("tool_calls")):
            _drop(call, {"index"})
    return completion


def _late(values: list[Any]) -> set[str]:
    """Members that the first of several objects does not have."""
    return {key for value in values for key in value} - set(values[0])


def _drop(members: dict[str, Any], names: set[str]) -> None:
    for name in names:
        members.pop(name, None)
