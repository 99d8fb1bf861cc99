"""OpenAI chat completions, streamed and whole; how streams of any format are told and failed.

Most tests have the names of the edge cases in STREAMS.md.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recctl.diagnostics import Severity
from recctl.transcript import Choice, ToolCall, Transcript, Usage
from recctl.wire import Answer, read, reasoning
from recctl.wire.normal import without_nulls
from recctl.wire.oddities import severity_of
from tests.build import (
    chat_answer,
    chat_stream,
    completion,
    exception,
    model_list,
    tool_call_stream,
)
from tests.strategies import cut_up, json_values, merged

Chunk = dict[str, Any]

CHUNK = "openai.types.chat.chat_completion_chunk.ChatCompletionChunk"
COMPLETION = "openai.types.chat.chat_completion.ChatCompletion"


def assemble(body: Any, *, is_streaming: bool) -> Transcript | None:
    """The transcript of a body, if it is one of an OpenAI completion."""
    transcript = read({"body": body, "is_streaming": is_streaming}).transcript
    return transcript if transcript.format.endswith(("-chat", "-completion")) else None


def codes(transcript: Transcript, *expected: str) -> list[tuple[str, int | None]]:
    """Where the transcript was odd in one of these ways; without any, in all."""
    found = [(one.code, one.at) for one in transcript.warnings]
    return [one for one in found if one[0] in expected or not expected]


def odd(transcript: Transcript) -> list[str]:
    """All that was odd about the transcript."""
    return [one.code for one in transcript.warnings]


def rebuilt(*chunks: Any) -> Any:
    """What the provider would have sent in place of the chunks."""
    return read({"body": list(chunks), "is_streaming": True}).object


def said(delta: Any, finish: str | None = None, index: int = 0, **more: Any) -> Chunk:
    """A chunk with one choice; `more` are further keys of that choice."""
    return {"choices": [{"index": index, "delta": delta, "finish_reason": finish, **more}]}


def counted(prompt: int, answer: int) -> Chunk:
    """A chunk without choices that has the usage."""
    return {"choices": [], "usage": {"prompt_tokens": prompt, "completion_tokens": answer}}


def fragment(arguments: str | None, **entry: Any) -> Chunk:
    """A piece of a tool call; `name` is the function's, the rest the entry's own."""
    function = {"arguments": arguments}
    if "name" in entry:
        function["name"] = entry.pop("name")
    return {**entry, "function": function}


def calling(*fragments: Chunk, finish: str | None = None) -> Chunk:
    return said({"tool_calls": list(fragments)}, finish)


def typed(chunk: Chunk, type_name: str = CHUNK) -> Chunk:
    return {"__type__": type_name, "__data__": chunk}


def streamed(*chunks: Any) -> Transcript:
    transcript = assemble(list(chunks), is_streaming=True)
    assert transcript is not None
    return transcript


def whole(message: Chunk, finish: str | None = "stop", **more: Any) -> Transcript:
    data = {"choices": [{"index": 0, "message": message, "finish_reason": finish}], **more}
    transcript = assemble(typed(data, COMPLETION), is_streaming=False)
    assert transcript is not None
    return transcript


def starting(**delta: Any) -> Chunk:
    """The first chunk of an answer, which has the role."""
    return said({"role": "assistant", **delta})


def only(transcript: Transcript) -> Choice:
    (choice,) = transcript.choices
    return choice


def calls(*chunks: Any) -> tuple[ToolCall, ...]:
    return only(streamed(*chunks)).tool_calls


def call(name: str, raw: str, arguments: Any, **more: Any) -> ToolCall:
    made = ToolCall(0, None, "function", name, raw, arguments, None)
    return made._replace(**more)


def content_of(transcript: Transcript) -> Transcript:
    """A transcript without what says how it came: the number of chunks, and where it was odd."""
    return transcript._replace(chunks=0, warnings=())


# Text


def test_null_is_absent() -> None:
    function = {"name": "f", "arguments": ""}
    opened = {"index": 0, "id": "c1", "type": "function", "function": function}
    more = {
        "index": 0,
        "id": None,
        "type": None,
        "function": {"name": None, "arguments": "{}"},
    }

    transcript = streamed(
        starting(tool_calls=[opened]),
        said({"role": None, "tool_calls": [more]}),
        said({}, "tool_calls"),
    )

    assert only(transcript).tool_calls == (call("f", "{}", {}, id="c1"),)
    assert transcript.warnings == ()


def test_azure_first_chunk() -> None:
    first = {"choices": [], "model": "", "object": "", "id": "", "prompt_filter_results": ["calm"]}
    named = {"model": "m", "id": "rec-1", "object": "chat.completion.chunk"}

    transcript = streamed(
        typed(first),
        typed({**starting(content="A"), **named}),
        typed({**said({}, "stop"), **named}),
    )

    assert (transcript.model, transcript.id, only(transcript).text) == ("m", "rec-1", "A")
    assert transcript.extra == {"prompt_filter_results": ["calm"]}
    assert codes(transcript, "set-late", "object-unexpected") == [
        ("object-unexpected", 0),
        ("set-late", 1),
        ("set-late", 1),
    ]


def test_azure_first_chunk_is_nothing_to_worry_about() -> None:
    first = {"choices": [], "model": "", "object": "", "prompt_filter_results": ["calm"]}
    named = {"model": "m", "object": "chat.completion.chunk"}

    transcript = streamed(typed(first), typed({**starting(content="A"), **named}), said({}, "stop"))

    assert {severity_of(one.code) for one in transcript.warnings} == {Severity.INFO}


def test_an_id_that_is_set_late_is_one_that_changes() -> None:
    transcript = streamed({**starting(), "id": ""}, {**said({"content": "A"}), "id": "rec-1"})

    assert transcript.id == "rec-1"
    assert codes(transcript, "id-changed") == [("id-changed", 1)]


def test_usage_only_last() -> None:
    transcript = streamed(starting(content="A"), said({}, "stop"), counted(3, 1))

    assert len(transcript.choices) == 1
    assert transcript.usage == Usage(
        3, 1, 4, None, None, {"prompt_tokens": 3, "completion_tokens": 1}
    )
    assert transcript.warnings == ()


def test_finish_chunk_has_content() -> None:
    transcript = streamed(starting(content="Hel"), said({"content": "lo"}, "stop"))

    assert only(transcript).text == "Hello"
    assert transcript.warnings == ()


def test_finish_chunk_has_tool_calls() -> None:
    transcript = streamed(
        starting(tool_calls=[fragment("{", index=0, id="c", name="f")]),
        calling(fragment("}", index=0), finish="tool_calls"),
    )

    assert only(transcript).tool_calls == (call("f", "{}", {}, id="c"),)
    assert transcript.warnings == ()


def test_role_every_chunk() -> None:
    transcript = streamed(*[starting(content="a")] * 3, said({}, "stop"))

    assert (only(transcript).role, only(transcript).text) == ("assistant", "aaa")
    assert codes(transcript) == [("role-repeated", 1)]


def test_a_role_that_changes_is_told_and_the_first_one_kept() -> None:
    transcript = streamed(starting(content="a"), said({"role": "tool"}, "stop"))

    assert only(transcript).role == "assistant"
    assert codes(transcript) == [("role-changed", 1)]


def test_second_choice_without_role() -> None:
    chunks = [starting(content="a"), said({}, "stop"), said({"content": "x"}, "stop", index=1)]

    transcript = streamed(*chunks)

    assert [one.role for one in transcript.choices] == ["assistant", None]
    assert codes(transcript) == [("role-missing", None)]
    assert rebuilt(*chunks)["choices"][1]["message"]["role"] == "assistant"


@pytest.mark.parametrize("content", [None, ""])
def test_content_null_vs_empty(content: str | None) -> None:
    chunk = starting(content=content, tool_calls=[fragment("{}", index=0, id="c", name="f")])

    assert only(streamed(chunk)).text == content
    assert rebuilt(chunk)["choices"][0]["message"]["content"] == content


def test_refusal() -> None:
    transcript = streamed(
        starting(content="", refusal="I "), said({"refusal": "can't"}), said({}, "stop")
    )

    assert (only(transcript).text, only(transcript).refusal) == ("", "I can't")
    assert transcript.warnings == ()


@pytest.mark.parametrize("key", ["reasoning", "reasoning_content", "thinking"])
def test_reasoning_by_any_of_its_names(key: str) -> None:
    chunks = [said({key: "Fog, "}), said({key: "so sound the horn."})]

    assert only(streamed(*chunks)).reasoning == "Fog, so sound the horn."
    assert rebuilt(*chunks)["choices"][0]["message"][key] == "Fog, so sound the horn."


def test_reasoning_both_fields() -> None:
    both = {"reasoning": "a", "reasoning_content": "a"}
    chunks = [starting(**both), said(both), said({"content": "Hi"}, "stop")]

    transcript = streamed(*chunks)
    message = rebuilt(*chunks)["choices"][0]["message"]

    assert only(transcript).reasoning == "aa"
    assert codes(transcript) == [("reasoning-duplicated", None)]
    assert (message["reasoning"], message["reasoning_content"]) == ("aa", "aa")


def test_bedrock_reasoning_tags() -> None:
    transcript = streamed(
        starting(content="<reasoning>a</reasoning>"),
        said({"content": "<reasoning> b</reasoning>Hi"}, "stop"),
    )

    split = only(reasoning.split(transcript))

    assert only(transcript).text == "<reasoning>a</reasoning><reasoning> b</reasoning>Hi"
    assert only(transcript).reasoning is None
    assert codes(transcript) == [("inline-reasoning-tags", None)]
    assert (split.reasoning, split.text) == ("a b", "Hi")


def test_tag_split_across_chunks() -> None:
    transcript = streamed(starting(content="<thi"), said({"content": "nk>x</think>y"}, "stop"))

    split = only(reasoning.split(transcript))

    assert (split.reasoning, split.text) == ("x", "y")
    assert codes(transcript) == [("inline-reasoning-tags", None)]


def test_surrogates() -> None:
    chunks = [said({"content": "\ud83d"}), said({"content": "\ude00"})]

    assert only(streamed(*chunks)).text == "😀"
    assert rebuilt(*chunks)["choices"][0]["message"]["content"] == "😀"


def test_surrogates_in_arguments() -> None:
    (made,) = calls(
        calling(fragment('{"flag": "\ud83d', index=0, name="f")),
        calling(fragment('\ude00"}', index=0)),
    )

    assert made.arguments == {"flag": "😀"}


def test_a_surrogate_without_its_half_still_gives_text_that_can_be_written() -> None:
    text = only(streamed(said({"content": "a\ud83d"}), said({"content": "b"}))).text

    assert text is not None
    assert text.encode("utf-8").startswith(b"a")


# Tool calls


def test_same_index_twice_in_one_delta() -> None:
    transcript = streamed(
        starting(
            tool_calls=[
                fragment("{", index=0, id="c", name="f"),
                fragment('"a":', index=0),
                fragment("1}", index=0),
            ]
        ),
        said({}, "tool_calls"),
    )

    assert only(transcript).tool_calls == (call("f", '{"a":1}', {"a": 1}, id="c"),)
    assert transcript.warnings == ()


def test_parallel_interleaved() -> None:
    transcript = streamed(
        calling(fragment("{", index=0, id="a", name="f")),
        calling(fragment("{", index=1, id="b", name="g")),
        calling(fragment("}", index=0)),
        calling(fragment("}", index=1)),
    )

    assert only(transcript).tool_calls == (
        call("f", "{}", {}, id="a"),
        call("g", "{}", {}, id="b", index=1),
    )
    assert codes(transcript, "tool-interleaved") == [
        ("tool-interleaved", 2),
        ("tool-interleaved", 3),
    ]


def test_parallel_calls_one_after_another_are_not_interleaved() -> None:
    transcript = streamed(
        starting(tool_calls=[fragment("{", index=0, id="a", name="f")]),
        calling(fragment("}", index=0)),
        calling(fragment("{", index=1, id="b", name="g")),
        calling(fragment("}", index=1)),
        said({}, "tool_calls"),
    )

    assert transcript.warnings == ()


def test_parallel_reverse_order() -> None:
    assert calls(
        calling(fragment("{}", index=1, id="b", name="g")),
        calling(fragment("{}", index=0, id="a", name="f")),
    ) == (call("f", "{}", {}, id="a"), call("g", "{}", {}, id="b", index=1))


def test_index_gap() -> None:
    transcript = streamed(
        starting(tool_calls=[fragment("{}", index=0, id="a", name="f")]),
        calling(fragment("{}", index=2, id="b", name="g"), finish="tool_calls"),
    )

    assert [one.index for one in only(transcript).tool_calls] == [0, 2]
    assert codes(transcript) == [("tool-index-gap", None)]


def test_index_that_starts_at_one() -> None:
    transcript = streamed(calling(fragment("{}", index=1, id="a", name="f")))

    assert [one.index for one in only(transcript).tool_calls] == [1]
    assert codes(transcript, "tool-index-gap") == [("tool-index-gap", None)]


def test_index_missing_parallel() -> None:
    transcript = streamed(
        calling(fragment("{}", id="a", name="f")), calling(fragment("{}", id="b", name="g"))
    )

    assert only(transcript).tool_calls == (
        call("f", "{}", {}, id="a"),
        call("g", "{}", {}, id="b", index=1),
    )
    assert codes(transcript, "tool-index-missing") == [("tool-index-missing", 0)]


def test_index_missing_known_id() -> None:
    assert calls(
        calling(fragment("{", id="a", name="f"), fragment("{", id="b", name="g")),
        calling(fragment("}", id="a"), fragment("}", id="b")),
    ) == (call("f", "{}", {}, id="a"), call("g", "{}", {}, id="b", index=1))


def test_index_missing_fragments() -> None:
    transcript = streamed(
        starting(tool_calls=[fragment("{", id="a", name="f")]),
        calling(fragment("}"), finish="tool_calls"),
    )

    assert only(transcript).tool_calls == (call("f", "{}", {}, id="a"),)
    assert codes(transcript) == [("tool-index-missing", 0)]


def test_index_reused_new_id() -> None:
    transcript = streamed(
        starting(tool_calls=[fragment("{}", index=0, id="a", name="f")]),
        calling(fragment('{"x":1}', index=0, id="b", name="g"), finish="tool_calls"),
    )

    assert only(transcript).tool_calls == (
        call("f", "{}", {}, id="a"),
        call("g", '{"x":1}', {"x": 1}, id="b"),
    )
    assert codes(transcript) == [("tool-index-reused", 1)]


def test_index_reused_fragments_belong_to_the_newer_call() -> None:
    made = calls(
        calling(fragment("{}", index=0, id="a", name="f")),
        calling(fragment("{", index=0, id="b", name="g")),
        calling(fragment("}", index=0)),
    )

    assert [one.arguments_raw for one in made] == ["{}", "{}"]


def test_id_resent() -> None:
    transcript = streamed(
        starting(tool_calls=[fragment("{", index=0, id="a", name="f")]),
        calling(fragment("}", index=0, id="a", name="f"), finish="tool_calls"),
    )

    assert only(transcript).tool_calls == (call("f", "{}", {}, id="a"),)
    assert codes(transcript) == [("tool-id-repeated", 1), ("tool-name-repeated", 1)]


def test_id_missing() -> None:
    transcript = streamed(calling(fragment("{}", index=0, name="f")))

    assert codes(transcript, "tool-id-missing") == [("tool-id-missing", None)]


def test_id_of_two_calls() -> None:
    transcript = streamed(
        calling(fragment("{}", index=0, id="a", name="f")),
        calling(fragment("{}", index=1, id="a", name="g")),
    )

    assert [one.name for one in only(transcript).tool_calls] == ["f", "g"]
    assert codes(transcript, "tool-id-duplicate") == [("tool-id-duplicate", None)]


def test_empty_name_later() -> None:
    transcript = streamed(
        starting(tool_calls=[fragment("", index=0, id="a", name="f")]),
        calling(fragment("{}", index=0, name=""), finish="tool_calls"),
    )

    assert only(transcript).tool_calls == (call("f", "{}", {}, id="a"),)
    assert transcript.warnings == ()


def test_name_missing() -> None:
    transcript = streamed(calling(fragment("{}", index=0, id="a")))

    assert codes(transcript, "tool-name-missing") == [("tool-name-missing", None)]


def test_name_split() -> None:
    transcript = streamed(
        starting(tool_calls=[fragment("", index=0, id="a", name="get_")]),
        calling(fragment("", index=0, name="tide")),
        calling(fragment("{}", index=0), finish="tool_calls"),
    )

    assert [one.name for one in only(transcript).tool_calls] == ["get_tide"]
    assert codes(transcript) == [("tool-name-split", 1)]


def test_name_changed_after_arguments() -> None:
    transcript = streamed(
        starting(tool_calls=[fragment("{", index=0, id="a", name="f")]),
        calling(fragment("}", index=0, name="g"), finish="tool_calls"),
    )

    assert only(transcript).tool_calls == (call("f", "{}", {}, id="a"),)
    assert codes(transcript) == [("tool-name-changed", 1)]


def test_args_null_first() -> None:
    transcript = streamed(
        starting(tool_calls=[fragment(None, index=0, id="a", name="f")]),
        calling(fragment("{}", index=0), finish="tool_calls"),
    )

    assert only(transcript).tool_calls == (call("f", "{}", {}, id="a"),)
    assert transcript.warnings == ()


def test_args_never_sent() -> None:
    transcript = streamed(
        starting(tool_calls=[fragment("", index=0, id="a", name="f")]), said({}, "tool_calls")
    )

    assert only(transcript).tool_calls == (call("f", "", {}, id="a", error="empty"),)
    assert codes(transcript) == [("tool-args-empty", None)]


def test_args_truncated() -> None:
    transcript = streamed(
        starting(tool_calls=[fragment('{"q":"he', index=0, id="a", name="f")]), said({}, "length")
    )

    assert only(transcript).tool_calls == (call("f", '{"q":"he', None, id="a", error="invalid"),)
    assert set(codes(transcript)) == {("tool-args-invalid", None), ("truncated-length", None)}


def test_args_not_object() -> None:
    transcript = streamed(
        starting(tool_calls=[fragment("[1]", index=0, id="a", name="f")]), said({}, "tool_calls")
    )

    assert only(transcript).tool_calls == (call("f", "[1]", [1], id="a", error="not-object"),)
    assert codes(transcript) == [("tool-args-not-object", None)]


def test_args_nested_too_deep_to_read() -> None:
    (made,) = calls(calling(fragment("[" * 100_000, index=0, name="f")))

    assert (made.arguments, made.error) == (None, "invalid")


def test_args_split_in_escape() -> None:
    pieces = [r'{"s":"\u00', r"e9\n", '"}']

    (made,) = calls(*(calling(fragment(piece, index=0, name="f")) for piece in pieces))

    assert made.arguments == {"s": "é\n"}


def test_legacy_function_call() -> None:
    chunks = [
        starting(function_call={"name": "f", "arguments": ""}),
        said({"function_call": {"arguments": "{}"}}),
        said({}, "function_call"),
    ]

    choice = only(streamed(*chunks))

    assert choice.tool_calls == (call("f", "{}", {}),)
    assert (choice.finish, choice.finish_raw) == ("tool_calls", "function_call")
    assert streamed(*chunks).warnings == ()
    assert rebuilt(*chunks)["choices"][0]["message"]["function_call"] == {
        "arguments": "{}",
        "name": "f",
    }


def test_custom_tool_input() -> None:
    entries = [
        {"index": 0, "id": "a", "type": "custom", "custom": {"name": "sh", "input": "ho"}},
        {"index": 0, "custom": {"input": "rn"}},
    ]

    (made,) = calls(*(calling(entry) for entry in entries))

    assert (made.type, made.name, made.arguments_raw) == ("custom", "sh", "horn")


# Finish and usage


@pytest.mark.parametrize(
    ("raw", "finish"),
    [
        ("stop", "stop"),
        ("end_turn", "stop"),
        ("length", "length"),
        ("max_tokens", "length"),
        ("tool_calls", "tool_calls"),
        ("content_filter", "content_filter"),
        ("error", "error"),
        ("fog", None),
    ],
)
def test_a_finish_is_told_in_common_words_and_in_the_providers(
    raw: str, finish: str | None
) -> None:
    choice = only(streamed(said({"content": "a"}, raw)))

    assert (choice.finish, choice.finish_raw) == (finish, raw)


def test_a_stop_with_tool_calls_is_a_call() -> None:
    opened = fragment("{}", index=0, id="a", name="f")

    transcript = streamed(starting(tool_calls=[opened]), said({}, "stop"))

    assert (only(transcript).finish, only(transcript).finish_raw) == ("tool_calls", "stop")
    assert codes(transcript) == [("tools-finish-mismatch", None)]


def test_a_finish_by_tool_calls_without_any_is_told() -> None:
    transcript = streamed(starting(content="a"), said({}, "tool_calls"))

    assert only(transcript).finish == "tool_calls"
    assert codes(transcript) == [("finish-without-tools", None)]


def test_an_answer_of_nothing_but_reasoning_is_empty() -> None:
    transcript = streamed(starting(content="", reasoning="Fog?"), said({}, "stop"))

    assert transcript.complete
    assert codes(transcript) == [("empty-completion", None)]


def test_no_finish() -> None:
    transcript = streamed(starting(content="a"))

    assert (only(transcript).text, only(transcript).finish, transcript.complete) == (
        "a",
        None,
        False,
    )
    assert codes(transcript) == [("finish-missing", None)]


def test_finish_empty_string() -> None:
    transcript = streamed(starting(content="a"), said({"content": "b"}, ""), said({}, "length"))

    assert (only(transcript).text, only(transcript).finish) == ("ab", "length")
    assert set(codes(transcript)) == {("finish-empty-string", 1), ("truncated-length", None)}


def test_an_empty_finish_does_not_undo_the_one_before() -> None:
    assert only(streamed(said({"content": "a"}, "length"), said({}, ""))).finish_raw == "length"


def test_post_finish_empty_choice() -> None:
    after = {**said({}), "usage": {"prompt_tokens": 3, "completion_tokens": 1}}

    transcript = streamed(starting(content="a"), said({}, "stop"), after)

    assert (only(transcript).finish, transcript.complete) == ("stop", True)
    assert transcript.usage is not None
    assert codes(transcript) == [("chunk-after-finish", 2)]


def test_double_finish() -> None:
    transcript = streamed(starting(content="A"), said({}, "stop"), said({"content": "B"}, "stop"))

    assert only(transcript).text == "AB"
    assert codes(transcript) == [("content-after-finish", 2), ("finish-duplicate", 2)]


@pytest.mark.parametrize(
    "delta",
    [
        {"content": "B"},
        {"refusal": "B"},
        {"reasoning": "B"},
        {"tool_calls": [fragment("{}", index=0, id="a", name="f")]},
        {"function_call": {"arguments": "{}"}},
    ],
)
def test_whatever_is_said_after_the_finish_is_told(delta: Chunk) -> None:
    transcript = streamed(starting(content="A"), said({}, "stop"), said(delta))

    assert codes(transcript, "content-after-finish") == [("content-after-finish", 2)]


def test_a_stream_is_complete_when_each_choice_has_finished() -> None:
    chunks = [said({"content": "a"}, "stop"), said({"content": "b"}, index=1)]

    assert not streamed(*chunks).complete
    assert streamed(*chunks, said({}, "length", index=1)).complete


def test_two_choices_interleaved() -> None:
    transcript = streamed(
        said({"content": "B"}, index=1),
        said({"content": "A"}),
        said({"content": "b"}, "stop", index=1),
        said({"content": "a"}, "length"),
    )

    assert [(one.index, one.text, one.finish) for one in transcript.choices] == [
        (0, "Aa", "length"),
        (1, "Bb", "stop"),
    ]
    assert codes(transcript, "choice-order", "choice-index-gap") == [("choice-order", 1)]


def test_choices_with_a_gap() -> None:
    transcript = streamed(starting(content="A"), said({"content": "C"}, index=2))

    assert [one.index for one in transcript.choices] == [0, 2]
    assert codes(transcript, "choice-index-gap") == [("choice-index-gap", None)]


def test_cumulative_usage() -> None:
    usages = [{"prompt_tokens": 5, "completion_tokens": count} for count in (1, 2)]

    chunks = [
        {**starting(content="a"), "usage": usages[0]},
        {**said({}, "stop"), "usage": usages[1]},
    ]

    transcript = streamed(*chunks)

    assert transcript.usage is not None
    assert (transcript.usage.input, transcript.usage.output, transcript.usage.total) == (5, 2, 7)
    assert codes(transcript) == [("usage-multiple", 1)]
    assert rebuilt(*chunks)["usage"] == usages[1]


def test_usage_that_falls_is_told() -> None:
    usages = [{"prompt_tokens": 5, "completion_tokens": count} for count in (2, 1)]

    transcript = streamed(*({**said({"content": "a"}), "usage": one} for one in usages))

    assert codes(transcript, "usage-decreasing") == [("usage-decreasing", 1)]


def test_usage_then_null() -> None:
    first = {**starting(content="a"), "usage": {"prompt_tokens": 5, "completion_tokens": 1}}

    transcript = streamed(first, {**said({}, "stop"), "usage": None})

    assert transcript.usage is not None
    assert transcript.usage.input == 5
    assert codes(transcript) == [("usage-not-last", 0)]


def test_usage_details() -> None:
    raw = {
        "prompt_tokens": 50,
        "completion_tokens": 20,
        "total_tokens": 71,
        "completion_tokens_details": {"reasoning_tokens": 9},
        "prompt_tokens_details": {"cached_tokens": 32},
    }

    transcript = streamed(starting(content="a"), said({}, "stop"), {"choices": [], "usage": raw})

    assert transcript.usage == Usage(50, 20, 71, 9, 32, raw)
    assert codes(transcript) == [("usage-sum", None)]


def test_more_reasoning_than_output_is_told() -> None:
    raw = {
        "prompt_tokens": 5,
        "completion_tokens": 2,
        "completion_tokens_details": {"reasoning_tokens": 9},
    }

    transcript = streamed(starting(content="a"), {**said({}, "stop"), "usage": raw})

    assert codes(transcript) == [("usage-parts", None)]


def test_no_usage() -> None:
    assert streamed(said({"content": "a"}, "stop")).usage is None


# Extras


def test_numeric_extras() -> None:
    chunks = [said({"token_id": 5}), said({"token_id": 7})]

    assert "token_id" not in only(streamed(*chunks)).extra
    assert "token_id" not in rebuilt(*chunks)["choices"][0]["message"]


def test_numeric_extras_are_never_added_up() -> None:
    chunks = [{**said({}, seat=5), "seed": 5}, {**said({}, seat=7), "seed": 7}]

    transcript = streamed(*chunks)

    assert (transcript.extra, only(transcript).extra) == ({"seed": 7}, {"seat": 7})


def test_obfuscation_dropped() -> None:
    chunk = {**said({"content": "a"}, obfuscation="x"), "obfuscation": "yy"}

    transcript = streamed(chunk)

    assert "obfuscation" not in transcript.extra
    assert "obfuscation" not in only(transcript).extra
    assert "obfuscation" not in json.dumps(rebuilt(chunk))


def test_text_beside_a_delta_is_the_same_text() -> None:
    chunks = [said({"content": one}, text=one) for one in "ab"]

    assert only(streamed(*chunks)).text == "ab"
    assert "text" not in rebuilt(*chunks)["choices"][0]


def test_content_filter_merge() -> None:
    results: list[Chunk] = [{"hate": "safe"}, {}, {"protected_material_code": "no"}]
    chunks = [said({}, content_filter_results=one) for one in results]
    union = {"hate": "safe", "protected_material_code": "no"}

    assert only(streamed(*chunks)).extra == {"content_filter_results": union}
    assert rebuilt(*chunks)["choices"][0]["content_filter_results"] == union


def test_top_level_values_first_or_last() -> None:
    first = {"id": "rec-1", "model": "m", "created": 7, "system_fingerprint": None, "seed": 1}
    last = {"id": "rec-2", "model": "n", "created": 8, "system_fingerprint": "fp", "seed": 2}

    transcript = streamed({**said({}), **first}, {**said({}), **last, "service_tier": "default"})

    assert (transcript.id, transcript.model, transcript.created) == ("rec-1", "m", 7)
    assert (transcript.system_fingerprint, transcript.service_tier) == ("fp", "default")
    assert transcript.extra == {"seed": 2}
    changes = ("id-changed", "model-changed", "created-changed")
    assert codes(transcript, *changes) == [(one, 1) for one in changes]


def test_logprobs_concat() -> None:
    chunks = [
        said({"content": one}, logprobs={"content": [{"token": one}], "refusal": None})
        for one in "ab"
    ]
    tokens = [{"token": "a"}, {"token": "b"}]

    transcript = streamed(*chunks)

    assert only(transcript).logprobs == {"content": tokens}
    assert codes(transcript, "logprobs-differ") == []
    assert rebuilt(*chunks)["choices"][0]["logprobs"] == {"content": tokens, "refusal": None}


def test_logprobs_of_nulls_are_not_an_empty_list_of_tokens() -> None:
    chunk = said({}, logprobs={"content": None, "refusal": None})

    logprobs = only(streamed(chunk)).logprobs

    assert isinstance(logprobs, dict)
    assert [] not in logprobs.values()
    assert rebuilt(chunk)["choices"][0]["logprobs"] == {"content": None, "refusal": None}


def test_logprobs_that_do_not_spell_the_text_are_told() -> None:
    chunk = said({"content": "a"}, logprobs={"content": [{"token": "<|channel|>"}]})

    assert codes(streamed(chunk), "logprobs-differ") == [("logprobs-differ", None)]


# Chunks that are not as they should be


def test_choices_null() -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 1}

    transcript = streamed(
        starting(content="a"), said({}, "stop"), {"choices": None, "usage": usage}
    )

    assert (only(transcript).text, transcript.complete) == ("a", True)
    assert transcript.usage == Usage(3, 1, 4, None, None, usage)
    assert transcript.warnings == ()


def test_delta_null() -> None:
    ended = {"choices": [{"index": 0, "delta": None, "finish_reason": "stop"}]}

    transcript = streamed(starting(content="a"), ended)

    assert (only(transcript).text, only(transcript).finish) == ("a", "stop")
    assert transcript.warnings == ()


def test_delta_absent() -> None:
    ended = {"choices": [{"index": 0, "finish_reason": "stop"}]}

    transcript = streamed(starting(content="a"), ended)

    assert only(transcript).finish == "stop"
    assert transcript.warnings == ()


def test_error_chunk() -> None:
    transcript = streamed(starting(content="a"), {"error": {"message": "boom"}})

    assert (only(transcript).text, transcript.complete) == ("a", False)
    assert codes(transcript) == [("stream-error", 1), ("finish-missing", None)]


def test_an_error_after_the_finish_leaves_the_answer_incomplete() -> None:
    transcript = streamed(starting(content="a"), said({}, "stop"), {"error": "boom"})

    assert not transcript.complete
    assert codes(transcript) == [("stream-error", 2)]


def test_chunk_that_is_no_object() -> None:
    transcript = streamed(starting(content="a"), said({}, "stop"), None, 7)

    assert (only(transcript).text, transcript.chunks) == ("a", 4)
    assert not transcript.complete
    assert codes(transcript) == [("mixed-stream", 2), ("mixed-stream", 3)]


def test_mixed_stream() -> None:
    """The most frequent format counts, and the rest of the chunks is told."""
    transcript = streamed(
        {"model": "m", "message": {"role": "assistant", "content": "ho"}, "done": False},
        starting(content="a"),
        said({}, "stop"),
    )

    assert (transcript.format, only(transcript).text) == ("openai-chat", "a")
    assert codes(transcript) == [("mixed-stream", 0)]


def test_empty_stream() -> None:
    answer = read({"body": [], "is_streaming": True})

    assert (answer.transcript.choices, answer.transcript.complete) == ((), False)
    assert codes(answer.transcript) == [("empty-stream", None)]
    assert answer.object is None


def test_exception_body_null() -> None:
    answer = read(exception("The lamp is out.", kind="BadRequestError"))

    assert (answer.transcript.format, answer.transcript.complete) == ("exception", False)
    assert answer.transcript.extra == {"type": "BadRequestError", "message": "The lamp is out."}
    assert answer.object is None


@pytest.mark.parametrize("is_streaming", [True, False])
def test_exception_with_chunks(is_streaming: bool) -> None:
    body = [starting(content="a")]

    transcript = read({"body": body, "is_streaming": is_streaming, "is_exception": True}).transcript

    assert (only(transcript).text, transcript.chunks, transcript.complete) == ("a", 1, False)
    assert set(codes(transcript)) == {("stream-exception", None), ("finish-missing", None)}


def test_exception_after_the_finish() -> None:
    body = [starting(content="a"), said({}, "stop")]

    transcript = read({"body": body, "is_streaming": True, "is_exception": True}).transcript

    assert not transcript.complete
    assert codes(transcript) == [("stream-exception", None)]


# Which answers are known


@pytest.mark.parametrize(
    "type_name",
    [
        CHUNK,
        "litellm.types.utils.ModelResponseStream",
        "ModelResponseStream",
        "some.other.ChatCompletionChunk",
    ],
)
def test_litellm_type(type_name: str) -> None:
    chunk = typed(said({"role": "assistant", "content": "a"}, "stop"), type_name)

    assert only(streamed(chunk)).text == "a"
    assert streamed(chunk).warnings == ()


def test_untyped_dict_chunk() -> None:
    assert only(streamed({"choices": [{"delta": {"content": "a"}}]})).text == "a"


def test_untyped_and_typed_chunks_give_the_same() -> None:
    chunks = [said({"content": "a"}), said({}, "stop"), counted(3, 1)]

    assert streamed(*chunks) == streamed(*map(typed, chunks))


def test_chat_chunks_at_completions() -> None:
    """What the chunks are decides: a response does not even say what it answers."""
    stream = chat_stream(["The lamp ", "is lit."])

    assert streamed(*stream["body"]).format == "openai-chat"


def test_model_list_is_not_stream() -> None:
    transcript = read(model_list(["fog-1b", "beacon-7b"])).transcript

    assert (transcript.format, transcript.chunks) == ("models", 0)
    assert transcript.extra == {"models": ["fog-1b", "beacon-7b"]}
    assert transcript.warnings == ()


@pytest.mark.parametrize("is_streaming", [True, False])
@pytest.mark.parametrize("body", [None, [], {}, "a", 7, [None], ["data: {}"], {"choices": []}])
def test_what_is_of_no_known_format_has_no_transcript(body: Any, is_streaming: bool) -> None:
    assert assemble(body, is_streaming=is_streaming) is None


@pytest.mark.parametrize(
    "type_name",
    ["openai.types.chat.ChatCompletion", "litellm.ModelResponse", "ChatCompletion"],
)
def test_a_whole_answer_is_told_by_its_class(type_name: str) -> None:
    data = {"choices": [{"index": 0, "message": {"content": "a"}}]}

    transcript = assemble(typed(data, type_name), is_streaming=False)

    assert transcript is not None
    assert only(transcript).text == "a"


def test_a_class_that_only_looks_alike_is_not_taken_for_it() -> None:
    data = {"choices": [{"index": 0, "message": {"content": "a"}}]}

    assert assemble(typed(data, "harbour.NotAChatCompletion"), is_streaming=False) is None


def test_a_recorded_stream_and_its_count_of_chunks() -> None:
    stream = chat_stream(["The lamp ", "is lit."])

    transcript = streamed(*stream["body"])

    assert (transcript.format, transcript.chunks, transcript.complete) == ("openai-chat", 5, True)
    assert only(transcript).text == "The lamp is lit."


def test_a_text_completion() -> None:
    transcript = assemble(completion(" is lit.")["body"], is_streaming=False)

    assert transcript is not None
    assert (transcript.format, transcript.complete) == ("openai-completion", True)
    assert (only(transcript).text, only(transcript).finish) == (" is lit.", "length")


def test_an_unfinished_text_completion_is_incomplete() -> None:
    transcript = assemble({"choices": [{"text": "a"}]}, is_streaming=False)
    assert transcript is not None
    assert not transcript.complete


# Properties

WORDS = st.text(max_size=30)
KEYS = st.sampled_from(
    [
        *("choices", "index", "delta", "message", "content", "text", "role", "refusal"),
        *("tool_calls", "function_call", "function", "custom", "arguments", "input", "name"),
        *("id", "type", "finish_reason", "usage", "logprobs", "prompt_tokens", "model"),
        *("reasoning", "reasoning_content", "error", "created", "__type__", "__data__"),
    ]
)
ANY_CHUNKS = st.lists(
    json_values(keys=KEYS)
    | st.builds(typed, json_values(keys=KEYS))
    | st.builds(said, json_values(keys=KEYS), st.just("stop"), st.integers(-1, 2))
    | st.builds(calling, json_values(keys=KEYS)),
    max_size=5,
)
ARGUMENTS = st.dictionaries(WORDS, WORDS | st.integers(), max_size=3).map(json.dumps)
SPOKEN = st.dictionaries(st.sampled_from(["content", "refusal", "reasoning"]), WORDS)
FINISHES = st.sampled_from(["stop", "length", "content_filter"])


def as_chunk(deep: Any) -> Any:
    return [deep, starting(content="a")]


def as_extra(deep: Any) -> Any:
    return [{**starting(content="a"), "seed": deep}]


def in_delta(deep: Any) -> Any:
    return [starting(content="a", audio=deep)]


def in_usage(deep: Any) -> Any:
    return [{**starting(content="a"), "usage": {"prompt_tokens": deep}}]


def as_error(deep: Any) -> Any:
    return [starting(content="a"), {"error": deep}]


def as_tool_call(deep: Any) -> Any:
    return [starting(content="a", tool_calls=[deep, {"function": {"arguments": deep}}])]


def in_whole(deep: Any) -> Any:
    return typed(
        {"choices": [{"message": {"role": "assistant", "content": "a"}}], "seed": deep}, COMPLETION
    )


DEEP_PLACES = [as_chunk, as_extra, in_delta, in_usage, as_error, as_tool_call, in_whole]


class Told(NamedTuple):
    """What a choice says, however it is cut into chunks."""

    spoken: dict[str, str]
    arguments: list[str]
    finish: str


TOLD = st.builds(Told, SPOKEN, st.lists(ARGUMENTS, max_size=3), FINISHES)


def in_full(text: str) -> st.SearchStrategy[list[str]]:
    """A text in one piece."""
    return st.just([text])


@st.composite
def chunks_of(
    draw: st.DrawFn,
    told: Told,
    cut: Callable[[str], st.SearchStrategy[list[str]]] = cut_up,
    index: int = 0,
) -> list[Chunk]:
    """The chunks of one choice: its texts, its calls one after another, its finish."""
    chunks = [said({"role": "assistant", "content": ""}, index=index)]
    for key, text in told.spoken.items():
        chunks += [said({key: piece}, index=index) for piece in draw(cut(text))]
    for place, arguments in enumerate(told.arguments):
        start = fragment("", index=place, id=f"call_{place}", name="tide")
        pieces = [start, *(fragment(piece, index=place) for piece in draw(cut(arguments)))]
        chunks += [said({"tool_calls": [piece]}, index=index) for piece in pieces]
    return [*chunks, said({}, told.finish, index=index)]


@st.composite
def streams(draw: st.DrawFn) -> list[Chunk]:
    """The chunks of a stream of one or more choices, whatever else they may have."""
    told = draw(st.lists(TOLD, min_size=1, max_size=3))
    parts = [draw(chunks_of(one, index=index)) for index, one in enumerate(told)]
    shared = draw(st.fixed_dictionaries({}, optional={"id": st.just("rec-1"), "seed": WORDS}))
    chunks = [{**shared, "model": "m", **chunk} for chunk in draw(merged(*parts))]
    return [*chunks, *draw(st.sampled_from([[], [{**counted(3, 1), "model": "m"}]]))]


def read_stream(chunks: Sequence[Any]) -> Answer:
    return read({"body": list(chunks), "is_streaming": True})


def with_nulls(value: Any) -> Any:
    """The value with a null member in every object."""
    if isinstance(value, dict):
        return {"fog": None, **{key: with_nulls(item) for key, item in value.items()}}
    return [with_nulls(item) for item in value] if isinstance(value, list) else value


def obfuscated(chunk: Chunk, padding: str) -> Chunk:
    """The chunk padded as providers do: at its top, or in its choices."""
    choices = [{**choice, "obfuscation": padding} for choice in chunk["choices"]]
    return {**chunk, "choices": choices, "obfuscation": padding}


# (a) However the strings are cut, the transcript is the same.


@settings(max_examples=150, deadline=None)
@given(
    TOLD.flatmap(lambda told: st.tuples(st.just(told), chunks_of(told), chunks_of(told, in_full)))
)
def test_however_the_strings_are_cut_the_transcript_is_the_same(
    cut: tuple[Told, list[Chunk], list[Chunk]],
) -> None:
    told, pieces, full = cut
    transcript = streamed(*pieces)

    assert content_of(transcript) == content_of(streamed(*full))
    assert set(odd(transcript)) == set(odd(streamed(*full)))
    assert only(transcript).text == told.spoken.get("content", "")
    assert [json.loads(one) for one in told.arguments] == [
        one.arguments for one in only(transcript).tool_calls
    ]


@settings(max_examples=100, deadline=None)
@given(cut_up(r'{"port": "Kiel", "flag": "😀", "at": "\u00e9\n", "depth": 1.5e3}'))
def test_however_arguments_are_cut_they_read_the_same(pieces: list[str]) -> None:
    (made,) = calls(*(calling(fragment(piece, index=0, name="tide")) for piece in pieces))

    assert made.arguments == {"port": "Kiel", "flag": "😀", "at": "é\n", "depth": 1500.0}
    assert made.error is None


# (b) What says nothing changes nothing.


@settings(max_examples=80, deadline=None)
@given(streams())
def test_null_members_change_nothing(chunks: list[Chunk]) -> None:
    padded = read_stream([with_nulls(chunk) for chunk in chunks])
    plain = read_stream(chunks)

    assert padded.transcript == plain.transcript
    assert without_nulls(padded.object) == without_nulls(plain.object)


@settings(max_examples=80, deadline=None)
@given(streams(), WORDS)
def test_obfuscation_changes_nothing(chunks: list[Chunk], padding: str) -> None:
    assert read_stream([obfuscated(one, padding) for one in chunks]) == read_stream(chunks)


@settings(max_examples=80, deadline=None)
@given(
    streams().flatmap(
        lambda chunks: st.tuples(
            st.just(chunks),
            merged(chunks, [{"choices": []}, {"choices": None}, {"choices": [], "model": "m"}]),
        )
    )
)
def test_chunks_without_choices_change_nothing(both: tuple[list[Chunk], list[Chunk]]) -> None:
    """Usage may come not to be the last thing said; nothing else is odd about them."""
    chunks, padded = both

    assert content_of(streamed(*padded)) == content_of(streamed(*chunks))
    assert rebuilt(*padded) == rebuilt(*chunks)
    assert set(odd(streamed(*padded))) - set(odd(streamed(*chunks))) <= {"usage-not-last"}


# (c) In what order choices and calls take turns changes nothing.


@settings(max_examples=80, deadline=None)
@given(
    st.tuples(TOLD, TOLD, TOLD)
    .flatmap(lambda told: st.tuples(*(chunks_of(one, index=i) for i, one in enumerate(told))))
    .flatmap(lambda apart: st.tuples(st.just(apart), merged(*apart)))
)
def test_the_order_in_which_choices_take_turns_changes_nothing(
    both: tuple[tuple[list[Chunk], ...], list[Chunk]],
) -> None:
    apart, mixed = both
    in_turn = [chunk for chunks in apart for chunk in chunks]

    assert content_of(streamed(*mixed)) == content_of(streamed(*in_turn))
    assert rebuilt(*mixed) == rebuilt(*in_turn)
    assert set(odd(streamed(*mixed))) - set(odd(streamed(*in_turn))) <= {"choice-order"}


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.lists(st.sampled_from(["{", "}", '"a"', " "]), min_size=1, max_size=4),
        min_size=2,
        max_size=3,
    )
    .map(
        lambda texts: [
            [calling(fragment(one, index=i, id=f"call_{i}", name="tide")) for one in pieces]
            for i, pieces in enumerate(texts)
        ]
    )
    .flatmap(lambda apart: st.tuples(st.just(apart), merged(*apart)))
)
def test_the_order_in_which_calls_take_turns_changes_nothing(
    both: tuple[list[list[Chunk]], list[Chunk]],
) -> None:
    apart, mixed = both
    in_turn = [chunk for chunks in apart for chunk in chunks]

    assert content_of(streamed(*mixed)) == content_of(streamed(*in_turn))
    assert rebuilt(*mixed) == rebuilt(*in_turn)
    assert set(odd(streamed(*mixed))) - set(odd(streamed(*in_turn))) <= {"tool-interleaved"}


# (d) A stream and the whole answer rebuilt from it give the same transcript.


@settings(max_examples=150, deadline=None)
@given(streams(), st.booleans())
def test_the_rebuilt_answer_gives_the_transcript_of_its_stream(
    chunks: list[Chunk], is_typed: bool
) -> None:
    answer = read_stream(chunks)
    body = typed(answer.object, COMPLETION) if is_typed else answer.object

    whole = read({"body": body, "is_streaming": False})

    assert content_of(whole.transcript) == content_of(answer.transcript)
    assert whole.object == answer.object


@settings(max_examples=80, deadline=None)
@given(WORDS.flatmap(lambda text: st.tuples(st.just(text), cut_up(text))))
def test_a_whole_answer_and_its_stream_give_the_same_transcript(
    both: tuple[str, list[str]],
) -> None:
    text, pieces = both
    answer = assemble(chat_answer(text)["body"], is_streaming=False)
    stream = streamed(*chat_stream(pieces)["body"])

    assert answer is not None
    assert only(answer).extra == {"annotations": []}
    choice = only(answer)._replace(extra={})
    assert content_of(answer._replace(choices=(choice,))) == content_of(stream)
    assert odd(answer) == odd(stream)


def test_a_whole_call_and_its_stream_give_the_same_transcript() -> None:
    stream = tool_call_stream("tide", ['{"port":', ' "Kiel"}'], call_id="call_1")
    message = {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {
                "id": "call_1",
                "type": "function",
                "function": {"name": "tide", "arguments": '{"port": "Kiel"}'},
            }
        ],
    }

    answer = whole(message, "tool_calls")

    assert only(answer) == only(streamed(*stream["body"]))


def test_whole_parallel_calls_are_numbered_in_their_order() -> None:
    entries = [
        {"id": one, "function": {"name": name, "arguments": "{}"}}
        for one, name in (("a", "f"), ("b", "g"), ("c", "f"))
    ]

    made = only(whole({"role": "assistant", "tool_calls": entries})).tool_calls

    assert [(one.index, one.id, one.name) for one in made] == [
        (0, "a", "f"),
        (1, "b", "g"),
        (2, "c", "f"),
    ]


def test_whole_parallel_calls_without_ids_are_several_calls() -> None:
    """Nothing is missing from a whole answer, so each entry is a call of its own."""
    entries = [{"function": {"name": name, "arguments": "{}"}} for name in ("f", "g")]

    made = only(whole({"role": "assistant", "tool_calls": entries})).tool_calls

    assert [(one.name, one.arguments_raw) for one in made] == [("f", "{}"), ("g", "{}")]


# (e) Nothing makes reading raise.


@settings(max_examples=250, deadline=None)
@given(ANY_CHUNKS)
def test_no_list_of_json_values_makes_assembling_raise(chunks: list[Any]) -> None:
    transcript = read_stream(chunks).transcript

    assert transcript.chunks == len(chunks)
    assert all(severity_of(code) for code in odd(transcript))


@settings(max_examples=200, deadline=None)
@given(ANY_CHUNKS | json_values(keys=KEYS).map(typed) | json_values(keys=KEYS), st.booleans())
def test_no_json_value_makes_assembling_raise(body: Any, is_streaming: bool) -> None:
    transcript = assemble(body, is_streaming=is_streaming)

    assert transcript is None or isinstance(transcript, Transcript)


@settings(max_examples=150, deadline=None)
@given(json_values(keys=KEYS), st.sampled_from([COMPLETION, "openai.types.completion.Completion"]))
def test_no_json_value_makes_reading_a_whole_answer_raise(choices: Any, type_name: str) -> None:
    for one in (choices, [choices]):
        body = typed({"choices": one}, type_name)
        assert read({"body": body, "is_streaming": False}).transcript.chunks == 0


@pytest.mark.parametrize("depth", [900, 5000])
@pytest.mark.parametrize("place", DEEP_PLACES, ids=lambda place: place.__name__)
def test_no_nesting_makes_reading_raise(place: Callable[[Any], Any], depth: int) -> None:
    deep: Any = {}
    for level in range(depth):
        deep = {"fog": deep} if level % 2 else [deep]
    body = place(deep)

    transcript = read({"body": body, "is_streaming": isinstance(body, list)}).transcript

    assert odd(transcript) == ["too-deep"] or only(transcript).text == "a"
