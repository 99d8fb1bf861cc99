"""Lines of server-sent events to JSON values."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recctl.transcript import Oddity
from recctl.wire import Answer, Notes, read
from recctl.wire.sse import decoded

CHUNK = '{"choices":[{"index":0,"delta":{"role":"assistant","content":"Fog"}}]}'
LAST = '{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}'


def values(*lines: Any) -> tuple[list[tuple[Any, int]], tuple[Oddity, ...]]:
    note = Notes()
    return list(decoded(list(lines), note)), note.all()


def codes(oddities: tuple[Oddity, ...]) -> list[tuple[str, int | None]]:
    return [(one.code, one.at) for one in oddities]


def stream(*lines: Any) -> Answer:
    return read({"body": list(lines), "is_streaming": True})


def test_sse_crlf_comment_multi_data() -> None:
    lines = (": the lamp is lit\r\n", 'data: {"a":\r\n', "data: 1}\r\n", "\r\n")
    assert values(*lines) == ([({"a": 1}, 1)], ())
    assert values(": hi", 'data: {"a":', "data: 1}", "") == ([({"a": 1}, 1)], ())


def test_sse_no_space() -> None:
    assert values('data:{"a":1}', "") == ([({"a": 1}, 0)], ())


def test_sse_no_event_line() -> None:
    answer = stream(f"data: {CHUNK}", "", f"data: {LAST}", "", "data: [DONE]", "")
    assert answer.transcript.format == "openai-chat"
    assert (answer.transcript.choices[0].text, answer.transcript.complete) == ("Fog", True)
    assert answer.transcript.warnings == ()


def test_sse_no_final_blank() -> None:
    found, oddities = values('data: {"a":1}', "", 'data: {"a":2}')
    assert found == [({"a": 1}, 0), ({"a": 2}, 2)]
    assert codes(oddities) == [("sse-unterminated", 2)]


def test_sse_ping_done_error() -> None:
    start = '{"type":"message_start","message":{"id":"m","role":"assistant"}}'
    error = '{"type":"error","error":{"type":"overloaded_error","message":"storm"}}'
    answer = stream(
        *("event: message_start", f"data: {start}", ""),
        *("event: ping", 'data: {"type": "ping"}', ""),
        *("event: error", f"data: {error}", ""),
        *("data: [DONE]", "", "data: what follows is not read", ""),
    )
    found = [one.code for one in answer.transcript.warnings]
    assert "stream-error" in found
    assert not {"sse-bad-json", "mixed-stream"} & set(found)
    assert answer.transcript.complete is False


def test_only_one_space_after_the_colon_is_dropped() -> None:
    assert values('data:  "a"', "") == ([("a", 0)], ())
    assert values('data: "a', 'data:  b"', "")[1][0].code == "sse-bad-json"


def test_an_entry_with_line_breaks_is_several_lines() -> None:
    entries = ('event: x\ndata: {"a":1}\n\ndata: {"a":2}\n\n', 'data: {"a":3}\n', "\n")
    assert [value for value, _ in values(*entries)[0]] == [
        {"type": "x", "a": 1},
        {"a": 2},
        {"a": 3},
    ]
    assert values(*entries)[1] == ()


def test_other_line_separators_do_not_break_a_line() -> None:
    assert values('data: "a\u2028b\x85c"', "") == ([("a\u2028b\x85c", 0)], ())


def test_a_byte_order_mark_is_dropped() -> None:
    assert values('\ufeffdata: {"a":1}', "") == ([({"a": 1}, 0)], ())


def test_an_event_without_data_is_none() -> None:
    assert values("event: ping", "", "id: 7", "retry: 10", "", "data", "", "") == (
        [],
        (Oddity("sse-bad-json", 5, "the data of an event is not JSON"),),
    )


def test_a_keep_alive_that_only_its_name_tells_is_skipped() -> None:
    assert values("event: ping", "data: {}", "") == ([], ())


def test_the_end_needs_no_blank_line_after_it() -> None:
    assert values('data: {"a":1}', "", "event: done", "data: [DONE]") == ([({"a": 1}, 0)], ())


def test_the_type_in_the_data_wins() -> None:
    found, oddities = values("event: lamp_on", 'data: {"type":"lamp_off"}', "")
    assert found == [({"type": "lamp_off"}, 1)]
    assert codes(oddities) == [("sse-event-mismatch", 1)]


@pytest.mark.parametrize("key", ["type", "event_type"])
def test_an_event_named_like_its_type_is_as_it_should_be(key: str) -> None:
    assert values("event: lamp_on", f'data: {{"{key}":"lamp_on"}}', "")[1] == ()


def test_the_name_stands_in_for_a_missing_type() -> None:
    assert values("event: lamp_on", 'data: {"hours":2,"type":null}', "")[0] == [
        ({"type": "lamp_on", "hours": 2}, 1)
    ]


def test_the_name_message_says_nothing() -> None:
    assert values("event: message", 'data: {"hours":2}', "")[0] == [({"hours": 2}, 1)]


def test_bad_json_is_noted_and_skipped() -> None:
    found, oddities = values("data: {fog", "", 'data: {"a":1}', "")
    assert found == [({"a": 1}, 2)]
    assert codes(oddities) == [("sse-bad-json", 0)]


@pytest.mark.parametrize("data", ["[" * 100_000, "[" * 201 + "]" * 201])
def test_json_too_deep_to_be_walked_is_left_out(data: str) -> None:
    found, notes = values(f"data: {data}", "", "data: 7", "")

    assert codes(notes) == [("too-deep", 0)]
    assert found == [(7, 2)]


def test_entries_that_are_no_text_are_given_as_they_are() -> None:
    assert values('data: {"a":1}', None, "", {"b": 2}, 3)[0] == [
        (None, 1),
        ({"a": 1}, 0),
        ({"b": 2}, 3),
        (3, 4),
    ]


@given(st.lists(st.text() | st.none() | st.integers() | st.just("data: {}") | st.just("")))
def test_never_raises(lines: list[Any]) -> None:
    values(*lines)


@given(st.lists(st.dictionaries(st.text(), st.integers() | st.text()), max_size=5))
def test_what_was_written_is_read(written: list[dict[str, Any]]) -> None:
    lines = [line for one in written for line in (f"data: {json.dumps(one)}", "")]
    kept = [one for one in written if one.get("type") != "ping"]
    assert [value for value, _ in values(*lines)[0]] == kept
