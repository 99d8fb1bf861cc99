"""OpenAI responses: events put together, and whole ones."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recctl.transcript import Transcript
from recctl.wire import Answer, read

MODULE = "openai.types.responses."


def event(kind: str, **members: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}", "sequence_number": 0, **members}


def response(**members: Any) -> dict[str, Any]:
    start = {"id": "resp_1", "created_at": 5, "error": None, "incomplete_details": None}
    rest = {"model": "keeper-1", "object": "response", "output": [], "status": "completed"}
    return {**start, **rest, "usage": None, **members}


def message(*parts: Any, **members: Any) -> dict[str, Any]:
    start = {"id": "msg_1", "content": list(parts), "role": "assistant"}
    return {**start, "status": "completed", "type": "message", **members}


def output_text(said: str, **members: Any) -> dict[str, Any]:
    return {"annotations": [], "text": said, "type": "output_text", "logprobs": [], **members}


def tool_item(arguments: str, **members: Any) -> dict[str, Any]:
    start = {"arguments": arguments, "call_id": "call_1", "name": "light"}
    return {**start, "type": "function_call", "id": "fc_1", "status": "completed", **members}


def created() -> dict[str, Any]:
    return event("created", response=response(status="in_progress"))


def added(item: Any, index: int = 0) -> dict[str, Any]:
    return event("output_item.added", output_index=index, item=item)


def item_done(item: Any, index: int = 0) -> dict[str, Any]:
    return event("output_item.done", output_index=index, item=item)


def about_part(kind: str, **members: Any) -> dict[str, Any]:
    """An event of the first part of the first item."""
    return event(kind, output_index=0, content_index=0, item_id="msg_1", **members)


def opened() -> list[dict[str, Any]]:
    """A response, a message and its first part, started."""
    part = about_part("content_part.added", part=output_text(""))
    return [created(), added(message(status="in_progress")), part]


def completed(*output: Any, **members: Any) -> dict[str, Any]:
    return event("completed", response=response(output=list(output), **members))


def stream(*chunks: Any) -> Answer:
    return read({"body": list(chunks), "is_streaming": True})


def whole(body: Any) -> Transcript:
    return read({"body": body, "is_streaming": False}).transcript


def codes(answer: Answer) -> list[str]:
    return [one.code for one in answer.transcript.warnings]


def bare(transcript: Transcript) -> Transcript:
    """A transcript without what only a stream has."""
    return transcript._replace(chunks=0, warnings=())


def test_response_that_ends_the_stream_counts() -> None:
    said = message(output_text("Fog at dawn."))
    spent = {
        "input_tokens": 3,
        "input_tokens_details": {"cached_tokens": 1},
        "output_tokens": 2,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 5,
    }
    end = completed(said, usage=spent, service_tier="default")
    answer = stream(
        *opened(),
        about_part("output_text.delta", delta="Fog "),
        about_part("output_text.delta", delta="at dawn."),
        about_part("output_text.done", text="Fog at dawn."),
        about_part("content_part.done", part=output_text("Fog at dawn.")),
        item_done(said),
        end,
    )
    transcript = answer.transcript
    assert answer.object == end["response"]
    assert (transcript.format, transcript.complete) == ("openai-responses", True)
    assert (transcript.id, transcript.created, transcript.model) == ("resp_1", 5, "keeper-1")
    assert transcript.service_tier == "default"
    choice = transcript.choices[0]
    assert (choice.role, choice.text, choice.finish) == ("assistant", "Fog at dawn.", "stop")
    assert transcript.usage is not None
    assert (transcript.usage.total, transcript.usage.cached) == (5, 1)
    assert transcript.warnings == ()


def test_typed_events() -> None:
    def typed(name: str, data: dict[str, Any]) -> dict[str, Any]:
        return {"__type__": f"{MODULE}{name}", "__data__": data}

    answer = stream(
        typed("response_created_event.ResponseCreatedEvent", created()),
        typed(
            "response_completed_event.ResponseCompletedEvent",
            completed(message(output_text("Fog"))),
        ),
    )
    assert answer.transcript.choices[0].text == "Fog"


def test_responses_incomplete() -> None:
    cut = response(
        status="incomplete",
        incomplete_details={"reason": "max_output_tokens"},
        output=[message(output_text("Fo"), status="incomplete")],
    )
    answer = stream(
        *opened(),
        about_part("output_text.delta", delta="Fo"),
        event("incomplete", response=cut),
    )
    choice = answer.transcript.choices[0]
    assert answer.object == cut
    assert (choice.text, choice.finish, choice.finish_raw) == ("Fo", "length", "max_output_tokens")
    assert answer.transcript.complete
    assert codes(answer) == ["truncated-length"]


def test_responses_refusal_delta() -> None:
    part = about_part("content_part.added", part={"refusal": "", "type": "refusal"})
    answer = stream(
        created(),
        added(message(status="in_progress")),
        part,
        about_part("refusal.delta", delta="n"),
        about_part("refusal.delta", delta="o"),
    )
    assert answer.transcript.choices[0].refusal == "no"
    assert answer.transcript.choices[0].text is None
    assert not answer.transcript.complete
    assert answer.object["status"] == "in_progress"
    assert answer.object["output"][0]["content"] == [{"refusal": "no", "type": "refusal"}]
    assert set(codes(answer)) == {"terminal-missing", "finish-missing", "block-unstopped"}


def test_rebuilt_object_keeps_the_order_of_the_response() -> None:
    answer = stream(*opened(), about_part("output_text.delta", delta="Fog"))
    assert list(answer.object) == list(response())
    assert answer.object["output"] == [
        message(output_text("Fog"), status="in_progress"),
    ]


def test_output_null_is_rebuilt_from_finished_items() -> None:
    first, second = message(output_text("A")), tool_item("{}")
    answer = stream(
        created(),
        added(second, 1),
        added(first, 0),
        item_done(second, 1),
        item_done(first, 0),
        event("completed", response=response(output=None)),
    )
    assert answer.object == response(output=[first, second])
    assert answer.transcript.complete
    assert codes(answer) == []


def test_empty_output_after_items_is_rebuilt() -> None:
    answer = stream(created(), added({}), item_done(message(output_text("A"))), completed())
    assert answer.transcript.choices[0].text == "A"


def test_end_without_a_response_still_ends() -> None:
    answer = stream(created(), added({}), item_done(message(output_text("A"))), event("completed"))
    assert (answer.transcript.complete, answer.object["status"]) == (True, "completed")


@pytest.mark.parametrize(
    ("subject", "started", "member"),
    [
        ("function_call_arguments", tool_item("", status="in_progress"), "arguments"),
        ("custom_tool_call_input", {"type": "custom_tool_call", "input": ""}, "input"),
        ("mcp_call_arguments", {"type": "mcp_call", "arguments": ""}, "arguments"),
        ("code_interpreter_call_code", {"type": "code_interpreter_call", "code": None}, "code"),
    ],
)
def test_pieces_of_a_call_are_joined(subject: str, started: dict[str, Any], member: str) -> None:
    answer = stream(
        created(),
        added(started),
        event(f"{subject}.delta", output_index=0, delta='{"on":'),
        event(f"{subject}.delta", output_index=0, delta="true}"),
    )
    assert answer.object["output"] == [{**started, member: '{"on":true}'}]


def test_text_that_was_sent_whole_counts() -> None:
    answer = stream(
        *opened(),
        about_part("output_text.delta", delta="Fig"),
        about_part("output_text.done", text="Fog"),
    )
    assert answer.transcript.choices[0].text == "Fog"
    assert "text-differs" in codes(answer)


def test_text_of_the_end_that_differs_from_its_pieces() -> None:
    answer = stream(
        *opened(),
        about_part("output_text.delta", delta="Fig"),
        item_done(message(output_text("Fig"))),
        completed(message(output_text("Fog"))),
    )
    assert answer.transcript.choices[0].text == "Fog"
    assert codes(answer) == ["text-differs"]


def test_reasoning_text_comes_before_its_summary() -> None:
    item = {"id": "rs_1", "summary": [], "type": "reasoning"}
    place = {"output_index": 0}
    summary = {"part": {"text": "", "type": "summary_text"}, "summary_index": 0}
    chunks = [
        created(),
        added(item),
        event("reasoning_summary_part.added", **place, **summary),
        event("reasoning_summary_text.delta", **place, summary_index=0, delta="In "),
        event("reasoning_summary_text.delta", **place, summary_index=0, delta="short"),
    ]
    told = stream(*chunks)
    assert told.transcript.choices[0].reasoning == "In short"
    assert told.object["output"][0]["summary"] == [{"text": "In short", "type": "summary_text"}]
    full = stream(
        *chunks, event("reasoning_text.delta", **place, content_index=0, delta="At length")
    )
    assert full.transcript.choices[0].reasoning == "At length"
    assert full.object["output"][0]["content"] == [{"text": "At length", "type": "reasoning_text"}]


def test_several_summaries_are_paragraphs() -> None:
    parts = [{"text": one, "type": "summary_text"} for one in ("Fog.", "Horn.")]
    transcript = whole(response(output=[{"type": "reasoning", "summary": parts}]))
    assert transcript.choices[0].reasoning == "Fog.\n\nHorn."


def test_annotations_and_logprobs_are_collected() -> None:
    answer = stream(
        *opened(),
        about_part("output_text.delta", delta="Fog", logprobs=[{"token": "Fog"}]),
        about_part("output_text.delta", delta="!", logprobs=[{"token": "!"}]),
        about_part("output_text.annotation.added", annotation_index=0, annotation={"url": "u"}),
    )
    part = answer.object["output"][0]["content"][0]
    assert part["annotations"] == [{"url": "u"}]
    assert part["logprobs"] == [{"token": "Fog"}, {"token": "!"}]
    assert answer.transcript.choices[0].logprobs == {"content": part["logprobs"]}


def test_tool_calls() -> None:
    transcript = whole(response(output=[tool_item('{"on":true}')]))
    call = transcript.choices[0].tool_calls[0]
    assert (call.index, call.id, call.type, call.name) == (0, "call_1", "function", "light")
    assert call.arguments == {"on": True}
    assert transcript.choices[0].finish == "tool_calls"
    assert transcript.choices[0].text is None


def test_input_of_a_custom_tool_is_text() -> None:
    item = {"type": "custom_tool_call", "call_id": "c", "name": "log", "input": "Fog at 5"}
    transcript = whole(response(output=[item]))
    call = transcript.choices[0].tool_calls[0]
    assert (call.type, call.arguments, call.error) == ("custom", "Fog at 5", None)
    assert transcript.warnings == ()


def test_call_that_the_provider_ran_does_not_change_the_finish() -> None:
    ran = {"type": "mcp_call", "id": "mcp_1", "name": "tide", "arguments": "{}", "output": "low"}
    transcript = whole(response(output=[ran, message(output_text("Low."))]))
    assert transcript.choices[0].tool_calls[0].type == "mcp"
    assert transcript.choices[0].finish == "stop"


def test_other_items_are_kept() -> None:
    search = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
    transcript = whole(response(output=[search, message(output_text("Low."))]))
    assert transcript.choices[0].extra == {"items": [search]}


def test_args_truncated() -> None:
    answer = stream(
        created(),
        added(tool_item("")),
        event("function_call_arguments.delta", output_index=0, delta='{"q":"he'),
        event("incomplete"),
    )
    call = answer.transcript.choices[0].tool_calls[0]
    assert (call.arguments, call.arguments_raw) == (None, '{"q":"he')
    assert set(codes(answer)) == {"tool-args-invalid", "truncated-length"}


def test_index_gap() -> None:
    answer = stream(created(), added({}, 1), item_done(message(output_text("A")), 1), completed())
    assert codes(answer) == ["block-index-gap"]


def test_delta_before_its_item() -> None:
    answer = stream(created(), about_part("output_text.delta", delta="Fog"))
    assert answer.transcript.choices[0].text == "Fog"
    assert answer.object["output"][0]["type"] == "message"
    assert "block-not-started" in codes(answer)


def test_indexes_that_are_missing() -> None:
    answer = stream(
        created(),
        event("output_item.added", item=message(id="a")),
        event("output_item.added", item=tool_item("", id="b")),
        event("output_text.delta", item_id="a", delta="Fog"),
        event("function_call_arguments.delta", item_id="b", delta="{"),
        event("function_call_arguments.delta", delta="}"),
    )
    choice = answer.transcript.choices[0]
    assert (choice.text, [one.arguments_raw for one in choice.tool_calls]) == ("Fog", ["{}"])


def test_no_finish() -> None:
    answer = stream(*opened(), about_part("output_text.delta", delta="Fog"))
    assert (answer.transcript.choices[0].text, answer.transcript.complete) == ("Fog", False)
    assert answer.transcript.choices[0].finish_raw is None


def test_failed_response() -> None:
    answer = stream(
        created(),
        event("failed", response=response(status="failed", error={"code": "server_error"})),
    )
    assert not answer.transcript.complete
    assert answer.transcript.choices[0].finish == "error"
    assert answer.transcript.extra["error"] == {"code": "server_error"}
    assert codes(answer) == ["stream-error"]


def test_error_chunk() -> None:
    error = {"type": "error", "code": None, "message": "lamp", "param": None, "sequence_number": 4}
    answer = stream(*opened(), about_part("output_text.delta", delta="A"), error)
    assert answer.transcript.choices[0].text == "A"
    assert not answer.transcript.complete
    assert "stream-error" in codes(answer)
    assert "mixed-stream" not in codes(answer)


def test_error_before_the_end_leaves_the_answer_incomplete() -> None:
    answer = stream(created(), {"error": {"message": "lamp"}}, completed(message(output_text("A"))))
    assert answer.transcript.choices[0].text == "A"
    assert not answer.transcript.complete


def test_keepalive_after_the_end_is_nothing() -> None:
    alive = {"type": "keepalive", "sequence_number": 9}
    assert codes(stream(created(), completed(message(output_text("A"))), alive)) == []


def test_double_finish() -> None:
    end = completed(message(output_text("A")))
    assert codes(stream(created(), end, end)) == ["finish-duplicate"]


def test_events_after_the_end() -> None:
    answer = stream(created(), completed(message(output_text("A"))), event("in_progress"))
    assert codes(answer) == ["finish-not-last"]


def test_identity_that_changes() -> None:
    answer = stream(created(), completed(message(output_text("A")), id="resp_2"))
    assert codes(answer) == ["id-changed"]
    assert answer.transcript.id == "resp_2"


def test_empty_completion() -> None:
    assert codes(stream(created(), completed())) == ["empty-completion"]


def test_surrogates() -> None:
    answer = stream(
        *opened(),
        about_part("output_text.delta", delta="\ud83d"),
        about_part("output_text.delta", delta="\ude00"),
    )
    assert answer.transcript.choices[0].text == "😀"


SUBJECTS = (
    *("output_text", "refusal", "reasoning_text", "reasoning_summary_text", "content_part"),
    *("reasoning_summary_part", "output_item", "function_call_arguments", "mcp_call_arguments"),
    *("custom_tool_call_input", "output_text.annotation", "web_search_call"),
)
KINDS = st.sampled_from(
    [
        *(f"response.{one}.{verb}" for one in SUBJECTS for verb in ("added", "delta", "done")),
        *(f"response.{one}" for one in ("created", "completed", "incomplete", "failed")),
        *("error", "message", "reasoning", "function_call", "mcp_call", "output_text", "refusal"),
    ]
)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 2) | st.floats() | st.text(max_size=5) | KINDS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("type", "response", "item", "part", "output_index", "content_index", "delta"),
                    *(
                        "summary_index",
                        "item_id",
                        "text",
                        "arguments",
                        "output",
                        "content",
                        "status",
                    ),
                    *("logprobs", "annotation", "annotations", "id", "call_id", "name", "input"),
                    *("summary", "error", "usage", "incomplete_details", "object", "role"),
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)
EVENTS = st.builds(
    lambda kind, members: {**members, "type": kind},
    KINDS,
    st.dictionaries(st.sampled_from(["item", "part", "response", "delta"]), JSON)
    | JSON.filter(lambda value: isinstance(value, dict)),
)
PIECES = st.lists(st.text(max_size=6), min_size=1, max_size=8)


@given(st.lists(EVENTS | JSON, max_size=8))
def test_never_raises(body: list[Any]) -> None:
    stream(*body)


@given(JSON)
def test_whole_never_raises(data: Any) -> None:
    whole({"__type__": f"{MODULE}response.Response", "__data__": data})
    whole({"object": "response", "output": data, "usage": data, "status": data})
    whole({"object": "response", "output": [data, {"type": "message", "content": data}]})


def events_of(pieces: list[str], arguments: list[str]) -> list[dict[str, Any]]:
    """A message and a tool call in pieces, and no end."""
    return [
        *opened(),
        added(tool_item(""), 1),
        *(about_part("output_text.delta", delta=one) for one in pieces),
        *(event("function_call_arguments.delta", output_index=1, delta=one) for one in arguments),
    ]


@given(PIECES, PIECES, st.lists(st.text(max_size=3).map("x-".__add__), max_size=3))
def test_nulls_change_nothing(pieces: list[str], arguments: list[str], names: list[str]) -> None:
    chunks = events_of(pieces, arguments)
    nulls = dict.fromkeys([*names, "error", "text", "part", "logprobs"])
    padded = [{**nulls, **one} for one in chunks]
    assert stream(*padded).transcript == stream(*chunks).transcript
    assert stream(*padded).object == stream(*chunks).object


@given(PIECES, PIECES)
def test_rechunking_changes_nothing(pieces: list[str], arguments: list[str]) -> None:
    once = stream(*events_of(["".join(pieces)], ["".join(arguments)])).transcript
    assert bare(stream(*events_of(pieces, arguments)).transcript) == bare(once)


@given(PIECES, PIECES)
def test_object_gives_the_same_transcript(pieces: list[str], arguments: list[str]) -> None:
    cut = stream(*events_of(pieces, arguments))
    assert bare(whole(cut.object)) == bare(cut.transcript)
    ended = stream(*events_of(pieces, arguments), event("completed", response=response()))
    assert bare(whole(ended.object)) == bare(ended.transcript)
    assert ended.transcript.complete
