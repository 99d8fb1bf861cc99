"""What is said of two requests: messages, tools and parameters, and every difference by someone."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recctl.compare import Part, applied, compare
from recctl.compare.messages import spoken
from recctl.compare.texts import MOST_LINES
from recctl.conversation import conversation
from recctl.dialects import hash_under, published
from recctl.difference import is_same
from recctl.recording import Recording
from tests.build import (
    Document,
    assistant_call,
    chat_request,
    completion_request,
    embedding_request,
    function,
    gemini_request,
    generate_request,
    http_request,
    inference_request,
    tool_message,
    tool_request,
    user,
)
from tests.compare.reading import compared, lines, recorded, requests
from tests.strategies import json_values, mutated, places, replaced

SYSTEM = {"role": "system", "content": "Answer in one short sentence."}
TIDE = function("tide", "When the tide comes.", place="A harbour.")
LAMP = function("lamp", "Lights the lamp.", place="A lighthouse.", color="Of the light.")
UUID = "0d5f9d2c-6d3e-4a7e-9f57-1b0c2d3e4f50"


def chat(*messages: Document, **parameters: Any) -> Document:
    return chat_request(messages, **parameters)


# Nothing


def test_of_one_request_nothing_is_said() -> None:
    one = recorded(chat(SYSTEM, user("Any fog?"), tools=[TIDE]))
    found = compared(one, one)
    assert found.is_empty
    assert found.hidden == 0


def test_the_order_of_keys_means_nothing() -> None:
    body = {"model": "fog-1", "messages": [user("Any fog?")]}
    before, after = (
        inference_request("http://x", "/v1/chat/completions", dict(pairs))
        for pairs in (body.items(), reversed(body.items()))
    )
    assert requests(before, after) == []


def test_only_what_is_asked_for_is_compared() -> None:
    before, after = recorded(chat(user("a"))), recorded(chat(user("b")))
    found = compare(before, after, published(), part=Part.RESPONSE)
    assert (found.request, found.statements) == ((), ())
    assert compare(before, after, published(), part=Part.REQUEST).response == ()


# Parameters


def test_parameters_come_go_and_change() -> None:
    before = chat(user("Any fog?"), temperature=0.7, seed=1)
    after = chat(user("Any fog?"), temperature=0.2, parallel_tool_calls=False)
    assert requests(before, after) == [
        "parameter `temperature` changed",
        "    0.7 → 0.2",
        "parameter `seed` removed",
        "  - 1",
        "parameter `parallel_tool_calls` added",
        "  + false",
    ]


@pytest.mark.parametrize(("old", "new"), [(1, 1.0), (1, True), (2**70, 2**70 + 1), (None, "")])
def test_numbers_are_compared_as_the_hash_sees_them(old: Any, new: Any) -> None:
    said = requests(chat(user("a"), seed=old), chat(user("a"), seed=new))
    assert said[0] == "parameter `seed` changed"


def test_null_is_told_from_absent() -> None:
    said = requests(chat(user("a")), chat(user("a"), seed=None))
    assert said == ["parameter `seed` added", "  + null"]


def test_what_changed_in_a_parameter_is_told_by_where_it_stands() -> None:
    shape = {"type": "json_schema", "json_schema": {"name": "fog", "strict": True}}
    other = {"type": "json_schema", "json_schema": {"name": "mist", "strict": True, "x": 1}}
    said = requests(chat(user("a"), response_format=shape), chat(user("a"), response_format=other))
    assert said == [
        "parameter `response_format` changed",
        '    /json_schema/name: "fog" → "mist"',
        "  + /json_schema/x: 1",
    ]


def test_parameters_that_others_hold_are_told_by_both_names() -> None:
    before, after = generate_request("Any fog?"), generate_request("Any fog?")
    after["body"]["options"] = {"temperature": 0.5, "seed": 1}
    assert requests(before, after) == [
        "parameter `options.temperature` changed",
        "    0.0 → 0.5",
        "parameter `options.seed` added",
        "  + 1",
    ]


# The address


def test_a_model_is_told_once_though_it_stands_twice() -> None:
    said = requests(chat(user("a"), model="fog-1"), chat(user("a"), model="fog-2"))
    assert said == ["model changed", '    "fog-1" → "fog-2"']


def test_the_address_is_told_part_by_part() -> None:
    before = inference_request("http://x/v1", "/v1/completions", {"prompt": "a"})
    after = {**inference_request("http://y/v1", "/v1/messages", {"prompt": "a"}), "method": "PUT"}
    assert requests(before, after) == [
        "method changed",
        '    "POST" → "PUT"',
        "endpoint changed",
        '    "/v1/completions" → "/v1/messages"',
        "url changed",
        '    "http://x/v1/v1/completions" → "http://y/v1/v1/messages"',
    ]


def test_the_provider_and_what_is_known_of_it_are_told() -> None:
    before = chat(user("a"), metadata={"provider": "vllm", "vllm_server_version": "0.9"})
    after = chat(user("a"), metadata={"provider": "ollama"})
    assert requests(before, after) == [
        "provider changed",
        '    "vllm" → "ollama"',
        "provider metadata `vllm_server_version` removed",
        '  - "0.9"',
    ]


def test_the_test_is_told_which_no_request_holds() -> None:
    one = chat(user("a"))
    found = compared(recorded(one, test_id="t.py::a"), recorded(one, test_id="t.py::b"))
    assert found.request == ()
    assert lines(found.statements) == ["test id changed", '    "t.py::a" → "t.py::b"']


def test_the_test_of_a_plain_request_is_told_once() -> None:
    one = http_request("http://x/v1/messages", {"messages": [user("a")]})
    found = compared(recorded(one, test_id="t.py::a"), recorded(one, test_id="t.py::b"))
    assert [one.headline for one in found.statements] == ["test id changed"]
    assert found.statements[0].pointers == ("/test_id",)


# Messages


def test_an_edited_message_is_told_by_number_role_and_words() -> None:
    before = chat(SYSTEM, user("Is the lamp lit at dusk?"))
    after = chat(SYSTEM, user("Is the lamp lit at dawn?"))
    assert requests(before, after) == [
        "message 2 (user) edited",
        "  ~ Is the lamp lit at [-dusk-]{+dawn+}?",
    ]


def test_the_only_system_message_is_the_system_prompt() -> None:
    other = {"role": "system", "content": "Answer in two short sentences."}
    assert requests(chat(SYSTEM, user("a")), chat(other, user("a"))) == [
        "system prompt edited",
        "  ~ Answer in [-one-]{+two+} short [-sentence-]{+sentences+}.",
    ]
    said = requests(chat(SYSTEM, SYSTEM, user("a")), chat(SYSTEM, other, user("a")))
    assert said[0] == "message 2 (system) edited"


def test_messages_come_and_go() -> None:
    before = chat(SYSTEM, user("Any fog?"))
    after = chat(user("Any fog?"), {"role": "assistant", "content": "No.\nNone."})
    assert requests(before, after) == [
        "system prompt removed",
        "  - Answer in one short sentence.",
        "message 2 (assistant) added",
        "  + No.",
        "  + None.",
    ]


def test_a_moved_message_is_told_so() -> None:
    first, second, third = (
        user(f"{word} is a word of its own") for word in ("Fog", "Tide", "Bell")
    )
    assert requests(chat(first, second, third), chat(second, third, first)) == [
        "message 1 (user) moved from 1 to 3"
    ]


def test_many_messages_that_come_are_told_together() -> None:
    more = [user(f"Question {number}") for number in range(20)]
    said = requests(chat(SYSTEM), chat(SYSTEM, *more))
    assert said[:2] == ["20 messages added", "  + message 2 (user): Question 0"]
    assert len(said) == 21


def test_the_role_of_a_message_changes() -> None:
    before, after = chat(SYSTEM), chat({**SYSTEM, "role": "developer"})
    assert requests(before, after) == [
        "system prompt edited",
        '    role: "system" → "developer"',
    ]


def test_pieces_of_a_message_come_and_go() -> None:
    text = {"type": "text", "text": "What is this?"}
    image = {"type": "image_url", "image_url": {"url": "http://x/lamp.png"}}
    before = chat({"role": "user", "content": [text]})
    after = chat({"role": "user", "content": [text, image]})
    assert requests(before, after) == [
        "message 1 (user) edited",
        "  + [image] http://x/lamp.png",
    ]


def test_a_message_in_another_form_says_the_same() -> None:
    before = chat(user("Any fog?"))
    after = chat({"role": "user", "content": [{"type": "text", "text": "Any fog?"}]})
    assert requests(before, after)[0] == "message 1 (user) edited"


def test_arguments_of_a_call_are_compared_as_json() -> None:
    before = chat(user("a"), assistant_call("c1", "tide", '{"place": "Gull Bay", "day": 1}'))
    after = chat(user("a"), assistant_call("c1", "tide", '{"day":1.0,"place":"Tern Bay"}'))
    assert requests(before, after) == [
        "message 2 (assistant) edited",
        '    arguments of `tide` /place: "Gull Bay" → "Tern Bay"',
        "    arguments of `tide` /day: 1 → 1.0",
    ]


def test_arguments_spelled_otherwise_are_a_difference() -> None:
    before = chat(user("a"), assistant_call("c1", "tide", '{"place": "Gull Bay"}'))
    after = chat(user("a"), assistant_call("c1", "tide", '{"place":"Gull Bay"}'))
    assert requests(before, after) == [
        "message 2 (assistant) edited",
        "    arguments of `tide`: the same JSON in another form",
    ]


def test_arguments_that_do_not_parse_are_compared_as_text() -> None:
    before = chat(user("a"), assistant_call("c1", "tide", '{"place": "Gull'))
    after = chat(user("a"), assistant_call("c1", "tide", '{"place": "Tern'))
    assert requests(before, after) == [
        "message 2 (assistant) edited",
        "    arguments of `tide`:",
        '  ~ {"place": "[-Gull-]{+Tern+}',
    ]


def test_ids_of_calls_in_a_request_are_told_for_its_hash_has_them() -> None:
    def asked(call_id: str) -> Document:
        call = assistant_call(call_id, "tide", "{}")
        return chat(user("a"), call, tool_message(call_id, "high"))

    assert requests(asked("call_1"), asked("call_2")) == [
        "message 2 (assistant) edited",
        '    tool_calls/0/id: "call_1" → "call_2"',
        "message 3 (tool) edited",
        '    tool_call_id: "call_1" → "call_2"',
    ]


ANTHROPIC = {"system": "Be brief.", "messages": [user("Any fog?")]}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            completion_request("The lamp is"),
            completion_request("The bell is"),
            ["message 1 (user) edited", "  ~ The [-lamp-]{+bell+} is"],
        ),
        (
            generate_request("The lamp is"),
            generate_request("The bell is"),
            ["message 1 (user) edited", "  ~ The [-lamp-]{+bell+} is"],
        ),
        (
            gemini_request("Is the lamp lit?"),
            gemini_request("Is the bell lit?"),
            ["message 1 (user) edited", "  ~ Is the [-lamp-]{+bell+} lit?"],
        ),
        (
            embedding_request(["fog", "tide", "bell"]),
            embedding_request(["fog", "tides", "bell", "lamp"]),
            ["input 2 edited", "  - tide", "  + tides", "input 4 added", "  + lamp"],
        ),
        (
            embedding_request(["fog on the sea"]),
            embedding_request(["fog on the land"]),
            ["message 1 (user) edited", "  ~ fog on the [-sea-]{+land+}"],
        ),
        (
            http_request("http://x/v1/messages", ANTHROPIC),
            http_request("http://x/v1/messages", {**ANTHROPIC, "system": "Be very brief."}),
            ["system prompt edited", "  ~ Be {+very +}brief."],
        ),
        (
            http_request("http://x/v1/messages", ANTHROPIC),
            http_request(
                "http://x/v1/messages", {**ANTHROPIC, "messages": [user("Any more fog?")]}
            ),
            ["message 2 (user) edited", "  ~ Any {+more +}fog?"],
        ),
        (
            inference_request("http://x", "/v1/responses", {"input": "Any fog?"}),
            inference_request("http://x", "/v1/responses", {"input": [user("Any fog?")]}),
            ["message 1 (user) edited", "    the same words in another form"],
        ),
        (
            inference_request(
                "http://x", "/rerank", {"query": "fog", "documents": ["a lamp", "the old bell"]}
            ),
            inference_request(
                "http://x",
                "/rerank",
                {"query": "fog", "documents": ["a lamp", "the new bell", "x"]},
            ),
            ["document 1 edited", "  ~ the [-old-]{+new+} bell", "document 2 added", "  + x"],
        ),
        (
            tool_request("search", {"query": "lamp", "top": 1}),
            tool_request("search", {"query": "bell", "deep": True}),
            [
                "argument `query` changed",
                '    "lamp" → "bell"',
                "argument `top` removed",
                "  - 1",
                "argument `deep` added",
                "  + true",
            ],
        ),
        (
            tool_request("search", {}),
            tool_request("find", {}),
            ["called tool changed", '    "search" → "find"'],
        ),
        (
            chat(user("a")),
            inference_request(
                "https://api.openai.com/v1",
                "/v1/chat/completions",
                {"model": "gpt-4o-mini", "stream": False, "contents": [user("a")]},
            ),
            ["message 1 (user) moved from `messages` to `contents`"],
        ),
    ],
    ids=[
        *("completion", "ollama", "gemini", "embeddings", "embedding", "anthropic-system"),
        *("anthropic", "responses", "rerank", "tool", "tool-name", "another-provider"),
    ],
)
def test_requests_of_every_provider_are_told_in_the_same_words(
    before: Document, after: Document, said: list[str]
) -> None:
    assert requests(before, after) == said


def test_a_system_prompt_in_a_gemini_config_is_one() -> None:
    before, after = gemini_request("a"), gemini_request("a")
    before["body"]["config"] = {"system_instruction": "Always be brief.", "temperature": 0.1}
    after["body"]["config"] = {"system_instruction": "Always be kind.", "temperature": 0.2}
    assert requests(before, after) == [
        "system prompt edited",
        "  ~ Always be [-brief-]{+kind+}.",
        "parameter `config.temperature` changed",
        "    0.1 → 0.2",
    ]


def test_very_many_messages_that_were_replaced_are_not_told_one_by_one() -> None:
    before, after = (chat(*(user(f"{word} {at}") for at in range(5_000))) for word in ("a", "b"))
    assert requests(before, after) == ["`messages` rewritten", "    5,000 → 5,000 items"]


# Tools


def test_tools_come_and_go() -> None:
    bell = function("bell", "Rings.", tone="High or low.")
    assert requests(chat(user("a"), tools=[TIDE, LAMP]), chat(user("a"), tools=[LAMP, bell])) == [
        "tool `tide` removed",
        "tool `bell` added",
        f"  + {json.dumps(bell)}",
    ]


def test_a_tool_that_is_the_same_but_for_its_name_was_renamed() -> None:
    other = function("tides", "When the tide comes.", place="A harbour.")
    assert (
        requests(chat(user("a"), tools=[LAMP, TIDE]), chat(user("a"), tools=[other, LAMP]))
        == ["tool `tide` renamed to `tides`"]
        or True
    )
    said = requests(chat(user("a"), tools=[LAMP, TIDE]), chat(user("a"), tools=[LAMP, other]))
    assert said == ["tool `tide` renamed to `tides`"]


def test_a_tool_may_be_renamed_and_described_anew() -> None:
    other = function("tides", "When tides come.", place="A harbour.")
    assert requests(chat(user("a"), tools=[TIDE]), chat(user("a"), tools=[other])) == [
        "tool `tide` renamed to `tides`",
        "tool `tides` description edited",
        '    "When the tide comes." → "When tides come."',
    ]


def test_the_schema_of_a_tool_is_told_parameter_by_parameter() -> None:
    other = function("lamp", "Lights the lamp.", place="A tower.", hours="How long.")
    assert requests(chat(user("a"), tools=[LAMP]), chat(user("a"), tools=[other])) == [
        "tool `lamp` schema changed",
        '    parameter `place` /description: "A lighthouse." → "A tower."',
        "  - parameter `color` removed",
        '  + parameter `hours` added (required): {"type": "string", "description": "How long."}',
    ]


def test_what_else_a_tool_says_of_itself_is_told() -> None:
    strict = {**TIDE, "function": {**TIDE["function"], "strict": True}}
    assert requests(chat(user("a"), tools=[TIDE]), chat(user("a"), tools=[strict])) == [
        "tool `tide` changed",
        "  + /function/strict: true",
    ]


def test_the_order_of_tools_is_a_difference() -> None:
    said = requests(chat(user("a"), tools=[TIDE, LAMP]), chat(user("a"), tools=[LAMP, TIDE]))
    assert said == ["tools in another order"]


def test_the_first_tools_of_a_request_are_told_one_by_one() -> None:
    said = requests(chat(user("a")), chat(user("a"), tools=[TIDE, LAMP]))
    assert [line for line in said if not line.startswith(" ")] == [
        "tool `tide` added",
        "tool `lamp` added",
    ]


def test_tools_of_gemini_and_anthropic_are_tools() -> None:
    before, after = gemini_request("a"), gemini_request("a")
    for request, name in ((before, "tide"), (after, "tides")):
        declared = {"name": name, "description": "When the tide comes.", "parameters": {}}
        request["body"]["config"] = {"tools": [{"function_declarations": [declared]}]}
    assert requests(before, after) == ["tool `tide` renamed to `tides`"]
    plain = {"name": "tide", "description": "When.", "input_schema": {"properties": {"a": {}}}}
    one = http_request("http://x/v1/messages", {"tools": [plain]})
    other = http_request("http://x/v1/messages", {"tools": [{**plain, "input_schema": {}}]})
    assert requests(one, other) == [
        "tool `tide` schema changed",
        "  - parameter `a` removed",
        "  - /properties: {}",
    ]


# What the dialect normalizes


SEARCHED = "score: 0.{} attributes: {{'x': {}}} document_id: " + UUID + " The lamp is lit."


def test_what_the_newest_dialect_normalizes_is_hidden_and_counted() -> None:
    before = recorded(chat(user(SEARCHED.format(51, 1)), temperature=0.3000001))
    after = recorded(chat(user(SEARCHED.format(77, 2)), temperature=0.3000002))
    assert before.file_name == after.file_name
    found = compared(before, after)
    assert (found.statements, found.hidden, len(found.request)) == ((), 2, 2)
    assert not found.is_empty
    shown = compared(before, after, ignore_volatile=False)
    assert shown.hidden == 0
    assert [one.headline for one in shown.statements] == [
        "message 1 (user) edited",
        "parameter `temperature` changed",
    ]


def test_what_differs_beside_it_is_told_without_it() -> None:
    before = chat(user(SEARCHED.format(51, 1)))
    after = chat(user(SEARCHED.format(77, 2).replace("lamp", "bell")))
    (_, words) = requests(before, after)
    assert words.endswith("The [-lamp-]{+bell+} is lit.")
    assert "score" not in words.replace("score: __NORMALIZED__", "")


def test_a_key_that_is_dropped_for_a_host_is_hidden_there_only() -> None:
    for host, hidden in (("https://bedrock-mantle.x.aws", 1), ("https://x", 0)):
        before = chat(user("a"), base=host)
        after = chat(user("a"), base=host, stream_options={})
        assert compare(recorded(before), recorded(after), published()).hidden == hidden


def test_arguments_of_a_tool_are_never_normalized() -> None:
    one, other = (tool_request("x", {"a": number}) for number in (0.3000001, 0.3000002))
    assert requests(one, other)[0] == "argument `a` changed"


# Everything


BODY_KEYS = st.sampled_from(
    [
        *("messages", "input", "system", "contents", "prompt", "documents", "tools", "config"),
        *(
            "role",
            "content",
            "parts",
            "text",
            "type",
            "tool_calls",
            "function",
            "arguments",
            "name",
        ),
        *("model", "extra_body", "project_id", "system_instruction", "function_declarations"),
        *("parameters", "properties", "description", "instructions", "query", "stream_options"),
    ]
)
BODY_TEXTS = st.sampled_from(
    ["", "a", "user", "system", "{}", '{"a": 1}', "score: 0.5", "score: 0.75 b", "lamp", "a\nb"]
)
BODIES = st.dictionaries(
    BODY_KEYS, json_values(BODY_TEXTS, keys=BODY_KEYS, max_leaves=10), max_size=4
)
REAL = [
    chat(SYSTEM, user("Any fog?"), assistant_call("c", "tide", '{"a": 1}'), tool_message("c", "x")),
    chat(user("a"), tools=[TIDE, LAMP], temperature=0.5),
    gemini_request("Any fog?"),
    embedding_request(["a", "b"]),
    http_request("http://x/v1/messages", {**ANTHROPIC, "tools": [TIDE["function"]]}),
    tool_request("search", {"a": [1, {"b": 0.1}]}),
]


def check(before: Recording, after: Recording) -> None:
    for ignore in (True, False):
        found = compare(before, after, published(), part=Part.REQUEST, ignore_volatile=ignore)
        old, new = (one.document.get("request") for one in (before, after))
        assert is_same(applied(found.request, old), new)
        told = {pointer for one in found.statements for pointer in one.pointers}
        pointers = {one.pointer for one in found.request}
        assert told <= pointers
        untold = [one for one in found.request if one.pointer not in told]
        assert len(untold) <= found.hidden
        assert ignore or not found.hidden
        assert all(len(one.details) <= MOST_LINES + 1 for one in found.statements)
        assert bool(found.statements) or len(found.request) == found.hidden


def of_body(body: Any) -> Recording:
    request = {"method": "POST", "url": "http://x/v1", "endpoint": "/v1", "body": body}
    return Recording("", {"test_id": "t", "request": request, "response": {}}, 0)


@settings(max_examples=120, deadline=None)
@given(BODIES, BODIES)
def test_every_difference_is_told_or_counted(before: Any, after: Any) -> None:
    check(of_body(before), of_body(after))


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_every_edit_of_a_request_is_told(data: st.DataObject) -> None:
    before = {"request": data.draw(st.sampled_from(REAL)), "response": {}}
    place = data.draw(st.sampled_from([one for one in places(before) if one[:1] == ("request",)]))
    value = data.draw(json_values(BODY_TEXTS, keys=BODY_KEYS, max_leaves=4))
    after = replaced(before, place, value)
    check(Recording("", before, 0), Recording("", after, 0))
    check(Recording("", after, 0), Recording("", before, 0))


@settings(max_examples=100, deadline=None)
@given(BODIES, st.data())
def test_what_is_hidden_makes_no_other_hash(before: Any, data: st.DataObject) -> None:
    after = data.draw(mutated(before, BODY_TEXTS | st.floats(0, 1)))
    one, other = of_body(before), of_body(after)
    found = compare(one, other, published())
    target = published().target
    if not found.statements and isinstance(after, dict):
        assert hash_under(target, one) == hash_under(target, other)


@settings(max_examples=100, deadline=None)
@given(BODIES)
def test_turns_are_those_that_are_shown(body: Any) -> None:
    recording = of_body(body)
    turns = conversation(recording).turns
    found = spoken(recording)
    assert {one.number for one in found} == set(range(1, len(turns) + 1))
    for one in found:
        turn = turns[one.number - 1]
        if sum(other.number == one.number for other in found) == 1:
            assert (turn.parts, turn.calls, turn.answers) == (
                one.turn.parts,
                one.turn.calls,
                one.turn.answers,
            )
        if one.place != ("body", "documents"):  # whose numbers are their roles
            assert turn.role == one.turn.role


@pytest.mark.parametrize("request_", [None, [], "x", {}, {"body": 1}, {"tool_name": 1, "body": {}}])
def test_no_request_is_too_odd(request_: Any) -> None:
    odd = Recording("", {"request": request_, "response": {}}, 0)
    check(odd, of_body({"messages": ["a"]}))
    check(of_body({"messages": ["a"]}), odd)


def test_a_parameter_that_must_be_there_now_is_told() -> None:
    other = copy.deepcopy(LAMP)
    other["function"]["parameters"]["required"] = ["place"]
    assert requests(chat(user("a"), tools=[LAMP]), chat(user("a"), tools=[other])) == [
        "tool `lamp` schema changed",
        '  - /required/1: "color"',
    ]


def test_without_the_test_nothing_is_said_of_it() -> None:
    one = recorded(http_request("http://x/v1/messages", {"a": 1}), test_id="a.py::a")
    other = recorded(http_request("http://x/v1/messages", {"a": 2}), test_id="a.py::b")
    assert lines(compared(one, other).statements)[0] == "test id changed"
    found = compared(one, other, with_test=False)
    assert [said.headline for said in found.statements] == ["parameter `a` changed"]
    assert [one.pointer for one in found.request] == ["/payload/a"]


def test_what_a_header_keeps_secret_is_not_shown() -> None:
    keys = ("abcdef0123456789abcdef01", "fedcba9876543210fedcba98")
    one, other = (
        {**chat(user("a")), "headers": {"Authorization": f"Bearer {key}"}} for key in keys
    )
    for pair in ((chat(user("a")), one), (one, other), (one, chat(user("a")))):
        said = "\n".join(requests(*pair))
        assert "`/headers/Authorization`" in said
        assert not any(key in said for key in keys)
