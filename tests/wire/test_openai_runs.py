"""The fast path of chat chunks gives what the plain path gives, and is taken."""

import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recctl.wire import Notes, read
from recctl.wire.format import Fold, Object
from recctl.wire.openai_chat import fold, plain_fold
from recctl.wire.openai_choices import RunsFold
from tests.strategies import TEXTS, json_values, merged, mutated

Chunk = dict[str, Any]

PIECES = ("content", "refusal", "reasoning", "reasoning_content", "thinking")

LEAVES: st.SearchStrategy[Any] = st.sampled_from(
    [None, "", "a", "b", "stop", 0, 1, 2, True, False, 0.0, -0.0, 1.0, math.nan, {}, []]
)
"""Among them values that are equal and not the same, and one that does not equal itself."""

TRAPS = LEAVES | st.sampled_from(
    [
        *({"a": None}, {"a": 1}, {"a": True}, {"a": 1.0}, {"a": {"b": None}}, [1], [True], [None]),
        *({"content": [1]}, {"content": None}, [{"index": 0}], [{"index": 0, "delta": {}}]),
    ]
)

CALLS = st.fixed_dictionaries(
    {"function": st.fixed_dictionaries({"arguments": TEXTS, "name": st.sampled_from([None, "f"])})},
    optional={
        "index": st.sampled_from([0, 1, True, None]),
        "id": st.sampled_from([None, "c", "d", ""]),
        "type": st.sampled_from([None, "function", "custom"]),
    },
)

DELTAS = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(PIECES, TEXTS | st.none()),
        "role": st.sampled_from([None, "", "assistant", "tool"]),
        "tool_calls": st.none() | st.lists(CALLS, max_size=2),
        "function_call": st.none() | CALLS.map(lambda call: call["function"]),
        "odd": TRAPS,
    },
)

CHOICES = st.fixed_dictionaries(
    {"index": st.sampled_from([0, 0, 0, 0, 1, True, None]), "delta": DELTAS},
    optional={
        "finish_reason": st.sampled_from([None, None, None, "", "stop", "length"]),
        "logprobs": st.sampled_from([None, {}, {"content": None}, {"content": [{"token": "a"}]}]),
        "obfuscation": TEXTS | TRAPS,
        "content_filter_results": TRAPS,
        "odd": TRAPS,
    },
)

ENVELOPES = st.fixed_dictionaries(
    {"choices": st.lists(CHOICES, min_size=1, max_size=1) | st.lists(CHOICES, max_size=2)},
    optional={
        "id": st.sampled_from(["", "rec-1", "rec-1", "rec-2", None]),
        "model": st.sampled_from(["m", "m", "", None]),
        "object": st.sampled_from(["chat.completion.chunk", "", None]),
        "created": st.sampled_from([0, 0, 1, True, 0.0, math.nan, "then"]),
        "usage": st.sampled_from([None, None, {}, {"prompt_tokens": 1}, "a"]),
        "error": st.sampled_from([None, None, "a", {"message": "no"}]),
        "obfuscation": TEXTS | TRAPS,
        "odd": TRAPS,
    },
)


@st.composite
def runs(draw: st.DrawFn) -> list[Chunk]:
    """Chunks that are the same but for a text, some of them with something else in a place."""
    chunk: Chunk = draw(ENVELOPES)
    key = draw(st.sampled_from(PIECES))
    chunks = []
    for piece in draw(st.lists(TEXTS | TRAPS, min_size=1, max_size=6)):
        told = [
            {**choice, "delta": {**choice["delta"], key: piece}} if at == 0 else choice
            for at, choice in enumerate(chunk["choices"])
        ]
        one = {**chunk, "choices": told}
        chunks.append(one if draw(st.integers(0, 3)) else draw(mutated(one, TRAPS)))
    return [one for one in chunks if isinstance(one, dict)]


STREAMS = st.lists(runs(), max_size=5).map(lambda found: [one for run in found for one in run])


def folded(made: Fold, chunks: Sequence[Object]) -> Any:
    """What a fold gives for chunks."""
    for at, chunk in enumerate(chunks):
        made.add(chunk, at)
    return made.finish()


def assert_both_paths_agree(chunks: Sequence[Object]) -> None:
    """Compared as written: so 1 differs from true, and NaN does not from NaN."""
    before = repr(chunks)
    notes, plain_notes = Notes(), Notes()

    assert repr(folded(fold(notes), chunks)) == repr(folded(plain_fold(plain_notes), chunks))
    assert notes.all() == plain_notes.all()
    assert repr(chunks) == before


def said(piece: Any = "a", finish: Any = None, **more: Any) -> Chunk:
    """A chunk as a client library writes it, with further members of its delta."""
    delta = {"content": piece, "role": None, "tool_calls": None, **more}
    choice = {"delta": delta, "finish_reason": finish, "index": 0, "logprobs": None}
    return {"id": "rec-1", "choices": [choice], "created": 0, "usage": None, "obfuscation": "x"}


def with_members(chunk: Chunk, **members: Any) -> Chunk:
    """A chunk with other members in its choice."""
    return {**chunk, "choices": [{**chunk["choices"][0], **members}]}


@given(STREAMS)
def test_both_paths_agree(chunks: list[Chunk]) -> None:
    assert_both_paths_agree(chunks)


@given(st.data())
def test_both_paths_agree_on_runs_that_take_turns(data: st.DataObject) -> None:
    assert_both_paths_agree(data.draw(merged(data.draw(runs()), data.draw(runs()))))


@given(st.lists(st.dictionaries(st.sampled_from(["choices", "id"]), json_values()), max_size=4))
def test_both_paths_agree_on_anything(chunks: list[Chunk]) -> None:
    assert_both_paths_agree([*chunks, *chunks, *chunks])


START = [said(""), said("a"), said("b"), said("c")]
"""Long enough for the fast path to be taken."""


@pytest.mark.parametrize(
    "chunk",
    [
        {**said(), "created": False},
        {**said(), "created": math.nan},
        {**said(), "choices": None, "error": "no"},
        {**said(), "usage": {"prompt_tokens": 1}},
        {key: value for key, value in said().items() if key != "choices"},
        with_members(said(), index=False),
        with_members(said(), index=0.0),
        with_members(said(), index=1),
        with_members(said(), finish_reason="stop"),
        with_members(said(), logprobs={"content": [{"token": "a"}]}),
        with_members(said(), odd=1),
        with_members(said(), obfuscation={"a": 1}),
        said(None),
        said(1),
        said(role="assistant"),
        said(reasoning="b"),
        said(odd=0),
    ],
)
def test_a_chunk_that_differs_is_not_taken_for_one_of_the_run(chunk: Chunk) -> None:
    assert_both_paths_agree([*START, chunk, chunk, chunk, *START, said("", "stop")])


@pytest.mark.parametrize(
    ("before", "last"), [(1, True), (0, False), (0, -0.0), ({"a": 1}, {"a": True}), ([1], [True])]
)
def test_of_equal_values_the_last_counts(before: Any, last: Any) -> None:
    values = [*[before] * 5, last]

    assert_both_paths_agree([said(filter=value) for value in values])
    assert_both_paths_agree([with_members(said(), filter=value) for value in values])
    assert_both_paths_agree([{**said(), "filter": value} for value in values])


@pytest.mark.parametrize("index", [True, 1.0, None])
def test_an_index_that_equals_another_is_none(index: Any) -> None:
    start = [with_members(chunk, index=1) for chunk in START]

    assert_both_paths_agree([*start, with_members(said(), index=index), *start])


def test_what_is_too_deep_is_so_even_where_it_is_passed_over() -> None:
    deep: Any = {}
    for _ in range(50_000):  # more than any version of Python walks
        deep = [deep]
    for chunk in ({**said(), "obfuscation": deep}, with_members(said(), obfuscation=deep)):
        answer = read({"body": [*START, chunk], "is_streaming": True})
        assert [one.code for one in answer.transcript.warnings] == ["too-deep"]


def test_a_run_does_not_outlast_its_envelope() -> None:
    ended = {**said("", "stop"), "id": "rec-2"}
    after = {**said("more"), "id": "rec-2"}

    assert_both_paths_agree([*START, ended, after, after, after])


def test_what_comes_after_the_end_is_told_by_whether_it_says_anything() -> None:
    empty = said("")

    assert_both_paths_agree([*START, said("", "stop"), empty, empty, empty, said("more")])


def test_two_reasonings_both_grow() -> None:
    assert_both_paths_agree([said(piece, reasoning="b") for piece in "abcdef"])
    assert_both_paths_agree([said(piece, reasoning="") for piece in "abcdef"])


@pytest.mark.parametrize(
    "chunks",
    [
        [said(piece) for piece in "abcdef"],
        [said(piece, role="assistant") for piece in "abcdef"],
        [said("", reasoning=piece) for piece in "abcdef"],
        [with_members(said(piece), filters={"a": piece}) for piece in "abcdef"],
        [with_members(said(piece), filters={}, obfuscation=piece) for piece in "abcdef"],
    ],
)
def test_from_the_fourth_chunk_of_a_run_on_the_plain_path_is_not_taken(
    chunks: list[Chunk],
) -> None:
    taken: list[int] = []
    plain = plain_fold(Notes())
    through = plain.add_choices

    def add_choices(choices: list[Any], at: int) -> None:
        taken.append(at)
        through(choices, at)

    plain.add_choices = add_choices  # type: ignore[method-assign]

    folded(RunsFold(plain), chunks)

    assert taken == [0, 1, 2]
    assert_both_paths_agree(chunks)
