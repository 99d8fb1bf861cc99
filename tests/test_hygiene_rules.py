"""The rules on what should not be kept: failures, nothing, the same twice, the unexpected."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recctl.corpus import Entry, find
from recctl.diagnostics import Violation
from recctl.dialects import Standing
from recctl.hashing import canonical
from recctl.jsontext import MOST_TOLD, parse
from recctl.recording import Recording
from recctl.rules import TABLE
from recctl.rules.hygiene import (
    empty_answer,
    foreign_host,
    oversized,
    recorded_exception,
    recorded_failure,
    redundant,
    unknown_type,
)
from recctl.rules.policy import Policy
from recctl.rules.selection import Choice, choose
from recctl.rules.subject import Check, Member, Subject
from recctl.shapes import MAX_DEPTH
from recctl.validate import validate
from tests.build import (
    TEST,
    Document,
    Recorded,
    chat_answer,
    chat_request,
    chat_stream,
    completion,
    completion_request,
    embedding_request,
    embeddings,
    exception,
    folder_of,
    http_answer,
    http_request,
    inference_request,
    model_list,
    models_request,
    recording,
    tool_request,
    tool_result,
    write,
)
from tests.examine import examine
from tests.strategies import json_values, mutated

CHECKS: tuple[Check, ...] = (
    recorded_failure,
    recorded_exception,
    empty_answer,
    foreign_host,
    unknown_type,
    oversized,
)

ABOUT_ERRORS = "tests/integration/chat/test_keeper.py::test_a_bad_lamp_is_an_error"

Said = list[tuple[str, str]]
"""Pointer and message of each violation."""


def subject_of(recorded: Recorded, policy: Policy | None = None) -> Subject:
    name, document = recorded
    raw = canonical(document)
    parsed = parse(raw)
    read = Recording(name, parsed.value, len(raw)) if Recording.is_interaction(document) else None
    return Subject(
        Path(name), size=len(raw), parsed=parsed, recording=read, policy=policy or Policy()
    )


def said(check: Check, recorded: Recorded, **decided: Any) -> Said:
    found = check(subject_of(recorded, Policy(**decided)))
    return [(one.pointer, one.message) for one in found]


def answered(body: Any, *, streaming: bool = False, **response: Any) -> Recorded:
    """A chat whose answer is made up."""
    return recording(chat_request("Fog?"), {"body": body, "is_streaming": streaming, **response})


def answer_of(body: Any) -> Document:
    return {"body": body, "is_streaming": False}


def typed(name: str, **data: Any) -> Document:
    return {"__type__": name, "__data__": data}


def raised(
    kind: str = "BadRequestError", status: int | None = 400, test_id: str | None = TEST, **data: Any
) -> Recorded:
    """A chat that raised an exception."""
    response = exception("The lamp is out.", kind=kind)
    told = {**response["exception_data"], "status_code": status, **data}
    if status is None:
        del told["status_code"]
    return recording(chat_request("Fog?"), {**response, "exception_data": told}, test_id=test_id)


def kinds(recorded: Recorded) -> tuple[int, int, int]:
    """How many findings the rules on failures, exceptions and empty answers have, in order."""
    checks = (recorded_failure, recorded_exception, empty_answer)
    failures, exceptions, empties = (len(said(check, recorded)) for check in checks)
    return failures, exceptions, empties


FAILURE, EXCEPTION, EMPTY, NOTHING = (1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 0, 0)


# Failures and exceptions


@pytest.mark.parametrize(
    "status", [401, 402, 403, 407, 408, 429, 500, 502, 503, 504, 520, 524, 529]
)
def test_a_status_that_is_not_the_requests_fault_is_a_failure(status: int) -> None:
    assert kinds(raised("APIStatusError", status)) == FAILURE


@pytest.mark.parametrize("status", [400, 404, 405, 409, 413, 415, 422, 501])
def test_a_status_that_may_be_the_requests_fault_is_an_exception(status: int) -> None:
    assert kinds(raised("APIStatusError", status)) == EXCEPTION


@pytest.mark.parametrize(
    "kind",
    [
        "APIConnectionError",
        "APITimeoutError",
        "AuthenticationError",
        "ConnectError",
        "ConnectionRefusedError",
        "InternalServerError",
        "PermissionDeniedError",
        "RateLimitError",
        "ReadTimeout",
        "TimeoutError",
    ],
)
def test_without_a_status_the_exceptions_name_tells_a_failure(kind: str) -> None:
    assert kinds(raised(kind, None)) == FAILURE


@pytest.mark.parametrize(
    "kind", ["ValueError", "NotImplementedError", "ConnectorNotFoundError", "ThreadError", "X"]
)
def test_an_exception_of_another_name_is_no_failure(kind: str) -> None:
    assert kinds(raised(kind, None)) == EXCEPTION


@pytest.mark.parametrize(
    "message",
    ["Error code: 429 - {'error': 'slow down'}", "Connection error.", "Request timed out."],
)
def test_without_exception_data_the_message_tells_a_failure(message: str) -> None:
    response = {**exception(message), "exception_data": None}

    assert kinds(recording(chat_request("Fog?"), response)) == FAILURE


def test_a_message_that_only_speaks_of_a_status_tells_no_failure() -> None:
    response = {**exception("Expected 200, got Error code: 429"), "exception_data": None}

    assert kinds(recording(chat_request("Fog?"), response)) == EXCEPTION


@pytest.mark.parametrize(
    "body",
    [
        {"code": "rate_limit_exceeded"},
        {"error": {"type": "overloaded_error"}},
        {"error": {"status": "UNAUTHENTICATED"}},
        {"error": {"details": [{"reason": "API_KEY_INVALID"}]}},
    ],
)
def test_a_code_in_the_providers_own_words_tells_a_failure(body: Document) -> None:
    assert kinds(raised(body=body)) == FAILURE


def test_a_failure_is_told_with_its_cause() -> None:
    assert said(recorded_failure, raised("RateLimitError", 429)) == [
        ("/response/exception_data", "exception RateLimitError 429: too many requests")
    ]


def test_a_failure_in_a_test_named_after_errors_is_an_exception() -> None:
    assert kinds(raised("RateLimitError", 429, ABOUT_ERRORS)) == EXCEPTION


@pytest.mark.parametrize(
    "test_id",
    [
        "tests/a/test_errors.py::test_lamp",
        "tests/a/test_x.py::TestRejected::test_lamp",
        "tests/a/test_x.py::test_rateLimit",
        "tests/a/test_x.py::test_lamp_returns_exception",
    ],
)
def test_file_class_and_function_may_name_errors(test_id: str) -> None:
    assert kinds(raised("RateLimitError", 429, test_id)) == EXCEPTION


@pytest.mark.parametrize(
    "test_id",
    ["tests/errors/test_x.py::test_lamp", "tests/a/test_x.py::test_lamp[error::invalid]", None],
)
def test_neither_a_folder_nor_a_parameter_names_errors(test_id: str | None) -> None:
    assert kinds(raised("RateLimitError", 429, test_id)) == FAILURE


def test_an_exception_is_told_by_names_and_codes() -> None:
    recorded = raised(test_id=ABOUT_ERRORS, body={"code": "invalid_image", "type": None})

    assert said(recorded_exception, recorded) == [
        (
            "/response/exception_data",
            "exception BadRequestError invalid_image 400, kept as the answer",
        )
    ]


def test_an_exception_in_a_test_not_named_after_errors_is_told_so() -> None:
    ((_, message),) = said(recorded_exception, raised())

    assert message.endswith(", kept as the answer; the test is not named after errors")


def test_an_exception_without_a_test_is_not_held_against_its_name() -> None:
    ((_, message),) = said(recorded_exception, raised(test_id=None))

    assert message.endswith(", kept as the answer")


def test_what_an_exception_said_is_never_quoted() -> None:
    words = "Incorrect key provided: lamp-oil-4711"
    recorded = raised(message=words, body={"code": words, "message": words})

    ((_, message),) = said(recorded_exception, recorded)

    assert "lamp-oil" not in message


def test_an_exception_of_which_nothing_is_known_is_one() -> None:
    recorded = answered(None, is_exception=True)

    assert said(recorded_exception, recorded) == [
        (
            "/response/is_exception",
            "exception, kept as the answer; the test is not named after errors",
        )
    ]


@pytest.mark.parametrize(
    ("status", "found"), [(200, NOTHING), (302, NOTHING), (400, EXCEPTION), (503, FAILURE)]
)
def test_an_http_status_counts_as_an_exceptions_does(
    status: int, found: tuple[int, int, int]
) -> None:
    request = http_request("https://tides.example/v1/messages", {"model": "m"})

    assert kinds(recording(request, http_answer({"type": "ebb"}, status=status))) == found


@pytest.mark.parametrize(
    "body",
    [
        {"type": "error", "error": {"type": "invalid_request_error"}},
        {"error": {"message": "no lamp", "code": "invalid_request"}},
        {"error": "no lamp"},
        typed("openai.types.responses.response.Response", object="response", status="failed"),
        typed("lighthouse.tools.ToolInvocationResult", content=None, error_message="no oil"),
        typed("lighthouse.tools.ToolInvocationResult", content=None, error_code=1),
    ],
)
def test_an_error_in_place_of_a_result_is_an_exception(body: Document) -> None:
    assert kinds(answered(body)) == EXCEPTION


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"code": 429}},
        {"error": {"code": "429"}},
        {"type": "error", "error": {"type": "overloaded_error"}},
        typed("lighthouse.tools.ToolInvocationResult", content=None, error_code=503),
    ],
)
def test_an_error_in_place_of_a_result_may_be_a_failure(body: Document) -> None:
    assert kinds(answered(body)) == FAILURE


@pytest.mark.parametrize(
    "body",
    [
        chat_answer("No.")["body"],
        typed("openai.types.responses.response.Response", status="completed", error=None, id="a"),
        typed("lighthouse.tools.ToolInvocationResult", content="a", error_message=None),
    ],
)
def test_an_answer_without_an_error_is_fine(body: Document) -> None:
    assert kinds(answered(body)) == NOTHING


def test_a_stream_that_broke_off_is_left_to_its_own_rule() -> None:
    broken = {**exception("Out.", kind="RateLimitError", status=429), **chat_stream(["N"])}

    assert kinds(recording(chat_request("Fog?", stream=True), broken)) == NOTHING


def test_an_exception_beside_a_list_that_is_no_stream_is_one() -> None:
    response = {**model_list(["fog-1b"]), "is_exception": True}

    assert kinds(recording(models_request(), response)) == EXCEPTION


# Empty answers


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "an object with nothing in it"),
        ({"a": None}, "an object with nothing in it"),
        (typed("lighthouse.Lamp"), "an object with nothing in it"),
        (typed("lighthouse.Lamp", lit=None), "an object with nothing in it"),
        ([], "a list with nothing in it"),
    ],
)
def test_an_answer_that_holds_nothing_is_found(body: Any, message: str) -> None:
    assert said(empty_answer, answered(body)) == [("/response/body", message)]


@pytest.mark.parametrize("vectors", [[], [[]], [[], []]])
def test_embeddings_without_vectors_are_found(vectors: list[list[float]]) -> None:
    recorded = recording(embedding_request(["fog"]), embeddings(vectors))

    assert said(empty_answer, recorded) == [("/response/body", "embeddings without vectors")]


@pytest.mark.parametrize(
    "body",
    [
        embeddings([[0.25]])["body"],
        {"embeddings": {"float": [[0.25]]}},
        typed("cloud.EmbedResponse", embeddings=[[0.25], []]),
    ],
)
def test_embeddings_with_a_vector_are_fine(body: Document) -> None:
    assert said(empty_answer, recording(embedding_request(["fog"]), answer_of(body))) == []


def test_a_list_of_models_without_models_is_found() -> None:
    request = inference_request("http://localhost:11434", "/api/tags", {})
    recorded = recording(request, answer_of(typed("ollama._types.ListResponse", models=[])))

    assert said(empty_answer, recorded) == [("/response/body", "a list of models without models")]


def test_a_failure_that_holds_nothing_is_a_failure_only() -> None:
    request = http_request("https://tides.example/v1/messages", {"model": "m"})

    assert kinds(recording(request, http_answer({}, status=503))) == FAILURE


def test_that_no_model_is_running_is_an_answer() -> None:
    request = inference_request("http://localhost:11434", "/api/ps", {})
    recorded = recording(request, answer_of(typed("ollama._types.ProcessResponse", models=[])))

    assert said(empty_answer, recorded) == []


@pytest.mark.parametrize(
    "recorded",
    [
        recording(models_request(), model_list(["fog-1b"]), test_id=None),
        recording(tool_request("search", {"query": "fog"}), tool_result("")),
        recording(http_request("https://tides.example/rerank", {}), http_answer({"results": []})),
        recording(completion_request("The lamp"), completion(" is lit.")),
    ],
    ids=["models", "tool", "rerank", "completion"],
)
def test_what_may_well_be_empty_is_fine(recorded: Recorded) -> None:
    assert said(empty_answer, recorded) == []


@pytest.mark.parametrize(
    ("recorded", "rule"),
    [
        (answered([], streaming=True), "empty-stream"),
        (answered(None), "schema"),
        (answered({}, streaming=True), "streaming-flag"),
        (answered(typed("openai.types.chat.chat_completion.ChatCompletion")), "finish-missing"),
        (recording(chat_request("Fog?"), chat_answer("")), "empty-completion"),
    ],
    ids=["stream", "null", "flag", "chat", "text"],
)
def test_what_another_rule_says_is_not_said_twice(
    tmp_path: Path, recorded: Recorded, rule: str
) -> None:
    path = write(tmp_path, folder_of(TEST), recorded)
    found = examine(Entry(path), choose(TABLE, Choice(infos=True)))

    assert rule in [one.name for one in found]
    assert kinds(recorded) == NOTHING


# The same request more than once


def member(
    path: str,
    wanted: str | None = "aa",
    standing: Standing | None = Standing.STALE,
    test_id: str | None = TEST,
) -> Member:
    return Member(path, path, True, test_id, wanted, standing, (), ())


def extras(*files: Member) -> list[tuple[str, str]]:
    return [(path, violation.message) for path, violation in redundant(files)]


def test_of_two_that_ask_the_same_the_one_that_is_found_stays() -> None:
    found = member("a/2.json", standing=Standing.REACHABLE)

    assert extras(member("a/1.json"), found) == [
        ("a/1.json", "asks the same as a/2.json, which is found today")
    ]


def test_where_none_is_found_all_but_the_first_are_extra() -> None:
    assert extras(member("a/1.json"), member("a/2.json"), member("a/3.json")) == [
        ("a/2.json", "asks the same as a/1.json, and neither is found today"),
        ("a/3.json", "asks the same as a/1.json, and neither is found today"),
    ]


def test_the_same_request_of_two_tests_is_fine() -> None:
    assert extras(member("a/1.json"), member("a/2.json", test_id="tests/b.py::test_b")) == []


def test_two_without_a_test_that_ask_the_same_are_redundant() -> None:
    assert len(extras(member("a/1.json", test_id=None), member("a/2.json", test_id=None))) == 1


def test_files_whose_wanted_name_is_not_known_are_never_the_same() -> None:
    assert extras(member("a/1.json", None), member("a/2.json", None)) == []


def test_one_name_in_two_folders_is_left_to_the_rule_on_duplicates() -> None:
    assert extras(member("a/1.json"), member("b/1.json")) == []


def test_an_extra_in_two_folders_is_told_once() -> None:
    files = (member("a/1.json"), member("a/2.json"), member("b/2.json"))

    assert [path for path, _ in extras(*files)] == ["a/2.json"]


def test_a_hostile_path_is_told_harmlessly() -> None:
    ((_, message),) = extras(member("a/\x1b[31m1.json"), member("b/2.json"))

    assert "\x1b" not in message


def test_recordings_that_differ_in_a_score_are_redundant_on_disk(tmp_path: Path) -> None:
    def scored(score: str, dialect: str) -> Recorded:
        asked = chat_request(f"The log says score: {score}")
        return recording(asked, chat_answer(score), dialect=dialect)

    kept = write(tmp_path, folder_of(TEST), scored("0.25", "ogx-2026-04-09"))
    extra = write(tmp_path, folder_of(TEST), scored("0.875", "ogx-2026-03-18"))

    report = validate(find([str(tmp_path)]), choose(TABLE, Choice(select=["redundant"])))

    (finding,) = report.findings
    assert finding.path == str(extra)
    assert finding.message == f"asks the same as {kept}, which is found today"


GROUPS = st.lists(
    st.builds(
        member,
        st.builds("{}/{}.json".format, st.sampled_from("abc"), st.integers(0, 4)),
        st.sampled_from(["aa", "bb", None]),
        st.sampled_from([*Standing, None]),
        st.sampled_from([TEST, "tests/b.py::test_b", None]),
    ),
    unique_by=lambda one: one.path,
    max_size=12,
)


@given(GROUPS, st.randoms(use_true_random=False))
def test_the_order_of_files_does_not_matter_to_what_is_redundant(
    files: list[Member], random: Random
) -> None:
    other = list(files)
    random.shuffle(other)

    assert sorted(extras(*files)) == sorted(extras(*other))


@given(GROUPS)
def test_what_is_found_today_is_never_redundant(files: list[Member]) -> None:
    found = {one.path for one in files if one.standing is Standing.REACHABLE}

    assert found.isdisjoint(path for path, _ in extras(*files))


@given(GROUPS)
def test_each_extra_is_told_once_and_one_name_is_always_left(files: list[Member]) -> None:
    told = [path for path, _ in extras(*files)]
    names: dict[Any, set[str]] = {}
    for one in files:
        if one.wanted is not None:
            names.setdefault((one.test_id, one.wanted), set()).add(one.file_name)
    by_path = {one.path: one for one in files}
    extra = Counter((by_path[path].test_id, by_path[path].wanted) for path in told)

    assert len(told) == len(set(told))
    assert all(count < len(names[group]) for group, count in extra.items())


# Hosts


def host_said(url: Any, *allowed: str) -> list[str]:
    request = {**chat_request("Fog?"), "url": url}
    document = {"test_id": None, "request": request, "response": chat_answer("No.")}
    found = said(foreign_host, ("x.json", document), allowed_hosts=allowed)
    assert all(pointer == "/request/url" for pointer, _ in found)
    return [message for _, message in found]


def test_without_allowed_hosts_any_host_will_do() -> None:
    request = http_request("https://wreck.example/", {})

    assert said(foreign_host, recording(request, http_answer({"a": 1}))) == []


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://api.openai.com/v1", "api.openai.com"),
        ("https://API.OpenAI.com/v1", "api.openai.COM"),
        ("https://api.openai.com./v1", "api.openai.com"),
        ("https://eu.tides.example/", "*.tides.example"),
        ("https://t1.example/", "t?.example"),
        ("http://localhost:11434/v1", "localhost"),
        ("http://localhost:11434/v1", "localhost:11434"),
        ("http://localhost:11434/v1", "localhost:*"),
        ("https://api.openai.com/v1", "api.openai.com:443"),
        ("http://tides.example/", "tides.example:80"),
        ("https://user:pass@tides.example/", "tides.example"),
        ("http://[::1]:11434/v1", "[::1]:11434"),
        ("http://[::1]:11434/v1", "[::1]"),
        ("http://[::1]:11434/v1", "::1"),
        ("http://[0:0:0:0:0:0:0:1]/v1", "::1"),
        ("http://[2001:db8::7]/", "2001:db8:*"),
        ("//tides.example/v1", "tides.example"),
    ],
)
def test_a_host_is_allowed(url: str, allowed: str) -> None:
    assert host_said(url, "elsewhere.example", allowed) == []


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://api.openai.com.wreck.example/", "api.openai.com"),
        ("https://api.openai.com@wreck.example/", "api.openai.com"),
        ("https://wreck.example/api.openai.com", "api.openai.com"),
        ("https://tides.example/", "*.tides.example"),
        ("http://localhost:11435/v1", "localhost:11434"),
        ("http://localhost/v1", "localhost:11434"),
        ("http://[::1]:11435/v1", "[::1]:11434"),
        ("http://[::2]/", "::1"),
        ("http://1/", "[::1]"),
        ("//wreck.example/v1", "tides.example"),
    ],
)
def test_a_host_is_not_allowed(url: str, allowed: str) -> None:
    assert len(host_said(url, allowed)) == 1


def test_the_nearest_allowed_host_is_named() -> None:
    assert host_said("https://api.opena1.com:8443/", "tides.example", "api.openai.com") == [
        "api.opena1.com:8443 is not allowed; the nearest that is: api.openai.com"
    ]


def test_where_no_host_is_allowed_none_is_named() -> None:
    assert host_said("https://tides.example/") == ["tides.example is not allowed"]


@pytest.mark.parametrize(
    "url",
    [
        "vertexai:///generate_content",
        "__databricks__/serving-endpoints/v1/embeddings",
        "/v1/chat",
        "",
        None,
        7,
        ["https://wreck.example"],
    ],
)
def test_where_there_is_no_host_nothing_is_said(url: Any) -> None:
    assert host_said(url, "tides.example") == []


@pytest.mark.parametrize("url", ["https:///v1/chat", "http:/tides.example/v1", "https://[bad/v1"])
def test_a_url_that_must_have_a_host_and_has_none_is_found(url: str) -> None:
    assert host_said(url, "*") == ["the url has no host that can be read"]


@pytest.mark.parametrize("port", ["oops", "99999"])
def test_a_port_that_is_none_fits_hosts_of_any_port_only(port: str) -> None:
    url = f"https://tides.example:{port}/"

    assert host_said(url, "tides.example") == []
    assert len(host_said(url, "tides.example:443")) == 1


@pytest.mark.parametrize("host", ["wreck.example", ""])
def test_a_password_in_a_url_is_never_shown(host: str) -> None:
    request = http_request(f"https://keeper:lamp-oil@{host}/", {})
    recorded = recording(request, http_answer({"a": 1}))

    (found,) = foreign_host(subject_of(recorded, Policy(allowed_hosts=("tides.example",))))

    assert found.secret
    assert "lamp-oil" not in found.message
    assert "keeper" not in found.message


def test_a_tool_has_no_host() -> None:
    recorded = recording(tool_request("search", {"query": "fog"}), tool_result("Loud."))

    assert said(foreign_host, recorded, allowed_hosts=()) == []


# Types


def types_said(body: Any, *allowed: str) -> Said:
    document = {"test_id": None, "request": chat_request("Fog?"), "response": answer_of(body)}
    return said(unknown_type, ("x.json", document), allowed_types=allowed)


def test_without_allowed_types_any_type_will_do() -> None:
    assert said(unknown_type, answered(typed("os.system", a=1))) == []


@pytest.mark.parametrize("allowed", ["openai.types.*", "*", "openai.types.chat.?hat.Answer"])
def test_a_type_is_allowed(allowed: str) -> None:
    assert types_said(typed("openai.types.chat.chat.Answer", a=1), "ollama.*", allowed) == []


@pytest.mark.parametrize("allowed", ["openai.types", "types.*", "OpenAI.*", "[o]penai.*"])
def test_a_type_is_not_allowed(allowed: str) -> None:
    assert types_said(typed("openai.types.Lamp", a=1), allowed) == [
        ("/response/body/__type__", "openai.types.Lamp is no allowed type")
    ]


def test_a_type_is_told_once_with_its_number_at_the_first_place() -> None:
    chunks = [typed("ok.A", a=1), typed("os.B", a=1), typed("os.B", a=2), typed("os.C", a=1)]

    assert types_said(chunks, "ok.*") == [
        ("/response/body/1/__type__", "os.B is no allowed type, 2 times"),
        ("/response/body/3/__type__", "os.C is no allowed type"),
    ]


def test_a_type_deep_inside_an_answer_counts() -> None:
    body = typed("ok.A", parts=[{"lamp/oil": {"__type__": "os.B"}}])

    assert types_said(body, "ok.*") == [
        ("/response/body/__data__/parts/0/lamp~1oil/__type__", "os.B is no allowed type")
    ]


@pytest.mark.parametrize("name", [None, 7, True, [], {"a": 1}])
def test_a_type_that_is_no_name_is_never_allowed(name: Any) -> None:
    assert types_said({"__type__": name}, "*") == [
        ("/response/body/__type__", "what is no name is no allowed type")
    ]


def test_a_type_in_the_request_is_what_the_client_sent() -> None:
    recorded = recording(chat_request("Fog?", extra={"__type__": "os.B"}), chat_answer("No."))

    assert said(unknown_type, recorded, allowed_types=("openai.*",)) == []


@pytest.mark.parametrize(
    ("types", "end"),
    [(MOST_TOLD, "is no allowed type"), (MOST_TOLD + 1, "; 1 more such")],
)
def test_of_many_types_the_first_are_told_and_the_others_counted(types: int, end: str) -> None:
    found = types_said([typed(f"os.T{number}", a=1) for number in range(types)], "ok.*")

    assert len(found) == MOST_TOLD
    assert found[-1][1].endswith(end)


def test_a_name_is_shortened_and_cannot_act_on_a_terminal() -> None:
    ((_, message),) = types_said(typed("os.\x1b[2J" + "A" * 5000, a=1), "ok.*")

    assert "\x1b" not in message
    assert len(message) < 200


# Size


def test_a_file_of_the_allowed_size_is_fine() -> None:
    recorded = answered(chat_answer("No.")["body"])

    assert said(oversized, recorded, max_size=subject_of(recorded).size) == []


def test_a_larger_file_is_found_with_both_sizes() -> None:
    recorded = answered(typed("lighthouse.Lamp", text="o" * 2000))
    size = subject_of(recorded).size

    assert said(oversized, recorded, max_size=1000) == [
        ("", f"{size:,} bytes, more than the 1,000 that are allowed")
    ]


def test_the_size_of_a_file_that_is_no_recording_counts_too() -> None:
    subject = Subject(Path("x.json"), size=11, parsed=parse(b"{" + b" " * 10))

    assert len(list(oversized(replace(subject, policy=Policy(max_size=10))))) == 1


# Hostile shapes

DECIDED = Policy(allowed_hosts=("tides.example",), allowed_types=("lighthouse.*",), max_size=100)
EXAMPLES = (
    raised(),
    answered(chat_answer("No.")["body"]),
    answered({"error": {"code": 429, "details": [{"reason": "x"}]}}, status=429),
    recording(chat_request("Fog?", stream=True), chat_stream(["No", "."])),
    recording(embedding_request(["fog"]), embeddings([[0.25]])),
    recording(models_request(), model_list(["fog-1b"]), test_id=None),
    recording(tool_request("search", {"query": "fog"}), tool_result("Loud.")),
)


def all_said(document: Any) -> list[Violation]:
    subject = subject_of(("x.json", document), DECIDED)
    return [one for check in CHECKS for one in check(subject)]


@given(st.data())
def test_a_document_of_any_shape_is_checked(data: st.DataObject) -> None:
    _, document = data.draw(st.sampled_from(EXAMPLES))
    broken = data.draw(mutated(document, json_values(max_leaves=6)))
    assert all(json.dumps(one.message) for one in all_said(broken))


@given(json_values(), json_values())
def test_a_request_and_a_response_of_any_shape_are_checked(request: Any, response: Any) -> None:
    for one in all_said({"request": request, "response": response}):
        assert "\n" not in one.message


@given(json_values(max_leaves=20))
def test_a_body_of_any_shape_is_at_most_one_of_failure_exception_and_empty(body: Any) -> None:
    document = {"request": chat_request("Fog?"), "response": answer_of(body)}

    assert sum(kinds(("x.json", document))) <= 1


@pytest.mark.parametrize("wrap", [lambda below: [below], lambda below: {"__type__": below}])
def test_a_body_as_deep_as_may_be_is_checked(wrap: Any) -> None:
    body: Any = {}
    for _ in range(MAX_DEPTH - 5):
        body = wrap(body)
    document = {"request": chat_request("Fog?"), "response": answer_of(body)}

    assert subject_of(("x.json", document)).recording is not None
    all_said(document)


# In a validation


def test_the_checks_keep_to_the_documented_form() -> None:
    for check in (*CHECKS, redundant):
        title, _, rest = (check.__doc__ or "").partition("\n\n")
        assert title.endswith(".")
        assert "What to do: " in rest


def test_a_good_corpus_gives_the_rules_nothing_to_say(tmp_path: Path) -> None:
    for recorded in EXAMPLES[1:2] + EXAMPLES[3:]:
        write(tmp_path, folder_of(recorded[1]["test_id"]), recorded)

    assert validate(find([str(tmp_path)])).findings == ()
