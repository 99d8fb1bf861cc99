"""`recctl textconv`: a recording as lines that git can compare."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recctl.hashing import canonical
from recctl.recording import Recording
from recctl.textconv import FORM, text_of
from tests.build import (
    Document,
    assistant_call,
    chat_answer,
    chat_request,
    chat_stream,
    exception,
    function,
    gemini_request,
    gemini_stream,
    http_request,
    messages_stream,
    model_list,
    models_request,
    recording,
    tool_call_stream,
    tool_message,
    tool_request,
    tool_result,
    user,
)
from tests.cli import ROOT, Ran, run, run_here
from tests.strategies import json_values, mutated
from tests.test_show import FORMATS

LONG = "The lamp is lit at dusk, and it is put out when the sun has risen above the horizon. "


def text(request: Document, response: Document, **more: Any) -> str:
    made = text_of(canonical(recording(request, response, **more)[1]))
    assert made is not None
    return made


def lines(request: Document, response: Document) -> list[str]:
    return text(request, response).split("\n")


def file(folder: Path, content: bytes) -> Path:
    path = folder / "a recording.json"
    path.write_bytes(content)
    return path


def changed(before: list[str], after: list[str]) -> set[str]:
    """The lines of two texts that are not in both."""
    return set(before) ^ set(after)


# What is printed


def test_a_recording_is_a_conversation_line_by_line() -> None:
    request = chat_request(
        [
            {"role": "system", "content": "Be brief."},
            user("When is the tide?"),
            assistant_call("call_1", "tide", '{"place": "Gull Bay"}'),
            tool_message("call_1", "at six"),
        ],
        tools=[function("tide", "Tells the tide.", place="string")],
        temperature=0.5,
    )
    printed = text(request, chat_stream(["At", " six."]))
    body, _, end = printed.partition("\nfile\n")

    assert (
        body
        == """\
test: tests/integration/chat/test_keeper.py::test_answers
method: POST
url: https://api.openai.com/v1/v1/chat/completions
endpoint: /v1/chat/completions
model: gpt-4o-mini

system
  Be brief.

user
  When is the tide?

assistant
  → tide({"place": "Gull Bay"})

tool
  at six

tool tide
  Tells the tide.
  place* = {"description": "string", "type": "string"}
  parameters = {"required": ["place"], "type": "object"}

parameters
  stream = false
  temperature = 0.5

answer
  At six.
finish: stop
usage: 12 in, 9 out, 21 total
answered by: gpt-4o-mini-2024-07-18
format: openai-chat
"""
    )
    assert "crc32" in end


def test_parameters_stand_in_alphabetical_order_one_a_line() -> None:
    printed = lines(chat_request("Lit?", stop=["."], best_of=1, user="Ann"), chat_answer("Yes."))
    at = printed.index("parameters")

    assert printed[at + 1 : at + 4] == ["  best_of = 1", '  stop = ["."]', "  stream = false"]


def test_a_parameter_set_to_nothing_is_told() -> None:
    assert "  stop = null" in lines(chat_request("Lit?", stop=None), chat_answer("Yes."))


def test_a_parameter_changes_one_line() -> None:
    before = lines(chat_request("Lit?", temperature=0.1, top_p=1), chat_answer("Yes."))
    after = lines(chat_request("Lit?", temperature=0.2, top_p=1), chat_answer("Yes."))

    told = {line for line in changed(before, after) if "crc32" not in line and "id:" not in line}
    assert told == {"  temperature = 0.1", "  temperature = 0.2"}


def test_the_schema_of_a_tool_has_a_line_for_each_parameter() -> None:
    tool = function("tide", "Tells.", place="string", day="string")
    printed = lines(chat_request("Tide?", tools=[tool]), chat_answer("Six."))

    assert '  day* = {"description": "string", "type": "string"}' in printed
    assert '  place* = {"description": "string", "type": "string"}' in printed


def test_a_changed_word_of_a_long_text_changes_one_sentence() -> None:
    told = LONG + "Ann keeps the log. " + LONG + "The horn is loud."
    before = lines(chat_request(told), chat_answer("Yes."))
    after = lines(chat_request(told.replace("Ann", "Bob")), chat_answer("Yes."))

    assert {line.strip() for line in changed(before, after) if "Ann" in line or "Bob" in line} == {
        "Ann keeps the log.",
        "Bob keeps the log.",
    }
    assert not any("The horn" in line for line in changed(before, after))


def test_lines_of_a_text_stay_lines() -> None:
    printed = lines(chat_request("one\ntwo\n\nfour"), chat_answer("Yes."))
    at = printed.index("user")

    assert printed[at + 1 : at + 5] == ["  one", "  two", "", "  four"]


def test_long_json_in_a_text_has_a_line_for_each_member() -> None:
    result = json.dumps({f"place_{number}": "Gull Bay" for number in range(9)})
    printed = lines(chat_request([user("Tide?"), tool_message("c", result)]), chat_answer("Six."))

    assert '    "place_3": "Gull Bay",' in printed


def test_long_arguments_of_a_call_have_a_line_for_each_member() -> None:
    arguments = json.dumps({f"place_{number}": "Gull Bay" for number in range(9)})
    printed = lines(chat_request("Tide?"), tool_call_stream("tide", [arguments], call_id="call_1"))

    assert '    "place_3": "Gull Bay",' in printed


def test_the_cut_into_chunks_changes_nothing_but_the_end() -> None:
    before = text(chat_request("Lit?", stream=True), chat_stream(["It is lit."]))
    after = text(chat_request("Lit?", stream=True), chat_stream(["It ", "is ", "lit."]))

    assert before.partition("\nfile\n")[0] == after.partition("\nfile\n")[0]
    assert before != after


def test_reasoning_finish_and_usage_are_told() -> None:
    answer = chat_answer("Yes.", usage=(3, 5))
    answer["body"]["__data__"]["choices"][0]["message"]["reasoning"] = "It is dusk."
    printed = lines(chat_request("Lit?"), answer)

    assert "  [reasoning] It is dusk." in printed
    assert "finish: stop" in printed
    assert "usage: 3 in, 5 out, 8 total" in printed


def test_an_exception_is_told() -> None:
    printed = lines(chat_request("Lit?", temperature=9), exception("Too warm."))

    assert "exception" in printed
    assert any("Too warm." in line for line in printed)


def test_what_is_odd_about_an_answer_is_told_by_its_names() -> None:
    cut = chat_stream(["It is"])
    cut["body"] = cut["body"][:2]
    printed = lines(chat_request("Lit?", stream=True), cut)

    assert "odd: finish-missing" in printed
    assert "incomplete: the answer is a part only" in printed


@pytest.mark.parametrize(
    ("request_", "response", "said"),
    [
        (models_request(), model_list(["b", "a"]), "  b"),
        (tool_request("search", {"query": "fog"}), tool_result("Loud."), "  Loud."),
        (gemini_request("Lit?"), gemini_stream(["It ", "is."]), "  It is."),
        (
            http_request("http://localhost/v1/messages", {"stream": True}),
            messages_stream(["It ", "is."]),
            "  It is.",
        ),
    ],
)
def test_other_kinds_are_told_as_well(request_: Document, response: Document, said: str) -> None:
    assert said in lines(request_, response)


@pytest.mark.parametrize("form", FORMATS)
def test_an_answer_of_every_format_is_put_together(form: str) -> None:
    assert f"format: {FORMATS[form][1] and form.partition(chr(39))[0]}" in text(*FORMATS[form])


def test_the_kept_form_is_that_of_the_examples() -> None:
    """Git keeps texts until the form's number changes: a change of the text is a new number."""
    texts = [text_of(path.read_bytes()) for path in sorted(ROOT.glob("examples/clean/**/*.json"))]

    assert (FORM, crc32("".join(filter(None, texts)).encode())) == (1, KEPT)


KEPT = 1569115588
"""Of the text of all clean examples in this form."""


# What never happens


def test_different_files_never_have_one_text() -> None:
    _, document = recording(chat_request("Lit?"), chat_answer("Yes."))
    spaced = json.dumps(document, indent=4).encode()

    assert text_of(spaced) != text_of(canonical(document))


def test_base64_is_cut_short_and_still_tells_a_change() -> None:
    blob = "aG9Ybj1Mb3VkIGFuZCBjbGVhcg0K" * 40
    first = text(chat_request(blob), chat_answer("Yes."))
    second = text(chat_request(blob[:-8] + "AAAAAAAA"), chat_answer("Yes."))

    assert max(map(len, first.split("\n"))) < 200
    assert first != second


def test_nothing_recorded_acts_on_a_terminal() -> None:
    printed = text(chat_request("\x1b[31mred\x07 \u202e"), chat_answer("\x9b2J"), test_id="\x1b]")

    assert not set(printed) & set("\x1b\x07\x9b\u202e")


@settings(max_examples=150)
@given(st.data())
def test_every_recording_has_a_text_that_can_be_written(data: st.DataObject) -> None:
    asked, answered = data.draw(st.sampled_from(list(FORMATS.values())))
    document = data.draw(mutated(recording(asked, answered)[1], json_values()))
    made = text_of(json.dumps(document).encode())

    if Recording.is_interaction(document):
        assert made is not None
        assert made.endswith("\n")
        made.encode("utf-8")


@settings(max_examples=150)
@given(json_values(), json_values())
def test_anything_with_a_request_and_a_response_has_a_text(request: Any, response: Any) -> None:
    assert text_of(json.dumps({"request": request, "response": response}).encode()) is not None


NO_RECORDINGS = {
    "empty": b"",
    "another file": b'{"a": 1}\n',
    "merge markers": b'{\n<<<<<<< ours\n"a": 1\n=======\n"a": 2\n>>>>>>> theirs\n}\n',
    "no JSON": b"lamp\r\n\n",
    "no UTF-8": b"\xff\xfe{\x00",
    "NUL bytes": b"\x00\x00\x1b[31m",
    "too deep": b'{"request": {}, "response": ' + b"[" * 100_000,
    "too deep to be walked": b'{"request": {"body": ' + b"[" * 900 + b"]" * 900
    + b'}, "response": {}}',
    "deeper than is read": b'{"request": {"body": ' + b"[" * 199 + b"]" * 199
    + b'}, "response": {}}',
    "a list": b"[]",
    "an integer of many digits": b'{"request": {}, "response": ' + b"9" * 5000 + b"}",
}  # fmt: skip


@pytest.mark.parametrize("name", NO_RECORDINGS)
def test_what_is_no_recording_is_printed_as_it_is(tmp_path: Path, name: str) -> None:
    ran = run("textconv", file(tmp_path, NO_RECORDINGS[name]))

    assert (ran.code, ran.stderr) == (0, "")
    assert ran.raw == NO_RECORDINGS[name]


def test_a_fault_of_ours_prints_the_file_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(content: bytes) -> str:
        raise KeyError(content)

    monkeypatch.setattr("recctl.textconv.text_of", fail)
    ran = run_here("textconv", file(tmp_path, b"lamp"))

    assert (ran.code, ran.raw) == (0, b"lamp")


# The command


def converted(path: Path, *options: str) -> Ran:
    return run("textconv", *options, path)


def test_the_text_does_not_depend_on_the_files_name(tmp_path: Path) -> None:
    content = canonical(recording(chat_request("Lit?"), chat_answer("Yes."))[1])
    one, other = tmp_path / "one.json", tmp_path / "recordings" / "other"
    other.parent.mkdir()
    one.write_bytes(content)
    other.write_bytes(content)

    assert converted(one).raw == converted(other).raw == (text_of(content) or "").encode()


def test_the_form_is_taken_and_changes_nothing(tmp_path: Path) -> None:
    path = file(tmp_path, canonical(recording(chat_request("Lit?"), chat_answer("Yes."))[1]))

    assert converted(path, "--form", "1").raw == converted(path).raw


def test_a_line_that_git_would_not_write_is_understood_as_well(tmp_path: Path) -> None:
    path = file(tmp_path, canonical(recording(chat_request("Lit?"), chat_answer("Yes."))[1]))

    assert run("textconv", path, "--form=1").raw == converted(path).raw


@pytest.mark.parametrize("name", ["missing.json", "."])
def test_a_file_that_cannot_be_read_is_told_in_one_line(tmp_path: Path, name: str) -> None:
    ran = converted(tmp_path / name)

    assert ran.code == 1
    assert len(ran.errors) == 1


def test_help_is_there() -> None:
    assert "git" in run("textconv", "--help").stdout


def test_next_to_nothing_is_imported(tmp_path: Path) -> None:
    path = file(tmp_path, canonical(recording(chat_request("Lit?"), chat_stream(["Yes."]))[1]))
    program = (
        "import sys\nfrom recctl.cli import main\n"
        f"sys.argv = ['recctl', 'textconv', {str(path)!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    modules = set(done.stderr.decode().split())

    assert b"  Yes." in done.stdout
    heavy = {"typer", "rich", "pydantic", "dataclasses", "inspect", "pathlib", "subprocess"}
    assert modules & heavy == set()
    assert {one for one in modules if one.startswith("recctl.")} <= EXPECTED


EXPECTED = {
    "recctl.cli", "recctl.conversation", "recctl.errors", "recctl.files", "recctl.recording",
    "recctl.safetext", "recctl.shapes", "recctl.textconv", "recctl.transcript",
    "recctl.wire", "recctl.wire.checks", "recctl.wire.format", "recctl.wire.normal",
    "recctl.wire.openai_chat", "recctl.wire.openai_choices", "recctl.wire.plain",
}  # fmt: skip
