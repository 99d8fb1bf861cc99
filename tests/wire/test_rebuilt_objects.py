"""Chat completions put together from chunks: the same keys in the same order as whole ones.

Compared are answers of one model at one host: those that were streamed, and those that were not.
Source of the order: docs/streams.md, "OpenAI chat chunks".
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import pytest

from recctl.shapes import fields, items
from recctl.wire import read
from tests.wire.test_echoes import Recorded, real_recordings

LEVELS = ("answer", "choice", "message", "call", "function", "usage")

NOT_REBUILT = {
    ("answer", "prompt"): "Together: an empty list, which no chunk has",
    ("answer", "prompt_logprobs"): "vLLM: null, which is absent in chunks",
    ("answer", "kv_transfer_params"): "vLLM: null, which is absent in chunks",
    ("choice", "stop_reason"): "vLLM: null, which is absent in chunks",
    ("message", "reasoning_content"): "vLLM: null, which is absent in chunks",
    ("call", "index"): "Ollama: calls have their number in whole answers too",
    ("function", "description"): "vLLM: null, which is absent in chunks",
}
"""What a whole answer may have and the rebuilt one lacks, with the reason."""

REBUILT_ONLY = {
    ("message", "reasoning"): "vLLM: no answer with reasoning was recorded whole",
    ("choice", "content_filter_result"): "Azure: a filter that failed was recorded in streams only",
}
"""What a rebuilt answer may have and the whole one lacks, with the reason."""

Family = tuple[str | None, str | None]
"""A host and a model."""

Shape = tuple[str, ...]
"""The keys of an object, in their order."""

Shapes = Mapping[tuple[str, Family], set[Shape]]
"""The shapes at each level of the answers of each family."""


def test_the_real_data_have_models_that_answered_in_both_forms() -> None:
    assert _both()


@pytest.mark.parametrize("level", LEVELS)
def test_rebuilt_answers_have_the_keys_of_whole_ones_in_their_order(level: str) -> None:
    rebuilt, whole = _shapes()
    unlike = [
        (family, shape)
        for at, family in _both()
        for shape in rebuilt[at, family]
        if at == level and not any(_is_alike(level, shape, one) for one in whole[at, family])
    ]
    assert not unlike, f"no whole answer has these keys in this order: {unlike[:3]}"


def _is_alike(level: str, rebuilt: Shape, whole: Shape) -> bool:
    """Whether both have the same keys in the same order, exceptions aside."""
    more = {key for key in rebuilt if (level, key) in REBUILT_ONLY} - set(whole)
    less = {key for key in whole if (level, key) in NOT_REBUILT} - set(rebuilt)
    return [key for key in rebuilt if key not in more] == [key for key in whole if key not in less]


def _both() -> list[tuple[str, Family]]:
    """The levels and families of which there are rebuilt and whole answers."""
    rebuilt, whole = _shapes()
    return sorted(rebuilt.keys() & whole.keys(), key=str)


@cache
def _shapes() -> tuple[Shapes, Shapes]:
    """The shapes of rebuilt answers, and those of whole ones."""
    rebuilt: dict[tuple[str, Family], set[Shape]] = defaultdict(set)
    whole: dict[tuple[str, Family], set[Shape]] = defaultdict(set)
    for one in real_recordings():
        answer = read(one.response)
        if answer.transcript.format == "openai-chat" and answer.object is not None:
            family = (_host(one), answer.transcript.model)
            known = rebuilt if answer.transcript.chunks else whole
            for level, shape in _walked(answer.object):
                known[level, family].add(shape)
    return rebuilt, whole


def _host(one: Recorded) -> str | None:
    return urlsplit(str(one.request.get("url"))).hostname


def _walked(answer: Mapping[str, Any]) -> Iterator[tuple[str, Shape]]:
    """The levels of an answer and the keys that its objects have there."""
    yield "answer", tuple(answer)
    for choice in items(answer["choices"]):
        message = fields(choice["message"])
        yield "choice", tuple(choice)
        yield "message", tuple(message)
        for call in items(message.get("tool_calls")):
            yield "call", tuple(call)
            yield "function", tuple(fields(fields(call).get("function")))
    if answer.get("usage") is not None:
        yield "usage", tuple(answer["usage"])
