"""Tool calls that a client sent back in a later request: the same as those put together here.

A client that has run a tool sends the call back with its result, as it understood it.
"""

import json
import os
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from recctl.shapes import fields, items
from recctl.wire import read

_BESIDE = Path(__file__).parents[3] / "shared" / "data"
_DAMAGED = "damaged"
"""The folder of recordings that were broken on purpose."""


class Recorded(NamedTuple):
    """A real recording and its path."""

    path: Path
    test_id: str | None
    request: Mapping[str, Any]
    response: Mapping[str, Any]


class Call(NamedTuple):
    """A tool call as its caller sees it."""

    name: str
    arguments: str


@cache
def real_recordings(part: str = "") -> tuple[Recorded, ...]:
    """Every sound recording of the real data, or of one part of them.

    The data are in `RECCTL_TEST_CORPUS`, else in `shared/data` beside the repository. Without
    them the test that asks is skipped.
    """
    root = Path(os.environ.get("RECCTL_TEST_CORPUS", _BESIDE))
    if not root.is_dir():
        pytest.skip(f"no real recordings at {root}: set RECCTL_TEST_CORPUS")
    folder = root / part if (root / part).is_dir() else root
    paths = [one for one in sorted(folder.rglob("*.json")) if _DAMAGED not in one.parts]
    return tuple(found for path in paths if (found := _recorded(path)) is not None)


def _recorded(path: Path) -> Recorded | None:
    value = json.loads(path.read_text("utf-8"))
    request, response = fields(value).get("request"), fields(value).get("response")
    if isinstance(request, dict) and isinstance(response, dict):
        return Recorded(path, value.get("test_id"), request, response)
    return None


def test_echoed_tool_calls_are_those_put_together() -> None:
    recordings = real_recordings("corpus")
    made = {key: call for one in recordings for key, call in _made(one)}
    echoes = [echo for one in recordings for echo in _echoed(one) if echo[0] in made]
    differing = [key for key, call in echoes if made[key] != call]
    assert not differing, f"{len(differing)} of {len(echoes)} echoes differ: {differing[:5]}"
    assert echoes, "no tool call was found in a later request"


Key = tuple[str | None, str]
"""A test and the id of a tool call: ids are unique in a test only."""


def _made(one: Recorded) -> Iterator[tuple[Key, Call]]:
    """The tool calls of a streamed answer."""
    if one.response.get("is_streaming") is True:
        for choice in read(one.response).transcript.choices:
            for call in choice.tool_calls:
                if call.id is not None:
                    yield (one.test_id, call.id), Call(call.name, call.arguments_raw)


def _echoed(one: Recorded) -> Iterator[tuple[Key, Call]]:
    """The tool calls that a request sends back."""
    for message in items(fields(one.request.get("body")).get("messages")):
        if fields(message).get("role") == "assistant":
            for call in items(message.get("tool_calls")):
                function = fields(fields(call).get("function"))
                told = Call(str(function.get("name")), str(function.get("arguments")))
                yield (one.test_id, str(fields(call).get("id"))), told
