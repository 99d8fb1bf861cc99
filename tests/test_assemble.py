"""`recctl assemble`: answers in one piece, as JSON, one after the other."""

import json
import os
import sys
import weakref
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from recctl import corpus as corpus_module
from recctl import schema
from recctl.assemble import assemble
from recctl.corpus import Entry, find
from recctl.corpus import load as corpus_load
from recctl.recording import Recording
from tests.build import (
    Document,
    Recorded,
    chat_answer,
    chat_request,
    chat_stream,
    embedding_request,
    embeddings,
    exception,
    folder_of,
    http_answer,
    http_request,
    messages_stream,
    model_list,
    models_request,
    recording,
    tool_request,
    tool_result,
    write,
)
from tests.cli import Ran, needs_posix, run, run_here

LAMP = "tests/lamp/test_lamp.py::test_lights"
FOG = "tests/fog/test_fog.py::test_fog"
STREAM = recording(
    chat_request("Is the lamp lit?", stream=True), chat_stream(["It", " is."]), test_id=LAMP
)
WHOLE = recording(chat_request("Is it foggy?"), chat_answer("Very."), test_id=FOG)
EVENTS = recording(
    http_request("http://localhost:11434/v1/messages", {"stream": True}),
    messages_stream(["Wind", " west."]),
    test_id=LAMP,
)
ALL = (STREAM, WHOLE, EVENTS)
KEYS = ["path", "hash", "format", "complete", "object", "transcript", "warnings"]

CUT = chat_stream(["The beam", " sweeps"])
CUT = {**CUT, "body": CUT["body"][:2]}


def path_in(root: Path, recorded: Recorded) -> Path:
    return root / folder_of(recorded[1]["test_id"]) / recorded[0]


def digits(recorded: Recorded) -> str:
    return recorded[0].removesuffix(".json")


def corpus_of(root: Path, *all_recorded: Recorded) -> Path:
    for recorded in all_recorded:
        write(root, folder_of(recorded[1]["test_id"]), recorded)
    return root


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Two folders of recordings: two streams and a whole answer."""
    return corpus_of(tmp_path / "corpus", *ALL)


def assembled(ran: Ran) -> list[Any]:
    """The documents of the lines."""
    return [json.loads(line) for line in ran.lines]


def hashes(ran: Ran) -> list[str]:
    return [one["hash"] for one in assembled(ran)]


def one_of(tmp_path: Path, request: Document, response: Document) -> Any:
    """The only line for a corpus of one recording."""
    corpus_of(tmp_path, recording(request, response))
    ran = run_here("assemble", tmp_path)
    assert (ran.code, ran.stderr) == (0, "")
    (one,) = assembled(ran)
    return one


# What is assembled


def test_a_folder_gives_a_line_a_recording_in_order_of_path(corpus: Path) -> None:
    ran = run_here("assemble", corpus)

    paths = [one["path"] for one in assembled(ran)]
    assert (ran.code, ran.stderr) == (0, "")
    assert paths == [str(entry.path) for entry in find([str(corpus)]).entries]
    assert len(paths) == 3


def test_without_arguments_the_working_directory_is_assembled(corpus: Path) -> None:
    ran = run_here("assemble", cwd=corpus)

    assert sorted(hashes(ran)) == sorted(map(digits, ALL))
    assert not any(Path(one["path"]).is_absolute() for one in assembled(ran))


def test_a_reference_is_looked_for_in_the_folder_named_with_it(corpus: Path) -> None:
    ran = run_here("assemble", WHOLE[0][:8], corpus)

    assert hashes(ran) == [digits(WHOLE)]


def test_a_reference_without_a_folder_is_looked_for_in_the_working_directory(corpus: Path) -> None:
    ran = run_here("assemble", WHOLE[0][:8], cwd=corpus)

    assert hashes(ran) == [digits(WHOLE)]


@pytest.mark.parametrize("first", [0, 1])
def test_references_are_assembled_in_the_order_in_which_they_are_named(
    first: int, corpus: Path
) -> None:
    wanted = [digits(STREAM), digits(WHOLE)][:: -1 if first else 1]

    ran = run_here("assemble", *wanted, corpus)

    assert hashes(ran) == wanted


def test_the_folder_may_stand_before_the_reference(corpus: Path) -> None:
    assert hashes(run_here("assemble", corpus, digits(STREAM))) == [digits(STREAM)]


def test_an_answers_id_is_a_reference(corpus: Path) -> None:
    assert hashes(run_here("assemble", f"rec-{STREAM[0][:12]}", corpus)) == [digits(STREAM)]


def test_files_and_references_are_assembled_together(corpus: Path) -> None:
    ran = run_here("assemble", path_in(corpus, EVENTS), WHOLE[0][:8], cwd=corpus)

    assert hashes(ran) == [digits(EVENTS), digits(WHOLE)]


def test_files_and_folders_are_assembled_once_each(corpus: Path) -> None:
    ran = run_here("assemble", path_in(corpus, WHOLE), corpus)

    assert sorted(hashes(ran)) == sorted(map(digits, ALL))


def test_a_file_of_another_name_has_no_hash(tmp_path: Path) -> None:
    path = write(tmp_path, "letters", ("from-a-stranger.json", WHOLE[1]))

    (one,) = assembled(run_here("assemble", path))

    assert one["hash"] is None


# What a line says


def test_a_line_has_its_keys_in_order(corpus: Path) -> None:
    assert [list(one) for one in assembled(run_here("assemble", corpus))] == [KEYS] * 3


RESPONSES = {
    "stream": (chat_request("Lit?", stream=True), chat_stream(["It is."])),
    "cut stream": (chat_request("Lit?", stream=True), CUT),
    "events": (EVENTS[1]["request"], EVENTS[1]["response"]),
    "whole": (chat_request("Lit?"), chat_answer("It is.")),
    "exception": (chat_request("Lit?"), exception("The bulb burst.")),
    "models": (models_request(), model_list(["fog-horn:1b"])),
    "embeddings": (embedding_request(["fog"]), embeddings([[0.5, -0.25]])),
    "tool": (tool_request("tide_table", {}), tool_result("06:41")),
    "ranks": (http_request("http://x/rerank", {}), http_answer({"results": [{"index": 0}]})),
    "unknown": (http_request("http://x/horn", {}), http_answer({"horn": None})),
    "not a number": (embedding_request(["fog"]), embeddings([[float("nan"), float("inf")]])),
}


@pytest.mark.parametrize("what", RESPONSES)
def test_a_line_fits_its_schema(what: str, tmp_path: Path) -> None:
    request, response = RESPONSES[what]

    assert schema.explain("assembly", one_of(tmp_path, request, response)) is None


def test_every_example_fits_the_schema() -> None:
    ran = run_here("assemble", "examples/clean")

    assert len(ran.lines) == 13
    assert [schema.explain("assembly", one) for one in assembled(ran)] == [None] * 13


def test_every_broken_example_that_can_be_read_fits_the_schema() -> None:
    ran = run_here("assemble", "examples/broken")

    assert {schema.explain("assembly", one) for one in assembled(ran)} == {None}


def test_output_is_ascii_whatever_was_said(tmp_path: Path) -> None:
    corpus_of(
        tmp_path, recording(chat_request("Fog?"), chat_answer("\u4e00\u2028\U0001f32b\ud83d"))
    )

    assert run_here("assemble", tmp_path).raw.isascii()


@pytest.mark.parametrize(
    ("request_", "response"),
    [
        (chat_request("Lit?"), chat_answer("It is.")),
        (embedding_request(["fog"]), embeddings([[0.5, -0.25]])),
        (tool_request("tide_table", {}), tool_result("06:41")),
    ],
    ids=["chat", "embeddings", "tool"],
)
def test_the_object_of_a_whole_answer_is_the_recorded_one_keys_nulls_and_all(
    request_: Document, response: Document, tmp_path: Path
) -> None:
    _, document = recorded = recording(request_, response)
    corpus_of(tmp_path, recorded)

    (line,) = run_here("assemble", tmp_path).lines

    data = document["response"]["body"]["__data__"]
    assert f'"object": {json.dumps(data)}, "transcript"' in line


def test_the_object_of_an_answer_over_http_is_its_body(tmp_path: Path) -> None:
    body = {"horn": None, "results": [{"index": 1, "relevance_score": 0.5}], "id": "rerank-1"}

    one = one_of(tmp_path, http_request("http://x/rerank", {}), http_answer(body))

    assert json.dumps(one["object"]) == json.dumps(body)


def test_the_object_of_a_model_list_is_the_recorded_list(tmp_path: Path) -> None:
    response = model_list(["fog-horn:1b", "siren:7b"])

    assert one_of(tmp_path, models_request(), response)["object"] == response["body"]


def test_the_object_of_a_stream_is_a_whole_answer(tmp_path: Path) -> None:
    one = one_of(tmp_path, chat_request("Lit?", stream=True), chat_stream(["It", " is."]))

    (choice,) = one["object"]["choices"]
    assert one["object"]["object"] == "chat.completion"
    assert (choice["message"]["content"], choice["finish_reason"]) == ("It is.", "stop")


def test_a_stream_and_the_same_answer_whole_have_objects_of_the_same_keys(tmp_path: Path) -> None:
    streamed = one_of(tmp_path / "a", chat_request("Lit?", stream=True), chat_stream(["It is."]))
    whole = one_of(tmp_path / "b", chat_request("Lit?"), chat_answer("It is."))

    assert list(streamed["object"]) == list(whole["object"])
    assert list(streamed["object"]["choices"][0]) == list(whole["object"]["choices"][0])


def test_an_exception_has_no_object(tmp_path: Path) -> None:
    one = one_of(tmp_path, chat_request("Lit?"), exception("The bulb burst."))

    assert (one["object"], one["format"], one["complete"]) == (None, "exception", False)


def test_a_stream_that_was_cut_is_incomplete_and_no_failure(tmp_path: Path) -> None:
    one = one_of(tmp_path, chat_request("Lit?", stream=True), CUT)

    assert one["complete"] is False
    assert one["transcript"]["choices"][0]["text"] == "The beam"
    assert {"code": "finish-missing", "at": None, "detail": "choice 0"} in one["warnings"]


def test_warnings_are_those_of_the_transcript(tmp_path: Path) -> None:
    one = one_of(tmp_path, chat_request("Lit?", stream=True), CUT)

    assert one["warnings"] == one["transcript"]["warnings"] != []


def test_format_and_completeness_are_those_of_the_transcript(corpus: Path) -> None:
    for one in assembled(run_here("assemble", corpus)):
        assert (one["format"], one["complete"]) == (one["transcript"]["format"], True)


# One answer, indented


def test_one_answer_may_be_printed_as_json(corpus: Path) -> None:
    ran = run_here("assemble", digits(STREAM), corpus, "--format", "json")

    assert ran.code == 0
    assert len(ran.lines) > 10
    assert [ran.json] == assembled(run_here("assemble", digits(STREAM), corpus))


def test_a_folder_of_one_recording_may_be_printed_as_json(tmp_path: Path) -> None:
    ran = run_here("assemble", corpus_of(tmp_path, WHOLE), "--format", "json")

    assert ran.json["hash"] == digits(WHOLE)


def test_several_answers_are_no_json_document(corpus: Path) -> None:
    ran = run_here("assemble", corpus, "--format", "json")

    assert (ran.code, ran.stdout) == (2, "")
    assert ran.errors == ["recctl: --format json prints one answer, not 3: use jsonl"]


# What cannot be read


def test_an_unreadable_file_is_named_and_the_rest_assembled(corpus: Path) -> None:
    path_in(corpus, WHOLE).write_text('{"request": ')

    ran = run_here("assemble", ".", cwd=corpus)

    assert ran.code == 1
    assert sorted(hashes(ran)) == sorted([digits(STREAM), digits(EVENTS)])
    (line,) = ran.errors
    assert path_in(Path(), WHOLE).as_posix() in line
    assert line.endswith("see: recctl validate")


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{}", b"\xff\xfe", b"[" * 5000, b"9" * 5000], ids=repr
)
def test_what_is_no_recording_is_one_line(raw: bytes, corpus: Path) -> None:
    path_in(corpus, WHOLE).write_bytes(raw)

    ran = run_here("assemble", corpus)

    assert (ran.code, len(ran.lines), len(ran.errors)) == (1, 2, 1)


@needs_posix
def test_a_link_out_of_the_corpus_is_not_followed(corpus: Path) -> None:
    path = path_in(corpus, WHOLE)
    path.rename(corpus.parent / path.name)
    path.symlink_to(corpus.parent / path.name)

    ran = run_here("assemble", corpus)

    assert (ran.code, len(ran.lines)) == (1, 2)
    assert "link out of the corpus" in ran.errors[0]


@needs_posix
def test_a_fifo_does_not_keep_it_waiting(corpus: Path) -> None:
    path_in(corpus, WHOLE).unlink()
    os.mkfifo(path_in(corpus, WHOLE))

    ran = run("assemble", corpus, timeout=30)

    assert (ran.code, len(ran.lines), len(ran.errors)) == (1, 2, 1)


def test_a_missing_path_is_told_and_the_others_assembled(corpus: Path) -> None:
    ran = run_here("assemble", "lost-at-sea", corpus)

    assert (ran.code, len(ran.lines)) == (2, 3)
    assert ran.errors == ["recctl: lost-at-sea: no such file or folder"]


def test_only_a_missing_path_is_one_line(tmp_path: Path) -> None:
    ran = run_here("assemble", "lost-at-sea", cwd=tmp_path)

    assert (ran.code, ran.stdout) == (2, "")
    assert ran.errors == ["recctl: lost-at-sea: no such file or folder"]


def test_no_recordings_are_nothing_found(tmp_path: Path) -> None:
    ran = run_here("assemble", tmp_path)

    assert (ran.code, ran.stdout) == (1, "")
    assert len(ran.errors) == 1
    assert "no recordings" in ran.errors[0]


def test_a_reference_to_nothing_is_nothing_found(corpus: Path) -> None:
    ran = run_here("assemble", "0123abcd", corpus)

    assert (ran.code, ran.stdout) == (1, "")
    assert "among 3" in ran.errors[0]


def test_an_ambiguous_reference_lists_what_it_may_mean() -> None:
    ran = run_here("assemble", "cf661be9", "examples/broken")

    assert (ran.code, ran.stdout) == (2, "")
    assert len(ran.errors) == 3


# One after the other


Watch = Callable[[], object]


@pytest.fixture
def before_each_load(monkeypatch: pytest.MonkeyPatch) -> Callable[[Watch], list[Any]]:
    """Sees to it that something is called, and its result kept, whenever a file is to be read."""

    def watch(look: Watch) -> list[Any]:
        seen: list[Any] = []

        def watched(entry: Entry) -> Recording:
            seen.append(look())
            return corpus_load(entry)

        monkeypatch.setattr(corpus_module, "load", watched)
        return seen

    return watch


def lines_printed() -> int:
    sys.stdout.flush()
    assert isinstance(sys.stdout.buffer, BytesIO)
    return sys.stdout.buffer.getvalue().count(b"\n")


def test_a_recording_is_not_read_before_it_is_asked_for(
    corpus: Path, before_each_load: Callable[[Watch], list[Any]]
) -> None:
    loads = before_each_load(lambda: None)
    answers = assemble(find([str(corpus)]).entries, [])

    assert len(loads) == 0
    next(answers)
    assert len(loads) == 1


def test_the_first_line_is_there_before_the_last_file_is_read(
    corpus: Path, before_each_load: Callable[[Watch], list[Any]]
) -> None:
    printed = before_each_load(lines_printed)
    run_here("assemble", corpus)

    assert printed == [0, 1, 2]


def test_no_more_than_one_recording_is_held(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[weakref.ref[Recording]] = []
    alive: list[int] = []

    def load(entry: Entry) -> Recording:
        alive.append(sum(ref() is not None for ref in loaded))
        one = corpus_load(entry)
        loaded.append(weakref.ref(one))
        return one

    monkeypatch.setattr(corpus_module, "load", load)
    for _ in assemble(find([str(corpus)]).entries * 4, []):
        pass

    assert len(alive) == 12
    assert max(alive) <= 1


def test_what_cannot_be_read_is_handed_over_as_an_error(corpus: Path) -> None:
    path_in(corpus, WHOLE).write_bytes(b"")
    unread: list[Any] = []

    answers = list(assemble(find([str(corpus)]).entries, unread))

    assert (len(answers), len(unread)) == (2, 1)
