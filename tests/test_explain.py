"""What the text of a failed run tells, and what becomes of a recording that was not found."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recctl.corpus import find
from recctl.dialects import hash_under, published
from recctl.errors import UnsoundError
from recctl.explain import (
    Asked,
    Explanation,
    Miss,
    Options,
    Told,
    Why,
    asked,
    explain,
    told,
    told_by,
    understood,
)
from recctl.recording import Recording
from tests.build import (
    TEST,
    chat_answer,
    chat_request,
    folder_of,
    model_list,
    models_request,
    recording,
    tool_request,
    tool_result,
    write,
)

TABLE = published()
HASH = "a4ae12d63bac58bfbc5bc9d5a9f784bc2bad33a8d457999be3b870d9de1ce779"
OTHER = "0123456789abcdef" * 4
URL = "https://api.openai.com/v1/v1/chat/completions"
MESSAGE = (
    f"Recording not found for request hash: {HASH}\n"
    f"Model: gpt-4o | Request: POST {URL}\n"
    "\n"
    "Run './scripts/integration-tests.sh --inference-mode record-if-missing' with required API"
    " keys to generate."
)
MISS = Miss(hash=HASH, model="gpt-4o", method="POST", url=URL)


def only(made: Told) -> Miss:
    """The one miss that a text tells of."""
    (miss,) = made.misses
    return miss


# What every version of the recorder writes


def test_the_message_tells_hash_model_method_and_url() -> None:
    assert only(told(MESSAGE)) == MISS


def test_the_message_for_gemini_tells_an_endpoint_instead_of_a_url() -> None:
    text = f"Recording not found for genai request hash: {HASH}\nModel: m/g-2 | Endpoint: /embed\n"

    assert only(told(text)) == Miss(hash=HASH, model="m/g-2", endpoint="/embed")


def test_the_oldest_message_tells_the_whole_body() -> None:
    body = {"model": "tern", "messages": [{"role": "user", "content": "It's\n{foggy}"}], "n": 1.0}
    text = (
        f"No recorded response found for request hash: {HASH}\nRequest: POST {URL} {body}\n"
        "Model: tern\nTo record this response, run with X=record"
    )

    assert only(told(text)) == Miss(hash=HASH, model="tern", method="POST", url=URL, bodies=(body,))


@pytest.mark.parametrize(
    "text",
    [
        "Recording not found for tavily.web_search | Request: {'query': 'tides', 'n': [1, None]}",
        "No recorded tool result found for tavily.web_search\n"
        "Request: {'query': 'tides', 'n': [1, None]}\nTo record this",
    ],
)
def test_a_tools_message_tells_its_arguments(text: str) -> None:
    assert only(told(text)).tool == ("tavily", "web_search", {"query": "tides", "n": [1, None]})


@pytest.mark.parametrize(
    "text",
    [
        "Recording not found for rerank request | URL: http://harbour/rerank\n\nRun './x'",
        "Recording not found for httpx POST http://harbour/rerank\n\nRun './x'",
        "Recording not found for httpx stream POST http://harbour/rerank\n\nRun './x'",
    ],
)
def test_a_message_over_plain_http_tells_the_url_alone(text: str) -> None:
    assert only(told(text)) == Miss(method="POST", url="http://harbour/rerank")


def test_a_model_of_which_the_recorder_knows_nothing_is_not_told() -> None:
    assert only(told(MESSAGE.replace("gpt-4o", "unknown"))).model is None


def test_the_recorders_own_log_tells_the_test() -> None:
    log = "\n".join(
        f"2026-05-01 10:00:00 ERROR {line}"
        for line in (
            "[RECORDING DEBUG] Recording not found!",
            "  Mode: replay",
            f"  Request hash: {HASH}",
            "  Method: POST",
            f"  URL: {URL}",
            "  Endpoint: /v1/chat/completions",
            "  Model: gpt-4o",
            f"  Test context: {TEST}",
        )
    )

    assert only(told(log)) == replace(MISS, endpoint="/v1/chat/completions", tests=(TEST,))


def test_words_of_which_no_version_is_known_are_read_for_a_hash() -> None:
    assert only(told(f"No recording found for tool request with hash {HASH}")).hash == HASH


# What stands around it


SECTION = f"""
=================================== FAILURES ===================================
________________________ TestLamp.test_lights[warm-1.5] ________________________
tests/integration/chat/test_lamp.py:31: in test_lights
    client.chat()
>               raise RuntimeError(
                    f"Recording not found for request hash: {{request_hash}}\\n"
                    f"Model: {{body.get('model', 'unknown')}} | Request: {{method}} {{url}}\\n"
E               RuntimeError: Recording not found for request hash: {HASH}
E               Model: gpt-4o | Request: POST {URL}
"""
LAMP = "tests/integration/chat/test_lamp.py::TestLamp::test_lights[warm-1.5]"
COLD = LAMP.replace("warm", "cold lamp")
SUMMARY = f"""
=========================== short test summary info ============================
FAILED {LAMP} - RuntimeError: Recording not found for request hash: a4ae12d63b...
FAILED {COLD} - RuntimeError: Recording not fo...
"""


def test_the_section_of_a_test_run_tells_which_test_asked() -> None:
    assert only(told(SECTION)) == replace(MISS, tests=(LAMP,))


def test_the_steps_of_a_traceback_are_no_new_sections() -> None:
    steps = SECTION.replace("    client.chat()\n", "    client.chat()\n" + "_ " * 40 + "\n")

    assert only(told(steps)) == replace(MISS, tests=(LAMP,))


def test_a_report_in_xml_tells_which_test_asked() -> None:
    text = MESSAGE.replace("\n", "&#10;").replace("'", "&#x27;")
    report = (
        '<?xml version="1.0"?><testsuites><testsuite name="pytest">'
        '<testcase classname="tests.other.test_fog" name="test_fog" time="0.1"/>'
        '<testcase classname="tests.integration.chat.test_lamp.TestLamp"'
        f' name="test_lights[warm-1.5]" time="0.1"><failure message="{text}">{text}</failure>'
        "</testcase></testsuite></testsuites>"
    )

    assert only(told(report)) == replace(MISS, tests=(LAMP,))


def test_a_summary_that_is_cut_short_tells_nothing_twice() -> None:
    first, second = told(SECTION + SUMMARY).misses

    assert first == replace(MISS, tests=(LAMP,))
    assert second == Miss(tests=(COLD,))


def test_source_code_in_a_traceback_is_no_message() -> None:
    code = [line for line in SECTION.splitlines() if "{" in line]

    assert told("\n".join(code)).misses == ()


def test_where_no_test_is_named_it_may_be_any_that_failed() -> None:
    log = f"{MESSAGE}\nFAILED tests/a.py::test_a - x\nERROR tests/a.py::test_b[c d]\n"

    assert only(told(log)).tests == ("tests/a.py::test_a", "tests/a.py::test_b[c d]")
    assert only(told(log)).test_id is None


def test_several_misses_are_told_each_once_in_their_order() -> None:
    log = (MESSAGE + "\n" + MESSAGE.replace(HASH, OTHER) + "\n") * 3

    assert [one.hash for one in told(log).misses] == [HASH, OTHER]


def boxed(text: str) -> str:
    return "".join(f"│ {line:<90} │\n" for line in text.splitlines())


def folded(text: str) -> str:
    """As a log of 40 columns has it, with its lines filled up."""
    pieces = [
        line[at : at + 40] for line in text.splitlines() for at in range(0, len(line) or 1, 40)
    ]
    return "".join(f"         {piece:<50}\n" for piece in pieces)


@pytest.mark.parametrize(
    "disguise",
    [
        lambda text: "".join(f"E   {line}\n" for line in text.splitlines()),
        lambda text: "".join(f"  | {line}\n" for line in text.splitlines()),
        lambda text: "".join(
            f"2026-05-01T10:00:00.1234567Z {line}\n" for line in text.splitlines()
        ),
        lambda text: "".join(
            f"job\tstep\t2026-05-01T10:00:00.1Z E  {line}\n" for line in text.splitlines()
        ),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace(HASH, f"\x1b[1m\x1b[31m{HASH}\x1b[0m"),
        lambda text: json.dumps({"detail": text}),
        lambda text: json.dumps(json.dumps({"detail": text})),
        lambda text: repr({"detail": text}),
        lambda text: text.replace("\n", "%0A"),
        lambda text: '<testcase><failure message="{}"/>'.format(text.replace("\n", "&#10;")),
        boxed,
    ],
)
def test_a_message_is_read_through_what_is_around_it(disguise: Any) -> None:
    assert only(told(disguise(MESSAGE))) == MISS


def test_a_hash_that_was_folded_is_put_together() -> None:
    assert only(told(folded(MESSAGE))).hash == HASH


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_bytes_are_read_in_the_encodings_of_shells(encoding: str) -> None:
    assert only(told_by(io.BytesIO(MESSAGE.encode(encoding)))) == MISS


def test_a_message_across_the_pieces_of_a_long_stream_is_found_once() -> None:
    noise = b"recorded nothing of interest here\n" * 200_000

    assert only(told_by(io.BytesIO(noise + MESSAGE.encode() + noise))) == MISS


def test_more_misses_than_are_looked_for_are_said_to_be_more() -> None:
    log = "".join(f"Recording not found for request hash: {n:064x}\n" for n in range(600))

    made = told(log)

    assert len(made.misses) == 500
    assert not made.is_whole


@settings(max_examples=60)
@given(st.binary(max_size=400), st.integers(0, 400))
def test_no_bytes_make_it_fail(noise: bytes, place: int) -> None:
    raw = SECTION.encode() + MESSAGE.encode()
    told_by(io.BytesIO(raw[:place] + noise + raw[place:]))


@settings(max_examples=60)
@given(st.text("{}[]()'\"\\,: \n1aN-", max_size=60))
def test_no_printed_value_makes_it_fail(printed: str) -> None:
    text = f"Recording not found for tavily.tide | Request: {{{printed}"
    for miss in told(text).misses:
        understood(miss, TABLE)


# What has become of it


ASKED = chat_request("Is the lamp lit?", model="gpt-4o")
KEPT = recording(ASKED, chat_answer("It is."))
OLD = "ogx-2025-10-04"
FLOATS = chat_request("score: 0.25 of the tide", model="gpt-4o")
STALE = recording(FLOATS, chat_answer("High."), dialect="ogx-2026-03-18")
CALLED = recording(tool_request("tide_table", {"place": "Gull Bay"}), tool_result("06:41"))


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with three recordings of one test."""
    monkeypatch.chdir(tmp_path)
    for one in (KEPT, STALE, CALLED):
        write(tmp_path, folder_of(TEST), one)
    return tmp_path


def why(one: Asked | Miss, nearest: int = 3) -> Explanation:
    """The explanation of one miss in the working directory, without git."""
    wanted = understood(one, TABLE) if isinstance(one, Miss) else one
    (made,) = explain([wanted], find(["."]).entries, None, Options(TABLE, nearest))
    return made


def hash_of(request: dict[str, Any], test_id: str | None = TEST, dialect: str = "") -> str:
    made = Recording("", {"test_id": test_id, "request": request}, 0)
    return hash_under(TABLE.find(dialect) if dialect else TABLE.target, made)


def path_of(recorded: tuple[str, Any], test_id: str | None = TEST) -> str:
    return f"{folder_of(test_id)}/{recorded[0]}"


def test_what_is_there_is_said_to_be_there(tree: Path) -> None:
    made = why(Miss(hash=KEPT[0][:64]))

    assert [(one.why, one.path) for one in made.causes] == [(Why.THERE, path_of(KEPT))]
    assert made.asked.miss.tests == (TEST,)


def test_the_paths_are_told_in_the_recorders_order(tree: Path) -> None:
    made = why(Miss(hash=HASH, tests=(TEST,)))

    assert [(one.path, one.is_there) for one in made.places] == [
        (f"{folder_of(TEST)}/{HASH}.json", False),
        (f"{folder_of(None)}/{HASH}.json", False),
    ]


def test_a_list_of_models_is_looked_for_under_every_digest(tree: Path) -> None:
    name, document = recording(models_request(), model_list(["fog:1b"]), test_id=None)
    write(tree, "tests/elsewhere/recordings", (name, document))
    miss = Miss(hash=name[7:71], url="http://localhost:11434/v1/v1/models", tests=(TEST,))

    made = why(miss)

    assert [one.path.rpartition("/")[2] for one in made.places] == [
        f"models-{name[7:71]}-*.json"
    ] * 2
    assert [one.why for one in made.causes] == [Why.ELSEWHERE]


def test_a_recording_in_another_folder_is_elsewhere(tree: Path) -> None:
    (tree / "tests/other/recordings").mkdir(parents=True)
    (tree / path_of(KEPT)).rename(tree / "tests/other/recordings" / KEPT[0])

    (cause,) = why(Miss(hash=KEPT[0][:64])).causes

    assert cause.why is Why.ELSEWHERE
    assert cause.command is not None
    assert cause.command.endswith(f"mv tests/other/recordings/{KEPT[0]} {folder_of(TEST)}/")


@pytest.mark.parametrize(
    ("content", "flaw"),
    [
        (b"{", "the file ends in the middle"),
        (b"{}", "no recording"),
        (b'{"request": {"body": {}}, "response": {}}', "it has no answer"),
        (b'{"request": {"body": {}}, "response": {"body": null}}', "its answer is empty"),
    ],
)
def test_a_file_that_cannot_be_replayed_is_flawed(tree: Path, content: bytes, flaw: str) -> None:
    (tree / path_of(KEPT)).write_bytes(content)

    made = why(Miss(hash=KEPT[0][:64], tests=(TEST,)))

    assert made.causes[0].why is Why.FLAWED
    assert flaw in made.causes[0].message
    assert flaw in str(made.places[0].flaw)


def test_a_broken_file_beside_the_test_hides_a_sound_shared_one(tree: Path) -> None:
    write(tree, folder_of(None), KEPT)
    (tree / path_of(KEPT)).write_bytes(b"")

    made = why(Miss(hash=KEPT[0][:64], tests=(TEST,)))

    assert [one.why for one in made.causes] == [Why.FLAWED, Why.THERE]
    assert "it hides the one after it" in made.causes[0].message


def test_a_stale_recording_is_found_by_the_hash_of_today(tree: Path) -> None:
    made = why(Miss(hash=hash_of(FLOATS)))

    assert [(one.why, one.path) for one in made.causes] == [(Why.STALE, path_of(STALE))]
    assert made.command == f"recctl rehash {path_of(STALE)}"


@pytest.mark.parametrize("digits", [8, 12, 40])
def test_the_first_digits_of_a_hash_will_do(tree: Path, digits: int) -> None:
    made = why(Miss(hash=hash_of(FLOATS)[:digits]))

    assert made.causes[0].why is Why.STALE
    assert made.asked.miss.hash == hash_of(FLOATS)


def test_the_hash_of_an_older_recorder_is_told_from_todays(tree: Path) -> None:
    floats = chat_request("How far?", model="gpt-4o", temperature=0.123456789)
    kept = recording(floats, chat_answer("Far."))
    write(tree, folder_of(TEST), kept)

    (cause,) = why(Miss(hash=hash_of(floats, dialect=OLD))).causes

    assert (cause.why, cause.path) == (Why.OTHER_DIALECT, path_of(kept))
    assert cause.command == f"recctl rehash --to {OLD} {path_of(kept)}"


def test_a_recording_with_a_name_of_no_dialect_is_misnamed(tree: Path) -> None:
    (tree / path_of(KEPT)).rename(tree / folder_of(TEST) / f"{OTHER}.json")

    (cause,) = why(Miss(hash=KEPT[0][:64])).causes

    assert cause.why is Why.MISNAMED
    assert cause.command == f"recctl rehash --include-unreachable {folder_of(TEST)}/{OTHER}.json"


def test_a_tools_arguments_give_the_hash(tree: Path) -> None:
    made = why(Miss(tool=("tavily", "tide_table", {"place": "Gull Bay"}), tests=(TEST,)))

    assert made.asked.miss.hash == CALLED[0][:64]
    assert [one.why for one in made.causes] == [Why.THERE]


def test_a_printed_body_is_proven_by_the_hash(tree: Path) -> None:
    body = {**ASKED["body"], "seed": 4}
    digits = hash_of({**ASKED, "body": body})
    miss = Miss(hash=digits, tests=(TEST,), url=ASKED["url"], bodies=({"a": 1}, body))

    made = why(miss)

    assert made.asked.is_exact
    assert made.nearest[0].path == path_of(KEPT)
    assert made.nearest[0].comparison is not None
    assert [one.pointer for one in made.nearest[0].comparison.request] == ["/body/seed"]


# What it may have been


@pytest.mark.parametrize(
    "body",
    [
        {**ASKED["body"], "parallel_tool_calls": True},
        {**ASKED["body"], "stream": True},
        {key: value for key, value in ASKED["body"].items() if key != "stream"},
    ],
)
def test_one_changed_parameter_is_proven_by_the_hash_alone(tree: Path, body: Any) -> None:
    request = {**ASKED, "body": body}

    made = why(Miss(hash=hash_of(request), tests=(TEST,)))

    (cause,) = made.causes
    assert (cause.why, cause.path) == (Why.ALTERED, path_of(KEPT))
    assert made.asked.request is not None
    assert made.asked.request.request == request
    assert cause.command is not None
    assert cause.command.startswith("recctl migrate --")


def test_another_model_is_proven_where_the_text_names_it(tree: Path) -> None:
    body = {**ASKED["body"], "model": "tern-2"}

    made = why(Miss(hash=hash_of({**ASKED, "body": body}), tests=(TEST,), model="tern-2"))

    assert [(one.why, one.path) for one in made.causes] == [(Why.ALTERED, path_of(KEPT))]


def test_a_renamed_test_is_found_by_what_it_asks(tree: Path) -> None:
    renamed = TEST.replace("test_answers", "test_replies")

    made = why(Miss(hash=hash_of(ASKED, renamed), tests=(renamed,)))

    (cause,) = made.causes
    assert (cause.why, cause.path) == (Why.OTHER_TEST, path_of(KEPT))
    assert cause.command == f"recctl migrate --rename-test {TEST}={renamed} {path_of(KEPT)}"


def test_a_test_that_still_exists_keeps_its_recordings(tree: Path) -> None:
    renamed = TEST.replace("test_answers", "test_replies")
    (tree / TEST.partition("::")[0]).write_text("def test_answers(): pass\n")

    made = why(Miss(hash=hash_of(ASKED, renamed), tests=(renamed,)))

    assert made.command == f"recctl show {path_of(KEPT)}"


def test_which_of_several_tests_asked_is_proven_by_the_hash(tree: Path) -> None:
    body = {**ASKED["body"], "parallel_tool_calls": True}
    tests = ("tests/x/test_a.py::test_a", TEST)

    made = why(Miss(hash=hash_of({**ASKED, "body": body}), tests=tests))

    assert made.asked.miss.test_id == TEST


# What is like it


def test_the_nearest_recording_of_a_request_is_told_with_what_differs(tree: Path) -> None:
    request = chat_request("Is the lamp lit tonight?", model="gpt-4o")

    made = why(asked({"request": request, "test_id": TEST}, TABLE))

    assert made.causes == ()
    assert made.nearest[0].path == path_of(KEPT)
    assert made.nearest[0].comparison is not None
    assert [one.pointer for one in made.nearest[0].comparison.request] == [
        "/body/messages/0/content"
    ]
    assert made.command == f"recctl show {path_of(KEPT)}"


def test_without_the_request_the_recordings_of_the_test_are_the_nearest(tree: Path) -> None:
    made = why(Miss(hash=HASH, tests=(TEST,), model="tern-9"))

    assert {one.path for one in made.nearest} == {path_of(one) for one in (KEPT, STALE, CALLED)}
    assert made.nearest[0].statements[0].headline.startswith("model is ")


def test_a_run_that_began_further_down_names_its_tests_shorter(tree: Path) -> None:
    made = why(Miss(hash=HASH, tests=("test_keeper.py::test_answers",)))

    assert made.asked.miss.tests == (TEST,)
    assert len(made.nearest) == 3


def test_no_more_of_the_nearest_are_told_than_wanted(tree: Path) -> None:
    assert len(why(Miss(hash=HASH, tests=(TEST,)), nearest=1).nearest) == 1


def test_what_is_like_nothing_is_not_found(tree: Path) -> None:
    assert not why(Miss(hash=HASH)).is_found


# A request of one's own


def test_a_recording_a_request_and_a_body_give_the_same_hash() -> None:
    _, document = KEPT
    whole = asked(document, TABLE)
    request = asked(document["request"], TABLE, test_id=TEST)
    body = asked(document["request"]["body"], TABLE, test_id=TEST, url=document["request"]["url"])

    assert {one.miss.hash for one in (whole, request, body)} == {KEPT[0][:64]}


@pytest.mark.parametrize("document", [[], 1, None, {}, {"model": "x"}, {"request": {}}])
def test_what_is_no_request_is_refused(document: Any) -> None:
    with pytest.raises(UnsoundError, match="neither a recording nor a request"):
        asked(document, TABLE)
