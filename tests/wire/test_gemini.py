"""Gemini's generated content: chunks and whole answers, in both spellings."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recctl.transcript import Choice, Transcript
from recctl.wire import Answer, read
from tests.wire.variations import pieces_of, with_nulls

COUNTS = {"candidates_token_count": 4, "prompt_token_count": 9, "total_token_count": 13}
ENVELOPE: dict[str, Any] = {
    "create_time": "2026-04-08T13:29:25Z",
    "model_version": "keeper-1",
    "response_id": "r1",
}
HEADERS = {"headers": {"Content-Type": "text/event-stream"}}


def chunk(*parts: Any, usage: Any = None, **more: Any) -> dict[str, Any]:
    """A chunk as the client library writes it. `more` goes into the candidate."""
    candidate = {"content": {"parts": list(parts), "role": "model"}, **more}
    counts = {"traffic_type": "ON_DEMAND"} if usage is None else usage
    head = {"sdk_http_response": HEADERS, "candidates": [candidate]}
    return {**head, **ENVELOPE, "usage_metadata": counts}


def last(*parts: Any, reason: str = "STOP", **more: Any) -> dict[str, Any]:
    return chunk(
        *parts, usage={**COUNTS, "traffic_type": "ON_DEMAND"}, finish_reason=reason, **more
    )


def said(text: str, **more: Any) -> dict[str, Any]:
    return {"text": text, **more}


def call(name: str, args: Any) -> dict[str, Any]:
    return {"function_call": {"args": args, "name": name}}


def partial(pieces: list[Any], **more: Any) -> dict[str, Any]:
    return {"function_call": {**more, "partial_args": pieces}}


def stream(*chunks: Any) -> Answer:
    return read({"body": list(chunks), "is_streaming": True})


def whole(body: Any) -> Transcript:
    return read({"body": body, "is_streaming": False}).transcript


def only(answer: Answer) -> Choice:
    (choice,) = answer.transcript.choices
    return choice


def codes(answer: Answer) -> list[str]:
    return [one.code for one in answer.transcript.warnings]


def parts(answer: Answer) -> Any:
    return answer.object["candidates"][0]["content"]["parts"]


def bare(transcript: Transcript) -> Transcript:
    return transcript._replace(chunks=0, warnings=())


def test_a_stream_of_text() -> None:
    answer = stream(chunk(said("Fog ")), chunk(said("at ")), last(said("dawn.")))
    transcript = answer.transcript
    assert (transcript.format, transcript.complete) == ("gemini", True)
    assert (transcript.id, transcript.model) == ("r1", "keeper-1")
    assert (only(answer).text, only(answer).role) == ("Fog at dawn.", "model")
    assert (only(answer).finish, only(answer).finish_raw) == ("stop", "STOP")
    assert codes(answer) == []


def test_the_rebuilt_answer_has_the_keys_of_a_whole_one() -> None:
    answer = stream(chunk(said("Fog ")), last(said("lifts")))
    assert list(answer.object) == [
        *("sdk_http_response", "candidates", "create_time", "model_version", "response_id"),
        *("usage_metadata", "automatic_function_calling_history"),
    ]
    content = {"parts": [{"text": "Fog lifts"}], "role": "model"}
    assert answer.object["candidates"] == [{"content": content, "finish_reason": "STOP"}]
    assert list(answer.object["candidates"][0]["content"]) == ["parts", "role"]
    assert list(answer.object["usage_metadata"])[-1] == "traffic_type"


def test_gemini_merge_parts() -> None:
    answer = stream(chunk(said("A")), chunk(said("B")), chunk(call("f", {})), last(said("C")))
    assert parts(answer) == [{"text": "AB"}, call("f", {}), {"text": "C"}]
    assert (only(answer).text, only(answer).finish) == ("ABC", "tool_calls")
    assert only(answer).finish_raw == "STOP"
    assert codes(answer) == []


def test_gemini_thought_boundary() -> None:
    answer = stream(chunk(said("t", thought=True)), last(said("a")))
    assert (only(answer).reasoning, only(answer).text) == ("t", "a")
    assert parts(answer) == [{"text": "t", "thought": True}, {"text": "a"}]


def test_gemini_two_calls_same_name() -> None:
    answer = stream(last(call("f", {"x": 1}), call("f", {"x": 2})))
    calls = only(answer).tool_calls
    assert [(one.index, one.id, one.arguments_raw) for one in calls] == [
        (0, None, '{"x":1}'),
        (1, None, '{"x":2}'),
    ]
    assert codes(answer) == []


def test_gemini_usage_partial() -> None:
    answer = stream(chunk(said("a")), chunk(said("b")), last(said("c")))
    usage = answer.transcript.usage
    assert usage is not None
    assert (usage.input, usage.output, usage.total) == (9, 4, 13)
    assert usage.raw == {**COUNTS, "traffic_type": "ON_DEMAND"}


def test_gemini_blocked() -> None:
    feedback = {"block_reason": "SAFETY"}
    answer = stream({"prompt_feedback": feedback, **ENVELOPE, "usage_metadata": COUNTS})
    assert answer.transcript.choices == ()
    assert answer.transcript.extra["finish"] == "content_filter"
    assert answer.transcript.extra["prompt_feedback"] == feedback
    assert answer.transcript.complete is True
    assert codes(answer) == ["prompt-blocked"]
    assert "candidates" not in answer.object


def test_a_running_total_is_not_summed() -> None:
    totals = [{**COUNTS, "candidates_token_count": n, "total_token_count": 9 + n} for n in (1, 4)]
    answer = stream(
        chunk(said("a"), usage=totals[0]),
        chunk(said("b"), usage=totals[1], finish_reason="STOP"),
    )
    assert answer.transcript.usage is not None
    assert answer.transcript.usage.total == 13
    assert codes(answer) == ["usage-multiple"]


def test_thoughts_are_counted_beside_the_output() -> None:
    counts = {**COUNTS, "thoughts_token_count": 50, "total_token_count": 63}
    answer = stream(chunk(said("a"), usage=counts, finish_reason="STOP"))
    assert answer.transcript.usage is not None
    assert (answer.transcript.usage.output, answer.transcript.usage.reasoning) == (4, 50)
    assert codes(answer) == []


def test_a_total_that_is_no_sum() -> None:
    counts = {**COUNTS, "total_token_count": 99}
    assert codes(stream(chunk(said("a"), usage=counts, finish_reason="STOP"))) == ["usage-sum"]


def test_no_usage_at_the_end() -> None:
    assert codes(stream(chunk(said("a"), finish_reason="STOP"))) == ["usage-missing"]


@pytest.mark.parametrize("first", [True, False])
def test_an_empty_text_is_dropped_beside_another_part(first: bool) -> None:
    chunks = [chunk(said("")), chunk(call("f", {}))]
    answer = stream(*(chunks if first else reversed(chunks)), last())
    assert parts(answer) == [call("f", {})]
    assert only(answer).text is None


def test_an_empty_text_that_is_all_there_is() -> None:
    answer = stream(chunk(said("")), last(said("")))
    assert (parts(answer), only(answer).text) == ([{"text": ""}], "")
    assert codes(answer) == ["empty-completion"]


def test_a_signed_part_is_never_merged() -> None:
    signed = said("", thought_signature="AY89")
    answer = stream(chunk(said("Fog")), chunk(said(" lifts")), last(signed))
    assert parts(answer) == [{"text": "Fog lifts"}, signed]
    assert only(answer).text == "Fog lifts"


def test_other_parts_are_kept_whole() -> None:
    image = {"inline_data": {"data": "AAAA", "mime_type": "image/png"}}
    answer = stream(chunk(said("See: ")), last(image))
    assert parts(answer) == [{"text": "See: "}, image]
    assert only(answer).extra == {"parts": [image]}


def test_nulls_in_arguments_are_the_models() -> None:
    answer = stream(last(call("light", {"hours": None})))
    assert only(answer).tool_calls[0].arguments == {"hours": None}


def test_arguments_in_pieces() -> None:
    answer = stream(
        chunk(partial([], name="light", will_continue=True)),
        chunk(
            partial(
                [{"json_path": "$.lamps[0].name", "string_value": "No", "will_continue": True}],
                will_continue=True,
            )
        ),
        chunk(
            partial(
                [
                    {"json_path": "$.lamps[0].name", "string_value": "rth"},
                    {"json_path": "$.lamps[1]['a b']", "bool_value": False},
                    {"json_path": "$.hours", "number_value": 2.5},
                    {"json_path": "$.note", "null_value": "NULL_VALUE"},
                ],
                will_continue=True,
            )
        ),
        last({"function_call": {}}),
    )
    (made,) = only(answer).tool_calls
    assert made.arguments == {
        "lamps": [{"name": "North"}, {"a b": False}],
        "hours": 2.5,
        "note": None,
    }
    assert parts(answer) == [call("light", made.arguments)]


def test_two_calls_in_pieces() -> None:
    pieces = [
        [{"json_path": "$.to", "string_value": one, "will_continue": True}]
        for one in ("No", "rth", "South")
    ]
    answer = stream(
        chunk(partial(pieces[0], name="turn", will_continue=True)),
        chunk(partial(pieces[1])),
        chunk(partial(pieces[2], name="turn", will_continue=True)),
        last({"function_call": {}}),
    )
    assert [one.arguments for one in only(answer).tool_calls] == [{"to": "North"}, {"to": "South"}]


def test_a_path_that_is_not_understood_is_a_name() -> None:
    pieces = [{"json_path": "$..to[?(@.x)]", "string_value": "North"}]
    answer = stream(last(partial(pieces, name="turn")))
    assert only(answer).tool_calls[0].arguments == {"$..to[?(@.x)]": "North"}


@pytest.mark.parametrize("path", ["$" + ".a" * 5000, "$[999999999999]", "$", "", "$[" + "9" * 5000])
def test_a_path_that_leads_too_far(path: str) -> None:
    stream(last(partial([{"json_path": path, "string_value": "x"}], name="turn")))


def test_the_services_own_spelling() -> None:
    args = {"lampName": "North"}
    answer = stream(
        {"candidates": [{"content": {"parts": [said("Fog")], "role": "model"}, "index": 0}]},
        {
            "candidates": [
                {
                    "content": {"parts": [{"functionCall": {"name": "f", "args": args}}]},
                    "finishReason": "MAX_TOKENS",
                    "index": 0,
                }
            ],
            "usageMetadata": {"promptTokenCount": 9, "totalTokenCount": 13},
            "modelVersion": "keeper-1",
            "responseId": "r1",
        },
    )
    transcript = answer.transcript
    assert (transcript.format, transcript.id, transcript.model) == ("gemini", "r1", "keeper-1")
    assert (only(answer).finish, only(answer).tool_calls[0].arguments) == ("length", args)
    assert transcript.usage is not None
    assert (transcript.usage.input, transcript.usage.total) == (9, 13)
    assert transcript.usage.raw == {"promptTokenCount": 9, "totalTokenCount": 13}
    assert list(answer.object) == ["candidates", "modelVersion", "responseId", "usageMetadata"]
    assert answer.object["candidates"][0] == {
        "content": {
            "parts": [{"text": "Fog"}, {"functionCall": {"args": args, "name": "f"}}],
            "role": "model",
        },
        "finishReason": "MAX_TOKENS",
        "index": 0,
    }
    assert bare(whole(answer.object)) == bare(transcript)


def test_two_candidates() -> None:
    def two(first: str, second: str, **more: Any) -> dict[str, Any]:
        found = [
            {"content": {"parts": [said(one)], "role": "model"}, "index": index, **more}
            for index, one in ((1, second), (0, first))
        ]
        return {**ENVELOPE, "candidates": found, "usage_metadata": COUNTS}

    answer = stream(two("a", "b"), two("A", "B", finish_reason="STOP"))
    assert [one.text for one in answer.transcript.choices] == ["aA", "bB"]
    assert set(codes(answer)) == {"choice-order", "usage-multiple"}


def test_candidates_without_a_number_are_told_apart_by_place() -> None:
    found = [{"content": {"parts": [said(one)]}, "finish_reason": "STOP"} for one in "ab"]
    answer = stream({"candidates": found, "usage_metadata": COUNTS})
    assert [one.text for one in answer.transcript.choices] == ["a", "b"]


def test_what_is_said_of_a_candidate_is_the_last_that_was_said() -> None:
    rating = [{"category": "STORM", "probability": "LOW"}]
    answer = stream(chunk(said("a"), safety_ratings=[]), last(said("b"), safety_ratings=rating))
    assert only(answer).extra == {"safety_ratings": rating}


def test_log_probabilities_are_joined() -> None:
    tokens = [{"chosen_candidates": [{"token": one, "log_probability": -1}]} for one in "ab"]
    answer = stream(
        chunk(said("a"), logprobs_result=tokens[0]), last(said("b"), logprobs_result=tokens[1])
    )
    assert [one["token"] for one in only(answer).logprobs["chosen_candidates"]] == ["a", "b"]
    assert len(tokens[0]["chosen_candidates"]) == 1


def test_a_stream_cut_off() -> None:
    answer = stream(chunk(said("Fog")))
    assert (only(answer).text, answer.transcript.complete) == ("Fog", False)
    assert {"finish-missing", "usage-missing"} == set(codes(answer))


def test_a_finish_that_is_not_the_last() -> None:
    answer = stream(chunk(said("a"), finish_reason="STOP"), chunk(said("b"), usage=COUNTS))
    assert only(answer).text == "ab"
    assert set(codes(answer)) == {"content-after-finish", "finish-not-last"}


def test_two_finishes() -> None:
    answer = stream(chunk(said("a"), finish_reason="STOP"), last(said("")))
    assert set(codes(answer)) == {"chunk-after-finish", "finish-duplicate"}


def test_an_unspecified_finish_is_none() -> None:
    answer = stream(last(said("a"), reason="FINISH_REASON_UNSPECIFIED"))
    assert only(answer).finish_raw is None


def test_an_answer_that_was_filtered() -> None:
    answer = stream({"candidates": [{"finish_reason": "SAFETY"}], "usage_metadata": COUNTS})
    assert (only(answer).finish, answer.transcript.complete) == ("content_filter", True)
    assert answer.object["candidates"] == [{"finish_reason": "SAFETY"}]


def test_chunks_of_two_answers() -> None:
    answer = stream(chunk(said("a")), {**last(said("b")), "response_id": "r2"})
    assert answer.transcript.id == "r1"
    assert codes(answer) == ["id-changed"]


def test_an_error_in_place_of_a_chunk() -> None:
    answer = stream(chunk(said("a")), {"error": {"code": 503, "message": "storm"}})
    assert (only(answer).text, answer.transcript.complete) == ("a", False)
    assert "stream-error" in codes(answer)


def test_neither_candidates_nor_a_refusal() -> None:
    answer = stream({"usage_metadata": COUNTS})
    assert (answer.transcript.choices, answer.transcript.complete) == ((), False)
    assert codes(answer) == ["finish-missing"]


def test_typed_chunks() -> None:
    name = "google.genai.types.GenerateContentResponse"
    typed = [{"__type__": name, "__data__": one} for one in (chunk(said("a")), last(said("b")))]
    assert only(stream(*typed)).text == "ab"


def test_surrogates_sent_apart() -> None:
    answer = stream(chunk(said("\ud83d")), last(said("\ude00")))
    assert (only(answer).text, parts(answer)) == ("😀", [{"text": "😀"}])


def test_a_whole_answer() -> None:
    body = {
        **last(said("Hm.", thought=True), said("Fog")),
        "automatic_function_calling_history": [],
    }
    transcript = whole(body)
    (choice,) = transcript.choices
    assert (choice.reasoning, choice.text, choice.finish) == ("Hm.", "Fog", "stop")
    assert (transcript.complete, transcript.warnings) == (True, ())
    assert transcript.extra == {"create_time": ENVELOPE["create_time"]}


def test_what_was_recorded_is_not_changed() -> None:
    chunks = [
        chunk(partial([{"json_path": "$.a.b", "number_value": 1}], name="f", args={"a": {}})),
        last(said("Fog")),
    ]
    before = json.dumps(chunks)
    stream(*chunks)
    assert json.dumps(chunks) == before


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1, 3)
    | st.floats()
    | st.sampled_from(["", "a", "STOP", "$.a", "$[0].b", "$", "SAFETY", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("candidates", "content", "parts", "text", "thought", "function_call"),
                    *("args", "name", "partial_args", "json_path", "string_value", "number_value"),
                    *("will_continue", "finish_reason", "index", "usage_metadata", "role"),
                    *("prompt_token_count", "total_token_count", "thoughts_token_count"),
                    *("prompt_feedback", "block_reason", "logprobs_result", "functionCall"),
                    *("finishReason", "usageMetadata", "error", "id", "sdk_http_response"),
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)
PARTS = st.lists(
    st.fixed_dictionaries({}, optional={"text": JSON, "thought": JSON, "function_call": JSON}),
    max_size=4,
)


@given(st.lists(JSON | PARTS.map(lambda found: chunk(*found)), max_size=5))
def test_never_raises(body: list[Any]) -> None:
    answer = read({"body": body, "is_streaming": True})
    read({"body": answer.object, "is_streaming": False})


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
CUTS = st.lists(st.integers(0, 50), max_size=6)
ARGS = st.dictionaries(st.text("abc", max_size=3), st.integers() | st.none() | TEXTS, max_size=3)


def answer_of(text: str, thought: str, args: Any, cuts: list[int]) -> list[dict[str, Any]]:
    return [
        *(chunk(said(one, thought=True)) for one in pieces_of(thought, cuts)),
        *(chunk(said(one)) for one in pieces_of(text, cuts)),
        last(call("light", args)),
    ]


@given(TEXTS, TEXTS, ARGS, CUTS)
def test_how_texts_are_cut_changes_nothing(
    text: str, thought: str, args: Any, cuts: list[int]
) -> None:
    cut, uncut = (stream(*answer_of(text, thought, args, one)) for one in (cuts, []))
    assert bare(cut.transcript) == bare(uncut.transcript)
    assert cut.object == uncut.object


@given(TEXTS, ARGS, CUTS)
def test_nulls_change_nothing(text: str, args: Any, cuts: list[int]) -> None:
    chunks = answer_of(text, "Hm.", args, cuts)
    assert (
        stream(*(with_nulls(one, "args") for one in chunks)).transcript
        == stream(*chunks).transcript
    )


@given(TEXTS, TEXTS, ARGS, CUTS)
def test_the_rebuilt_answer_says_the_same(
    text: str, thought: str, args: Any, cuts: list[int]
) -> None:
    answer = stream(*answer_of(text, thought, args, cuts))
    assert bare(whole(answer.object)) == bare(answer.transcript)
