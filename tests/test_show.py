"""What `recctl show` makes of answers: every format, whole, streamed, odd, and broken off."""

import json
from pathlib import Path
from typing import Any

import pytest

from recctl import schema
from recctl.hashing import canonical
from tests.build import (
    OLLAMA,
    Document,
    chat_answer,
    chat_request,
    chat_stream,
    completion_request,
    embedding_request,
    embeddings,
    event_lines,
    exception,
    folder_of,
    gemini_request,
    gemini_stream,
    generate_request,
    generate_stream,
    http_answer,
    http_request,
    inference_request,
    messages_stream,
    model_list,
    models_request,
    recording,
    tool_call_stream,
    tool_request,
    tool_result,
    write,
)
from tests.cli import findings, run_here

TEXT = "openai.types.completion.Completion"
ASKED = chat_request("Is the lamp lit?")
ASKED_IN_PIECES = chat_request("Is the lamp lit?", stream=True)
REASONING = "Lamps are lit at dusk.\nIt is dusk."
BLANK = "    "


def document(request: Document, response: Document) -> bytes:
    return canonical(recording(request, response)[1])


def shown(response: Document, *options: str, request: Document = ASKED) -> list[str]:
    """The lines of the response."""
    ran = run_here("show", "-", "--part", "response", *options, stdin=document(request, response))
    assert (ran.code, ran.stderr) == (0, "")
    if "markdown" not in options:
        assert ran.lines[0] == "Response"
    return ran.lines[1:]


def said(response: Document, *options: str, request: Document = ASKED) -> list[str]:
    """What was recorded, without who said it and what is told of it."""
    lines = shown(response, *options, request=request)
    return [line[4:] for line in lines if line.startswith(BLANK)]


def told(response: Document, *options: str, request: Document = ASKED) -> list[str]:
    """Who speaks, and what is told of it."""
    lines = shown(response, *options, request=request)
    return [line[2:] for line in lines if not line.startswith(BLANK)]


def streamed(*chunks: Any, **members: Any) -> Document:
    return {"body": list(chunks), "is_streaming": True, **members}


def whole(body: Any) -> Document:
    return {"body": body, "is_streaming": False}


def chunk(finish: str | None = None, index: int = 0, **delta: Any) -> Document:
    """An untyped chunk of a chat."""
    choice = {"index": index, "delta": delta, "finish_reason": finish}
    return {"id": "rec-1", "object": "chat.completion.chunk", "choices": [choice]}


def answer(*choices: Document, **members: Any) -> Document:
    """A chat answer in one piece with these choices, each a message and more."""
    numbered = [
        {"index": index, "finish_reason": "stop", **choice} for index, choice in enumerate(choices)
    ]
    return whole({"object": "chat.completion", "choices": numbered, **members})


def message(content: str | None = None, **members: Any) -> Document:
    return {"message": {"role": "assistant", "content": content, **members}}


def call(arguments: str, name: str = "tide_table", call_id: str | None = "call_1") -> Document:
    function = {"name": name, "arguments": arguments}
    return {"index": 0, "id": call_id, "type": "function", "function": function}


def calling(arguments: str) -> Document:
    return answer({**message(tool_calls=[call(arguments)]), "finish_reason": "tool_calls"})


# Reasoning

THOUGHTFUL = answer(message("It is.", reasoning_content=REASONING))


FOLDED = f"reasoning: {len(REASONING)} characters, shown by --reasoning"


def test_reasoning_is_folded_and_its_length_told() -> None:
    assert shown(THOUGHTFUL)[:3] == ["  assistant", f"  {FOLDED}", "    It is."]


def test_reasoning_is_whole_on_demand_and_told_from_the_answer() -> None:
    assert shown(THOUGHTFUL, "--reasoning")[:6] == [
        "  assistant",
        "  reasoning",
        *(BLANK + line for line in REASONING.split("\n")),
        "  answer",
        "    It is.",
    ]


def test_reasoning_is_folded_in_markdown() -> None:
    lines = shown(THOUGHTFUL, "--format", "markdown")

    assert lines.index(f"- {FOLDED}") < lines.index("```text")
    assert not any(line in lines for line in REASONING.split("\n"))


def test_reasoning_has_a_fence_of_its_own_in_markdown() -> None:
    markdown = "\n".join(shown(THOUGHTFUL, "--format", "markdown", "--reasoning"))

    assert (
        f"- reasoning\n\n```text\n{REASONING}\n```\n\n- answer\n\n```text\nIt is.\n```" in markdown
    )


def test_reasoning_of_a_stream_is_joined() -> None:
    response = streamed(
        chunk(role="assistant", reasoning="At "), chunk(reasoning="dusk."), chunk("stop")
    )

    assert said(response, "--reasoning") == ["At dusk."]


def test_reasoning_alone_is_no_empty_answer() -> None:
    assert "empty" not in told(answer(message(None, reasoning_content="At dusk.")))


TAGGED = answer(message("<think>At dusk.</think>\n\nIt is."))


def test_reasoning_in_tags_stays_in_the_text() -> None:
    assert said(TAGGED) == ["<think>At dusk.</think>", "It is."]


def test_reasoning_in_tags_is_pointed_out() -> None:
    assert "info: inline-reasoning-tags" in told(TAGGED)


def test_reasoning_in_tags_is_taken_out_on_demand() -> None:
    assert said(TAGGED, "--split-reasoning") == ["It is."]
    assert "reasoning: 8 characters, shown by --reasoning" in told(TAGGED, "--split-reasoning")


def test_reasoning_that_was_taken_out_may_be_shown_whole() -> None:
    assert said(TAGGED, "--split-reasoning", "--reasoning") == ["At dusk.", "It is."]


def test_reasoning_in_tags_is_taken_out_in_json_on_demand() -> None:
    stdin = document(ASKED, TAGGED)
    ran = run_here("show", "-", "--split-reasoning", "--format", "json", stdin=stdin)

    (choice,) = ran.json["response"]["transcript"]["choices"]
    assert (choice["reasoning"], choice["text"]) == ("At dusk.", "It is.")
    assert schema.explain("sheet", ran.json) is None


# Chunks


def test_chunks_are_numbered_as_they_came() -> None:
    lines = said(streamed(chunk(content="It"), chunk("stop")), "--chunks")

    assert [line.split("  ", 1)[0] for line in lines] == ["0", "1"]
    assert json.loads(lines[0].split("  ", 1)[1])["choices"][0]["delta"] == {"content": "It"}


def test_nulls_are_left_out_of_chunks() -> None:
    assert "null" not in "".join(said(chat_stream(["It is."]), "--chunks"))


def test_class_names_are_left_out_of_chunks() -> None:
    assert "__type__" not in "".join(said(chat_stream(["It is."]), "--chunks"))


@pytest.mark.parametrize(("number", "first"), [(10, "0  "), (11, " 0  "), (101, "  0  ")])
def test_the_numbers_of_chunks_are_aligned(number: int, first: str) -> None:
    lines = said(streamed(*[chunk(content="fog ")] * number), "--chunks")

    assert len(lines) == number
    assert lines[0].startswith(f"{first}{{")
    assert len({line.index("{") for line in lines}) == 1


def test_lines_of_events_are_as_they_came() -> None:
    response = messages_stream(["Wind", " west."])

    lines = said(response, "--chunks")

    width = len(str(len(lines) - 1))
    assert [line[width + 2 :] for line in lines] == response["body"]


def test_no_line_of_chunks_ends_in_blanks() -> None:
    lines = shown(messages_stream(["Wind", " west."]), "--chunks")

    assert [line for line in lines if line != line.rstrip()] == []


def test_chunks_that_are_no_objects_are_listed() -> None:
    assert said(streamed(7, None, [1], "fog"), "--chunks") == [
        "0  7",
        "1  null",
        "2  [1]",
        "3  fog",
    ]


def test_chunks_stand_in_a_fence_in_markdown() -> None:
    lines = shown(streamed(chunk(content="It")), "--chunks", "--format", "markdown")

    at = lines.index("```text")
    assert lines[at + 1].startswith('0  {"id": "rec-1"')
    assert lines[at + 2] == "```"


def test_a_request_is_shown_with_the_chunks() -> None:
    stdin = document(ASKED_IN_PIECES, chat_stream(["It is."]))
    ran = run_here("show", "-", "--chunks", stdin=stdin)

    assert "    Is the lamp lit?" in ran.lines


def test_a_whole_answer_has_no_chunks() -> None:
    assert told(chat_answer("It is."), "--chunks") == ["no stream: the answer came in one piece"]


def test_a_whole_answer_has_no_chunks_in_markdown_either() -> None:
    assert "- no stream: the answer came in one piece" in shown(
        chat_answer("It is."), "--chunks", "--format", "markdown"
    )


def test_an_exception_has_no_chunks() -> None:
    assert told(exception("The bulb burst."), "--chunks") == [
        "no stream: the call raised an exception"
    ]


def test_an_empty_stream_is_no_answer_in_one_piece() -> None:
    assert told(streamed(), "--chunks") == ["a stream without chunks"]


# Choices, refusals, tool calls

TWO = answer(message("Pebble Tern"), message("Grey Gull"))


def test_several_choices_are_numbered() -> None:
    assert [line for line in told(TWO) if line.startswith("assistant")] == [
        "assistant 0",
        "assistant 1",
    ]
    assert said(TWO) == ["Pebble Tern", "Grey Gull"]


def test_one_choice_is_not_numbered() -> None:
    assert told(answer(message("Pebble Tern")))[0] == "assistant"


def test_choices_of_a_stream_are_told_apart() -> None:
    response = streamed(
        chunk(content="Pebble"),
        chunk(content="Grey", index=1),
        chunk(content=" Tern"),
        chunk("stop"),
        chunk("stop", index=1, content=" Gull"),
    )

    assert said(response) == ["Pebble Tern", "Grey Gull"]


def test_choices_are_bold_in_markdown() -> None:
    lines = shown(TWO, "--format", "markdown")

    assert [line for line in lines if line.startswith("**")] == [
        "**assistant 0**",
        "**assistant 1**",
    ]


def test_a_refusal_is_called_one() -> None:
    assert said(answer(message(None, refusal="I keep out of that."))) == [
        "[refusal] I keep out of that."
    ]


def test_a_refusal_in_pieces_is_joined() -> None:
    response = streamed(chunk(refusal="I keep "), chunk(refusal="out."), chunk("stop"))

    assert said(response) == ["[refusal] I keep out."]


def test_arguments_are_shown_parsed() -> None:
    assert said(calling('{"place":"G\\u0075ll Bay" }')) == [
        '→ tide_table({"place": "Gull Bay"})  [call_1]'
    ]


def test_arguments_in_pieces_are_shown_parsed() -> None:
    response = tool_call_stream("tide_table", ['{"pla', 'ce":"Gull', ' Bay"}'], call_id="call_1")

    assert said(response) == ['→ tide_table({"place": "Gull Bay"})  [call_1]']


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ('{"place": "Gull', "invalid"),
        ("", "empty"),
        ("[1, 2]", "not-object"),
        ("none", "invalid"),
    ],
)
def test_arguments_that_do_not_parse_are_shown_raw_with_the_reason(
    arguments: str, why: str
) -> None:
    response = calling(arguments)

    assert said(response) == [f"→ tide_table({arguments})  [call_1]"]
    assert f"arguments: {why}" in told(response)


def test_a_call_without_an_id_has_none() -> None:
    response = answer(message(tool_calls=[call("{}", call_id=None)]))

    assert said(response) == ["→ tide_table({})"]


def test_words_before_a_call_are_shown_before_it() -> None:
    response = answer(message("I look it up.", tool_calls=[call("{}")]))

    assert said(response) == ["I look it up.", "→ tide_table({})  [call_1]"]


def test_an_answer_of_nothing_is_called_empty() -> None:
    assert told(answer(message(None)))[:2] == ["assistant", "empty"]


# What is told of an answer


def test_the_finish_reason_is_the_providers_own() -> None:
    assert "finish: end_turn" in told(messages_stream(["Wind west."]))


def test_usage_is_told_in_one_line() -> None:
    assert "usage: 12/9/21 tokens in/out/total" in told(chat_answer("It is."))


def test_usage_tells_what_went_into_reasoning_and_what_was_cached() -> None:
    usage = {
        "prompt_tokens": 12,
        "completion_tokens": 9,
        "prompt_tokens_details": {"cached_tokens": 8},
        "completion_tokens_details": {"reasoning_tokens": 5},
    }

    lines = told(answer(message("It is."), usage=usage))

    assert "usage: 12/9/21 tokens in/out/total, 5 reasoning, 8 cached" in lines


def test_an_answer_without_usage_tells_none() -> None:
    assert not [line for line in told(answer(message("It is."))) if line.startswith("usage")]


def test_the_model_that_answered_is_told() -> None:
    assert "answered by: tern-small" in told(chat_answer("It is.", model="tern-small"))


LOGPROBS = {
    "chat": answer(
        {
            **message("It is."),
            "logprobs": {
                "content": [
                    {"token": "It", "logprob": -0.5},
                    {"token": " is", "logprob": -2.25},
                    {"token": ".", "logprob": -0.25},
                ]
            },
        }
    ),
    "completion": whole(
        {
            "object": "text_completion",
            "choices": [
                {
                    "index": 0,
                    "text": "It is.",
                    "finish_reason": "stop",
                    "logprobs": {
                        "tokens": ["It", " is", "."],
                        "token_logprobs": [-0.5, -2.25, -0.25],
                    },
                }
            ],
        }
    ),
    "gemini": whole(
        {
            "candidates": [
                {
                    "content": {"parts": [{"text": "It is."}], "role": "model"},
                    "finish_reason": "STOP",
                    "logprobs_result": {
                        "chosen_candidates": [
                            {"token": "It", "log_probability": -0.5},
                            {"token": " is", "log_probability": -2.25},
                            {"token": ".", "log_probability": -0.25},
                        ]
                    },
                }
            ],
            "response_id": "beacon0001",
        }
    ),
}


@pytest.mark.parametrize("form", LOGPROBS)
def test_log_probabilities_are_summed_up(form: str) -> None:
    assert 'logprobs: 3 tokens, mean -1.00, lowest -2.25 at " is"' in told(LOGPROBS[form])


def test_log_probabilities_are_those_of_each_choice() -> None:
    response = answer(
        *(
            {**message("Fog"), "logprobs": {"content": [{"token": "Fog", "logprob": value}]}}
            for value in (-0.5, -1.5)
        )
    )

    assert [line for line in told(response) if line.startswith("logprobs")] == [
        'logprobs: 1 token, mean -0.50, lowest -0.50 at "Fog"',
        'logprobs: 1 token, mean -1.50, lowest -1.50 at "Fog"',
    ]


def test_a_warning_has_its_severity_code_chunk_and_detail() -> None:
    response = streamed(chunk(content="It"), chunk("stop"), chunk(content=" is."))

    assert "error: content-after-finish, chunk 2, choice 0" in told(response)


def test_a_warning_on_the_whole_has_no_chunk() -> None:
    response = streamed(chunk(role="assistant", content="It"))

    assert "error: finish-missing, choice 0" in told(response)


def test_a_warning_is_told_of_a_whole_answer_too() -> None:
    response = answer({"message": {"content": "It is."}})

    assert "warning: role-missing, choice 0" in told(response)


def test_infos_are_told_in_one_line() -> None:
    response = streamed(
        chunk(role="assistant", content="It"),
        chunk(role="assistant", content=" is"),
        chunk("length", role="assistant"),
    )

    assert told(response)[-1] == "info: role-repeated, truncated-length"


def test_a_sound_answer_has_neither_warnings_nor_infos() -> None:
    lines = told(chat_stream(["It is."]), request=ASKED_IN_PIECES)

    assert not [one for one in lines if one.startswith(("error", "warning", "info", "incomplete"))]


# Formats


def response_events() -> Document:
    """A response in events: thoughts, a search that the provider ran, words."""
    text = {"type": "output_text", "text": "It is lit.", "annotations": []}
    searched: Document = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
    words: Document = {"type": "message", "id": "m", "role": "assistant", "content": [text]}
    thought = {"type": "summary_text", "text": "It is dusk."}
    reasoning: Document = {"type": "reasoning", "id": "r", "summary": [thought]}
    known = {"id": "resp_1", "object": "response", "model": "keeper-1", "created_at": 0}
    output = [reasoning, searched, words]
    usage = {"input_tokens": 7, "output_tokens": 5, "total_tokens": 12}
    final = {**known, "status": "completed", "output": output, "usage": usage}
    part = {"output_index": 2, "content_index": 0, "item_id": "m"}
    events = [
        {"type": "response.created", "response": {**known, "status": "in_progress"}},
        *(
            {"type": f"response.output_item.{verb}", "output_index": index, "item": item}
            for index, item in enumerate(output[:2])
            for verb in ("added", "done")
        ),
        {
            "type": "response.output_item.added",
            "output_index": 2,
            "item": {**words, "content": []},
        },
        {"type": "response.content_part.added", **part, "part": {**text, "text": ""}},
        {"type": "response.output_text.delta", **part, "delta": "It is"},
        {"type": "response.output_text.delta", **part, "delta": " lit."},
        {"type": "response.output_text.done", **part, "text": "It is lit."},
        {"type": "response.content_part.done", **part, "part": text},
        {"type": "response.output_item.done", "output_index": 2, "item": words},
        {"type": "response.completed", "response": final},
    ]
    return streamed(*events)


def interaction_events() -> Document:
    """An interaction in events, whose lines end with `[DONE]`."""
    known = {"id": "v1_a", "object": "interaction", "model": "keeper-1"}
    usage = {"total_tokens": 13, "total_input_tokens": 9, "total_output_tokens": 4}
    thought = {"type": "thought", "summary": [{"type": "text", "text": "Dusk."}]}
    ended = {**known, "status": "completed", "usage": usage}
    events: list[Document] = [
        {
            "event_type": "interaction.start",
            "interaction": {**known, "status": "in_progress"},
        },
        {"event_type": "content.start", "index": 0, "content": thought},
        {"event_type": "content.stop", "index": 0},
        {"event_type": "content.start", "index": 1, "content": {"type": "text"}},
        {"event_type": "content.delta", "index": 1, "delta": {"type": "text", "text": "It is "}},
        {"event_type": "content.delta", "index": 1, "delta": {"type": "text", "text": "lit."}},
        {"event_type": "content.stop", "index": 1},
        {"event_type": "interaction.complete", "interaction": ended},
    ]
    lines = [
        line
        for one in events
        for line in (f"event: {one['event_type']}", f"data: {json.dumps(one)}", "")
    ]
    return streamed(*lines, "event: done", "data: [DONE]", "")


def completion_stream() -> Document:
    def piece(text: str, finish: str | None = None) -> Document:
        choice = {"index": 0, "text": text, "finish_reason": finish, "logprobs": None}
        data = {"id": "rec-1", "object": "text_completion", "created": 0, "choices": [choice]}
        return {"__type__": TEXT, "__data__": {**data, "model": "keeper-1", "usage": None}}

    return streamed(piece("It is"), piece(" lit."), piece("", "stop"))


def ollama_chat() -> Document:
    def piece(content: str, **more: Any) -> Document:
        said_ = {"role": "assistant", "content": content}
        start = {"model": "keeper-1", "created_at": "1970-01-01T00:00:00Z", "done": False}
        return {**start, "message": said_, **more}

    ended: Document = {"done": True, "done_reason": "stop", "prompt_eval_count": 3, "eval_count": 2}
    return streamed(piece("It is"), piece(" lit."), piece("", **ended))


FORMATS = {
    "openai-chat": (ASKED_IN_PIECES, chat_stream(["It is", " lit."])),
    "openai-completion": (completion_request("The lamp"), completion_stream()),
    "openai-responses": (
        inference_request("https://api.openai.com", "/v1/responses", {"input": "Is it lit?"}),
        response_events(),
    ),
    "anthropic": (
        http_request(f"{OLLAMA}/v1/messages", {"stream": True}),
        messages_stream(["It is", " lit."]),
    ),
    "gemini": (gemini_request("Is it lit?"), gemini_stream(["It is", " lit."])),
    "gemini-interactions": (
        http_request("http://localhost/v1alpha/interactions", {"input": "Is it lit?"}),
        interaction_events(),
    ),
    "ollama": (generate_request("Is it lit?"), generate_stream(["It is", " lit."])),
    "ollama's chat": (
        inference_request(OLLAMA, "/api/chat", {"model": "keeper-1"}),
        ollama_chat(),
    ),
}

every_format = pytest.mark.parametrize("form", FORMATS)


@every_format
def test_a_stream_of_each_format_is_read(form: str) -> None:
    request, response = FORMATS[form]

    assert said(response, request=request)[-1] == "It is lit."


@every_format
def test_the_format_of_a_stream_is_told(form: str) -> None:
    request, response = FORMATS[form]

    assert f"format: {form.partition(chr(39))[0]}" in told(response, request=request)


@every_format
def test_a_sound_stream_of_each_format_is_complete_and_without_warnings(form: str) -> None:
    request, response = FORMATS[form]
    lines = told(response, request=request)

    assert not [one for one in lines if one.startswith(("error", "warning", "incomplete"))]


@every_format
def test_a_stream_of_each_format_is_read_in_markdown(form: str) -> None:
    request, response = FORMATS[form]

    lines = shown(response, "--format", "markdown", request=request)
    assert lines[-3:].count("```") <= 1
    assert "It is lit." in lines


@every_format
def test_a_sheet_of_each_format_fits_its_schema(form: str) -> None:
    ran = run_here("show", "-", "--format", "json", stdin=document(*FORMATS[form]))

    assert schema.explain("sheet", ran.json) is None


def test_what_a_provider_did_by_itself_is_shown_as_json_before_the_words() -> None:
    assert said(response_events()) == [
        '[json] {"type": "web_search_call", "id": "ws_1", "status": "completed"}',
        "It is lit.",
    ]


def test_an_answer_of_nothing_but_a_picture_is_not_empty() -> None:
    part = {"inline_data": {"mime_type": "image/png", "data": "iVBO"}}
    candidate = {"content": {"parts": [part], "role": "model"}, "finish_reason": "STOP"}
    response = whole({"candidates": [candidate], "response_id": "beacon0001"})

    assert said(response) == [f"[json] {json.dumps(part)}"]
    assert "empty" not in told(response)


# Other answers


def test_embeddings_are_counted() -> None:
    response = embeddings([[0.5, -0.25, 0.125]] * 2)

    assert said(response, request=embedding_request(["fog", "mist"])) == [
        "vectors = 2",
        "dimensions = [3]",
    ]
    assert told(response)[0] == "embeddings"


def test_models_are_listed_a_line_each() -> None:
    response = model_list(["fog-horn:1b", "tern:7b"])

    assert said(response, request=models_request()) == ["fog-horn:1b", "tern:7b"]
    assert told(response) == ["models"]


def test_ranks_are_listed() -> None:
    response = http_answer({"results": [{"index": 1, "relevance_score": 0.5}]})

    lines = said(response, request=http_request("http://x/rerank", {}))

    assert lines == ['results = [{"index": 1, "relevance_score": 0.5}]']
    assert told(response) == ["rerank"]


def test_a_tools_result_is_its_content() -> None:
    response = tool_result("High water at 06:41.\nLow water at 12:55.")

    assert said(response, request=tool_request("tide_table", {})) == [
        "High water at 06:41.",
        "Low water at 12:55.",
    ]
    assert told(response)[0] == "tool"


def test_what_went_wrong_in_a_tool_is_shown() -> None:
    response = tool_result("")
    response["body"]["__data__"].update(error_message="no such harbour", error_code=404)

    assert said(response) == ['error_message = "no such harbour"', "error_code = 404"]


def test_an_error_of_the_provider_is_shown() -> None:
    response = http_answer({"error": {"message": "no such lamp", "code": 404}}, status=404)

    assert said(response) == ['error = {"message": "no such lamp", "code": 404}']
    assert told(response) == ["error"]


def test_an_exception_is_shown_with_its_type() -> None:
    response = exception("The bulb burst.", kind="BulbError")

    assert shown(response) == ["  exception", "    BulbError: The bulb burst."]


def test_an_answer_of_a_format_that_is_not_known_is_shown_as_json() -> None:
    body = {"horn": {"blasts": 3}}
    response = http_answer(body)

    assert told(response) == ["as JSON, for its format is not known"]
    assert json.loads("\n".join(said(response))) == body


# Broken off

EVENTS = messages_stream(["The beam", " sweeps", " on."])
LINES = EVENTS["body"]

PARTIAL: dict[str, tuple[Document, str, str]] = {
    "cut": (
        streamed(*chat_stream(["The beam", " sweeps"])["body"][:2]),
        "The beam",
        "finish-missing",
    ),
    "cut between events": (streamed(*LINES[:9]), "The beam", "terminal-missing"),
    "cut within an event": (streamed(*LINES[:10], LINES[10][:30]), "The beam", "sse-bad-json"),
    "ended by an exception": (
        streamed(
            *chat_stream(["The beam", " sweeps"])["body"][:2],
            is_exception=True,
            exception_message="The bulb burst.",
        ),
        "The beam",
        "stream-exception",
    ),
    "ended by an error": (
        streamed(
            chunk(role="assistant", content="The beam"), {"error": {"message": "The bulb burst."}}
        ),
        "The beam",
        "stream-error",
    ),
    "mixed": (
        streamed(
            chunk(role="assistant", content="The beam"),
            *event_lines({"type": "ping"}),
            gemini_stream(["Fog"])["body"][0],
            chunk(content=" sweeps"),
        ),
        "The beam sweeps",
        "mixed-stream",
    ),
    "a chunk that is no object": (
        streamed(chunk(role="assistant", content="The beam"), 7, None, chunk(content=" sweeps")),
        "The beam sweeps",
        "mixed-stream",
    ),
    "of nothing known": (streamed({"horn": 1}, {"horn": 2}), "", "mixed-stream"),
    "empty": (streamed(), "", "empty-stream"),
}

every_part = pytest.mark.parametrize("what", PARTIAL)


@every_part
def test_a_part_of_a_stream_is_shown(what: str) -> None:
    response, text, _ = PARTIAL[what]

    assert text in " ".join(said(response, request=ASKED_IN_PIECES))


@every_part
def test_a_part_of_a_stream_is_called_one(what: str) -> None:
    response, _, code = PARTIAL[what]
    lines = told(response, request=ASKED_IN_PIECES)

    assert "incomplete: the answer is a part only" in lines
    assert [line for line in lines if line.startswith(f"error: {code}")]


@every_part
def test_a_part_of_a_stream_is_shown_in_markdown(what: str) -> None:
    response, _, code = PARTIAL[what]
    lines = shown(response, "--format", "markdown", request=ASKED_IN_PIECES)

    assert "- incomplete: the answer is a part only" in lines
    assert [line for line in lines if line.startswith(f"- error: {code}")]


@every_part
def test_a_part_of_a_stream_is_incomplete_in_json(what: str) -> None:
    response, _, code = PARTIAL[what]
    stdin = document(ASKED_IN_PIECES, response)

    sheet = run_here("show", "-", "--format", "json", stdin=stdin).json

    transcript = sheet["response"]["transcript"]
    assert schema.explain("sheet", sheet) is None
    assert transcript["complete"] is False
    assert code in [one["code"] for one in transcript["warnings"]]


@every_part
def test_the_chunks_of_a_part_of_a_stream_are_listed(what: str) -> None:
    response, _, _ = PARTIAL[what]

    lines = said(response, "--chunks", request=ASKED_IN_PIECES)
    assert len(lines) == len(response["body"])


@every_part
def test_a_part_of_a_stream_is_a_finding(what: str, tmp_path: Path) -> None:
    response, _, code = PARTIAL[what]
    _, named = recorded = recording(ASKED_IN_PIECES, response)
    write(tmp_path, folder_of(named["test_id"]), recorded)

    ran = run_here("validate", tmp_path, "--format", "json")

    assert ran.code == 1
    assert code in [name for name, _ in findings(ran)]


@every_part
def test_a_part_of_a_stream_is_assembled(what: str, tmp_path: Path) -> None:
    response, _, _ = PARTIAL[what]
    path = write(tmp_path, "recordings", recording(ASKED_IN_PIECES, response))

    ran = run_here("assemble", path)

    assert (ran.code, ran.stderr) == (0, "")
    assert json.loads(ran.stdout)["complete"] is False


def test_an_exception_is_shown_before_the_part_of_a_stream_that_came() -> None:
    response, _, _ = PARTIAL["ended by an exception"]

    assert shown(response)[:4] == [
        "  exception",
        "    The bulb burst.",
        "  assistant",
        "    The beam",
    ]


def test_an_empty_stream_is_not_shown_as_json() -> None:
    assert shown(streamed())[:2] == ["  empty", "  incomplete: the answer is a part only"]
