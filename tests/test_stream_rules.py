"""Rules on answers: every oddity is found by its rule, and healthy answers by none."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

import recctl.wire
from recctl.corpus import Entry, find, load
from recctl.diagnostics import Finding, Severity
from recctl.rules import TABLE
from recctl.rules.selection import Choice, choose
from recctl.transcript import ArgumentsError
from recctl.validate import validate
from recctl.wire import read
from recctl.wire.oddities import KINDS, OddityKind, severity_of
from tests.build import (
    OLLAMA,
    OPENAI,
    Document,
    Recorded,
    assistant_call,
    chat_answer,
    chat_request,
    chat_stream,
    completion,
    completion_request,
    embedding_request,
    embeddings,
    exception,
    folder_of,
    function,
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
    tool_message,
    tool_request,
    tool_result,
    write,
)
from tests.examine import examine
from tests.make_examples import EXAMPLES
from tests.odd_answers import (
    ASKED,
    END,
    LIT,
    ODD,
    RESPONSE,
    TEXT_ITEM,
    chunk,
    events,
    streamed,
)

SOURCES = Path(recctl.wire.__file__).parent


# Finding them


def said_of(root: Path, recorded: Recorded, *, infos: bool = True) -> tuple[Finding, ...]:
    path = write(root, folder_of(recorded[1]["test_id"]), recorded)
    return examine(Entry(path), choose(TABLE, Choice(infos=infos)))


def said_by(rule: str, root: Path, request: Document, response: Document) -> list[str]:
    """Where one rule found something."""
    found = said_of(root, recording(request, response))
    return [one.pointer for one in found if one.name == rule]


def resolved(document: Any, pointer: str) -> Any:
    for key in pointer.split("/")[1:]:
        document = document[int(key) if isinstance(document, list) else key]
    return document


def test_there_is_an_example_of_every_oddity() -> None:
    assert list(ODD) == [kind.name for kind in KINDS]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_an_odd_answer_is_read_with_a_warning(kind: OddityKind) -> None:
    at, response = ODD[kind.name]

    warnings = [(one.code, one.at) for one in read(response).transcript.warnings]

    assert (kind.name, at) in warnings


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_an_oddity_is_found_by_the_rule_of_its_name(tmp_path: Path, kind: OddityKind) -> None:
    at, response = ODD[kind.name]
    recorded = recording(ASKED, response)

    (finding,) = [one for one in said_of(tmp_path, recorded) if one.name == kind.name]

    assert (finding.code, finding.severity) == (kind.code, kind.severity)
    assert finding.pointer == "/response/body" + ("" if at is None else f"/{at}")
    assert resolved(recorded[1], finding.pointer) is not None
    assert finding.line is not None


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_oddities_of_severity_info_are_hidden_unless_asked_for(
    tmp_path: Path, kind: OddityKind
) -> None:
    _, response = ODD[kind.name]

    found = {one.name for one in said_of(tmp_path, recording(ASKED, response), infos=False)}

    assert (kind.name in found) is (kind.severity is not Severity.INFO)


def test_what_is_odd_about_an_answer_in_one_piece_is_found_at_its_body(tmp_path: Path) -> None:
    response = chat_answer("")

    assert said_by("empty-completion", tmp_path, ASKED, response) == ["/response/body"]


# The table of oddities


def test_every_oddity_is_a_rule_of_its_own_code() -> None:
    codes = {rule.name: rule.code for rule in TABLE if rule.code.startswith("W4")}

    assert {kind.name: kind.code for kind in KINDS}.items() <= codes.items()


def test_codes_and_names_of_oddities_are_unique_among_all_rules() -> None:
    assert len({rule.code for rule in TABLE}) == len(TABLE)
    assert len({rule.name for rule in TABLE}) == len(TABLE)
    assert all(re.fullmatch(r"W4\d\d", kind.code) for kind in KINDS)


def test_every_oddity_that_is_noted_is_in_the_table() -> None:
    noted = {code for source in sources() for code in noted_codes(source)}

    assert noted - {kind.name for kind in KINDS} == set()
    assert len(noted) > len(KINDS) / 2


def test_every_oddity_in_the_table_is_noted() -> None:
    known = {
        node.value
        for source in sources()
        for node in ast.walk(source)
        if isinstance(node, ast.Constant)
    }
    from_errors = {f"tool-args-{error}" for error in get_args(ArgumentsError)}

    assert {kind.name for kind in KINDS} - known == from_errors


def sources() -> Iterator[ast.Module]:
    """The modules that note oddities."""
    for path in sorted(SOURCES.glob("*.py")):
        if path.name != "oddities.py":
            yield ast.parse(path.read_text("utf-8"))


def noted_codes(source: ast.Module) -> Iterator[str]:
    """The codes that a module notes, or has noted, by their name."""
    for node in ast.walk(source):
        if isinstance(node, ast.Call) and isinstance(node.func, (ast.Name, ast.Attribute)):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            place = {"note": 0, "_note": 0, "note_numbers": 1}.get(name)
            if place is not None:
                yield from constants(node.args[place])


def constants(node: ast.expr) -> Iterator[str]:
    """The texts that an expression may give; one that is put together has none."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from constants(node.body)
        yield from constants(node.orelse)


# Healthy answers

INTERACTION: Document = {"id": "v1_a", "object": "interaction", "model": "keeper-1"}
SPENT = {"total_tokens": 13, "total_input_tokens": 9, "total_output_tokens": 4}
INTERACTIONS: list[Document] = [
    {"type": "interaction.start", "interaction": {**INTERACTION, "status": "in_progress"}},
    {"type": "content.start", "index": 0, "content": {"type": "text"}},
    {"type": "content.delta", "index": 0, "delta": {"type": "text", "text": "Lit."}},
    {"type": "content.stop", "index": 0},
    {
        "type": "interaction.complete",
        "interaction": {**INTERACTION, "status": "completed", "role": "model", "usage": SPENT},
    },
]
"""With `type` where the provider has `event_type`: either is read."""

HEALTHY: dict[str, tuple[Document, Document]] = {
    "chat": (chat_request("Is it lit?"), chat_answer("It is.")),
    "chat stream": (ASKED, chat_stream(["It ", "is."])),
    "tool call stream": (ASKED, tool_call_stream("lamp", ["{", "}"], call_id="call_1")),
    "completion": (completion_request("The lamp"), completion(" is lit.")),
    "completion stream": (
        completion_request("The lamp"),
        streamed(
            {"choices": [{"index": 0, "text": " is", "finish_reason": None}]},
            {"choices": [{"index": 0, "text": " lit.", "finish_reason": "stop"}]},
        ),
    ),
    "responses stream": (
        inference_request(OPENAI, "/v1/responses", {"model": "keeper-1", "input": "Is it lit?"}),
        streamed(
            {"type": "response.created", "response": {**RESPONSE, "status": "in_progress"}},
            {"type": "response.output_item.added", "output_index": 0, "item": TEXT_ITEM},
            {"type": "response.output_item.done", "output_index": 0, "item": TEXT_ITEM},
            {
                "type": "response.completed",
                "response": {**RESPONSE, "status": "completed", "output": [TEXT_ITEM]},
            },
        ),
    ),
    "messages stream": (
        http_request("http://localhost:11434/v1/messages", {"model": "m", "stream": True}),
        messages_stream(["It ", "is."]),
    ),
    "gemini stream": (gemini_request("Is it lit?"), gemini_stream(["It ", "is."])),
    "interactions stream": (
        http_request("https://sea.example/v1/interactions", {"model": "m", "stream": True}),
        events(*INTERACTIONS),
    ),
    "generate stream": (generate_request("Is it lit?"), generate_stream(["It ", "is."])),
    "ollama chat stream": (
        inference_request(OLLAMA, "/api/chat", {"model": "m", "messages": [], "stream": True}),
        streamed(
            {"message": {"role": "assistant", "content": "It is."}, "done": False},
            {
                "message": {"role": "assistant", "content": ""},
                "done": True,
                "done_reason": "stop",
            },
        ),
    ),
    "embeddings": (embedding_request(["fog"]), embeddings([[0.25, -0.5]])),
    "models": (models_request(), model_list(["fog-1b", "beacon-7b"])),
    "tool result": (tool_request("search", {"query": "fog horn"}), tool_result("Loud.")),
    "rerank": (
        http_request("https://tides.example/v1/rerank", {"query": "ebb"}),
        http_answer({"results": []}),
    ),
    "exception": (chat_request("Is it lit?", temperature=9), exception("Too warm.")),
}


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_answer_gives_no_finding(tmp_path: Path, name: str) -> None:
    assert said_of(tmp_path, recording(*HEALTHY[name]), infos=False) == ()


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_answer_has_nothing_odd_but_infos(name: str) -> None:
    warnings = read(HEALTHY[name][1]).transcript.warnings

    assert {severity_of(one.code) for one in warnings} <= {Severity.INFO}


@pytest.mark.parametrize(
    "entry", find([str(EXAMPLES / "clean")]).entries, ids=lambda entry: entry.path.name[:12]
)
def test_a_clean_example_is_healthy(entry: Entry) -> None:
    warnings = read(load(entry).response).transcript.warnings

    assert examine(entry) == ()
    assert {severity_of(one.code) for one in warnings} <= {Severity.INFO}


# An answer and what its recording says of it

STREAM, WHOLE = chat_stream(["It is."]), chat_answer("It is.")


@pytest.mark.parametrize(
    "response",
    [{**STREAM, "is_streaming": False}, {**WHOLE, "is_streaming": True}],
    ids=["stream", "whole"],
)
def test_a_body_that_is_not_what_the_flag_says_is_found(tmp_path: Path, response: Document) -> None:
    assert said_by("streaming-flag", tmp_path, ASKED, response) == ["/response/is_streaming"]


@pytest.mark.parametrize(
    "response",
    [
        STREAM,
        WHOLE,
        model_list(["fog-1b"]),
        model_list([]),
        streamed(),
        exception("The bulb burst."),
        {**streamed(LIT, is_exception=True), "is_streaming": False},
    ],
    ids=["stream", "whole", "models", "no models", "empty", "exception", "exception with chunks"],
)
def test_a_body_that_is_what_the_flag_says_is_left_alone(
    tmp_path: Path, response: Document
) -> None:
    assert said_by("streaming-flag", tmp_path, ASKED, response) == []


# An answer and its request

AT_COMPLETIONS = inference_request(OLLAMA + "/v1", "/v1/completions", ASKED["body"])


def test_chat_chunks_at_completions(tmp_path: Path) -> None:
    assert said_by("endpoint-mismatch", tmp_path, AT_COMPLETIONS, STREAM) == ["/request/endpoint"]


def test_a_completion_at_chat_completions_is_found(tmp_path: Path) -> None:
    assert said_by("endpoint-mismatch", tmp_path, ASKED, completion("It is.")) == [
        "/request/endpoint"
    ]


@pytest.mark.parametrize(
    ("request_", "response"),
    [
        (ASKED, STREAM),
        (chat_request("Is it lit?"), WHOLE),
        (completion_request("The lamp"), completion(" is lit.")),
        (AT_COMPLETIONS, exception("The bulb burst.")),
        (gemini_request("Is it lit?"), gemini_stream(["It is."])),
    ],
    ids=["stream", "whole", "completion", "exception", "gemini"],
)
def test_an_answer_of_the_endpoint_that_was_called_is_left_alone(
    tmp_path: Path, request_: Document, response: Document
) -> None:
    assert said_by("endpoint-mismatch", tmp_path, request_, response) == []


def offering(*names: str) -> Document:
    tools = [function(name, "What the keeper may do.", port="Where") for name in names]
    parameters: Document = {"tools": tools} if tools else {}
    return chat_request("Warn the ships.", stream=True, **parameters)


CALL = tool_call_stream("horn", ['{"port": "Kiel"}'], call_id="call_1")


def test_a_call_of_a_tool_that_was_not_offered_is_found(tmp_path: Path) -> None:
    assert said_by("tool-name-undeclared", tmp_path, offering("lamp"), CALL) == ["/response/body"]


@pytest.mark.parametrize("names", [("horn",), ("lamp", "horn"), ()])
def test_a_call_of_a_tool_that_was_offered_is_left_alone(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    """Where none was offered at all the request may be of a form that is not known."""
    assert said_by("tool-name-undeclared", tmp_path, offering(*names), CALL) == []


TWICE = streamed(LIT, END, chunk({"role": "assistant", "content": "Lit."}, "stop", index=1))


@pytest.mark.parametrize(("asked", "response"), [(2, STREAM), (2, WHOLE), (1, TWICE), (3, TWICE)])
def test_another_number_of_choices_than_asked_for_is_found(
    tmp_path: Path, asked: int, response: Document
) -> None:
    request = chat_request("Is it lit?", n=asked)

    assert said_by("choices-missing", tmp_path, request, response) == ["/request/body/n"]


@pytest.mark.parametrize(
    ("parameters", "response"),
    [
        ({"n": 2}, TWICE),
        ({"n": 1}, STREAM),
        ({}, WHOLE),
        ({"n": None}, WHOLE),
        ({"n": 2}, exception("No.")),
    ],
)
def test_as_many_choices_as_asked_for_are_left_alone(
    tmp_path: Path, parameters: Document, response: Document
) -> None:
    request = chat_request("Is it lit?", **parameters)

    assert said_by("choices-missing", tmp_path, request, response) == []


UNCOUNTED = chat_stream(["It is."], usage=None)
NOT_ASKING = chat_request("Is it lit?")


def test_usage_that_was_asked_for_and_did_not_come_is_found(tmp_path: Path) -> None:
    assert said_by("usage-not-sent", tmp_path, ASKED, UNCOUNTED) == ["/response/body"]


@pytest.mark.parametrize(
    ("request_", "response"),
    [(ASKED, STREAM), (NOT_ASKING, UNCOUNTED), (ASKED, exception("No."))],
    ids=["sent", "not asked for", "exception"],
)
def test_usage_that_need_not_come_is_not_missed(
    tmp_path: Path, request_: Document, response: Document
) -> None:
    assert said_by("usage-not-sent", tmp_path, request_, response) == []


def test_usage_that_was_not_asked_for_is_found(tmp_path: Path) -> None:
    assert said_by("usage-unrequested", tmp_path, NOT_ASKING, STREAM) == ["/response/body"]


@pytest.mark.parametrize(
    ("request_", "response"),
    [(ASKED, STREAM), (NOT_ASKING, UNCOUNTED), (NOT_ASKING, WHOLE)],
    ids=["asked for", "not sent", "whole"],
)
def test_usage_that_was_asked_for_or_is_always_sent_is_left_alone(
    tmp_path: Path, request_: Document, response: Document
) -> None:
    assert said_by("usage-unrequested", tmp_path, request_, response) == []


def test_usage_that_was_not_asked_for_is_an_info(tmp_path: Path) -> None:
    assert said_of(tmp_path, recording(NOT_ASKING, STREAM), infos=False) == ()


# An answer and the requests after it


def echoing(name: str, arguments: str, call_id: str = "call_1") -> Recorded:
    """A later request that repeats a call and gives its result."""
    messages = [assistant_call(call_id, name, arguments), tool_message(call_id, "Sounded.")]
    return recording(chat_request(messages), WHOLE)


def differing(root: Path, *recorded: Recorded) -> list[tuple[str, str]]:
    """Of each echo that was found to differ: the file's name, and what is said."""
    for one in recorded:
        write(root, folder_of(one[1]["test_id"]), one)
    found = validate(find([str(root)])).findings
    return [(Path(one.path).name, one.message) for one in found if one.name == "echo-differs"]


ANSWER = recording(offering("horn"), CALL)


@pytest.mark.parametrize(
    ("name", "arguments"), [("horn", '{"port": "Rügen"}'), ("lamp", '{"port": "Kiel"}')]
)
def test_an_echo_of_another_name_or_other_arguments_is_found(
    tmp_path: Path, name: str, arguments: str
) -> None:
    echo = echoing(name, arguments)

    ((file_name, message),) = differing(tmp_path, ANSWER, echo)

    assert file_name == echo[0]
    assert message.startswith("the call call_1 differs from the one answered in ")
    assert message.endswith(ANSWER[0])


@pytest.mark.parametrize("arguments", ['{"port": "Kiel"}', '{"port":"Kiel"}'])
def test_an_echo_of_the_same_arguments_is_left_alone(tmp_path: Path, arguments: str) -> None:
    assert differing(tmp_path, ANSWER, echoing("horn", arguments)) == []


def test_an_echo_of_a_call_that_was_not_recorded_is_left_alone(tmp_path: Path) -> None:
    assert differing(tmp_path, ANSWER, echoing("lamp", "{}", "call_2")) == []


def test_an_echo_in_another_test_is_of_another_call(tmp_path: Path) -> None:
    other = recording(offering("horn"), CALL, test_id="tests/integration/chat/test_x.py::test_y")

    assert differing(tmp_path, other, echoing("horn", "{}")) == []


def test_an_echo_of_one_of_several_calls_with_an_id_is_left_alone(tmp_path: Path) -> None:
    """Some servers count the calls of each answer, so ids come again."""
    other = tool_call_stream("horn", ["{}"], call_id="call_1")
    answers = [ANSWER, recording(offering("horn", "lamp"), other)]

    assert differing(tmp_path, *answers, echoing("horn", "{}")) == []
    assert differing(tmp_path, *answers, echoing("horn", '{"port": "Kiel"}')) == []
