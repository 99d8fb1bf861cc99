"""Anthropic messages: events and whole ones."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recctl.transcript import Choice, Transcript
from recctl.wire import Answer, read
from tests.wire.variations import pieces_of, with_nulls


def start(**more: Any) -> dict[str, Any]:
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "keeper-1"}
    usage = {"input_tokens": 7, "output_tokens": 0}
    return {"type": "message_start", "message": {**message, "content": [], "usage": usage, **more}}


def opened(index: int, **block: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(index: int, kind: str, **more: Any) -> dict[str, Any]:
    found = {"type": f"{kind}_delta", **more}
    return {"type": "content_block_delta", "index": index, "delta": found}


def closed(index: int) -> dict[str, Any]:
    return {"type": "content_block_stop", "index": index}


def ending(reason: str | None = "end_turn", **more: Any) -> list[dict[str, Any]]:
    last = {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {}, **more}
    return [last, {"type": "message_stop"}]


def text_block(index: int, *pieces: str) -> list[dict[str, Any]]:
    said = [delta(index, "text", text=piece) for piece in pieces]
    return [opened(index, type="text", text=""), *said, closed(index)]


def tool_block(index: int, *pieces: str, **more: Any) -> list[dict[str, Any]]:
    block = {"type": "tool_use", "id": f"toolu_{index}", "name": "light", "input": {}, **more}
    said = [delta(index, "input_json", partial_json=piece) for piece in pieces]
    return [opened(index, **block), *said, closed(index)]


def stream(*events: dict[str, Any]) -> Answer:
    """The answer to events, as the recorder keeps them: three lines for each."""
    lines = [
        line for one in events for line in (f"event: {one['type']}", f"data: {json.dumps(one)}", "")
    ]
    return read({"body": lines, "is_streaming": True})


def whole(body: Any) -> Transcript:
    return read({"body": body, "is_streaming": False}).transcript


def only(answer: Answer) -> Choice:
    (choice,) = answer.transcript.choices
    return choice


def codes(answer: Answer) -> list[str]:
    return [one.code for one in answer.transcript.warnings]


def bare(transcript: Transcript) -> Transcript:
    return transcript._replace(chunks=0, warnings=())


def test_text_and_thinking() -> None:
    answer = stream(
        start(),
        opened(0, type="thinking", thinking=""),
        delta(0, "thinking", thinking="Is it "),
        delta(0, "thinking", thinking="foggy?"),
        closed(0),
        *text_block(1, "Light ", "the lamp."),
        *ending(),
    )
    choice = only(answer)
    assert (choice.reasoning, choice.text) == ("Is it foggy?", "Light the lamp.")
    assert (choice.role, choice.finish, choice.finish_raw) == ("assistant", "stop", "end_turn")
    assert (answer.transcript.format, answer.transcript.complete) == ("anthropic", True)
    assert (answer.transcript.id, answer.transcript.model) == ("msg_1", "keeper-1")
    assert codes(answer) == []


def test_the_rebuilt_message_has_the_keys_of_a_whole_one() -> None:
    answer = stream(start(), *text_block(0, "Fog"), *ending())
    assert list(answer.object) == [
        *("id", "type", "role", "model", "content", "stop_reason", "usage"),
    ]
    assert answer.object["content"] == [{"type": "text", "text": "Fog"}]


def test_a_stop_sequence_that_is_null_at_the_start_is_null_in_the_message() -> None:
    events = (start(stop_reason=None, stop_sequence=None), *text_block(0, "Fog"), *ending())
    keys = list(stream(*events).object)
    assert keys[-3:] == ["stop_reason", "stop_sequence", "usage"]


def test_a_stop_sequence_is_kept() -> None:
    last = {"stop_reason": "stop_sequence", "stop_sequence": "over"}
    answer = stream(start(), *text_block(0, "Fog"), *ending(delta=last))
    assert only(answer).extra == {"stop_sequence": "over"}
    assert answer.object["stop_sequence"] == "over"


def test_anthropic_usage_revised() -> None:
    counts = {"input_tokens": 73, "output_tokens": 64}
    answer = stream(start(), *text_block(0, "Fog"), *ending(usage=counts))
    usage = answer.transcript.usage
    assert usage is not None
    assert (usage.input, usage.output, usage.total) == (73, 64, 137)
    assert codes(answer) == ["usage-revised"]


def test_usage_that_is_not_sent_again_is_kept() -> None:
    counts = {"input_tokens": None, "output_tokens": 4}
    answer = stream(start(), *text_block(0, "Fog"), *ending(usage=counts))
    assert answer.object["usage"] == {"input_tokens": 7, "output_tokens": 4}


def test_cached_tokens_are_counted_beside_the_input() -> None:
    counts = {"input_tokens": 7, "cache_read_input_tokens": 900, "output_tokens": 4}
    answer = stream(start(usage=counts), *text_block(0, "Fog"), *ending())
    assert answer.transcript.usage is not None
    assert answer.transcript.usage.cached == 900
    assert codes(answer) == []


@pytest.mark.parametrize("pieces", [(), ("",), ("", " ")])
def test_anthropic_tool_empty_input(pieces: tuple[str, ...]) -> None:
    answer = stream(start(), *tool_block(0, *pieces), *ending("tool_use"))
    (call,) = only(answer).tool_calls
    assert (call.arguments, call.arguments_raw, call.error) == ({}, "{}", None)
    assert answer.object["content"][0]["input"] == {}
    assert codes(answer) == []


def test_tool_input_comes_in_pieces() -> None:
    answer = stream(start(), *tool_block(0, "", '{"on": ', "true}"), *ending("tool_use"))
    (call,) = only(answer).tool_calls
    assert (call.id, call.type, call.name) == ("toolu_0", "function", "light")
    assert (call.arguments_raw, call.arguments) == ('{"on": true}', {"on": True})
    assert only(answer).finish == "tool_calls"
    block = {"type": "tool_use", "id": "toolu_0", "name": "light", "input": {"on": True}}
    assert answer.object["content"] == [block]


def test_tool_input_that_came_with_the_start() -> None:
    answer = stream(start(), *tool_block(0, input={"on": None}), *ending("tool_use"))
    assert only(answer).tool_calls[0].arguments == {"on": None}


def test_anthropic_tool_truncated() -> None:
    answer = stream(start(), *tool_block(0, '{"a": "he'), *ending("max_tokens"))
    (call,) = only(answer).tool_calls
    assert (call.arguments, call.arguments_raw, call.error) == (None, '{"a": "he', "invalid")
    assert answer.object["content"][0]["input"] is None
    assert answer.object["content"][0]["arguments_raw"] == '{"a": "he'
    assert sorted(codes(answer)) == ["tool-args-invalid", "truncated-length"]
    assert bare(whole(answer.object)) == bare(answer.transcript)


def test_a_tool_of_the_providers_own_does_not_ask_for_a_result() -> None:
    tool = tool_block(0, '{"q":"tide"}', type="server_tool_use", name="web_search")
    result = {"type": "web_search_tool_result", "tool_use_id": "toolu_0", "content": []}
    answer = stream(
        start(), *tool, opened(1, **result), closed(1), *text_block(2, "High."), *ending()
    )
    choice = only(answer)
    assert (choice.tool_calls[0].type, choice.tool_calls[0].arguments) == (
        "server_tool_use",
        {"q": "tide"},
    )
    assert (choice.finish, choice.extra) == ("stop", {"blocks": [result]})
    assert codes(answer) == []


def test_anthropic_block_order() -> None:
    answer = stream(start(), *text_block(1, "dawn."), *text_block(0, "Fog at "), *ending())
    assert only(answer).text == "Fog at dawn."
    assert [block["text"] for block in answer.object["content"]] == ["Fog at ", "dawn."]


def test_blocks_that_alternate() -> None:
    answer = stream(
        start(),
        opened(0, type="text", text=""),
        opened(1, type="text", text=""),
        delta(1, "text", text="b"),
        delta(0, "text", text="a"),
        delta(1, "text", text="B"),
        *(closed(0), closed(1)),
        *ending(),
    )
    assert [block["text"] for block in answer.object["content"]] == ["a", "bB"]


def test_anthropic_signature_twice() -> None:
    answer = stream(
        start(),
        opened(0, type="thinking", thinking="", signature=""),
        delta(0, "signature", signature="s1"),
        delta(0, "signature", signature="s2"),
        closed(0),
        *text_block(1, "Fog"),
        *ending(),
    )
    assert answer.object["content"][0] == {"type": "thinking", "thinking": "", "signature": "s2"}


def test_citations_are_appended() -> None:
    cited = [delta(0, "citations", citation={"cited_text": word}) for word in ("log", "chart")]
    begun = [opened(0, type="text", text="", citations=None), delta(0, "text", text="Fog")]
    answer = stream(start(), *begun, *cited, closed(0), *ending())
    block = answer.object["content"][0]
    assert block["citations"] == [{"cited_text": "log"}, {"cited_text": "chart"}]


def test_a_delta_before_its_block() -> None:
    answer = stream(start(), delta(0, "text", text="Fog"), *ending())
    assert only(answer).text == "Fog"
    assert codes(answer) == ["block-not-started"]


def test_a_block_that_starts_after_its_delta() -> None:
    answer = stream(
        start(), delta(0, "text", text="og"), opened(0, type="text", text="F"), closed(0), *ending()
    )
    assert only(answer).text == "Fog"


def test_a_delta_for_a_block_of_another_type_is_dropped() -> None:
    answer = stream(start(), *text_block(0, "Fog")[:2], delta(0, "thinking", thinking="x"))
    assert (only(answer).text, only(answer).reasoning) == ("Fog", None)
    assert "block-not-started" in codes(answer)


def test_a_block_that_starts_twice_is_two_blocks() -> None:
    answer = stream(start(), *text_block(0, "Fog"), *text_block(0, " lifts"), *ending())
    assert [block["text"] for block in answer.object["content"]] == ["Fog", " lifts"]
    assert codes(answer) == ["block-index-gap"]


def test_a_gap_between_blocks() -> None:
    answer = stream(start(), *text_block(0, "Fog"), *text_block(2, " lifts"), *ending())
    assert only(answer).text == "Fog lifts"
    assert codes(answer) == ["block-index-gap"]


def test_a_block_that_never_stops() -> None:
    answer = stream(start(), *text_block(0, "Fog")[:-1], *ending())
    assert codes(answer) == ["block-unstopped"]


def test_a_stream_cut_off() -> None:
    answer = stream(start(), *text_block(0, "Fog")[:-1])
    assert (only(answer).text, answer.transcript.complete) == ("Fog", False)
    assert set(codes(answer)) == {"terminal-missing", "block-unstopped", "finish-missing"}
    assert answer.object["stop_reason"] is None


def test_no_terminal_event() -> None:
    answer = stream(start(), *text_block(0, "Fog"), *ending()[:1])
    assert answer.transcript.complete is False
    assert codes(answer) == ["terminal-missing"]


def test_a_ping_is_skipped() -> None:
    answer = stream(start(), {"type": "ping"}, *text_block(0, "Fog"), {"type": "ping"}, *ending())
    assert codes(answer) == []


def test_an_error_event() -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "storm"}}
    answer = stream(start(), *text_block(0, "Fog"), error)
    assert (only(answer).text, answer.transcript.complete) == ("Fog", False)
    assert "stream-error" in codes(answer)


def test_nothing_but_an_error_event() -> None:
    answer = stream({"type": "error", "error": {"type": "overloaded_error", "message": "storm"}})
    assert (answer.transcript.format, answer.transcript.choices) == ("anthropic", ())
    assert (answer.transcript.complete, answer.object) == (False, None)


def test_two_streams_run_into_each_other() -> None:
    answer = stream(
        start(), *text_block(0, "Fog"), *ending(), start(id="msg_2"), *text_block(0, "Sun")
    )
    assert answer.transcript.id == "msg_1"
    assert {"id-changed", "content-after-finish", "block-index-gap"} <= set(codes(answer))


def test_two_stop_reasons() -> None:
    answer = stream(start(), *text_block(0, "Fog"), *ending()[:1], *ending("max_tokens"))
    assert only(answer).finish_raw == "max_tokens"
    assert codes(answer) == ["finish-duplicate", "truncated-length"]


def test_a_call_without_the_finish_of_one() -> None:
    answer = stream(start(), *tool_block(0, "{}"), *ending("end_turn"))
    assert only(answer).finish == "tool_calls"
    assert codes(answer) == ["tools-finish-mismatch"]


def test_the_finish_of_a_call_without_one() -> None:
    answer = stream(start(), *text_block(0, "Fog"), *ending("tool_use"))
    assert codes(answer) == ["finish-without-tools"]


def test_typed_events_with_their_nulls() -> None:
    module = "anthropic.types.raw_message_start_event.RawMessageStartEvent"
    typed = [
        {"__type__": module, "__data__": one}
        for one in (start(stop_reason=None, container=None), *text_block(0, "Fog"), *ending())
    ]
    answer = read({"body": typed, "is_streaming": True})
    assert (answer.transcript.format, only(answer).text) == ("anthropic", "Fog")
    assert answer.transcript.complete is True


def test_surrogates_sent_apart() -> None:
    answer = stream(start(), *text_block(0, "\ud83d", "\ude00"), *ending())
    assert only(answer).text == "😀"
    assert answer.object["content"][0]["text"] == "😀"


def test_a_whole_message() -> None:
    body = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "keeper-1",
        "content": [
            {"type": "thinking", "thinking": "Hm."},
            {"type": "text", "text": "Fog"},
            {"type": "tool_use", "id": "toolu_1", "name": "light", "input": {"on": True}},
        ],
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": {"input_tokens": 7, "output_tokens": 4, "service_tier": "standard"},
    }
    transcript = whole(body)
    (choice,) = transcript.choices
    assert (choice.reasoning, choice.text) == ("Hm.", "Fog")
    assert choice.tool_calls[0].arguments == {"on": True}
    assert (transcript.complete, transcript.service_tier) == (True, "standard")
    assert transcript.warnings == ()


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1, 3)
    | st.sampled_from(["", "text", "thinking", "tool_use", "tool_use", "{", "[1]", "\ud800"])
    | st.sampled_from(["text_delta", "thinking_delta", "input_json_delta", "signature_delta"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("type", "index", "text", "thinking", "partial_json", "signature", "input"),
                    *("id", "name", "role", "content", "usage", "stop_reason", "citation"),
                    *("input_tokens", "delta", "content_block", "message", "citations"),
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
        *("message_start", "message_delta", "message_stop", "content_block_start"),
        *("content_block_delta", "content_block_stop", "error", "ping", "fog"),
    ]
)
EVENTS = st.fixed_dictionaries(
    {"type": KINDS}, optional={"index": JSON, "delta": JSON, "content_block": JSON, "message": JSON}
)


@given(st.lists(EVENTS | JSON, max_size=8))
def test_never_raises(body: list[Any]) -> None:
    answer = read({"body": body, "is_streaming": True})
    read({"body": answer.object, "is_streaming": False})


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
CUTS = st.lists(st.integers(0, 50), max_size=6)
INPUTS = st.dictionaries(st.text("abc", max_size=3), st.integers() | st.none() | TEXTS, max_size=3)


def answer_of(said: str, thought: str, given_input: Any, cuts: list[int]) -> list[dict[str, Any]]:
    raw = json.dumps(given_input, ensure_ascii=False, separators=(",", ":"))
    thinking = [delta(0, "thinking", thinking=one) for one in pieces_of(thought, cuts)]
    return [
        start(),
        *(opened(0, type="thinking", thinking=""), *thinking, closed(0)),
        *text_block(1, *pieces_of(said, cuts)),
        *tool_block(2, *pieces_of(raw, cuts)),
        *ending("tool_use", usage={"input_tokens": 9, "output_tokens": 3}),
    ]


@given(TEXTS, TEXTS, INPUTS, CUTS)
def test_how_texts_are_cut_changes_nothing(
    said: str, thought: str, given_input: Any, cuts: list[int]
) -> None:
    cut = stream(*answer_of(said, thought, given_input, cuts))
    uncut = stream(*answer_of(said, thought, given_input, []))
    assert bare(cut.transcript) == bare(uncut.transcript)
    assert cut.object == uncut.object
    assert only(cut).tool_calls[0].arguments == given_input


@given(TEXTS, INPUTS, CUTS)
def test_nulls_change_nothing(said: str, given_input: Any, cuts: list[int]) -> None:
    events = answer_of(said, "Hm.", given_input, cuts)
    assert (
        stream(*(with_nulls(one, "input") for one in events)).transcript
        == stream(*events).transcript
    )


@given(TEXTS, TEXTS, INPUTS, CUTS)
def test_the_rebuilt_message_says_the_same(
    said: str, thought: str, given_input: Any, cuts: list[int]
) -> None:
    answer = stream(*answer_of(said, thought, given_input, cuts))
    assert bare(whole(answer.object)) == bare(answer.transcript)
