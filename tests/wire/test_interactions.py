"""Gemini interactions: events of both protocols, and whole ones."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recctl.transcript import Choice, Transcript
from recctl.wire import Answer, read
from tests.wire.variations import pieces_of, with_nulls

USAGE = {"total_tokens": 13, "total_input_tokens": 9, "total_output_tokens": 4}


def event(kind: str, **more: Any) -> dict[str, Any]:
    return {**more, "event_type": kind}


def begun(kind: str = "start", **more: Any) -> list[dict[str, Any]]:
    known = {"id": "v1_a", "status": "in_progress", "object": "interaction", "model": "keeper-1"}
    status = event("interaction.status_update", interaction_id="v1_a", status="in_progress")
    return [event(f"interaction.{kind}", interaction={**known, **more}), status]


def ended(kind: str = "complete", status: str = "completed", **more: Any) -> dict[str, Any]:
    known = {
        "id": "v1_a",
        "status": status,
        "usage": USAGE,
        "role": "model",
        "created": "2026-04-14T10:07:27Z",
        "updated": "2026-04-14T10:07:27Z",
        "service_tier": "standard",
        "object": "interaction",
        "model": "keeper-1",
    }
    return event(f"interaction.{kind}", interaction={**known, **more})


def output(index: int, start: Any, *deltas: Any) -> list[dict[str, Any]]:
    return [
        event("content.start", index=index, content=start),
        *(event("content.delta", index=index, delta=one) for one in deltas),
        event("content.stop", index=index),
    ]


def step(index: int, start: Any, *deltas: Any) -> list[dict[str, Any]]:
    return [
        event("step.start", index=index, step=start),
        *(event("step.delta", index=index, delta=one) for one in deltas),
        event("step.stop", index=index),
    ]


def said(text: str) -> dict[str, Any]:
    return {"text": text, "type": "text"}


def signed(signature: str) -> dict[str, Any]:
    return {"signature": signature, "type": "thought_signature"}


def arguments(piece: str, key: str = "arguments") -> dict[str, Any]:
    return {key: piece, "type": "arguments_delta"}


def stream(*events: dict[str, Any], end: bool = True) -> Answer:
    """The answer to events, as the recorder keeps them."""
    lines = [
        line
        for one in events
        for line in (f"event: {one['event_type']}", f"data: {json.dumps(one)}", "")
    ]
    done = ["event: done", "data: [DONE]", ""] if end else []
    return read({"body": [*lines, *done], "is_streaming": True})


def whole(body: Any) -> Transcript:
    return read({"body": body, "is_streaming": False}).transcript


def only(answer: Answer) -> Choice:
    (choice,) = answer.transcript.choices
    return choice


def codes(answer: Answer) -> list[str]:
    return [one.code for one in answer.transcript.warnings]


def bare(transcript: Transcript) -> Transcript:
    return transcript._replace(chunks=0, warnings=())


def test_interactions_status_order() -> None:
    late = event("interaction.status_update", interaction_id="v1_a", status="in_progress")
    answer = stream(
        *begun(),
        *output(0, {"type": "thought"}, signed("CiRl")),
        *output(1, {"type": "text"}, said("Fog "), said("lifts.")),
        ended(),
        late,
    )
    assert answer.transcript.complete is True
    assert answer.object["status"] == "completed"
    assert answer.object["outputs"] == [
        {"signature": "CiRl", "type": "thought"},
        {"text": "Fog lifts.", "type": "text"},
    ]
    assert (only(answer).text, only(answer).finish, only(answer).role) == (
        *("Fog lifts.", "stop", "model"),
    )
    assert codes(answer) == []


def test_the_rebuilt_interaction_has_the_keys_of_a_whole_one() -> None:
    start = {"id": "c1", "type": "function_call", "name": "light", "arguments": {}}
    answer = stream(
        *begun(),
        *output(0, {"type": "thought"}, signed("CiRl")),
        *output(1, start, {"type": "function_call", "arguments": {"on": True}}),
        ended(status="requires_action"),
    )
    assert list(answer.object) == [
        *("id", "status", "outputs", "usage", "role", "created", "updated"),
        *("service_tier", "object", "model"),
    ]
    assert list(map(list, answer.object["outputs"])) == [
        ["signature", "type"],
        ["name", "arguments", "type", "id"],
    ]


def test_interactions_step_protocol() -> None:
    start = {"id": "c1", "type": "function_call", "name": "light", "arguments": {}}
    answer = stream(
        *begun("created"),
        *step(0, {"type": "thought"}, signed("s1")),
        *step(1, start, arguments('{"on":'), arguments("true}")),
        ended("completed", "requires_action"),
    )
    (call,) = only(answer).tool_calls
    assert (call.id, call.name, call.arguments) == ("c1", "light", {"on": True})
    assert call.arguments_raw == '{"on":true}'
    assert "outputs" not in answer.object
    assert answer.object["steps"] == [
        {"type": "thought", "signature": "s1"},
        {**start, "arguments": {"on": True}},
    ]
    assert (only(answer).finish, only(answer).finish_raw) == ("tool_calls", "requires_action")
    assert codes(answer) == []


def test_arguments_under_the_documented_name() -> None:
    start = {"id": "c1", "type": "function_call", "name": "light"}
    pieces = [arguments(one, "partial_arguments") for one in ("{", "}")]
    answer = stream(
        *begun("created"), *step(0, start, *pieces), ended("completed", "requires_action")
    )
    assert only(answer).tool_calls[0].arguments_raw == "{}"


def test_the_models_step_has_contents() -> None:
    image = {"type": "image", "data": "AAAA", "mime_type": "image/png"}
    notes = {"type": "text_annotation_delta", "annotations": [{"type": "url_citation"}]}
    answer = stream(
        *begun("created"),
        *step(0, {"type": "model_output"}, said("Fog "), said("at"), notes, image, said("dawn")),
        ended("completed"),
    )
    assert only(answer).text == "Fog atdawn"
    assert answer.object["steps"] == [
        {
            "type": "model_output",
            "content": [
                {"type": "text", "text": "Fog at", "annotations": [{"type": "url_citation"}]},
                image,
                {"type": "text", "text": "dawn"},
            ],
        }
    ]
    assert only(answer).extra == {"blocks": [image]}
    assert codes(answer) == []


def test_thoughts_are_reasoning() -> None:
    summaries = [{"type": "thought_summary", "content": said(one)} for one in ("Is it ", "foggy?")]
    answer = stream(
        *begun("created"),
        *step(0, {"type": "thought"}, *summaries, signed("s1"), signed("s2")),
        *step(1, {"type": "model_output"}, said("Yes.")),
        ended("completed"),
    )
    assert (only(answer).reasoning, only(answer).text) == ("Is it foggy?", "Yes.")
    assert answer.object["steps"][0]["signature"] == "s2"
    assert len(answer.object["steps"][0]["summary"]) == 2


def test_a_call_that_comes_whole() -> None:
    call = {"type": "function_call", "id": "c1", "name": "light", "arguments": {"hours": None}}
    answer = stream(
        *begun(), *output(0, {"type": "function_call"}, call), ended(status="requires_action")
    )
    assert only(answer).tool_calls[0].arguments == {"hours": None}


def test_arguments_cut_off() -> None:
    start = {"id": "c1", "type": "function_call", "name": "light"}
    answer = stream(
        *begun("created"), *step(0, start, arguments('{"on": t')), ended("completed", "incomplete")
    )
    (call,) = only(answer).tool_calls
    assert (call.arguments, call.arguments_raw, call.error) == (None, '{"on": t', "invalid")
    assert answer.object["steps"][0]["arguments"] is None
    assert set(codes(answer)) == {"tool-args-invalid", "truncated-length"}
    assert bare(whole(answer.object)) == bare(answer.transcript)


def test_a_call_that_the_provider_runs_itself() -> None:
    search = {"type": "google_search_call", "id": "g1", "arguments": {"queries": ["tide"]}}
    result = {"type": "google_search_result", "call_id": "g1", "result": []}
    answer = stream(
        *begun("created"),
        *step(0, search),
        *step(1, result),
        *step(2, {"type": "model_output"}, said("High.")),
        ended("completed"),
    )
    (call,) = only(answer).tool_calls
    assert (call.type, call.name) == ("google_search_call", "google_search_call")
    assert (only(answer).finish, only(answer).extra) == ("stop", {"blocks": [result]})
    assert codes(answer) == []


def test_blocks_in_another_order() -> None:
    answer = stream(
        *begun(),
        *output(1, {"type": "text"}, said("lifts.")),
        *output(0, {"type": "text"}, said("Fog ")),
        ended(),
    )
    assert only(answer).text == "Fog lifts."
    assert codes(answer) == []


def test_a_gap_between_blocks() -> None:
    answer = stream(*begun(), *output(1, {"type": "text"}, said("Fog")), ended())
    assert codes(answer) == ["block-index-gap"]


@pytest.mark.parametrize("protocol", ["content", "step"])
def test_a_delta_before_its_block(protocol: str) -> None:
    delta = event(f"{protocol}.delta", index=0, delta=said("Fog"))
    answer = stream(*begun(), delta, ended())
    assert only(answer).text == "Fog"
    assert codes(answer) == ["block-not-started"]


def test_a_stream_cut_off() -> None:
    answer = stream(*begun(), *output(0, {"type": "text"}, said("Fog"))[:-1], end=False)
    assert (only(answer).text, answer.transcript.complete) == ("Fog", False)
    assert set(codes(answer)) == {"terminal-missing", "block-unstopped", "finish-missing"}
    assert answer.object["status"] == "in_progress"


def test_content_after_the_end() -> None:
    answer = stream(*begun(), ended(), *output(0, {"type": "text"}, said("Fog")))
    assert "content-after-finish" in codes(answer)


def test_an_error_event() -> None:
    error = event("error", error={"code": "overloaded", "message": "storm"})
    answer = stream(*begun(), *output(0, {"type": "text"}, said("Fog")), error)
    assert (only(answer).text, answer.transcript.complete) == ("Fog", False)
    assert "stream-error" in codes(answer)


def test_nothing_but_an_error_event() -> None:
    answer = stream(event("error", error={"code": "overloaded"}))
    assert (answer.transcript.format, answer.transcript.choices) == ("gemini-interactions", ())
    assert (answer.transcript.complete, answer.object) == (False, None)


def test_an_interaction_that_is_not_stored_has_no_id() -> None:
    start = [event("interaction.created", interaction={"id": "", "status": "in_progress"})]
    body = output(0, {"type": "text"}, said("Fog"))
    assert codes(stream(*start, *body, ended())) == []


def test_events_of_two_interactions() -> None:
    answer = stream(*begun(), *output(0, {"type": "text"}, said("Fog")), ended(id="v1_b"))
    assert codes(answer) == ["id-changed"]


def test_thoughts_are_counted_beside_the_output() -> None:
    counts = {**USAGE, "total_tokens": 63, "total_thought_tokens": 48, "total_tool_use_tokens": 2}
    body = output(0, {"type": "text"}, said("Fog"))
    answer = stream(*begun(), *body, ended(usage=counts))
    assert answer.transcript.usage is not None
    assert (answer.transcript.usage.output, answer.transcript.usage.reasoning) == (4, 48)
    assert codes(answer) == []


def test_events_that_only_their_names_tell() -> None:
    lines = [
        *("event: content.start", 'data: {"index":0,"content":{"type":"text"}}', ""),
        *("event: content.delta", f'data: {{"index":0,"delta":{json.dumps(said("Fog"))}}}', ""),
    ]
    answer = read({"body": lines, "is_streaming": True})
    assert (answer.transcript.format, only(answer).text) == ("gemini-interactions", "Fog")


def test_a_call_under_a_status_that_does_not_ask() -> None:
    start = {"id": "c1", "type": "function_call", "name": "light", "arguments": {}}
    answer = stream(*begun("created"), *step(0, start), ended("completed"))
    assert codes(answer) == ["tools-finish-mismatch"]


def test_the_status_of_a_call_without_one() -> None:
    body = output(0, {"type": "text"}, said("Fog"))
    assert codes(stream(*begun(), *body, ended(status="requires_action"))) == [
        "finish-without-tools"
    ]


@pytest.mark.parametrize("protocol", ["outputs", "steps"])
def test_a_whole_interaction(protocol: str) -> None:
    text: Any = said("Fog")
    blocks = {
        "outputs": [{"signature": "s1", "type": "thought"}, text],
        "steps": [
            {"type": "user_input", "content": [said("Fog?")]},
            {"type": "model_output", "content": [text]},
        ],
    }
    body = {**ended()["interaction"], protocol: blocks[protocol]}
    transcript = whole(body)
    (choice,) = transcript.choices
    assert (transcript.format, transcript.complete) == ("gemini-interactions", True)
    assert (choice.text, choice.finish, choice.extra) == ("Fog", "stop", {})
    assert (transcript.service_tier, transcript.warnings) == ("standard", ())


def test_a_whole_interaction_that_still_runs() -> None:
    transcript = whole({"id": "v1_a", "status": "in_progress", "object": "interaction"})
    assert (transcript.complete, transcript.choices[0].finish_raw) == (False, None)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1, 3)
    | st.floats()
    | st.sampled_from(["", "{", "text", "thought", "model_output", "function_call", "\ud800"])
    | st.sampled_from(["arguments_delta", "thought_summary", "thought_signature", "completed"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("type", "text", "content", "summary", "signature", "arguments", "id", "name"),
                    *("annotations", "status", "outputs", "steps", "usage", "total_tokens"),
                    *("total_input_tokens", "arguments_raw", "index", "delta", "interaction"),
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)
KINDS = st.sampled_from(
    [
        *("interaction.start", "interaction.completed", "interaction.status_update", "error"),
        *("content.start", "content.delta", "content.stop"),
        *("step.start", "step.delta", "step.stop", "step", "fog"),
    ]
)
EVENTS = st.fixed_dictionaries(
    {"event_type": KINDS},
    optional={
        "index": JSON,
        "delta": JSON,
        "content": JSON,
        "step": JSON,
        "interaction": JSON,
        "status": JSON,
        "error": JSON,
    },
)


@given(st.lists(EVENTS | JSON, max_size=8))
def test_never_raises(body: list[Any]) -> None:
    answer = read({"body": body, "is_streaming": True})
    read({"body": answer.object, "is_streaming": False})


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
CUTS = st.lists(st.integers(0, 50), max_size=6)
ARGS = st.dictionaries(st.text("abc", max_size=3), st.integers() | st.none() | TEXTS, max_size=3)


def steps_of(text: str, args: Any, cuts: list[int]) -> list[dict[str, Any]]:
    raw = json.dumps(args, ensure_ascii=False, separators=(",", ":"))
    start = {"id": "c1", "type": "function_call", "name": "light", "arguments": {}}
    return [
        *begun("created"),
        *step(0, {"type": "model_output"}, *map(said, pieces_of(text, cuts))),
        *step(1, start, *map(arguments, pieces_of(raw, cuts))),
        ended("completed", "requires_action"),
    ]


def outputs_of(text: str, args: Any, cuts: list[int]) -> list[dict[str, Any]]:
    call = {"type": "function_call", "id": "c1", "name": "light", "arguments": args}
    return [
        *begun(),
        *output(0, {"type": "text"}, *map(said, pieces_of(text, cuts))),
        *output(1, {"type": "function_call"}, call),
        ended(status="requires_action"),
    ]


PROTOCOLS = st.sampled_from([steps_of, outputs_of])


@given(PROTOCOLS, TEXTS, ARGS, CUTS)
def test_how_texts_are_cut_changes_nothing(
    made: Any, text: str, args: Any, cuts: list[int]
) -> None:
    cut, uncut = (stream(*made(text, args, one)) for one in (cuts, []))
    assert bare(cut.transcript) == bare(uncut.transcript)
    assert cut.object == uncut.object


@given(PROTOCOLS, TEXTS, ARGS, CUTS)
def test_nulls_change_nothing(made: Any, text: str, args: Any, cuts: list[int]) -> None:
    events = made(text, args, cuts)
    assert (
        stream(*(with_nulls(one, "arguments") for one in events)).transcript
        == stream(*events).transcript
    )


@given(PROTOCOLS, TEXTS, ARGS, CUTS)
def test_the_rebuilt_interaction_says_the_same(
    made: Any, text: str, args: Any, cuts: list[int]
) -> None:
    answer = stream(*made(text, args, cuts))
    assert bare(whole(answer.object)) == bare(answer.transcript)
