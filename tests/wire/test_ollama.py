"""Ollama's own chat and generate: streams and whole answers, typed and raw."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from recctl.transcript import Transcript
from recctl.wire import Answer, read

GENERATE = "ollama._types.GenerateResponse"
CHAT = "ollama._types.ChatResponse"
ENDED: dict[str, Any] = {
    "done": True,
    "done_reason": "stop",
    "prompt_eval_count": 3,
    "eval_count": 2,
}


def piece(response: str, **more: Any) -> dict[str, Any]:
    """A typed chunk of generate, nulls and all."""
    nulls = dict.fromkeys(("done_reason", "total_duration", "prompt_eval_count", "eval_count"))
    start = {"model": "keeper-1", "created_at": "1970-01-01T00:00:00Z", "done": False}
    data = {**start, **nulls, "response": response, "thinking": None, "context": None, **more}
    return {"__type__": GENERATE, "__data__": data}


def said(content: str, calls: list[Any] | None = None, **more: Any) -> dict[str, Any]:
    """A raw chunk of chat."""
    message: dict[str, Any] = {"role": "assistant", "content": content}
    if calls is not None:
        message["tool_calls"] = calls
    start = {"model": "keeper-1", "created_at": "1970-01-01T00:00:00Z"}
    return {**start, "message": {**message, **more.pop("message", {})}, "done": False, **more}


def call(name: str, arguments: Any, **more: Any) -> dict[str, Any]:
    return {"function": {"name": name, "arguments": arguments}, **more}


def stream(*chunks: Any) -> Answer:
    return read({"body": list(chunks), "is_streaming": True})


def whole(body: Any) -> Transcript:
    return read({"body": body, "is_streaming": False}).transcript


def codes(answer: Answer) -> list[str]:
    return [one.code for one in answer.transcript.warnings]


def bare(transcript: Transcript) -> Transcript:
    """A transcript without what only a stream has."""
    return transcript._replace(chunks=0, warnings=())


def test_generate_stream() -> None:
    answer = stream(piece("Fog "), piece("at dawn."), piece("", **ENDED))
    transcript = answer.transcript
    assert (transcript.format, transcript.complete) == ("ollama", True)
    assert (transcript.choices[0].text, transcript.choices[0].finish) == ("Fog at dawn.", "stop")
    assert transcript.usage is not None
    assert (transcript.usage.input, transcript.usage.output, transcript.usage.total) == (3, 2, 5)
    assert transcript.warnings == ()


def test_rebuilt_object_is_the_last_chunk_with_the_text() -> None:
    last = piece("", **ENDED)
    answer = stream(piece("Fog "), piece("lifts"), last)
    expected = {**last["__data__"], "response": "Fog lifts"}
    assert list(answer.object.items()) == list(expected.items())


def test_chat_stream() -> None:
    answer = stream(said("Lamp "), said("lit"), said("", **ENDED))
    choice = answer.transcript.choices[0]
    assert (choice.role, choice.text, choice.finish_raw) == ("assistant", "Lamp lit", "stop")
    assert answer.object["message"] == {"role": "assistant", "content": "Lamp lit"}
    assert answer.transcript.warnings == ()


def test_typed_chat_chunk() -> None:
    data = said("Fog", **ENDED, message={"thinking": None, "images": None, "tool_calls": None})
    answer = stream({"__type__": CHAT, "__data__": data})
    assert answer.transcript.choices[0].text == "Fog"
    assert answer.object == data


def test_thinking_is_reasoning() -> None:
    answer = stream(
        said("", message={"thinking": "Is it "}),
        said("", message={"thinking": "foggy?"}),
        said("Yes.", **ENDED),
    )
    choice = answer.transcript.choices[0]
    assert (choice.reasoning, choice.text) == ("Is it foggy?", "Yes.")
    assert answer.object["message"]["thinking"] == "Is it foggy?"


def test_thinking_of_generate() -> None:
    answer = stream(piece("", thinking="a"), piece("", thinking="b"), piece("C", **ENDED))
    assert answer.transcript.choices[0].reasoning == "ab"
    assert answer.object["thinking"] == "ab"


def test_tool_calls_are_appended() -> None:
    answer = stream(
        said("", [call("light", {"on": True})]),
        said("", [call("horn", {"times": 2})]),
        said("", **ENDED),
    )
    choice = answer.transcript.choices[0]
    assert [(one.index, one.id, one.name, one.arguments_raw) for one in choice.tool_calls] == [
        (0, None, "light", '{"on":true}'),
        (1, None, "horn", '{"times":2}'),
    ]
    assert (choice.finish, choice.finish_raw) == ("tool_calls", "stop")
    assert len(answer.object["message"]["tool_calls"]) == 2
    assert codes(answer) == []


def test_null_in_arguments_is_a_value() -> None:
    answer = stream(said("", [call("light", {"colour": None})], **ENDED))
    assert answer.transcript.choices[0].tool_calls[0].arguments == {"colour": None}
    assert answer.object["message"]["tool_calls"] == [call("light", {"colour": None})]


def test_arguments_sent_as_text() -> None:
    answer = stream(said("", [call("light", '{"on": tr', id="c1")], **ENDED))
    known = answer.transcript.choices[0].tool_calls[0]
    assert (known.id, known.arguments, known.error) == ("c1", None, "invalid")
    assert codes(answer) == ["tool-args-invalid"]


def test_args_not_object() -> None:
    answer = stream(said("", [call("light", [1])], **ENDED))
    assert codes(answer) == ["tool-args-not-object"]


def test_args_never_sent() -> None:
    answer = stream(said("", [call("light", None)], **ENDED))
    assert answer.transcript.choices[0].tool_calls[0].arguments == {}
    assert codes(answer) == ["tool-args-empty"]


def test_tool_call_without_a_name() -> None:
    assert codes(stream(said("", [{"function": {"arguments": {}}}], **ENDED))) == [
        "tool-name-missing"
    ]


def test_ollama_generate_load() -> None:
    answer = stream(piece("", done=True, done_reason="load"))
    choice = answer.transcript.choices[0]
    assert (choice.text, choice.finish_raw, choice.finish) == ("", "load", "stop")
    assert answer.transcript.complete
    assert answer.transcript.usage is None
    assert codes(answer) == []


def test_no_finish() -> None:
    answer = stream(piece("Fog"))
    assert (answer.transcript.complete, answer.transcript.choices[0].text) == (False, "Fog")
    assert codes(answer) == ["finish-missing"]


def test_done_without_a_reason() -> None:
    answer = stream(piece("Fog", done=True))
    assert codes(answer) == ["finish-missing"]


def test_done_reason_counts_only_when_done() -> None:
    answer = stream(piece("Fog", done_reason="stop"))
    assert answer.transcript.choices[0].finish_raw is None


def test_double_finish() -> None:
    answer = stream(piece("A", **ENDED), piece("B", **ENDED))
    assert answer.transcript.choices[0].text == "AB"
    assert set(codes(answer)) == {"finish-duplicate", "content-after-finish"}


def test_chunk_after_the_end() -> None:
    answer = stream(piece("A", **ENDED), piece(""))
    assert answer.transcript.complete
    assert codes(answer) == ["finish-not-last"]


def test_truncated_length() -> None:
    answer = stream(piece("Fo", **{**ENDED, "done_reason": "length"}))
    assert answer.transcript.choices[0].finish == "length"
    assert codes(answer) == ["truncated-length"]


def test_empty_completion() -> None:
    assert codes(stream(piece("", **ENDED))) == ["empty-completion"]


def test_content_null_vs_empty() -> None:
    chunk = said("", [call("light", {})], **ENDED)
    chunk["message"]["content"] = None
    assert stream(chunk).transcript.choices[0].text is None
    assert stream(said("", [call("light", {})], **ENDED)).transcript.choices[0].text == ""


def test_model_that_changes() -> None:
    answer = stream(piece("A"), piece("", **ENDED, model="keeper-2"))
    assert codes(answer) == ["model-changed"]


def test_role_that_changes() -> None:
    answer = stream(said("A"), said("", **ENDED, message={"role": "tool"}))
    assert codes(answer) == ["role-changed"]
    assert answer.object["message"]["role"] == "assistant"


def test_error_chunk() -> None:
    answer = stream(piece("A"), {"error": "the lamp went out"})
    assert answer.transcript.choices[0].text == "A"
    assert not answer.transcript.complete
    assert codes(answer) == ["stream-error", "finish-missing"]


def test_logprobs_concat() -> None:
    answer = stream(
        piece("Fog", logprobs=[{"token": "Fog"}]), piece("!", **ENDED, logprobs=[{"token": "!"}])
    )
    tokens = [{"token": "Fog"}, {"token": "!"}]
    assert answer.transcript.choices[0].logprobs == {"content": tokens}
    assert answer.object["logprobs"] == tokens


def test_durations_are_extra_and_context_is_not() -> None:
    answer = stream(piece("Fog", **ENDED, total_duration=0, context=[1, 2]))
    assert answer.transcript.extra == {"created_at": "1970-01-01T00:00:00Z", "total_duration": 0}
    assert answer.object["context"] == [1, 2]


def test_surrogates() -> None:
    answer = stream(piece("\ud83d"), piece("\ude00", **ENDED))
    assert answer.transcript.choices[0].text == "😀"


def test_whole_answers() -> None:
    assert whole(piece("Fog", **ENDED)).choices[0].text == "Fog"
    assert whole(said("Fog", **ENDED)).choices[0].text == "Fog"
    assert whole(said("Fog", **ENDED)).format == "ollama"


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("model", "done", "done_reason", "message", "response", "thinking", "error"),
                    *("content", "role", "tool_calls", "function", "name", "arguments", "logprobs"),
                    *("eval_count", "prompt_eval_count", "context"),
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)
PIECES = st.lists(st.text(max_size=6), min_size=1, max_size=8)
CALLS = st.lists(
    st.builds(call, st.text(min_size=1), st.dictionaries(st.text(), JSON, max_size=2)), max_size=3
)


@given(st.lists(JSON | JSON.map(lambda data: {"__type__": CHAT, "__data__": data}), max_size=5))
def test_never_raises(body: list[Any]) -> None:
    stream(*body)


@given(JSON)
def test_whole_never_raises(data: Any) -> None:
    whole({"__type__": GENERATE, "__data__": data})
    whole(data)


def chunks_of(pieces: list[str], calls: list[Any]) -> list[dict[str, Any]]:
    return [*(said(one) for one in pieces), said("", calls), said("", **ENDED)]


@given(PIECES, CALLS, st.lists(st.text(max_size=3).map("x-".__add__), max_size=3))
def test_nulls_change_nothing(pieces: list[str], calls: list[Any], names: list[str]) -> None:
    nulls = dict.fromkeys([*names, "error", "thinking", "logprobs"])
    chunks = chunks_of(pieces, calls)
    padded = [{**nulls, **one, "message": {**nulls, **one["message"]}} for one in chunks]
    assert repr(stream(*padded).transcript) == repr(stream(*chunks).transcript)


@given(PIECES, CALLS)
def test_rechunking_changes_nothing(pieces: list[str], calls: list[Any]) -> None:
    once = stream(*chunks_of(["".join(pieces)], calls)).transcript
    assert repr(bare(stream(*chunks_of(pieces, calls)).transcript)) == repr(bare(once))


@given(PIECES, CALLS)
def test_object_gives_the_same_transcript(pieces: list[str], calls: list[Any]) -> None:
    answer = stream(*chunks_of(pieces, calls))
    assert repr(bare(whole(answer.object))) == repr(bare(answer.transcript))
