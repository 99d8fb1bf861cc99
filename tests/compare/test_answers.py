"""What is said of two answers: what the model said and called, whatever chunks it came in."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recctl.compare import Part, applied, compare
from recctl.compare.answers import plain
from recctl.dialects import published
from recctl.difference import is_same
from recctl.recording import Recording
from tests.build import (
    Document,
    chat_answer,
    chat_request,
    chat_stream,
    completion,
    embeddings,
    exception,
    file_result,
    messages_stream,
    model_list,
    tool_call_stream,
    tool_result,
)
from tests.compare.reading import answers, compared, lines, recorded
from tests.strategies import json_values, places, replaced

CALL = ["{", '"place": ', '"Gull Bay"}']


def ignoring_usage(said: list[str]) -> list[str]:
    """What is said before the usage."""
    return said[: next((at for at, line in enumerate(said) if line.startswith("usage")), len(said))]


def test_of_one_answer_nothing_is_said() -> None:
    assert answers(chat_answer("Yes."), chat_answer("Yes.")) == []


def test_in_which_chunks_an_answer_came_means_nothing() -> None:
    pieces = (["The lamp ", "is lit."], ["The ", "lamp is ", "lit."])
    assert answers(*map(chat_stream, pieces)) == []


def test_words_of_an_answer_are_told() -> None:
    said = answers(chat_answer("The lamp is lit."), chat_answer("The bell is lit."))
    assert said == ["answer edited", "  ~ The [-lamp-]{+bell+} is lit."]


def test_an_answer_that_is_streamed_now_says_the_same() -> None:
    said = answers(chat_answer("Yes."), chat_stream(["Yes", "."]))
    assert "now streamed" in said
    assert not any("answer edited" in line for line in said)
    assert "no longer streamed" in answers(chat_stream(["Yes."]), chat_answer("Yes."))


def test_usage_appears_changes_and_goes() -> None:
    without, with_it = chat_stream(["Yes."], usage=None), chat_stream(["Yes."])
    assert "usage appeared" in answers(without, with_it)
    assert "  + input 12, output 9, total 21" in answers(without, with_it)
    assert "usage is gone" in answers(with_it, without)
    assert answers(with_it, chat_stream(["Yes."], usage=(13, 9))) == [
        "usage changed",
        "    input: 12 → 13",
        "    total: 21 → 22",
    ]


def test_the_reason_to_finish_is_told() -> None:
    said = answers(chat_answer("Yes."), chat_answer("Yes.", finish="length"))
    assert said[:2] == ["finish changed", '    "stop" → "length"']


def test_who_answered_is_told() -> None:
    said = answers(chat_answer("Yes.", model="fog-1"), chat_answer("Yes.", model="fog-2"))
    assert said == ["answering model changed", '    "fog-1" → "fog-2"']


def test_a_call_is_told_by_its_arguments() -> None:
    other = ['{"place": "Tern Bay"}']
    said = answers(*(tool_call_stream("tide", one, call_id="call_1") for one in (CALL, other)))
    assert said == [
        "call of `tide` changed",
        '    arguments of `tide` /place: "Gull Bay" → "Tern Bay"',
    ]


def test_a_call_of_another_tool_is_told() -> None:
    said = answers(*(tool_call_stream(one, CALL, call_id="call_1") for one in ("tide", "wind")))
    assert said == ["call of `tide` became one of `wind`"]


def test_an_answer_that_became_a_call_is_told() -> None:
    said = answers(chat_stream(["Yes."]), tool_call_stream("tide", CALL, call_id="call_1"))
    assert ignoring_usage(said) == [
        "answer removed",
        "  - Yes.",
        "call of `tide` added",
        '  + → tide({"place": "Gull Bay"})',
        "finish changed",
        '    "stop" → "tool_calls"',
    ]


def test_ids_and_times_are_hidden_and_counted() -> None:
    before, after = (
        tool_call_stream("tide", CALL, call_id=call_id) for call_id in ("call_1", "call_2")
    )
    one, other = (recorded(chat_request("Tide?"), answer) for answer in (before, after))
    for chunk in other.document["response"]["body"]:
        chunk["__data__"].update(id="rec-0123456789ab", created=1758900000)
    found = compared(one, other)
    assert (found.answers, len(found.response)) == ((), found.hidden)
    assert found.hidden >= 2
    shown = compared(one, other, ignore_volatile=False)
    assert (len(shown.response), shown.hidden) == (found.hidden, 0)
    assert shown.answers


def test_ids_and_times_of_the_pieces_of_a_file_are_hidden() -> None:
    sides = []
    for number in (1, 2):
        answer = file_result(["The lamp."])
        (piece,) = answer["body"]["__data__"]["chunks"]
        piece["chunk_id"] = f"piece-{number}"
        piece["metadata"] = {"document_id": f"{number}a", "file_id": f"file-37117088525{number}"}
        piece["chunk_metadata"] = {"created_timestamp": number, "updated_timestamp": number}
        sides.append(answer)
    assert answers(*sides) == []


def test_ids_that_a_tool_is_asked_for_are_not_hidden() -> None:
    one, other = (
        tool_call_stream("file", ['{"id": "', number, '"}'], call_id="call_1") for number in "12"
    )
    assert answers(one, other)[0] == "call of `file` changed"


def test_scores_in_results_are_hidden_as_in_requests() -> None:
    one, other = (tool_result(f"score: {score} The lamp.") for score in (0.51, 0.77))
    assert answers(one, other) == []
    assert answers(one, other, ignore_volatile=False)[0] == "answer edited"


def test_an_exception_instead_of_an_answer_is_told_once() -> None:
    raised = exception("No such lamp.")
    assert "an exception instead of an answer" in answers(chat_answer("Yes."), raised)
    assert "an answer instead of an exception" in answers(raised, chat_answer("Yes."))
    said = answers(raised, exception("No such bell."))
    assert said[0] == "exception changed"
    assert said[1].endswith("No such [-lamp-]{+bell+}.")


def test_models_that_come_and_go_are_told() -> None:
    said = answers(model_list(["fog-1", "fog-2"]), model_list(["fog-2", "fog-3"]))
    assert said == ["models removed", "  - fog-1", "models added", "  + fog-3"]


def models_with(*members: Document) -> Document:
    """A list of the models a, b, c, with other members."""
    made = model_list("abc")
    for model, known in zip(made["body"], members, strict=False):
        model["__data__"].update(known)
    return made


def test_the_same_models_in_another_order_are_told_as_that() -> None:
    said = answers(model_list(["a", "b", "c"]), model_list(["b", "c", "a"]))
    assert said == ["the same 3 models in another order"]
    said = answers(model_list(["a", "b"]), model_list(["a", "b", "b"]))
    assert said == ["models listed more or less often", "    b: 1 → 2"]


def test_members_of_models_are_told_wherever_the_models_stand() -> None:
    said = answers(model_list("abc"), models_with({}, {"max_model_len": 512}))
    assert said == ["`max_model_len` of model `b` added", "  + 512"]
    said = answers(model_list("abc"), models_with({"owned_by": "me"}, {"owned_by": "me"}))
    assert said == [
        "`owned_by` of 2 models changed",
        '    a: "library" → "me"',
        '    b: "library" → "me"',
    ]
    turned = models_with({"created": 3}, {"max_model_len": 512})
    turned["body"].reverse()
    assert answers(model_list("abc"), turned) == [
        "the same 3 models in another order",
        "`max_model_len` of model `b` added",
        "  + 512",
    ]


def with_members(answer: Document, **members: Any) -> Document:
    """An answer whose body has other members, too."""
    made = copy.deepcopy(answer)
    made["body"]["__data__"].update(members)
    return made


def test_members_that_no_transcript_has_are_told() -> None:
    old = embeddings([[0.1, 0.2]])
    new = with_members(old, object="vectors")
    assert answers(old, new) == ["`object` of the answer changed", '    "list" → "vectors"']
    one, other = (recorded(chat_request("a"), made) for made in (old, new))
    found = compared(one, other).response
    assert [one.pointer for one in found] == ["/recording/response/body/__data__/object"]


def test_of_many_members_a_few_are_named() -> None:
    old = embeddings([[0.1, 0.2]])
    new = with_members(old, a=1, b=2, c=3, d=4)
    assert answers(old, new)[0] == "4 other members of the answer differ: /a, /b, /c, …"


def test_other_members_of_a_recording_are_told() -> None:
    one, other = (recorded(chat_request("a")) for _ in range(2))
    other.document["id_normalization_mapping"] = {"rec-1": "x"}  # type: ignore[index]
    assert lines(compared(one, other).answers) == [
        "`id_normalization_mapping/rec-1` of the recording added",
        '  + "x"',
    ]


def test_members_of_chunks_are_told_whatever_chunks_they_come_in() -> None:
    pieces = (["The lamp ", "is lit."], ["The ", "lamp is ", "lit."])
    one, other = (chat_stream(made) for made in pieces)
    for chunk in one["body"]:
        chunk["__type__"] = "fog.ChatCompletionChunk"
    said = answers(one, other)
    assert said[0] == "`__type__` of chunks changed"
    assert said[1].startswith('    "fog.ChatCompletionChunk" → "openai.')


def test_nothing_against_nothing_is_hidden_and_counted() -> None:
    old = with_members(embeddings([[0.1]]), note=None)
    new = with_members(embeddings([[0.1]]), words=[])
    one, other = (recorded(chat_request("a"), made) for made in (old, new))
    found = compared(one, other)
    assert (found.answers, found.hidden) == ((), 2)
    assert len(compared(one, other, ignore_volatile=False).answers) == 2


def test_an_odd_stream_is_told_in_words_unless_only_its_times_are_odd() -> None:
    one = chat_stream(["Yes", "."])
    other = copy.deepcopy(one)
    other["body"][0]["__data__"]["created"] = 5
    assert answers(one, other) == []
    other["body"][0]["__data__"]["model"] = "fog-9"
    assert "the stream is odd: the model changes within the stream" in answers(one, other)


def test_numbers_of_embeddings_are_told_in_a_line() -> None:
    old, new = [[0.25] * 500], [[0.25] * 499 + [0.5]]
    assert answers(embeddings(old), embeddings(new)) == ["numbers differ", "    by 0.25 at most"]


def test_another_dimension_of_embeddings_is_told() -> None:
    said = answers(embeddings([[0.1, 0.2]]), embeddings([[0.1, 0.2, 0.3]]))
    assert said[:2] == ["numbers differ", "`dimensions` changed"]
    assert said[2] == "    /0: 2 → 3"


def test_another_format_is_told() -> None:
    said = answers(chat_answer("Yes."), completion("Yes."))
    assert '    "openai-chat" → "openai-completion"' in said


def test_answers_of_anthropic_are_told_in_the_same_words() -> None:
    one, other = (messages_stream([f"The {word} ", "is lit."]) for word in ("lamp", "bell"))
    assert answers(one, other) == ["answer edited", "  ~ The [-lamp-]{+bell+} is lit."]


def test_the_status_is_told() -> None:
    one = {"body": {"x": 1}, "is_streaming": False, "status": 200}
    assert answers(one, {**one, "status": 500}) == ["status changed", "    200 → 500"]


def test_an_answer_of_unknown_format_is_compared_as_json() -> None:
    one, other = ({"body": {"x": [1, {"y": y}]}, "is_streaming": False} for y in (1, 1.0))
    assert answers(one, other) == ["answer of unknown format changed", "    /x/1/y: 1 → 1.0"]


def test_an_answer_that_is_cut_off_is_told() -> None:
    whole = chat_stream(["Yes."])
    cut = {**whole, "body": whole["body"][:-2]}
    assert "answer now cut off" in answers(whole, cut)


PLAIN = [
    chat_answer("Yes."),
    chat_stream(["The lamp ", "is lit."]),
    tool_call_stream("tide", CALL, call_id="call_1"),
    completion("Yes."),
    embeddings([[0.1, 0.2]]),
    model_list(["a", "b"]),
    tool_result("The lamp is lit."),
    exception("No such lamp."),
    messages_stream(["The lamp ", "is lit."]),
]
TEXTS = st.sampled_from(["", "a", "stop", "call_1", "call_2", "{}", "id", "tool_calls"])


def check(before: Document, after: Document) -> None:
    one, other = (Recording("", {"request": {}, "response": made}, 0) for made in (before, after))
    assert compare(one, one, published(), part=Part.ALL).is_empty
    for ignore in (True, False):
        found = compare(one, other, published(), part=Part.RESPONSE, ignore_volatile=ignore)
        assert is_same(applied(found.response, plain(one)), plain(other))
        told = {pointer for said in found.answers for pointer in said.pointers}
        pointers = [difference.pointer for difference in found.response]
        assert told <= set(pointers)
        assert sum(pointer not in told for pointer in pointers) <= found.hidden
        assert bool(found.answers) or len(pointers) == found.hidden


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(PLAIN), st.sampled_from(PLAIN))
def test_every_difference_between_answers_is_told_or_counted(
    before: Document, after: Document
) -> None:
    check(before, after)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_every_edit_of_an_answer_is_told_or_counted(data: st.DataObject) -> None:
    before = data.draw(st.sampled_from(PLAIN))
    place = data.draw(st.sampled_from([one for one in places(before) if one]))
    values: st.SearchStrategy[Any] = json_values(TEXTS, keys=TEXTS, max_leaves=4)
    after = replaced(before, place, data.draw(values))
    check(before, after)
    check(after, before)


@pytest.mark.parametrize("response", [None, [], {}, {"body": 1}, {"is_exception": True}])
def test_no_answer_is_too_odd(response: Any) -> None:
    odd = Recording("", {"request": {}, "response": response}, 0)
    sound = Recording("", {"request": {}, "response": chat_answer("Yes.")}, 0)
    for pair in ((odd, sound), (sound, odd), (odd, odd)):
        found = compare(*pair, published(), part=Part.ALL)
        assert found.is_empty is (pair[0] is pair[1])
