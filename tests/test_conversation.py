"""Requests as conversations: every provider's shape gives turns, tools and parameters."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recctl.conversation import Call, Conversation, Part, Tool, Turn, conversation
from recctl.recording import Recording
from tests.build import (
    TEST,
    Document,
    assistant_call,
    chat_request,
    completion_request,
    embedding_request,
    file_request,
    function,
    gemini_request,
    generate_request,
    http_request,
    models_request,
    tool_message,
    tool_request,
    user,
)
from tests.strategies import json_values


def of(request: Any) -> Conversation:
    return conversation(Recording("", {"request": request, "response": {}}, 0))


def of_body(body: Any) -> Conversation:
    return of({"method": "POST", "url": "https://api.example", "body": body})


def of_payload(payload: Document) -> Conversation:
    return of({"test_id": TEST, **http_request("https://api.example", payload)})


def turn_of(message: Document) -> Turn:
    (turn,) = of_body({"messages": [message]}).turns
    return turn


def parts_of(block: Any) -> tuple[Part, ...]:
    """What one content block of a message becomes."""
    return turn_of({"role": "user", "content": [block]}).parts


def words(text: str) -> tuple[Part, ...]:
    return (Part("text", text),)


def shown(made: Conversation) -> str:
    """All that a reader can see of a conversation, in one text."""
    seen = [part.text for turn in made.turns for part in turn.parts]
    seen += [one.name + one.arguments for turn in made.turns for one in turn.calls]
    seen += [f"{tool.name} {tool.description} {tool.parameters}" for tool in made.tools]
    return "\n".join([*seen, json.dumps(made.parameters)])


# Chats


def test_a_chat_has_a_turn_for_each_message() -> None:
    made = of(
        chat_request([{"role": "system", "content": "You keep a lighthouse."}, user("Any fog?")])
    )

    assert made == Conversation(
        (Turn("system", words("You keep a lighthouse.")), Turn("user", words("Any fog?"))),
        parameters={"stream": False},
    )


def test_parameters_are_those_set_to_something_in_the_order_of_the_request() -> None:
    made = of(
        chat_request("Fog?", temperature=0, stop=None, seed=7, metadata={}, logit_bias=[], user="")
    )

    assert list(made.parameters.items()) == [
        ("temperature", 0),
        ("seed", 7),
        ("user", ""),
        ("stream", False),
    ]


def test_the_model_is_no_parameter() -> None:
    assert "model" not in of(chat_request("Fog?", model="fog-1b")).parameters


def test_tool_calls_and_their_results_are_turns() -> None:
    made = of(
        chat_request(
            [
                user("When is the ebb?"),
                assistant_call("call_1", "tide", '{"port": "Kiel"}'),
                tool_message("call_1", "At noon."),
            ]
        )
    )

    assert made.turns == (
        Turn("user", words("When is the ebb?")),
        Turn("assistant", words(""), (Call("tide", '{"port": "Kiel"}', "call_1"),)),
        Turn("tool", words("At noon."), answers="call_1"),
    )


def test_a_message_may_have_calls_and_no_content() -> None:
    message = {**assistant_call("call_1", "tide", "{}"), "content": None}

    assert turn_of(message) == Turn("assistant", (), (Call("tide", "{}", "call_1"),))


@pytest.mark.parametrize(
    ("entry", "call"),
    [
        ({"function": {"name": "f", "arguments": {"a": 1}}}, Call("f", '{"a": 1}')),
        ({"function": {"name": "f", "arguments": ""}}, Call("f", "")),
        ({"function": {"name": "f"}}, Call("f", "")),
        ({"function": {"arguments": "{}"}}, Call("?", "{}")),
        ({"id": "c", "custom": {"name": "sh", "input": "horn"}}, Call("sh", "horn", "c")),
        ({"name": "f", "args": {"a": "é"}, "id": 7}, Call("f", '{"a": "é"}')),
        ({}, Call("?", "")),
    ],
)
def test_a_tool_call_in_any_form_has_a_name_and_arguments(entry: Document, call: Call) -> None:
    assert turn_of({"role": "assistant", "tool_calls": [entry]}).calls == (call,)


def test_a_legacy_function_call_is_a_call() -> None:
    message = {"role": "assistant", "content": None, "function_call": {"name": "f"}}

    assert turn_of(message).calls == (Call("f", ""),)


@pytest.mark.parametrize("key", ["reasoning", "reasoning_content", "thinking"])
def test_reasoning_comes_before_what_was_said(key: str) -> None:
    message = {"role": "assistant", "content": "Sound it.", key: "There is fog."}

    assert turn_of(message).parts == (Part("reasoning", "There is fog."), Part("text", "Sound it."))


def test_a_refusal_is_part_of_what_was_said() -> None:
    made = of_body({"messages": [{"role": "assistant", "content": None, "refusal": "I will not."}]})

    assert "I will not." in shown(made)


BLOCKS = [
    pytest.param({"type": "text", "text": "Fog."}, Part("text", "Fog."), id="text"),
    pytest.param({"type": "input_text", "text": "Fog."}, Part("text", "Fog."), id="input_text"),
    pytest.param("Fog.", Part("text", "Fog."), id="a bare text"),
    pytest.param(
        {"type": "image_url", "image_url": {"url": "https://sea.example/a.png"}},
        Part("image", "https://sea.example/a.png"),
        id="image_url",
    ),
    pytest.param(
        {"type": "input_image", "image_url": "https://sea.example/a.png"},
        Part("image", "https://sea.example/a.png"),
        id="input_image",
    ),
    pytest.param(
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBO"}},
        Part("image", "iVBO"),
        id="anthropic image",
    ),
    pytest.param(
        {"type": "image", "source": {"type": "url", "url": "https://sea.example/a.png"}},
        Part("image", "https://sea.example/a.png"),
        id="anthropic image by url",
    ),
    pytest.param(
        {"inline_data": {"mime_type": "image/png", "data": "iVBO"}},
        Part("image", "iVBO"),
        id="gemini image",
    ),
    pytest.param(
        {"type": "input_audio", "input_audio": {"data": "UklG", "format": "wav"}},
        Part("audio", "UklG"),
        id="audio",
    ),
    pytest.param(
        {"type": "file", "file": {"file_id": "file-7"}}, Part("file", "file-7"), id="file by id"
    ),
    pytest.param(
        {"type": "file", "file": {"filename": "log.pdf", "file_data": "JVBE"}},
        Part("file", "JVBE"),
        id="file",
    ),
    pytest.param(
        {"type": "thinking", "thinking": "Fog?", "signature": "s"},
        Part("reasoning", "Fog?"),
        id="thinking",
    ),
    pytest.param(
        {"text": "Fog?", "thought": True}, Part("reasoning", "Fog?"), id="a gemini thought"
    ),
    pytest.param(
        {"type": "image_url", "image_url": {}},
        Part("json", '{"type": "image_url", "image_url": {}}'),
        id="an image that is none",
    ),
    pytest.param({"type": "flare"}, Part("json", '{"type": "flare"}'), id="of unknown form"),
    pytest.param(7, Part("json", "7"), id="a number"),
    pytest.param(None, Part("json", "null"), id="null"),
]


@pytest.mark.parametrize(("block", "part"), BLOCKS)
def test_a_content_block_is_a_part(block: Any, part: Part) -> None:
    assert parts_of(block) == (part,)


def test_tools_are_offered_by_name_with_their_parameters() -> None:
    made = of(
        chat_request(
            "When?",
            tools=[
                function("tide", "Tells the tide.", port="Where.", day="When."),
                {"type": "function", "function": {"name": "horn", "parameters": {}}},
                {"type": "web_search"},
                {},
            ],
        )
    )

    assert made.tools == (
        Tool("tide", "Tells the tide.", ("port", "day")),
        Tool("horn"),
        Tool("web_search"),
        Tool("?"),
    )
    assert "tools" not in made.parameters


# Anthropic


def test_an_anthropic_request_has_its_system_prompt_first() -> None:
    made = of_payload(
        {"model": "m", "max_tokens": 9, "messages": [user("Fog?")], "system": "Keep watch."}
    )

    assert made == Conversation(
        (Turn("system", words("Keep watch.")), Turn("user", words("Fog?"))),
        parameters={"max_tokens": 9},
    )


def test_a_system_prompt_may_come_in_blocks() -> None:
    made = of_payload({"system": [{"type": "text", "text": "Keep"}, {"text": " watch."}]})

    assert made.turns == (Turn("system", (Part("text", "Keep"), Part("text", " watch."))),)


def test_anthropic_tools_are_used_and_answered_in_blocks() -> None:
    use = {"type": "tool_use", "id": "toolu_1", "name": "tide", "input": {"port": "Kiel"}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "At noon."}
    made = of_payload(
        {
            "messages": [
                {"role": "assistant", "content": [{"type": "text", "text": "I look."}, use]},
                {"role": "user", "content": [result]},
            ],
            "tools": [{"name": "tide", "input_schema": {"properties": {"port": {}}}}],
        }
    )

    assert made.turns == (
        Turn("assistant", words("I look."), (Call("tide", '{"port": "Kiel"}', "toolu_1"),)),
        Turn("user", (Part("result", "At noon."),)),
    )
    assert made.tools == (Tool("tide", None, ("port",)),)


def test_a_tool_result_in_blocks_is_shown_as_json() -> None:
    result = {"type": "tool_result", "content": [{"type": "text", "text": "Nöon"}]}

    assert parts_of(result) == (Part("result", '[{"type": "text", "text": "Nöon"}]'),)


# Gemini


def test_a_gemini_request_has_contents_of_parts() -> None:
    assert of(gemini_request("Any fog?")) == Conversation((Turn("user", words("Any fog?")),))


def test_gemini_has_system_prompt_and_tools_in_its_config() -> None:
    request = gemini_request("When is the ebb?")
    request["body"]["config"] = {
        "system_instruction": "Keep watch.",
        "temperature": 0.5,
        "tools": [
            {
                "function_declarations": [
                    {
                        "name": "tide",
                        "description": "Tells.",
                        "parameters": {"properties": {"port": {}}},
                    },
                    {"name": "horn"},
                ]
            }
        ],
    }

    assert of(request) == Conversation(
        (Turn("system", words("Keep watch.")), Turn("user", words("When is the ebb?"))),
        (Tool("tide", "Tells.", ("port",)), Tool("horn")),
        {"config": {"temperature": 0.5}},
    )


def test_a_gemini_system_prompt_may_have_parts() -> None:
    made = of_body({"config": {"system_instruction": {"parts": [{"text": "Keep watch."}]}}})

    assert made == Conversation((Turn("system", words("Keep watch.")),))


def test_gemini_functions_are_called_and_answered_in_parts() -> None:
    called = {"function_call": {"name": "tide", "args": {"port": "Kiel"}}}
    answered = {"function_response": {"name": "tide", "response": {"at": "noon"}}}
    made = of_body(
        {
            "contents": [
                {"role": "model", "parts": [called]},
                {"role": "user", "parts": [answered]},
            ]
        }
    )

    assert made.turns == (
        Turn("model", (), (Call("tide", '{"port": "Kiel"}'),)),
        Turn("user", (Part("result", '{"at": "noon"}'),)),
    )


def test_reading_a_request_leaves_it_alone() -> None:
    request = gemini_request("Fog?")
    request["body"]["config"] = {"system_instruction": "Keep watch.", "tools": []}
    before = json.dumps(request)

    of(request)

    assert json.dumps(request) == before


# Lists of inputs


def test_interactions_have_messages_whose_blocks_are_calls_and_results() -> None:
    called = {"type": "function_call", "id": "c1", "name": "tide", "arguments": {"port": "Kiel"}}
    answered = {"type": "function_result", "call_id": "c1", "name": "tide", "result": "At noon."}
    made = of_payload(
        {
            "input": [
                {"role": "user", "content": "When?"},
                {"role": "model", "content": [called]},
                {"role": "user", "content": [answered]},
            ]
        }
    )

    assert made.turns == (
        Turn("user", words("When?")),
        Turn("model", (), (Call("tide", '{"port": "Kiel"}', "c1"),)),
        Turn("user", (Part("result", "At noon."),)),
    )


def test_a_responses_request_has_instructions_and_one_text() -> None:
    assert of_body({"instructions": "Keep watch.", "input": "Fog?"}).turns == (
        Turn("system", words("Keep watch.")),
        Turn("user", words("Fog?")),
    )


def test_a_responses_request_answers_a_call_with_its_output() -> None:
    item = {"type": "function_call_output", "call_id": "c1", "output": "At noon."}

    assert of_body({"input": [item]}).turns == (
        Turn("user", (Part("result", "At noon."),), answers="c1"),
    )


@pytest.mark.parametrize(
    "item",
    [
        {"type": "function_call", "call_id": "c1", "name": "tide", "arguments": '{"at": "noon"}'},
        {"type": "function_result", "call_id": "c1", "name": "tide", "result": {"at": "noon"}},
    ],
    ids=["a call", "a result"],
)
def test_what_a_list_of_inputs_says_of_calls_is_shown(item: Document) -> None:
    assert "noon" in shown(of_body({"input": [item]}))


def test_texts_to_embed_are_the_parts_of_one_turn() -> None:
    made = of(embedding_request(["fog", "horn"]))

    assert made == Conversation(
        (Turn("user", (Part("text", "fog"), Part("text", "horn"))),),
        parameters={"encoding_format": "float"},
    )


def test_one_text_to_embed_is_a_turn() -> None:
    assert of_body({"input": "fog"}).turns == (Turn("user", words("fog")),)


def test_tokens_to_embed_are_shown_as_json() -> None:
    assert of_body({"input": [[1, 2], [3]]}).turns == (
        Turn("user", (Part("json", "[1, 2]"), Part("json", "[3]"))),
    )


# Other requests


@pytest.mark.parametrize("make", [completion_request, generate_request])
def test_a_prompt_is_what_the_user_says(make: Any) -> None:
    assert of(make("The lamp")).turns == (Turn("user", words("The lamp")),)


def test_a_rerank_has_a_query_and_documents_by_number() -> None:
    made = of_payload(
        {"model": "m", "query": "fog", "documents": ["thick", {"text": "thin"}], "top_n": 1}
    )

    assert made == Conversation(
        (
            Turn("user", words("fog")),
            Turn("document 0", words("thick")),
            Turn("document 1", words("thin")),
        ),
        parameters={"top_n": 1},
    )


def test_a_tool_invocation_is_one_call() -> None:
    request = {"test_id": TEST, **tool_request("search", {"query": "fög horn"})}

    assert of(request) == Conversation(
        (Turn("call", calls=(Call("search", '{"query": "fög horn"}'),)),)
    )


def test_a_file_is_a_parameter() -> None:
    request = {"test_id": TEST, **file_request("logbook.pdf")}

    assert of(request) == Conversation(parameters={"file_id": "logbook.pdf"})


@pytest.mark.parametrize("request_", [{}, models_request(), {"body": None}, {"body": []}, None, 7])
def test_an_empty_request_is_an_empty_conversation(request_: Any) -> None:
    assert of(request_) == Conversation()


# Whatever is in a request

ODD = [
    ({"config": "fast"}, "fast"),
    ({"documents": "thick fog"}, "thick fog"),
    ({"documents": {"a": "thick fog"}}, "thick fog"),
    ({"tools": "horn"}, "horn"),
    ({"tools": ["horn"]}, "horn"),
    ({"config": {"system_instruction": 7}}, "7"),
    ({"messages": [{"role": "assistant", "tool_calls": ["horn"]}]}, "horn"),
    ({"messages": "thick fog"}, "thick fog"),
    ({"messages": {"role": "user", "content": "thick fog"}}, "thick fog"),
    ({"messages": 7}, "7"),
    ({"messages": [["thick fog"]]}, "thick fog"),
    ({"prompt": {"flare": "red"}}, "red"),
    ({"lamp": {"lit": "red"}}, "red"),
]


@pytest.mark.parametrize(("body", "said"), ODD, ids=lambda value: json.dumps(value)[:60])
def test_nothing_is_lost_of_a_request_of_another_form(body: Document, said: str) -> None:
    assert said in shown(of_body(body))


KEYS = st.sampled_from(
    [
        *("messages", "contents", "input", "prompt", "query", "system", "instructions", "config"),
        *("role", "content", "parts", "call_id", "tool_call_id", "output", "result", "type"),
        *("text", "thought", "thinking", "image_url", "source", "inline_data", "file", "url"),
        *("tool_calls", "function_call", "function_response", "function", "custom", "id"),
        *("name", "arguments", "args", "tools", "function_declarations", "parameters"),
        *("properties", "description", "documents", "system_instruction", "model", "data"),
    ]
)
VALUES = json_values(keys=KEYS, max_leaves=20) | json_values(
    st.sampled_from(["tool_use", "function_result", "user", "fog", "\ud83d"]), keys=KEYS
)


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(["body", "payload", "kwargs"]),
    VALUES | st.dictionaries(KEYS, VALUES, max_size=4),
    VALUES,
)
def test_no_request_makes_reading_it_raise(key: str, sent: Any, other: Any) -> None:
    made = of({key: sent, "tool_name": other} if key == "kwargs" else {key: sent})

    for turn in made.turns:
        assert isinstance(turn.role, str)
        assert all(isinstance(part.text, str) for part in turn.parts)
        assert all(isinstance(one.arguments, str) for one in turn.calls)


@settings(max_examples=100, deadline=None)
@given(VALUES)
def test_no_value_for_a_request_makes_reading_it_raise(request: Any) -> None:
    assert isinstance(of(request), Conversation)
