"""Differential test: what the anthropic client library makes of a stream is what recctl makes.

Runs where the library is installed and real recordings are present.
"""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from recctl.wire import read

ROOT = Path(__file__).parent.parent.parent


def real_recordings() -> Path:
    """The folder of real recordings. Skips the test where there is none."""
    named = os.environ.get("RECCTL_TEST_CORPUS")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real recordings: {folder} is absent and RECCTL_TEST_CORPUS names no other")
    return folder


def streams(folder: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Every recording that has an Anthropic stream, with its response."""
    for path in sorted(folder.rglob("*.json")):
        text = path.read_bytes()
        if b"message_start" in text:
            response = json.loads(text).get("response", {})
            if response.get("is_streaming") is True and "event: message_start" in response["body"]:
                yield path, response


def events(lines: list[str]) -> list[dict[str, Any]]:
    """The events, read without recctl: here each has one line of data."""
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]


def by_library(found: list[dict[str, Any]]) -> Any:
    """The message as the client library accumulates it."""
    pytest.importorskip("anthropic")
    from anthropic.lib.streaming._messages import accumulate_event

    message: Any = None
    buffers: dict[int, bytes] = {}
    for event in found:
        if event["type"] not in ("ping", "error"):
            message = accumulate_event(
                event=event,  # type: ignore[arg-type, unused-ignore]
                current_snapshot=message,
                json_bufs=buffers,
            )
    return without_nulls(message.to_dict(mode="json"))


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def test_every_real_stream_is_as_the_library_has_it() -> None:
    pytest.importorskip("anthropic")
    found = list(streams(real_recordings()))
    if not found:
        pytest.skip("the real recordings have no Anthropic stream")
    differing = [
        str(path)
        for path, response in found
        if without_nulls(read(response).object) != by_library(events(response["body"]))
    ]
    assert differing == []


def test_every_kind_of_block_is_as_the_library_has_it() -> None:
    made: list[dict[str, Any]] = [
        {
            "type": "message_start",
            "message": {
                "id": "msg_1",
                "type": "message",
                "role": "assistant",
                "model": "keeper-1",
                "content": [],
                "stop_reason": None,
                "stop_sequence": None,
                "usage": {"input_tokens": 12, "output_tokens": 1},
            },
        }
    ]
    blocks = [
        (
            {"type": "thinking", "thinking": "", "signature": ""},
            {"type": "thinking_delta", "thinking": "Fog "},
            {"type": "thinking_delta", "thinking": "again."},
            {"type": "signature_delta", "signature": "s1"},
            {"type": "signature_delta", "signature": "s2"},
        ),
        (
            {"type": "text", "text": ""},
            {"type": "text_delta", "text": "Lighting "},
            {"type": "text_delta", "text": "the lamp."},
        ),
        (
            {"type": "tool_use", "id": "toolu_1", "name": "light", "input": {}},
            {"type": "input_json_delta", "partial_json": ""},
            {"type": "input_json_delta", "partial_json": '{"on": tr'},
            {"type": "input_json_delta", "partial_json": 'ue, "hours": [1, 2]}'},
        ),
        ({"type": "tool_use", "id": "toolu_2", "name": "horn", "input": {}},),
    ]
    for index, (block, *deltas) in enumerate(blocks):
        made.append({"type": "content_block_start", "index": index, "content_block": block})
        made.extend({"type": "content_block_delta", "index": index, "delta": one} for one in deltas)
        made.append({"type": "content_block_stop", "index": index})
    made.append(
        {
            "type": "message_delta",
            "delta": {"stop_reason": "tool_use", "stop_sequence": None},
            "usage": {"input_tokens": 15, "output_tokens": 40},
        }
    )
    made.append({"type": "message_stop"})

    ours = read({"body": made, "is_streaming": True}).object

    assert without_nulls(ours) == by_library(made)
