"""Answers to transcripts: OpenAI chat completions, streamed and whole, and text completions.

Most tests have the names of the edge cases in STREAMS.md.
"""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recctl.transcript import Choice, ToolCall, Transcript, Usage
from recctl.wire import assemble, openai_chat, openai_completion
from tests.build import chat_answer, chat_stream, completion, model_list, tool_call_stream
from tests.strategies import cut_up, json_values, merged

Chunk = dict[str, Any]

CHUNK = "openai.types.chat.chat_completion_chunk.ChatCompletionChunk"


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
    transcript = assemble(
        typed(data, "openai.types.chat.chat_completion.ChatCompletion"), is_streaming=False
    )
    assert transcript is not None
    return transcript


def only(transcript: Transcript) -> Choice:
    (choice,) = transcript.choices
    return choice


def calls(*chunks: Any) -> tuple[ToolCall, ...]:
    return only(streamed(*chunks)).tool_calls


def call(name: str, raw: str, arguments: Any, **more: Any) -> ToolCall:
    made = ToolCall(0, None, "function", name, raw, arguments, None)
    return replace(made, **more)


def codes(transcript: Transcript) -> list[str]:
    return [oddity.code for oddity in transcript.warnings]


def content_of(transcript: Transcript) -> Transcript:
    """A transcript without what says how it came: the number of chunks, and where it was odd."""
    return replace(transcript, chunks=0, warnings=())


# Text


def test_null_is_absent() -> None:
    opened = {"index": 0, "id": "c1", "type": "function", "function": {"name": "f"}}
    more = {
        "index": 0,
        "id": None,
        "type": None,
        "function": {"name": None, "arguments": "{}"},
    }

    assert calls(
        said({"role": "assistant", "tool_calls": [opened]}),
        said({"role": None, "tool_calls": [more]}),
        said({}, "tool_calls"),
    ) == (call("f", "{}", {}, id="c1"),)


def test_azure_first_chunk() -> None:
    first = {"choices": [], "model": "", "object": "", "id": "", "prompt_filter_results": ["calm"]}

    transcript = streamed(
        typed(first),
        typed({**said({"role": "assistant", "content": "A"}), "model": "m", "id": "rec-1"}),
        typed({**said({}, "stop"), "model": "m", "id": "rec-1"}),
    )

    assert (transcript.model, transcript.id, only(transcript).text) == ("m", "rec-1", "A")
    assert transcript.extra == {"prompt_filter_results": ["calm"]}
    assert transcript.warnings == ()


def test_usage_only_last() -> None:
    transcript = streamed(said({"content": "A"}), said({}, "stop"), counted(3, 1))

    assert len(transcript.choices) == 1
    assert transcript.usage == Usage(
        3, 1, 4, None, None, {"prompt_tokens": 3, "completion_tokens": 1}
    )


def test_finish_chunk_has_content() -> None:
    assert only(streamed(said({"content": "Hel"}), said({"content": "lo"}, "stop"))).text == "Hello"


def test_finish_chunk_has_tool_calls() -> None:
    assert calls(
        calling(fragment("{", index=0, id="c", name="f")),
        calling(fragment("}", index=0), finish="tool_calls"),
    ) == (call("f", "{}", {}, id="c"),)


def test_role_every_chunk() -> None:
    choice = only(streamed(*[said({"role": "assistant", "content": "a"})] * 3))

    assert (choice.role, choice.text) == ("assistant", "aaa")


def test_a_role_that_changes_is_told_and_the_first_one_kept() -> None:
    transcript = streamed(said({"role": "assistant", "content": ""}), said({"role": "tool"}))

    assert only(transcript).role == "assistant"
    assert codes(transcript) == ["role-changed"]


def test_content_null_vs_empty() -> None:
    opened = fragment("{}", index=0, id="c", name="f")

    assert [
        only(streamed(said({"content": content, "tool_calls": [opened]}))).text
        for content in (None, "")
    ] == [None, ""]


def test_refusal() -> None:
    choice = only(
        streamed(said({"content": "", "refusal": "I "}), said({"refusal": "can't"}, "stop"))
    )

    assert (choice.text, choice.refusal) == ("", "I can't")


@pytest.mark.parametrize("key", ["reasoning", "reasoning_content", "thinking"])
def test_reasoning_by_any_of_its_names(key: str) -> None:
    choice = only(streamed(said({key: "Fog, "}), said({key: "so sound the horn."})))

    assert choice.reasoning == "Fog, so sound the horn."


def test_reasoning_both_fields() -> None:
    both = said({"reasoning": "a", "reasoning_content": "a"})

    assert only(streamed(both, both)).reasoning == "aa"


def test_surrogates() -> None:
    choice = only(streamed(said({"content": "\ud83d"}), said({"content": "\ude00"})))

    assert choice.text == "😀"


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
    assert calls(
        calling(
            fragment("{", index=0, id="c", name="f"),
            fragment('"a":', index=0),
            fragment("1}", index=0),
        )
    ) == (call("f", '{"a":1}', {"a": 1}, id="c"),)


def test_parallel_interleaved() -> None:
    assert calls(
        calling(fragment("{", index=0, id="a", name="f")),
        calling(fragment("{", index=1, id="b", name="g")),
        calling(fragment("}", index=0)),
        calling(fragment("}", index=1)),
    ) == (call("f", "{}", {}, id="a"), call("g", "{}", {}, id="b", index=1))


def test_parallel_reverse_order() -> None:
    assert calls(
        calling(fragment("{}", index=1, id="b", name="g")),
        calling(fragment("{}", index=0, id="a", name="f")),
    ) == (call("f", "{}", {}, id="a"), call("g", "{}", {}, id="b", index=1))


def test_index_gap() -> None:
    made = calls(
        calling(fragment("{}", index=0, id="a", name="f")),
        calling(fragment("{}", index=2, id="b", name="g")),
    )

    assert [one.index for one in made] == [0, 2]


def test_index_missing_parallel() -> None:
    assert calls(
        calling(fragment("{}", id="a", name="f")), calling(fragment("{}", id="b", name="g"))
    ) == (call("f", "{}", {}, id="a"), call("g", "{}", {}, id="b", index=1))


def test_index_missing_known_id() -> None:
    assert calls(
        calling(fragment("{", id="a", name="f"), fragment("{", id="b", name="g")),
        calling(fragment("}", id="a"), fragment("}", id="b")),
    ) == (call("f", "{}", {}, id="a"), call("g", "{}", {}, id="b", index=1))


def test_index_missing_fragments() -> None:
    transcript = streamed(calling(fragment("{", id="a", name="f")), calling(fragment("}")))

    assert only(transcript).tool_calls == (call("f", "{}", {}, id="a"),)
    assert codes(transcript) == ["tool-index-missing"]


def test_index_reused_new_id() -> None:
    transcript = streamed(
        calling(fragment("{}", index=0, id="a", name="f")),
        calling(fragment('{"x":1}', index=0, id="b", name="g")),
    )

    assert only(transcript).tool_calls == (
        call("f", "{}", {}, id="a"),
        call("g", '{"x":1}', {"x": 1}, id="b"),
    )
    assert codes(transcript) == ["tool-index-reused"]


def test_index_reused_fragments_belong_to_the_newer_call() -> None:
    made = calls(
        calling(fragment("{}", index=0, id="a", name="f")),
        calling(fragment("{", index=0, id="b", name="g")),
        calling(fragment("}", index=0)),
    )

    assert [one.arguments_raw for one in made] == ["{}", "{}"]


def test_id_resent() -> None:
    assert calls(
        calling(fragment("{", index=0, id="a", name="f")),
        calling(fragment("}", index=0, id="a", name="f")),
    ) == (call("f", "{}", {}, id="a"),)


def test_empty_name_later() -> None:
    assert calls(
        calling(fragment("", index=0, id="a", name="f")),
        calling(fragment("{}", index=0, name="")),
    ) == (call("f", "{}", {}, id="a"),)


def test_name_split() -> None:
    (made,) = calls(
        calling(fragment("", index=0, id="a", name="get_")),
        calling(fragment("", index=0, name="tide")),
        calling(fragment("{}", index=0)),
    )

    assert made.name == "get_tide"


def test_name_changed_after_arguments() -> None:
    transcript = streamed(
        calling(fragment("{", index=0, id="a", name="f")),
        calling(fragment("}", index=0, name="g")),
    )

    assert only(transcript).tool_calls == (call("f", "{}", {}, id="a"),)
    assert codes(transcript) == ["tool-name-repeated"]


def test_args_null_first() -> None:
    assert calls(
        calling(fragment(None, index=0, id="a", name="f")), calling(fragment("{}", index=0))
    ) == (call("f", "{}", {}, id="a"),)


def test_args_never_sent() -> None:
    assert calls(calling(fragment("", index=0, id="a", name="f"))) == (
        call("f", "", {}, id="a", error="empty"),
    )


def test_args_truncated() -> None:
    assert calls(calling(fragment('{"q":"he', index=0, id="a", name="f")), said({}, "length")) == (
        call("f", '{"q":"he', None, id="a", error="invalid"),
    )


def test_args_not_object() -> None:
    assert calls(calling(fragment("[1]", index=0, id="a", name="f"))) == (
        call("f", "[1]", [1], id="a", error="not-object"),
    )


def test_args_nested_too_deep_to_read() -> None:
    (made,) = calls(calling(fragment("[" * 100_000, index=0, name="f")))

    assert (made.arguments, made.error) == (None, "invalid")


def test_args_split_in_escape() -> None:
    pieces = [r'{"s":"\u00', r"e9\n", '"}']

    (made,) = calls(*(calling(fragment(piece, index=0, name="f")) for piece in pieces))

    assert made.arguments == {"s": "é\n"}


def test_legacy_function_call() -> None:
    choice = only(
        streamed(
            said({"function_call": {"name": "f", "arguments": ""}}),
            said({"function_call": {"arguments": "{}"}}),
            said({}, "function_call"),
        )
    )

    assert choice.tool_calls == (call("f", "{}", {}),)
    assert (choice.finish, choice.finish_raw) == ("tool_calls", "function_call")


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
    choice = only(streamed(calling(fragment("{}", index=0, name="f"), finish="stop")))

    assert (choice.finish, choice.finish_raw) == ("tool_calls", "stop")


def test_no_finish() -> None:
    transcript = streamed(said({"content": "a"}))

    assert (only(transcript).text, only(transcript).finish, transcript.complete) == (
        "a",
        None,
        False,
    )


def test_finish_empty_string() -> None:
    choice = only(streamed(said({"content": "a"}, ""), said({"content": "b"}, "length")))

    assert (choice.text, choice.finish) == ("ab", "length")


def test_an_empty_finish_does_not_undo_the_one_before() -> None:
    assert only(streamed(said({"content": "a"}, "length"), said({}, ""))).finish_raw == "length"


def test_post_finish_empty_choice() -> None:
    after = {**said({}), "usage": {"prompt_tokens": 3, "completion_tokens": 1}}

    transcript = streamed(said({"content": "a"}), said({}, "stop"), after)

    assert (only(transcript).finish, transcript.complete) == ("stop", True)
    assert transcript.usage is not None


def test_double_finish() -> None:
    assert (
        only(streamed(said({"content": "A"}, "stop"), said({"content": "B"}, "stop"))).text == "AB"
    )


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


def test_cumulative_usage() -> None:
    usages = [{"prompt_tokens": 5, "completion_tokens": count} for count in (1, 2)]

    usage = streamed(*({**said({"content": "a"}), "usage": one} for one in usages)).usage

    assert usage is not None
    assert (usage.input, usage.output, usage.total) == (5, 2, 7)


def test_usage_then_null() -> None:
    first = {**said({"content": "a"}), "usage": {"prompt_tokens": 5, "completion_tokens": 1}}

    usage = streamed(first, {**said({}, "stop"), "usage": None}).usage

    assert usage is not None
    assert usage.input == 5


def test_usage_details() -> None:
    raw = {
        "prompt_tokens": 50,
        "completion_tokens": 20,
        "total_tokens": 71,
        "completion_tokens_details": {"reasoning_tokens": 9},
        "prompt_tokens_details": {"cached_tokens": 32},
    }

    usage = streamed(said({"content": "a"}), {"choices": [], "usage": raw}).usage

    assert usage == Usage(50, 20, 71, 9, 32, raw)


def test_no_usage() -> None:
    assert streamed(said({"content": "a"}, "stop")).usage is None


# Extras


def test_numeric_extras() -> None:
    choice = only(streamed(said({"token_id": 5}), said({"token_id": 7})))

    assert "token_id" not in choice.extra


def test_obfuscation_dropped() -> None:
    transcript = streamed({**said({"content": "a"}, obfuscation="x"), "obfuscation": "yy"})

    assert "obfuscation" not in transcript.extra
    assert "obfuscation" not in only(transcript).extra


def test_content_filter_merge() -> None:
    results: list[Chunk] = [{"hate": "safe"}, {}, {"protected_material_code": "no"}]

    choice = only(streamed(*(said({}, content_filter_results=one) for one in results)))

    assert choice.extra == {
        "content_filter_results": {"hate": "safe", "protected_material_code": "no"}
    }


def test_top_level_values_first_or_last() -> None:
    first = {"id": "rec-1", "model": "m", "created": 7, "system_fingerprint": None, "seed": 1}
    last = {"id": "rec-2", "model": "n", "created": 8, "system_fingerprint": "fp", "seed": 2}

    transcript = streamed({**said({}), **first}, {**said({}), **last, "service_tier": "default"})

    assert (transcript.id, transcript.model, transcript.created) == ("rec-1", "m", 7)
    assert (transcript.system_fingerprint, transcript.service_tier) == ("fp", "default")
    assert transcript.extra == {"seed": 2}


def test_logprobs_concat() -> None:
    chunks = [said({}, logprobs={"content": [{"token": one}], "refusal": None}) for one in "ab"]

    assert only(streamed(*chunks)).logprobs == {"content": [{"token": "a"}, {"token": "b"}]}


def test_logprobs_of_nulls_are_not_an_empty_list_of_tokens() -> None:
    chunk = said({}, logprobs={"content": None, "refusal": None})

    logprobs = only(streamed(chunk)).logprobs

    assert isinstance(logprobs, dict)
    assert [] not in logprobs.values()


# Chunks that are not as they should be


def test_choices_null() -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 1}

    transcript = streamed(said({"content": "a"}, "stop"), {"choices": None, "usage": usage})

    assert (only(transcript).text, transcript.usage is not None) == ("a", True)


def test_delta_null() -> None:
    ended = {"choices": [{"index": 0, "delta": None, "finish_reason": "stop"}]}

    choice = only(streamed(said({"content": "a"}), ended))

    assert (choice.text, choice.finish) == ("a", "stop")


def test_delta_absent() -> None:
    ended = {"choices": [{"index": 0, "finish_reason": "stop"}]}

    assert only(streamed(said({"content": "a"}), ended)).finish == "stop"


def test_error_chunk() -> None:
    transcript = streamed(said({"content": "a"}), {"error": {"message": "boom"}})

    assert (only(transcript).text, transcript.complete) == ("a", False)
    assert [(one.code, one.at) for one in transcript.warnings] == [("stream-error", 1)]


def test_an_error_after_the_finish_leaves_the_answer_incomplete() -> None:
    assert not streamed(said({"content": "a"}, "stop"), {"error": "boom"}).complete


def test_chunk_that_is_no_object() -> None:
    transcript = openai_chat.assemble([said({"content": "a"}, "stop"), "fog", None])

    assert only(transcript).text == "a"
    assert [(one.code, one.at) for one in transcript.warnings] == [
        ("chunk-not-object", 1),
        ("chunk-not-object", 2),
    ]


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


def test_untyped_dict_chunk() -> None:
    assert only(streamed({"choices": [{"delta": {"content": "a"}}]})).text == "a"


def test_untyped_and_typed_chunks_give_the_same() -> None:
    chunks = [said({"content": "a"}), said({}, "stop"), counted(3, 1)]

    assert streamed(*chunks) == streamed(*map(typed, chunks))


def test_model_list_is_not_stream() -> None:
    assert assemble(model_list(["fog-1b", "beacon-7b"])["body"], is_streaming=False) is None


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
    assert not openai_completion.from_whole({"choices": [{"text": "a"}]}).complete


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


@st.composite
def answers(draw: st.DrawFn, index: int = 0) -> list[Chunk]:
    """The chunks of one choice: a text, calls, a finish."""
    chunks = [said({"role": "assistant", "content": ""}, index=index)]
    chunks += [said({"content": piece}, index=index) for piece in draw(cut_up(draw(WORDS)))]
    for place in range(draw(st.integers(0, 2))):
        opened = fragment("", index=place, id=f"call_{place}", name="tide")
        chunks.append(said({"tool_calls": [opened]}, index=index))
        chunks += [
            said({"tool_calls": [fragment(piece, index=place)]}, index=index)
            for piece in draw(cut_up('{"port": "Kiel 😀"}'))
        ]
    return [*chunks, said({}, draw(st.sampled_from(["stop", "length"])), index=index)]


def with_nulls(value: Any) -> Any:
    """The value with a null member in every object."""
    if isinstance(value, dict):
        return {"fog": None, **{key: with_nulls(item) for key, item in value.items()}}
    return [with_nulls(item) for item in value] if isinstance(value, list) else value


@settings(max_examples=250, deadline=None)
@given(ANY_CHUNKS)
def test_no_list_of_json_values_makes_assembling_raise(chunks: list[Any]) -> None:
    transcript = openai_chat.assemble(chunks)

    assert transcript.chunks == len(chunks)


@settings(max_examples=200, deadline=None)
@given(ANY_CHUNKS | json_values(keys=KEYS).map(typed) | json_values(keys=KEYS), st.booleans())
def test_no_json_value_makes_assembling_raise(body: Any, is_streaming: bool) -> None:
    transcript = assemble(body, is_streaming=is_streaming)

    assert transcript is None or isinstance(transcript, Transcript)


@settings(max_examples=150, deadline=None)
@given(json_values(keys=KEYS))
def test_no_json_value_makes_reading_a_whole_answer_raise(choices: Any) -> None:
    for read in (openai_chat.from_whole, openai_completion.from_whole):
        assert read({"choices": choices}).chunks == 0
        assert read({"choices": [choices]}).chunks == 0


@settings(max_examples=80, deadline=None)
@given(answers())
def test_null_members_change_nothing(chunks: list[Chunk]) -> None:
    assert streamed(*map(with_nulls, chunks)) == streamed(*chunks)


@settings(max_examples=80, deadline=None)
@given(
    answers().flatmap(
        lambda chunks: st.tuples(
            st.just(chunks),
            merged(chunks, [{"choices": []}, {"choices": None}, {"choices": [], "model": ""}]),
        )
    )
)
def test_chunks_without_choices_change_nothing(both: tuple[list[Chunk], list[Chunk]]) -> None:
    chunks, padded = both

    assert content_of(streamed(*padded)) == content_of(streamed(*chunks))


@settings(max_examples=150, deadline=None)
@given(WORDS.flatmap(lambda text: st.tuples(st.just(text), cut_up(text))))
def test_however_a_text_is_cut_it_reads_the_same(both: tuple[str, list[str]]) -> None:
    text, pieces = both

    for key in ("content", "refusal", "reasoning"):
        choice = only(streamed(*(said({key: piece}) for piece in pieces)))
        assert getattr(choice, {"content": "text"}.get(key, key)) == (
            text or (None if key == "reasoning" else "")
        )


@settings(max_examples=100, deadline=None)
@given(cut_up(r'{"port": "Kiel", "flag": "😀", "at": "\u00e9\n", "depth": 1.5e3}'))
def test_however_arguments_are_cut_they_read_the_same(pieces: list[str]) -> None:
    (made,) = calls(*(calling(fragment(piece, index=0, name="tide")) for piece in pieces))

    assert made.arguments == {"port": "Kiel", "flag": "😀", "at": "é\n", "depth": 1500.0}
    assert made.error is None


@settings(max_examples=80, deadline=None)
@given(
    st.tuples(answers(0), answers(1), answers(2)).flatmap(
        lambda one: st.tuples(st.just(one), merged(*one))
    )
)
def test_the_order_in_which_choices_take_turns_changes_nothing(
    both: tuple[tuple[list[Chunk], ...], list[Chunk]],
) -> None:
    apart, mixed = both

    assert streamed(*mixed) == streamed(*(chunk for chunks in apart for chunk in chunks))


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.sampled_from(["{", "}", '"a"', " "]), min_size=1, max_size=6).flatmap(
        lambda texts: merged(
            [fragment(one, index=0, id="a", name="f") for one in texts],
            [fragment(one, index=1, id="b", name="g") for one in reversed(texts)],
        ).map(lambda mixed: (texts, mixed))
    )
)
def test_the_order_in_which_calls_take_turns_changes_nothing(
    both: tuple[list[str], list[Chunk]],
) -> None:
    texts, mixed = both

    assert [one.arguments_raw for one in calls(*map(calling, mixed))] == [
        "".join(texts),
        "".join(reversed(texts)),
    ]


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
    choice = replace(only(answer), extra={})
    assert replace(answer, choices=(choice,)) == content_of(stream)


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
